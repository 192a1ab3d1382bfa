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

/** Reads the one YAML document (1.2, core schema) of a text. What is wrong with the text is in `problems`. */
export function readYaml(text: string): YamlText {
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
