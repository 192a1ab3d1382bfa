import { camelCase } from '../http/proto-json.ts';
import type { FoundMethod } from './catalog.ts';
import { isException } from './exceptions.ts';
import type { ApiData, TypeData } from './model.ts';

/** What does not agree with discovery; `where` is the path to it, empty at the top. */
export interface Violation {
  readonly kind: 'field' | 'parameter' | 'value';
  readonly where: string;
  /** The field or parameter, or the value as JSON. */
  readonly what: string;
  /** Of a value: what it should be, e.g. `TYPE_INT32` or the values of an enum. */
  readonly type?: string;
}

interface Walk {
  readonly api: ApiData;
  readonly apiKey: string;
  readonly side: 'request' | 'answer';
  readonly found: Violation[];
}

/** Query parameters, system parameters left out. Several of one name are a list. */
export function checkQuery(
  method: FoundMethod,
  query: URLSearchParams,
  system: ReadonlySet<string>,
): readonly Violation[] {
  const walk: Walk = { api: method.api, apiKey: method.apiKey, side: 'request', found: [] };
  const known = method.method.query ?? {};
  for (const name of new Set(query.keys())) {
    const type = known[name] ?? known[camelCase(name)];
    if (type === undefined) {
      if (!system.has(name) && !isException(method.apiKey, method.id, name))
        walk.found.push({ kind: 'parameter', where: '', what: name });
      continue;
    }
    const single = typeof type === 'string' ? type.replace('[', '') : type;
    for (const text of query.getAll(name)) checkType(walk, single, fromText(single, text), name, name);
  }
  return walk.found;
}

/** A request's body. */
export function checkBody(method: FoundMethod, body: unknown): readonly Violation[] {
  return checkMessage(method, method.method.body, body, 'request');
}

/** An answer's body. */
export function checkAnswer(method: FoundMethod, body: unknown): readonly Violation[] {
  return checkMessage(method, method.method.answer, body, 'answer');
}

function checkMessage(
  { api, apiKey }: FoundMethod,
  schema: string | undefined,
  body: unknown,
  side: Walk['side'],
): readonly Violation[] {
  const walk: Walk = { api, apiKey, side, found: [] };
  if (schema === undefined) {
    for (const name of Object.keys(isObject(body) ? body : {}))
      walk.found.push({ kind: 'field', where: '', what: name });
  } else checkType(walk, `#${schema}`, body, '', schema);
  return walk.found;
}

/** `at` is where it stands in the message, `owner` the schema and field for the list of exceptions. */
function checkType(walk: Walk, type: TypeData, value: unknown, at: string, owner: string): void {
  if (value === null || value === undefined) return;
  if (typeof type === 'object') {
    const element = type['['] ?? type['{'];
    if (element !== undefined)
      checkMany(walk, type['['] === undefined ? '{' : '[', element, value, at, owner);
    else checkFields(walk, type, value, at, owner);
    return;
  }
  const [mark] = type;
  if (mark === '*') return;
  if (mark === '[' || mark === '{') checkMany(walk, mark, type.slice(1), value, at, owner);
  else if (mark === '#') {
    const name = type.slice(1);
    checkFields(walk, walk.api.schemas[name] ?? {}, value, at, name);
  } else if (mark === '=') checkEnum(walk, Number(type.slice(1)), value, at, owner);
  else if (!SCALARS[type]?.test(value)) wrong(walk, at, value, SCALARS[type]?.name ?? type);
}

function checkMany(
  walk: Walk,
  mark: '[' | '{',
  type: TypeData,
  value: unknown,
  at: string,
  owner: string,
): void {
  if (mark === '[' ? !Array.isArray(value) : !isObject(value)) {
    wrong(walk, at, value, mark === '[' ? 'a list' : 'a map');
    return;
  }
  for (const [key, inner] of Object.entries(value as object))
    checkType(walk, type, inner, mark === '[' ? `${at}[${key}]` : `${at}.${key}`, owner);
}

function checkFields(
  walk: Walk,
  fields: Readonly<Record<string, TypeData>>,
  value: unknown,
  at: string,
  owner: string,
): void {
  if (!isObject(value)) {
    wrong(walk, at, value, 'an object');
    return;
  }
  for (const [name, inner] of Object.entries(value)) {
    if (inner === undefined) continue;
    const type = fields[name] ?? (walk.side === 'request' ? fields[camelCase(name)] : undefined);
    if (type !== undefined)
      checkType(walk, type, inner, at === '' ? name : `${at}.${name}`, `${owner}.${name}`);
    else if (!isException(walk.apiKey, owner, name))
      walk.found.push({ kind: 'field', where: at, what: name });
  }
}

/** Numbers stand for values of enums too: gax requests `enum-encoding=int`. */
function checkEnum(walk: Walk, index: number, value: unknown, at: string, owner: string): void {
  const values = (walk.api.enums[index] ?? '').split(' ');
  if (Number.isInteger(value) || (typeof value === 'string' && values.includes(value))) return;
  if (typeof value === 'string' && isException(walk.apiKey, owner, value)) return;
  wrong(walk, at, value, `one of ${values.join(', ')}`);
}

function wrong(walk: Walk, at: string, value: unknown, type: string): void {
  walk.found.push({ kind: 'value', where: at, what: JSON.stringify(value), type });
}

const SCALARS: Readonly<Record<string, { name: string; test: (value: unknown) => boolean }>> = {
  s: { name: 'TYPE_STRING', test: (value) => typeof value === 'string' },
  b: { name: 'TYPE_BOOL', test: (value) => typeof value === 'boolean' },
  i: { name: 'TYPE_INT64', test: (value) => /^-?\d+$/.test(String(value)) },
  n: {
    name: 'TYPE_DOUBLE',
    test: (value) =>
      typeof value === 'number' ||
      (typeof value === 'string' && /^(?:-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|-?Infinity|NaN)$/i.test(value)),
  },
};

/** What a parameter's text stands for. */
function fromText(type: TypeData, text: string): unknown {
  if (type !== 'b') return text;
  return /^(?:true|false)$/i.test(text) ? text.toLowerCase() === 'true' : text;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
