import { LineCounter, parseDocument } from 'yaml';
import { messageOf } from '../errors.ts';
import { shown, type PolicyProblem } from './problems.ts';

/** A YAML text, read. */
export interface YamlText {
  readonly value: unknown;
  /** Whether `value` is the document in spite of `problems`. */
  readonly readable: boolean;
  readonly problems: readonly PolicyProblem[];
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
    const wanted = code === 'MULTIPLE_DOCS' ? 'wanted one document only' : message;
    const source = text.split(/\r?\n/)[line - 1]?.trim() ?? '';
    return { path: '(file)', message: `line ${line}, column ${col}: ${shown(source)}; ${wanted}` };
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
      problems: [...problems, { path: '(file)', message: messageOf(error) }],
    };
  }
}
