import protobuf from 'protobufjs';
import { ApiError } from './api-error.ts';

/** Message full name -> fields that the REST API has although the descriptor at hand does not. */
export type ExtraFields = Readonly<Record<string, readonly string[]>>;

export interface CheckOptions {
  readonly side: 'request' | 'response';
  readonly extraFields: ExtraFields;
  /** Write enums as numbers, as Google does for `$alt=json;enum-encoding=int`. */
  readonly numericEnums: boolean;
}

/**
 * Checks a proto3 JSON value against its message type and returns its canonical form (int64 as strings, enums by name
 * or number). Errors: INVALID_ARGUMENT in Google's wording for a request; a plain Error for a response of the sandbox,
 * because then the sandbox itself is wrong.
 */
export function checkMessage(
  type: protobuf.Type,
  value: unknown,
  options: CheckOptions,
): Record<string, unknown> {
  const checked = checkType(type, value, '', options);
  return checked as Record<string, unknown>;
}

const fullNames = new WeakMap<protobuf.ReflectionObject, string>();

/** `google.protobuf.Timestamp`. protobufjs walks up to the root and joins at every look at its own `fullName`. */
function fullNameOf(type: protobuf.ReflectionObject): string {
  const known = fullNames.get(type);
  if (known !== undefined) return known;
  const name = type.fullName.slice(1);
  fullNames.set(type, name);
  return name;
}

/** `page_size` -> `pageSize`; most names have nothing to change. */
export function camelCase(name: string): string {
  return name.includes('_')
    ? name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
    : name;
}

/** Types whose JSON form is not an object with their fields. */
const WELL_KNOWN: Readonly<Record<string, (value: unknown) => boolean>> = {
  'google.protobuf.Timestamp': (value) =>
    typeof value === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/.test(value) &&
    !Number.isNaN(Date.parse(value)),
  'google.protobuf.Duration': (value) => typeof value === 'string' && /^-?\d+(?:\.\d{1,9})?s$/.test(value),
  'google.protobuf.FieldMask': (value) => typeof value === 'string',
  'google.protobuf.Struct': isObject,
  'google.protobuf.Value': () => true,
  'google.protobuf.ListValue': Array.isArray,
  'google.protobuf.Any': (value) => isObject(value) && typeof value['@type'] === 'string',
  'google.protobuf.Empty': isObject,
};

/** Wrapper types, whose JSON form is the scalar itself. */
const WRAPPED: Readonly<Record<string, string>> = {
  'google.protobuf.BoolValue': 'bool',
  'google.protobuf.BytesValue': 'bytes',
  'google.protobuf.DoubleValue': 'double',
  'google.protobuf.FloatValue': 'float',
  'google.protobuf.Int32Value': 'int32',
  'google.protobuf.Int64Value': 'int64',
  'google.protobuf.StringValue': 'string',
  'google.protobuf.UInt32Value': 'uint32',
  'google.protobuf.UInt64Value': 'uint64',
};

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fail(path: string, what: string, options: CheckOptions): never {
  const where = path === '' ? '' : ` at '${path.replace(/^\./, '')}'`;
  if (options.side === 'request')
    throw new ApiError('INVALID_ARGUMENT', `Invalid JSON payload received. ${what}${where}`);
  throw new Error(`Cannot answer: the sandbox's response is not the API's: ${what}${where}`);
}

function checkType(type: protobuf.Type, value: unknown, path: string, options: CheckOptions): unknown {
  const fullName = fullNameOf(type);
  const wellKnown = WELL_KNOWN[fullName];
  if (wellKnown !== undefined) {
    if (!wellKnown(value)) fail(path, `Invalid value for ${fullName}: ${JSON.stringify(value)}`, options);
    return value;
  }
  const wrapped = WRAPPED[fullName];
  if (wrapped !== undefined) return checkScalar(wrapped, value, path, options);
  if (!isObject(value)) fail(path, `Expected an object for ${fullName}`, options);
  const checked: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    if (inner === undefined || inner === null) continue;
    const camelName = camelCase(name);
    const field = type.fields[camelName];
    if (field === undefined) {
      if (options.extraFields[fullName]?.includes(name) !== true)
        fail(path, `Unknown name "${name}": Cannot find field.`, options);
      checked[name] = inner;
      continue;
    }
    checked[camelName] = checkField(field, inner, `${path}.${name}`, options);
  }
  return checked;
}

function checkField(field: protobuf.Field, value: unknown, path: string, options: CheckOptions): unknown {
  if (field instanceof protobuf.MapField) {
    if (!isObject(value)) fail(path, 'Expected a map', options);
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key,
        checkSingle(field, inner, `${path}[${key}]`, options),
      ]),
    );
  }
  if (field.repeated) {
    if (!Array.isArray(value)) fail(path, 'Expected a list', options);
    return value.map((inner, index) => checkSingle(field, inner, `${path}[${index}]`, options));
  }
  return checkSingle(field, value, path, options);
}

function checkSingle(field: protobuf.Field, value: unknown, path: string, options: CheckOptions): unknown {
  if (field.resolvedType instanceof protobuf.Type) return checkType(field.resolvedType, value, path, options);
  if (field.resolvedType instanceof protobuf.Enum) return checkEnum(field.resolvedType, value, path, options);
  return checkScalar(field.type, value, path, options);
}

function checkEnum(type: protobuf.Enum, value: unknown, path: string, options: CheckOptions): unknown {
  const number =
    typeof value === 'number'
      ? value
      : /^\d+$/.test(String(value))
        ? Number(value)
        : type.values[String(value)];
  const name = number === undefined ? undefined : type.valuesById[number];
  if (number === undefined || name === undefined) {
    // Google adds enum values before a client's descriptor knows them; the sandbox may answer with such a one.
    if (options.side === 'response') return value;
    fail(path, `Invalid value (${fullNameOf(type)}), ${JSON.stringify(value)}`, options);
  }
  return options.numericEnums ? number : name;
}

function checkScalar(type: string, value: unknown, path: string, options: CheckOptions): unknown {
  const invalid = (): never =>
    fail(path, `Invalid value (TYPE_${type.toUpperCase()}), ${JSON.stringify(value)}`, options);
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : invalid();
    case 'bytes':
      return typeof value === 'string' && /^[A-Za-z0-9+/_-]*={0,2}$/.test(value) ? value : invalid();
    case 'bool':
      return typeof value === 'boolean' ? value : invalid();
    case 'double':
    case 'float':
      return doubleOf(value) ?? invalid();
    default: {
      const range = INTEGER_RANGES[type];
      if (range === undefined || !/^-?\d+$/.test(String(value))) return invalid();
      const number = BigInt(String(value));
      if (number < range.least || number > range.most) return invalid();
      return range.text ? String(number) : Number(number);
    }
  }
}

/** A number, a number in quotes, or one of the three that JSON has no number for; those stay text. */
function doubleOf(value: unknown): number | string | undefined {
  if (value === 'Infinity' || value === '-Infinity' || value === 'NaN') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  return typeof value === 'string' && /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(value)
    ? Number(value)
    : undefined;
}

const signed = (bits: bigint, text: boolean) => ({
  least: -(2n ** (bits - 1n)),
  most: 2n ** (bits - 1n) - 1n,
  text,
});
const unsigned = (bits: bigint, text: boolean) => ({ least: 0n, most: 2n ** bits - 1n, text });

/** What each integer type holds; 64 bits are text in JSON. */
const INTEGER_RANGES: Readonly<Record<string, { least: bigint; most: bigint; text: boolean }>> = {
  int32: signed(32n, false),
  sint32: signed(32n, false),
  sfixed32: signed(32n, false),
  uint32: unsigned(32n, false),
  fixed32: unsigned(32n, false),
  int64: signed(64n, true),
  sint64: signed(64n, true),
  sfixed64: signed(64n, true),
  uint64: unsigned(64n, true),
  fixed64: unsigned(64n, true),
};
