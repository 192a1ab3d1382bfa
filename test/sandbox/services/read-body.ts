import { z } from 'zod';
import { ApiError } from '../api-error.ts';
import type { Call } from '../route.ts';

/** The call's JSON body in the form that `schema` says. Throws INVALID_ARGUMENT, also for a field that it lacks. */
export function readBody<T>(schema: z.ZodType<T>, call: Call): T {
  return readMessage(schema, call.json());
}

export function readMessage<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ApiError('INVALID_ARGUMENT', `Invalid JSON payload received. ${z.prettifyError(result.error)}`);
}
