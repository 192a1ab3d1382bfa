import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import { messageOf } from '../errors.ts';
import { shown, type PolicyProblem } from './problems.ts';

/** A YAML text, read. */
export interface YamlText {
  readonly value: unknown;
  /** Whether `value` is the document in spite of `problems`. */
  readonly readable: boolean;
  readonly problems: readonly YamlProblem[];
}

export interface YamlProblem extends PolicyProblem {
  /** The key at the top of the file under which it stands; undefined where it concerns the whole file. */
  readonly under: string | undefined;
}

/**
 * Reads the one YAML document (1.2, core schema) of a text. What is wrong with the text is in `problems`. A {@link parsedCopy} of this
 * very text is believed; one of another text is not looked at.
 */
export function readYaml(text: string, copy?: string): YamlText {
  const copied = copy === undefined ? undefined : valueIn(copy, text);
  if (copied !== undefined) return { ...copied, readable: true, problems: [] };
  const lineCounter = new LineCounter();
  // The schema is named, so that a `%YAML 1.1` line cannot turn 20:00 into 1200 and `off` into false.
  const document = parseDocument(text, {
    schema: 'core',
    lineCounter,
    prettyErrors: false,
    logLevel: 'error',
  });
  const faults = [...document.errors, ...document.warnings];
  const problems = faults.map(({ code, message, pos }) => {
    const { line, col } = lineCounter.linePos(pos[0]);
    const expected = code === 'MULTIPLE_DOCS' ? 'expected one document only' : message;
    const source = text.split(/\r?\n/)[line - 1]?.trim() ?? '';
    return {
      path: '(file)',
      message: `line ${line}, column ${col}: ${shown(source)}; ${expected}`,
      under: code === 'DUPLICATE_KEY' ? topKeyAt(document, pos[0]) : undefined,
    };
  });
  if (faults.some(({ code }) => code !== 'DUPLICATE_KEY' && code !== 'MULTIPLE_DOCS')) {
    return { value: undefined, readable: false, problems };
  }
  try {
    // Past its limit on aliases yaml throws: a few lines of them can unfold into gigabytes.
    return { value: document.toJS({ maxAliasCount: 100 }), readable: true, problems };
  } catch (error) {
    return {
      value: undefined,
      readable: false,
      problems: [...problems, { path: '(file)', message: messageOf(error), under: undefined }],
    };
  }
}

/** The key at the top that a place in the text belongs to. For a key that is there twice yaml names the end of what precedes it. */
function topKeyAt({ contents }: Document.Parsed, offset: number): string | undefined {
  if (!isMap(contents)) return undefined;
  const at = contents.items.find(({ key, value }) => offset < (isNode(value) ? value : key).range[2]);
  return isScalar(at?.key) && typeof at.key.value === 'string' ? at.key.value : undefined;
}

/**
 * What {@link readYaml} reads in a text without problems, as JSON behind the text's digest: the build leaves it beside the policy, and
 * a start takes a millisecond for it where YAML takes thirty. Undefined where JSON would say something else.
 */
export function parsedCopy(text: string): string | undefined {
  const { value, readable, problems } = readYaml(text);
  if (!readable || problems.length > 0 || value === undefined) return undefined;
  const json = JSON.stringify(value);
  return isDeepStrictEqual(JSON.parse(json), value) ? `${digestOf(text)}\n${json}\n` : undefined;
}

function valueIn(copy: string, text: string): { readonly value: unknown } | undefined {
  const [digest, json = ''] = copy.split('\n', 2);
  if (digest !== digestOf(text)) return undefined;
  try {
    return { value: JSON.parse(json) };
  } catch {
    // A copy that was cut off: the text itself is there.
    return undefined;
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
