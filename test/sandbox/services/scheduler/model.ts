import { z } from 'zod';

const duration = z.string().regex(/^\d+(?:\.\d{1,9})?s$/);
const timestamp = z.string();

const pubsubTarget = z.strictObject({
  topicName: z.string().regex(/^projects\/[^/]+\/topics\/[^/]+$/),
  data: z.base64().default(''),
  attributes: z.record(z.string(), z.string()).default({}),
});

const httpTarget = z.strictObject({
  uri: z.url({ protocol: /^https$/, hostname: /\.run\.app$/ }),
  httpMethod: z.enum(['POST', 'GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']).default('POST'),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.base64().default(''),
  oidcToken: z.strictObject({ serviceAccountEmail: z.email(), audience: z.string().optional() }).optional(),
});

/** Google's own default, except that a retry is not tried. */
const retryConfig = z.strictObject({
  retryCount: z.int().min(0).max(5).default(0),
  maxRetryDuration: duration.default('0s'),
  minBackoffDuration: duration.default('5s'),
  maxBackoffDuration: duration.default('3600s'),
  maxDoublings: z.int().min(0).default(5),
});

/** Source: google/cloud/scheduler/v1/job.proto. What only the service writes may be sent back and is dropped. */
export const jobSchema = z
  .strictObject({
    name: z.string().default(''),
    description: z.string().max(500).optional(),
    schedule: z.string(),
    timeZone: z.string().default('Etc/UTC'),
    pubsubTarget: pubsubTarget.optional(),
    httpTarget: httpTarget.optional(),
    retryConfig: retryConfig.prefault({}),
    attemptDeadline: duration.optional(),
    state: z.string().optional(),
    userUpdateTime: timestamp.optional(),
    scheduleTime: timestamp.optional(),
    lastAttemptTime: timestamp.optional(),
    status: z.unknown().optional(),
  })
  .refine(
    (job) => (job.pubsubTarget === undefined) !== (job.httpTarget === undefined),
    'one target is wanted',
  );

export type JobConfig = z.infer<typeof jobSchema>;
