/** What one comparison of a filter says about an item. */
export type Test<T> = (item: T) => boolean;

export interface FilterGrammar<T> {
  /** Signs that stand between a field and its value, the longer first; words such as `eq` need no listing. */
  readonly signs: readonly string[];
  /** Undefined when the field or the operator is not one that the API knows. */
  readonly comparison: (field: string, operator: string, value: string) => Test<T> | undefined;
  readonly invalid: () => Error;
}

/**
 * Reads `a = b AND (c = d OR NOT e = f)`; comparisons side by side must all hold, and OR binds less than they do.
 * Throws `invalid()` for anything else.
 */
export function parseFilter<T>(text: string, grammar: FilterGrammar<T>): Test<T> {
  const tokens = tokenize(text, grammar.signs);
  let at = 0;
  const take = (): string => {
    const token = tokens[at++];
    if (token === undefined) throw grammar.invalid();
    return token;
  };
  const parseAny = (): Test<T> => {
    const terms = [parseAll()];
    while (tokens[at] === 'OR') {
      at += 1;
      terms.push(parseAll());
    }
    return (item) => terms.some((term) => term(item));
  };
  const parseAll = (): Test<T> => {
    const terms = [parseTerm()];
    for (;;) {
      if (tokens[at] === 'AND') at += 1;
      else if (tokens[at] === undefined || tokens[at] === ')' || tokens[at] === 'OR') break;
      terms.push(parseTerm());
    }
    return (item) => terms.every((term) => term(item));
  };
  const parseTerm = (): Test<T> => {
    const token = take();
    if (token === 'NOT') {
      const inner = parseTerm();
      return (item) => !inner(item);
    }
    if (token === '(') {
      const inner = parseAny();
      if (take() !== ')') throw grammar.invalid();
      return inner;
    }
    const test = grammar.comparison(unquote(token), take(), unquote(take()));
    if (test === undefined) throw grammar.invalid();
    return test;
  };
  const filter = parseAny();
  if (at < tokens.length) throw grammar.invalid();
  return filter;
}

function tokenize(text: string, signs: readonly string[]): string[] {
  const operators = signs.map((sign) => sign.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  const first = [...new Set(signs.map((sign) => sign.charAt(0)))].join('');
  return (
    text.match(
      new RegExp(
        `"(?:[^"\\\\]|\\\\.)*"|'(?:[^'\\\\]|\\\\.)*'|${operators}|[()]|[^\\s()"'${first}]+|\\S`,
        'g',
      ),
    ) ?? []
  );
}

function unquote(token: string): string {
  const quoted = /^(["'])(.*)\1$/s.exec(token);
  return quoted === null ? token : (quoted[2] ?? '').replace(/\\(.)/g, '$1');
}

/** `*` is any run of characters; upper and lower case count as the same. */
export function wildcard(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 'i');
}
