import * as z from 'zod/mini';

/** Labels, metadata and other maps of text by text. */
export type StringMap = Readonly<Record<string, string>>;

/**
 * A map of text by text on the wire. Checked by hand: a `z.record` runs two schemas per entry, and maps are most of what a
 * large listing holds.
 */
export const stringMap = z.custom<StringMap>(isStringMap, 'Invalid input: expected a map of strings');

export function isStringMap(value: unknown): value is StringMap {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((text) => typeof text === 'string');
}
