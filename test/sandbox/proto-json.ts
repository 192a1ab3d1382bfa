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

/** Types whose JSON form is not an object with their fields. */
const WELL_KNOWN: Readonly<Record<string, (value: unknown) => boolean>> = {
  '.google.protobuf.Timestamp': (value) =>
    typeof value === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/.test(value),
  '.google.protobuf.Duration': (value) => typeof value === 'string' && /^-?\d+(?:\.\d{1,9})?s$/.test(value),
  '.google.protobuf.FieldMask': (value) => typeof value === 'string',
  '.google.protobuf.Struct': isObject,
  '.google.protobuf.Value': () => true,
  '.google.protobuf.ListValue': Array.isArray,
  '.google.protobuf.Any': (value) => isObject(value) && typeof value['@type'] === 'string',
  '.google.protobuf.Empty': isObject,
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
  const wellKnown = WELL_KNOWN[type.fullName];
  if (wellKnown !== undefined) {
    if (!wellKnown(value))
      fail(path, `Invalid value for ${type.fullName.slice(1)}: ${JSON.stringify(value)}`, options);
    return value;
  }
  if (!isObject(value)) fail(path, `Expected an object for ${type.fullName.slice(1)}`, options);
  const checked: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    if (inner === undefined || inner === null) continue;
    const camelName = name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    const field = type.fields[camelName];
    if (field === undefined) {
      if (options.extraFields[type.fullName.slice(1)]?.includes(name) !== true)
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
    fail(path, `Invalid value (${type.fullName.slice(1)}), ${JSON.stringify(value)}`, options);
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
      return typeof value === 'number' ? value : invalid();
    case 'int64':
    case 'uint64':
    case 'sint64':
    case 'fixed64':
    case 'sfixed64':
      return /^-?\d+$/.test(String(value)) ? String(value) : invalid();
    default:
      return /^-?\d+$/.test(String(value)) && Number.isSafeInteger(Number(value)) ? Number(value) : invalid();
  }
}
