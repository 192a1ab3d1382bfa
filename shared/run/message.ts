import * as z from 'zod/mini';
import { PermanentError } from '../errors.ts';

/** What the functions-framework hands over for a Pub/Sub message; both spellings of its ids occur on the wire. */
const eventSchema = z.looseObject({
  id: z.string(),
  source: z.string(),
  time: z.optional(z.string()),
  data: z.looseObject({
    message: z.looseObject({
      data: z.optional(z.string()),
      attributes: z.nullish(z.record(z.string(), z.string())),
      messageId: z.optional(z.string()),
      message_id: z.optional(z.string()),
      publishTime: z.optional(z.string()),
      publish_time: z.optional(z.string()),
    }),
  }),
});

/** A Pub/Sub message as it came. */
export interface Message {
  readonly id: string;
  /** Decoded from base64 as UTF-8. */
  readonly text: string;
  readonly attributes: Readonly<Record<string, string>>;
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
    attributes: message.attributes ?? {},
    publishedMs: Number.isNaN(published) ? undefined : published,
    topic: /^\/\/pubsub\.googleapis\.com\/(projects\/[^/]+\/topics\/[^/]+)$/.exec(source)?.[1],
  };
}

/** A text as it can stand in a log line. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
