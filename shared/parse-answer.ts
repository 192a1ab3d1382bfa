import type * as z from 'zod/mini';
import { OutsideError, UnexpectedAnswer } from './outside-error.ts';
import { describeIssue } from './read-items.ts';

/**
 * Checks an answer of Google. Throws `OutsideError`, which no retry helps against, for one of another form than documented;
 * it says where and what is there.
 */
export function parseAnswer<T>(call: string, schema: z.ZodMiniType<T>, answer: unknown): T {
  const read = schema.safeParse(answer);
  if (read.success) return read.data;
  const { path, why } = describeIssue(read.error, answer, '');
  throw new OutsideError(call, new UnexpectedAnswer(`${path === '' ? 'the whole answer' : path}: ${why}`));
}
