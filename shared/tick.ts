import * as z from 'zod/mini';
import { messageOf, PermanentError } from './errors.ts';

/** What the functions-framework hands over for a Pub/Sub message; both spellings of its ids occur on the wire. */
const eventSchema = z.looseObject({
  id: z.string(),
  source: z.string(),
  time: z.optional(z.string()),
  data: z.looseObject({
    message: z.looseObject({
      data: z.optional(z.string()),
      messageId: z.optional(z.string()),
      message_id: z.optional(z.string()),
      publishTime: z.optional(z.string()),
      publish_time: z.optional(z.string()),
    }),
  }),
});

/** A message as it came. */
export interface Message {
  readonly id: string;
  /** Decoded from base64 as UTF-8. */
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly publishedMs: number | undefined;
  /** `projects/P/topics/T`, when the event's source tells. */
  readonly topic: string | undefined;
}

/** Reads the CloudEvent of a Pub/Sub message. Throws {@link PermanentError} when it is none. */
export function readMessage(event: unknown): Message {
  const parsed = eventSchema.safeParse(event);
  if (!parsed.success)
    throw new PermanentError('Cannot read the event: it is not the CloudEvent of a Pub/Sub message');
  const { id, source, time, data } = parsed.data;
  const { message } = data;
  const published = Date.parse(message.publishTime ?? message.publish_time ?? time ?? '');
  return {
    id: message.messageId ?? message.message_id ?? id,
    text: Buffer.from(message.data ?? '', 'base64').toString('utf8'),
    publishedMs: Number.isNaN(published) ? undefined : published,
    topic: /^\/\/pubsub\.googleapis\.com\/(projects\/[^/]+\/topics\/[^/]+)$/.exec(source)?.[1],
  };
}

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

/** A text as it can stand in a log line. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
