import type * as z from 'zod/mini';
import type { StateObject } from './compare-and-swap.ts';

/**
 * A JSON object of the state bucket that is worth no error: what is not there, is damaged or is of another version begins anew with
 * `nothing`, and the next change writes it whole. Where half-read memory could do harm, `parse` has to throw instead.
 */
export function expendableObject<Value>(
  name: string,
  schema: z.ZodMiniType<Value>,
  nothing: Value,
): StateObject<Value> {
  return {
    name,
    parse(text) {
      try {
        return text === undefined ? nothing : schema.parse(JSON.parse(text));
      } catch {
        return nothing;
      }
    },
    print: (value) => (value === undefined ? '' : JSON.stringify(schema.parse(value))),
  };
}
