import { ApiError } from '../../http/api-error.ts';

export type Operator = '=' | '!=' | ':' | '<' | '<=' | '>' | '>=';

export interface Field {
  readonly of: 'metric.type' | 'resource.type' | 'project' | 'metric.labels' | 'resource.labels';
  /** The label's key; empty for the other fields. */
  readonly label: string;
}

export type Operand =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'one_of'; readonly values: ReadonlySet<string> }
  | { readonly kind: 'function'; readonly name: string; readonly matches: (value: string) => boolean };

export type Expression =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Expression[] }
  | { readonly kind: 'not'; readonly part: Expression }
  | {
      readonly kind: 'compare';
      readonly field: Field;
      readonly operator: Operator;
      readonly operand: Operand;
    };

interface Token {
  readonly kind: 'word' | 'string' | 'operator' | '(' | ')' | ',' | '-' | 'end';
  readonly text: string;
  readonly at: number;
}

/** The 400 that Cloud Monitoring answers for a filter it will not take. */
export function invalidFilter(filter: string, why: string): ApiError {
  return new ApiError('INVALID_ARGUMENT', `Field filter had an invalid value of "${filter}": ${why}`);
}

/** Google counts lines from 1 and columns from 0 (prometheus-community/stackdriver_exporter issue 52). */
function syntaxError(filter: string, token: Token): ApiError {
  const before = filter.slice(0, token.at).split('\n');
  const column = (before.at(-1) ?? '').length;
  const shown = token.kind === 'end' ? '<EOF>' : token.text;
  return invalidFilter(
    filter,
    `Could not parse filter "${filter}"; syntax error at line ${before.length}, column ${column}, token '${shown}'`,
  );
}

const SPACE = /\s+/y;
const STRING = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/y;
const OPERATOR = /!=|<=|>=|[=:<>]/y;
const WORD = /[A-Za-z0-9_*][\w./*-]*/y;

function tokenize(filter: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(filter)?.[0];
  };
  while (at < filter.length) {
    const space = take(SPACE);
    if (space !== undefined) {
      at += space.length;
      continue;
    }
    const token = nextToken(filter, at, take);
    if (token === undefined) throw syntaxError(filter, { kind: 'word', text: filter.charAt(at), at });
    tokens.push(token);
    at += token.text.length;
  }
  return [...tokens, { kind: 'end', text: '', at: filter.length }];
}

function nextToken(
  filter: string,
  at: number,
  take: (pattern: RegExp) => string | undefined,
): Token | undefined {
  const char = filter.charAt(at);
  if (char === '(' || char === ')' || char === ',' || char === '-') return { kind: char, text: char, at };
  const string = take(STRING);
  if (string !== undefined) return { kind: 'string', text: string, at };
  const operator = take(OPERATOR);
  if (operator !== undefined) return { kind: 'operator', text: operator, at };
  const word = take(WORD);
  return word === undefined ? undefined : { kind: 'word', text: word, at };
}

function unquote(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/gs, (_, escaped: string) => ESCAPES[escaped] ?? escaped);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

/** one_of takes at most this many values; the sandbox is strict about it because a longer list is a design mistake. */
const MAX_ONE_OF = 100;

/**
 * Parses a Cloud Monitoring filter. `NOT` (or `-`) binds tightest, then `OR`, then `AND`, which may be left out, as in
 * Google's other filter languages (AIP-160). Keywords are upper case.
 */
export function parseFilter(filter: string): Expression {
  const tokens = tokenize(filter);
  let index = 0;
  const end: Token = { kind: 'end', text: '', at: filter.length };
  const peek = (ahead = 0): Token => tokens[index + ahead] ?? end;
  const isWord = (text: string): boolean => peek().kind === 'word' && peek().text === text;
  const expect = (kind: Token['kind']): Token => {
    const token = peek();
    if (token.kind !== kind) throw syntaxError(filter, token);
    index += 1;
    return token;
  };

  const conjunction = (): Expression => {
    const parts = [disjunction()];
    for (;;) {
      if (isWord('AND')) index += 1;
      else if (peek().kind === 'end' || peek().kind === ')') break;
      parts.push(disjunction());
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: 'and', parts };
  };
  const disjunction = (): Expression => {
    const parts = [unary()];
    while (isWord('OR')) {
      index += 1;
      parts.push(unary());
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: 'or', parts };
  };
  const unary = (): Expression => {
    if (isWord('NOT') || peek().kind === '-') {
      index += 1;
      return { kind: 'not', part: unary() };
    }
    if (peek().kind !== '(') return comparison();
    index += 1;
    const inner = conjunction();
    expect(')');
    return inner;
  };
  const comparison = (): Expression => {
    const field = readField();
    const operator = expect('operator').text as Operator;
    const operand = readOperand();
    if (operand.kind !== 'text' && operator !== '=' && operator !== '!=')
      throw invalidFilter(filter, `The operator '${operator}' cannot be used with a function.`);
    return { kind: 'compare', field, operator, operand };
  };
  const readField = (): Field => {
    const token = peek();
    if (token.kind !== 'word' || KEYWORDS.has(token.text)) throw syntaxError(filter, token);
    index += 1;
    const quoted = token.text.endsWith('.') && peek().kind === 'string' ? unquote(expect('string').text) : '';
    if (peek().kind !== 'operator') throw syntaxError(filter, peek());
    const field = fieldOf(token.text + quoted);
    if (field === undefined) throw invalidFilter(filter, `Unknown filter field "${token.text}${quoted}".`);
    return field;
  };
  const readOperand = (): Operand => {
    const token = peek();
    if (token.kind === 'string') {
      index += 1;
      return { kind: 'text', text: unquote(token.text) };
    }
    // A negative number.
    if (token.kind === '-' && /^\d/.test(peek(1).text)) {
      index += 2;
      return { kind: 'text', text: `-${peek(-1).text}` };
    }
    if (token.kind !== 'word' || KEYWORDS.has(token.text)) throw syntaxError(filter, token);
    index += 1;
    return peek().kind === '(' ? readCall(token) : { kind: 'text', text: token.text };
  };
  const readCall = (name: Token): Operand => {
    index += 1;
    const values = [unquote(expect('string').text)];
    while (peek().kind === ',') {
      index += 1;
      values.push(unquote(expect('string').text));
    }
    expect(')');
    return callOf(filter, name, values);
  };

  if (peek().kind === 'end') throw invalidFilter(filter, 'The filter is empty.');
  const expression = conjunction();
  expect('end');
  return expression;
}

const KEYWORDS: ReadonlySet<string> = new Set(['AND', 'OR', 'NOT']);

function fieldOf(path: string): Field | undefined {
  if (path === 'metric.type' || path === 'resource.type' || path === 'project')
    return { of: path, label: '' };
  // The documentation uses `metric.label.KEY` and `metric.labels.KEY`; both work.
  const labels = /^(metric|resource)\.labels?\.(.+)$/.exec(path);
  if (labels?.[2] === undefined) return undefined;
  return { of: labels[1] === 'metric' ? 'metric.labels' : 'resource.labels', label: labels[2] };
}

function callOf(filter: string, { text: name, at }: Token, values: readonly string[]): Operand {
  if (name === 'one_of') {
    if (values.length > MAX_ONE_OF)
      throw invalidFilter(filter, `one_of takes at most ${MAX_ONE_OF} values, got ${values.length}.`);
    return { kind: 'one_of', values: new Set(values) };
  }
  const [wanted = '', ...more] = values;
  if (more.length > 0) throw invalidFilter(filter, `${name} takes exactly one argument.`);
  const matches = FUNCTIONS[name]?.(filter, wanted);
  if (matches === undefined) throw syntaxError(filter, { kind: 'word', text: name, at });
  return { kind: 'function', name, matches };
}

type MakeTest = (filter: string, wanted: string) => (value: string) => boolean;

const FUNCTIONS: Readonly<Record<string, MakeTest>> = {
  starts_with: (_, wanted) => (value) => value.startsWith(wanted),
  ends_with: (_, wanted) => (value) => value.endsWith(wanted),
  has_substring: (_, wanted) => (value) => value.includes(wanted),
  'monitoring.regex.full_match': (filter, wanted) => {
    const pattern = compileRegex(filter, wanted);
    return (value) => pattern.test(value);
  },
};

/** Google uses RE2; what RE2 lacks (look-around, back references) is refused so that no filter works only here. */
function compileRegex(filter: string, source: string): RegExp {
  const invalid = (): ApiError => invalidFilter(filter, `Invalid regular expression "${source}".`);
  if (/\(\?(?:=|!|<=|<!)|\\[1-9]/.test(source)) throw invalid();
  try {
    return new RegExp(`^(?:${source})$`);
  } catch {
    throw invalid();
  }
}
