import type * as z from 'zod/mini';

/** An item of an answer that has not the form which the API documents. What it is about is unknown, not absent. */
export interface StrangeItem {
  /** Where in the answer, e.g. `instances[3].labels.team`. */
  readonly path: string;
  /** What is there instead: short, and without texts that may be secret. */
  readonly why: string;
  /** The item as it came. */
  readonly raw: unknown;
}

export interface Items<T> {
  readonly items: readonly T[];
  readonly strange: readonly StrangeItem[];
}

/**
 * Checks the items of a list one by one, so that an unforeseen one does not hide the others. `path` is the list's field
 * in the answer. Something that is no list at all is one strange item; nothing at all is an empty list.
 */
export function readItems<T>(list: unknown, schema: z.ZodMiniType<T>, path: string): Items<T> {
  if (list === undefined || list === null) return { items: [], strange: [] };
  if (!Array.isArray(list))
    return { items: [], strange: [{ path, why: `it is ${show(list, path)}, not a list`, raw: list }] };
  const items: T[] = [];
  const strange: StrangeItem[] = [];
  list.forEach((raw: unknown, index) => {
    const read = schema.safeParse(raw);
    if (read.success) items.push(read.data);
    else strange.push({ ...describeIssue(read.error, raw, `${path}[${index}]`), raw });
  });
  return { items, strange };
}

/** What does not fit a schema, and where; `root` is the path of `raw` itself. */
export function describeIssue(
  error: z.core.$ZodError,
  raw: unknown,
  root: string,
): Pick<StrangeItem, 'path' | 'why'> {
  const [issue] = error.issues;
  let value = raw;
  let path = root;
  const step = (key: PropertyKey): void => {
    path += typeof key === 'number' ? `[${key}]` : `${path === '' ? '' : '.'}${String(key)}`;
    value = isRecord(value) ? value[String(key)] : undefined;
  };
  issue?.path.forEach(step);
  // A map is checked as a whole: show the entry that is to blame.
  if (issue?.code === 'custom' && isRecord(value) && !Array.isArray(value)) {
    const culprit = Object.entries(value).find(([, entry]) => typeof entry !== 'string');
    if (culprit !== undefined) step(culprit[0]);
  }
  const expected = issue?.code === 'invalid_type' ? `, not ${issue.expected}` : '';
  return { path: path.slice(0, 200), why: `it is ${show(value, path)}${expected}` };
}

/** A text field of an item that could not be read otherwise, such as its name. */
export function textField(raw: unknown, field: string): string | undefined {
  const value = isRecord(raw) ? raw[field] : undefined;
  return typeof value === 'string' && value !== '' ? value.slice(0, 500) : undefined;
}

/** More than these of one listing are counted. */
const MAX_NAMED = 20;

/** Notes strange items as what could not be looked at; delivering the event again would show the same. */
export function noteStrange(
  gap: (gap: { readonly where: string; readonly why: string }) => void,
  where: string,
  strange: readonly StrangeItem[],
): void {
  for (const { path, why, raw } of strange.slice(0, MAX_NAMED))
    gap({
      where: textField(raw, 'name') ?? where,
      why: `not evaluable: the answer has another form than documented at ${path}: ${why}`,
    });
  if (strange.length > MAX_NAMED)
    gap({ where, why: `not evaluable: ${strange.length - MAX_NAMED} more of another form than documented` });
}

const MAX_TEXT = 40;

/** Metadata and environments hold passwords: of their texts only the length is told. */
const MAY_BE_SECRET = /metadata|env|secret|password|token|key/i;

function show(value: unknown, path: string): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isRecord(value)) return `an object with ${Object.keys(value).length} fields`;
  if (typeof value !== 'string') return JSON.stringify(value).slice(0, MAX_TEXT);
  return value.length > MAX_TEXT || MAY_BE_SECRET.test(path)
    ? `a text of ${value.length} characters`
    : JSON.stringify(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
