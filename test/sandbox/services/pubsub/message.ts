import { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';

/** A message as the topic took it in. */
export interface PubsubMessage {
  /** Base64. */
  readonly data: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageId: string;
  /** Sandbox time, RFC 3339. */
  readonly publishTime: string;
  readonly orderingKey?: string;
}

/** What a publisher sends; id and time are the service's. */
export interface NewMessage {
  /** Base64. */
  readonly data?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly orderingKey?: string;
}

const newMessages = z.array(
  z.object({
    data: z.string().optional(),
    attributes: z.record(z.string(), z.string()).optional(),
    orderingKey: z.string().optional(),
  }),
);

const MAX_MESSAGES = 1_000;
const MAX_REQUEST_BYTES = 10_000_000;

/** Reads and checks `messages` of a publish request (its limits: Pub/Sub quotas page). Throws INVALID_ARGUMENT. */
export function readMessages(value: unknown): readonly NewMessage[] {
  const messages = newMessages.parse(value ?? []).map(({ data, attributes, orderingKey }) => ({
    ...(data === undefined ? {} : { data }),
    ...(attributes === undefined ? {} : { attributes }),
    ...(orderingKey === undefined ? {} : { orderingKey }),
  }));
  const refuse = (why: string): never => {
    throw new ApiError('INVALID_ARGUMENT', why);
  };
  if (messages.length === 0)
    refuse(
      'The value for message_count is too small. You passed 0 in the request, but the minimum value is 1.',
    );
  if (messages.length > MAX_MESSAGES)
    refuse(
      `The value for message_count is too large. You passed ${messages.length} in the request, but the maximum value is ${MAX_MESSAGES}.`,
    );
  for (const message of messages)
    if ((message.data ?? '') === '' && Object.keys(message.attributes ?? {}).length === 0)
      refuse(
        'One or more messages in the publish request is empty. Each message must contain either non-empty data, or at least one attribute.',
      );
  const bytes = messages.reduce((sum, message) => sum + Buffer.byteLength(message.data ?? '', 'base64'), 0);
  if (bytes > MAX_REQUEST_BYTES)
    refuse(
      `The value for request_size is too large. You passed ${bytes} in the request, but the maximum value is ${MAX_REQUEST_BYTES}.`,
    );
  return messages;
}

/** The body of a push request. Both spellings of the id and of the time occur on the wire. */
export function pushBody(message: PubsubMessage, subscription: string, deliveryAttempt?: number): object {
  return {
    message: {
      attributes: message.attributes,
      data: message.data,
      messageId: message.messageId,
      message_id: message.messageId,
      publishTime: message.publishTime,
      publish_time: message.publishTime,
      ...(message.orderingKey === undefined ? {} : { orderingKey: message.orderingKey }),
    },
    subscription,
    ...(deliveryAttempt === undefined ? {} : { deliveryAttempt }),
  };
}
