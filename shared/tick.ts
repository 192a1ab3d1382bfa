import * as z from 'zod/mini';
import { messageOf, PermanentError } from './errors.ts';
import { quote } from './message.ts';

/** One tick: the whole scope, or one project of it. */
export type Tick = { readonly kind: 'scope' } | { readonly kind: 'project'; readonly projectId: string };

const tickSchema = z.strictObject({ project: z.optional(z.string().check(z.regex(/^[a-z0-9.:-]{4,62}$/))) });

/** Reads a tick's text: `{}` for the whole scope, `{"project": "ID"}` for one. Throws {@link PermanentError}. */
export function parseTick(text: string): Tick {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new PermanentError(
      `Cannot read the tick ${quote(text)}: it is not JSON (${messageOf(error)}); send {} or {"project": "ID"}`,
    );
  }
  const tick = tickSchema.safeParse(value);
  if (!tick.success)
    throw new PermanentError(
      `Cannot read the tick ${quote(text)}: ${tick.error.issues[0]?.message ?? 'wrong shape'}; send {} or {"project": "ID"}`,
    );
  return tick.data.project === undefined
    ? { kind: 'scope' }
    : { kind: 'project', projectId: tick.data.project };
}

/**
 * A tick older than this is not acted on: the next one has looked, or will look, at a fresher world. Redelivery after
 * a failure stays well inside.
 */
export const STALE_AFTER_MINUTES = 60;

export function isStale(publishedMs: number | undefined, nowMs: number): boolean {
  return publishedMs !== undefined && nowMs - publishedMs > STALE_AFTER_MINUTES * 60_000;
}
