import { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';
import type { Message } from '../../http/proto-service.ts';

const duration = z.string().regex(/^\d+(?:\.\d{1,9})?s$/);
const labels = z.record(z.string(), z.string());

const topicSchema = z.strictObject({
  name: z.string(),
  labels: labels.optional(),
  messageRetentionDuration: duration.optional(),
  messageStoragePolicy: z.looseObject({}).optional(),
  kmsKeyName: z.string().optional(),
  tags: labels.optional(),
  state: z
    .string()
    .optional()
    .transform(() => 'ACTIVE'),
});

const pushConfigSchema = z.strictObject({
  pushEndpoint: z.string().optional(),
  attributes: labels.optional(),
  oidcToken: z
    .strictObject({ serviceAccountEmail: z.string().optional(), audience: z.string().optional() })
    .optional(),
});

/** Strict: a feature that the sandbox does not imitate (filters, exactly once, BigQuery export) is refused, not ignored. */
const subscriptionSchema = z.strictObject({
  name: z.string(),
  topic: z.string(),
  pushConfig: pushConfigSchema.default({}),
  ackDeadlineSeconds: z.int().default(10),
  messageRetentionDuration: duration.default('604800s'),
  retainAckedMessages: z.boolean().optional(),
  labels: labels.optional(),
  tags: labels.optional(),
  enableMessageOrdering: z.boolean().optional(),
  expirationPolicy: z.strictObject({ ttl: duration.optional() }).default({ ttl: '2678400s' }),
  deadLetterPolicy: z
    .strictObject({ deadLetterTopic: z.string(), maxDeliveryAttempts: z.int().default(5) })
    .optional(),
  retryPolicy: z
    .strictObject({ minimumBackoff: duration.default('10s'), maximumBackoff: duration.default('600s') })
    .optional(),
  state: z
    .string()
    .optional()
    .transform(() => 'ACTIVE'),
});

export type Topic = z.infer<typeof topicSchema>;
export type PushConfig = z.infer<typeof pushConfigSchema>;
export type Subscription = z.infer<typeof subscriptionSchema>;

/** What a subscription's topic is called once the topic has been deleted. */
export const DELETED_TOPIC = '_deleted-topic_';

export function readTopic(message: Message): Topic {
  const topic = read(topicSchema, message, 'topic');
  checkName(topic.name, 'topics');
  return topic;
}

export function readPushConfig(message: unknown): PushConfig {
  const config = read(pushConfigSchema, message ?? {}, 'push config');
  if (
    config.pushEndpoint !== undefined &&
    config.pushEndpoint !== '' &&
    !/^https?:\/\/[^/]+/.test(config.pushEndpoint)
  )
    throw new ApiError('INVALID_ARGUMENT', `Invalid push endpoint given (endpoint=${config.pushEndpoint}).`);
  return config;
}

/** Fills in the defaults that the API documents and checks its limits. */
export function readSubscription(message: Message): Subscription {
  // proto3 cannot tell 0 from absent, and the API takes both as the default.
  const { ackDeadlineSeconds, ...rest } = message;
  const given = ackDeadlineSeconds === 0 || ackDeadlineSeconds === undefined ? rest : message;
  const subscription = read(subscriptionSchema, given, 'subscription');
  checkName(subscription.name, 'subscriptions');
  readPushConfig(subscription.pushConfig);
  within('ackDeadlineSeconds', subscription.ackDeadlineSeconds, 10, 600);
  within(
    'messageRetentionDuration',
    durationMs(subscription.messageRetentionDuration) / 1_000,
    600,
    31 * 86_400,
  );
  if (subscription.deadLetterPolicy !== undefined)
    within('maxDeliveryAttempts', subscription.deadLetterPolicy.maxDeliveryAttempts, 5, 100);
  if (subscription.retryPolicy !== undefined) {
    const minimum = durationMs(subscription.retryPolicy.minimumBackoff) / 1_000;
    const maximum = durationMs(subscription.retryPolicy.maximumBackoff) / 1_000;
    within('minimumBackoff', minimum, 0, 600);
    within('maximumBackoff', maximum, minimum, 600);
  }
  return subscription;
}

/** `12.5s` in milliseconds. */
export function durationMs(text: string): number {
  return Math.round(Number(text.slice(0, -1)) * 1_000);
}

/** The last part of a resource name. */
export function shortName(name: string): string {
  return name.split('/').at(-1) ?? '';
}

/** `projects/P` of any resource below it. */
export function projectOf(name: string): string {
  return name.split('/').slice(0, 2).join('/');
}

function read<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const foreign = result.error.issues.find((issue) => issue.code === 'unrecognized_keys');
  if (foreign !== undefined)
    throw new ApiError(
      'UNIMPLEMENTED',
      `The sandbox does not imitate ${foreign.keys.join(', ')} of a ${what}.`,
    );
  const problems = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new ApiError('INVALID_ARGUMENT', `Invalid ${what}: ${problems.join('; ')}`);
}

function checkName(name: string, collection: 'topics' | 'subscriptions'): void {
  const id = new RegExp(`^projects/[^/]+/${collection}/([A-Za-z][A-Za-z0-9_.~+%-]{2,254})$`).exec(name)?.[1];
  if (id === undefined || id.startsWith('goog'))
    throw new ApiError('INVALID_ARGUMENT', `Invalid [${collection}] name: (name=${name})`);
}

function within(field: string, value: number, least: number, most: number): void {
  if (value < least || value > most)
    throw new ApiError('INVALID_ARGUMENT', `Invalid ${field}: ${value} is not between ${least} and ${most}.`);
}
