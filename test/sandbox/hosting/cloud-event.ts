import { z } from 'zod';

/** The query parameter by which Eventarc tells Cloud Run's front end to turn a push into a CloudEvent. */
const MODE_PARAMETER = '__GCP_CloudEventsMode';
const PUBSUB_MODE = /^CUSTOM_PUBSUB_(projects\/[^/]+\/topics\/[^/]+)$/;

/** A CloudEvent in HTTP binary mode. */
export interface CloudEventRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const pushSchema = z.object({
  message: z.looseObject({
    messageId: z.string().optional(),
    message_id: z.string().optional(),
    publishTime: z.string().optional(),
    publish_time: z.string().optional(),
  }),
  subscription: z.string(),
  deliveryAttempt: z.int().optional(),
});

/** The topic whose pushes to this URL become CloudEvents, `projects/P/topics/T`; undefined for any other URL. */
export function cloudEventsTopic(url: URL): string | undefined {
  return PUBSUB_MODE.exec(url.searchParams.get(MODE_PARAMETER) ?? '')?.[1];
}

/** The push endpoint that an Eventarc trigger on `topic` gives its subscription. */
export function eventarcEndpoint(serviceUrl: string, topic: string): string {
  const url = new URL(serviceUrl);
  url.searchParams.set(MODE_PARAMETER, `CUSTOM_PUBSUB_${topic}`);
  return url.href;
}

/** Turns a Pub/Sub push body into the CloudEvent that the function receives. Throws when it is not a push body. */
export function toCloudEvent(pushBody: unknown, topic: string): CloudEventRequest {
  const { message, subscription, deliveryAttempt } = pushSchema.parse(pushBody);
  const id = message.messageId ?? message.message_id;
  const time = message.publishTime ?? message.publish_time;
  if (id === undefined) throw new Error('Cannot make a CloudEvent of a push without a message id');
  return {
    headers: {
      'content-type': 'application/json',
      'ce-id': id,
      'ce-source': `//pubsub.googleapis.com/${topic}`,
      'ce-specversion': '1.0',
      'ce-type': 'google.cloud.pubsub.topic.v1.messagePublished',
      ...(time === undefined ? {} : { 'ce-time': time }),
    },
    body: JSON.stringify({
      message,
      subscription,
      ...(deliveryAttempt === undefined ? {} : { deliveryAttempt }),
    }),
  };
}
