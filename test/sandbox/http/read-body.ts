import { z } from 'zod';
import { ApiError } from './api-error.ts';
import type { Call } from './route.ts';

/** The call's JSON body in the form that `schema` says. Throws INVALID_ARGUMENT where it is another. */
export function readBody<T>(schema: z.ZodType<T>, call: Call): T {
  return readMessage(schema, call.json());
}

export function readMessage<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  requireImitated(result.error);
  throw new ApiError('INVALID_ARGUMENT', `Invalid JSON payload received. ${z.prettifyError(result.error)}`);
}

/**
 * Throws UNIMPLEMENTED for fields that a schema lacks. What Google's methods do not know has been refused by the front end:
 * these are fields that Google takes and the sandbox does not imitate, which must not look like a refusal of Google's.
 */
export function requireImitated({ issues }: z.core.$ZodError): void {
  const fields = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key].join('.')) : [],
  );
  if (fields.length > 0)
    throw new ApiError('UNIMPLEMENTED', `The sandbox does not imitate the field ${fields.join(', ')}.`);
}
