import { ApiError } from '../../http/api-error.ts';

/** What preconditions are compared with; a bucket has no generation that they could name. */
export interface Versioned {
  readonly generation: string;
  readonly metageneration: number;
}

const NAMES = [
  'GenerationMatch',
  'GenerationNotMatch',
  'MetagenerationMatch',
  'MetagenerationNotMatch',
] as const;

export const BUCKET_PRECONDITIONS = ['ifMetagenerationMatch', 'ifMetagenerationNotMatch'];
export const OBJECT_PRECONDITIONS = NAMES.map((name) => `if${name}`);
export const SOURCE_PRECONDITIONS = NAMES.map((name) => `ifSource${name}`);

/** The first precondition that fails. `current` is undefined when nothing exists: its generation then counts as 0. */
export function failedPrecondition(
  query: URLSearchParams,
  current: Versioned | undefined,
  prefix: 'if' | 'ifSource' = 'if',
): 'match' | 'not-match' | undefined {
  const wanted = (name: (typeof NAMES)[number]): string | undefined =>
    int64Parameter(query, `${prefix}${name}`);
  const generation = current?.generation ?? '0';
  const metageneration = current === undefined ? undefined : String(current.metageneration);
  const match = wanted('GenerationMatch') ?? generation;
  const metaMatch = wanted('MetagenerationMatch') ?? metageneration;
  if (match !== generation || metaMatch !== metageneration) return 'match';
  if (wanted('GenerationNotMatch') === generation) return 'not-match';
  const metaNotMatch = wanted('MetagenerationNotMatch');
  return metaNotMatch !== undefined && metaNotMatch === metageneration ? 'not-match' : undefined;
}

/** Throws the 412 of a write whose preconditions do not hold. */
export function requirePreconditions(
  query: URLSearchParams,
  current: Versioned | undefined,
  prefix: 'if' | 'ifSource' = 'if',
): void {
  if (failedPrecondition(query, current, prefix) !== undefined) throw conditionNotMet();
}

export function conditionNotMet(): ApiError {
  return new ApiError('CONDITION_NOT_MET', 'At least one of the pre-conditions you specified did not hold.');
}

/** A whole number of the query in canonical form; 400 when it is anything else. */
export function int64Parameter(query: URLSearchParams, name: string): string | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^\d{1,19}$/.test(text))
    throw new ApiError('INVALID_ARGUMENT', `Invalid value "${text}" for ${name}: not an unsigned integer.`);
  return BigInt(text).toString();
}

export function booleanParameter(query: URLSearchParams, name: string): boolean {
  const text = (query.get(name) ?? 'false').toLowerCase();
  if (text !== 'true' && text !== 'false')
    throw new ApiError('INVALID_ARGUMENT', `Invalid value "${text}" for ${name}: not a boolean.`);
  return text === 'true';
}
