/** The building blocks of the policy's schema: forms of single values, and how a message says what is wrong with one. */
import * as z from 'zod/mini';
import { shown } from './problems.ts';
import { durationPattern, durationFormat, parseDurationMs } from '../units.ts';

/** The part of a zod issue that messages are made from. */
export interface RawIssue {
  readonly code?: string | undefined;
  readonly input?: unknown;
}

/** The option that words a finding. Every message has one form: what the file says, then what it should say. */
export function complain(expected: string) {
  return { error: ({ input }: RawIssue) => `${shown(input)}; expected ${expected}` };
}

/** A map with just these keys; any other key is an error that names the ones there are. */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const keys = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: ({ code, input }) =>
      code === 'unrecognized_keys'
        ? `unknown key; expected one of: ${keys}`
        : `${shown(input)}; expected a map with keys such as: ${keys}`,
  });
}

/** A list of any length. */
export function list<Item extends z.core.SomeType>(item: Item, expected: string) {
  return z.array(item, complain(expected));
}

/** A list with one item at least. */
export function nonEmptyList<Item extends z.core.SomeType>(item: Item, expected: string) {
  return list(item, expected).check(z.minLength(1, complain(expected)));
}

/** One of a few words. */
export function oneOf<const Values extends readonly string[]>(values: Values) {
  return z.enum(values, complain(`one of: ${values.join(', ')}`));
}

/** Text that a pattern describes, which also stands in the JSON Schema for editors. */
export function textLike(pattern: RegExp, expected: string) {
  return z.string(complain(expected)).check(z.regex(pattern, complain(expected)));
}

/** Text in the file, a `T` in the policy: `read` answers undefined to whatever its pattern lets pass wrongly. */
export function textAs<T>(pattern: RegExp, expected: string, read: (text: string) => T | undefined) {
  const convert = z.transform((text: string, context) => {
    const value = read(text);
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', input: text, message: complain(expected).error({ input: text }) });
    return z.NEVER;
  });
  return z.pipe(textLike(pattern, expected), convert);
}

/** A whole number from 0 on. */
export function wholeNumber(expected: string) {
  // The API's counts are int32 (google/storage/v2/storage.proto), and no policy needs more.
  return z
    .int(complain(expected))
    .check(z.gte(0, complain(expected)), z.lte(2_147_483_647, complain(expected)));
}

/** Above 0: every threshold here is "below", and nothing is below 0. */
export function positive(max: number, expected: string) {
  return z.number(complain(expected)).check(z.gt(0, complain(expected)), z.lte(max, complain(expected)));
}

/** A duration that is a whole number of `unitMs` between the two bounds (in that unit, both included). */
export function duration(unitMs: number, min: number, max: number, range: string) {
  return textAs(durationPattern, `${durationFormat}, ${range}`, (text) => {
    const amount = parseDurationMs(text) / unitMs;
    return Number.isInteger(amount) && amount >= min && amount <= max ? amount : undefined;
  });
}

/** `mode`, at the top of the file and in its sections. */
export const mode = oneOf(['observe', 'enforce']);

/** A label's key. Letters of a language without upper case count as lower case (Google's rule for labels). */
export const labelKey = textLike(
  /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u,
  'a label key: 1 to 63 lower-case letters, digits, _ and -, a letter first',
);

/** A label's value; it may be empty. */
export const labelValue = textLike(
  /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u,
  'a label value in quotes: at most 63 lower-case letters, digits, _ and -',
);
