/** What gcloud answers with `--format=json`, as far as deploy looks at it, and how that becomes `Actual`. */
import * as z from 'zod/mini';
import { resourceId } from '../../shared/google/resource-name.ts';
import { MADE_BY, MADE_BY_TEXT } from '../desired/names.ts';
import { readSettings } from './function-settings.ts';
import type { ActualDashboard, Alert, Job, Actual, ActualFunction, Subscription } from './actual.ts';

const labelsSchema = z.optional(z.record(z.string(), z.string()));
const text = z.optional(z.string());

export const accountSchema = z.looseObject({ email: z.string(), description: text });
export const topicSchema = z.looseObject({ name: z.string(), labels: labelsSchema });
export const subscriptionSchema = z.looseObject({
  name: z.string(),
  topic: z.string(),
  labels: labelsSchema,
  state: text,
  ackDeadlineSeconds: z.optional(z.number()),
  messageRetentionDuration: text,
  expirationPolicy: z.optional(z.looseObject({ ttl: text })),
  deadLetterPolicy: z.optional(
    z.looseObject({ deadLetterTopic: text, maxDeliveryAttempts: z.optional(z.number()) }),
  ),
  retryPolicy: z.optional(z.looseObject({ minimumBackoff: text, maximumBackoff: text })),
});
export const functionSchema = z.looseObject({
  name: z.string(),
  state: z.optional(z.string()),
  updateTime: text,
  url: text,
  labels: labelsSchema,
  buildConfig: z.optional(z.looseObject({ runtime: text, entryPoint: text })),
  serviceConfig: z.optional(
    z.looseObject({
      uri: text,
      serviceAccountEmail: text,
      availableMemory: text,
      timeoutSeconds: z.optional(z.number()),
      maxInstanceCount: z.optional(z.number()),
      maxInstanceRequestConcurrency: z.optional(z.number()),
      ingressSettings: text,
      environmentVariables: labelsSchema,
    }),
  ),
  eventTrigger: z.optional(
    z.looseObject({ trigger: text, pubsubTopic: text, retryPolicy: text, serviceAccountEmail: text }),
  ),
});
export const triggerSchema = z.looseObject({
  name: z.string(),
  transport: z.optional(z.looseObject({ pubsub: z.optional(z.looseObject({ subscription: text })) })),
});
export const serviceSchema = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  status: z.optional(
    z.looseObject({
      url: text,
      conditions: z.optional(z.array(z.looseObject({ type: z.string(), status: text }))),
    }),
  ),
});
export const jobSchema = z.looseObject({
  name: z.string(),
  description: text,
  schedule: text,
  timeZone: text,
  state: text,
  pubsubTarget: z.optional(z.looseObject({ topicName: text, data: text })),
});
export const alertSchema = z.looseObject({
  name: z.string(),
  displayName: text,
  userLabels: labelsSchema,
  notificationChannels: z.optional(z.array(z.string())),
  conditions: z.optional(
    z.array(z.looseObject({ conditionMatchedLog: z.optional(z.looseObject({ filter: text })) })),
  ),
});
export const dashboardSchema = z.looseObject({ name: z.string(), labels: labelsSchema, etag: text });
export const roleSchema = z.looseObject({
  title: text,
  description: text,
  stage: text,
  includedPermissions: z.optional(z.array(z.string())),
  deleted: z.optional(z.boolean()),
});
/** The bindings are read one by one: see `bindingSchema`. */
export const iamSchema = z.looseObject({ bindings: z.optional(z.unknown()) });
export const bindingSchema = z.looseObject({
  role: z.string(),
  members: z.array(z.string()),
  condition: z.optional(
    z.looseObject({ title: z._default(z.string(), ''), description: text, expression: z.string() }),
  ),
});
export const bucketSchema = z.looseObject({
  projectNumber: z.union([z.string(), z.number()]),
  versioning: z.optional(z.looseObject({ enabled: z.optional(z.boolean()) })),
  iamConfiguration: z.optional(
    z.looseObject({
      publicAccessPrevention: text,
      uniformBucketLevelAccess: z.optional(z.looseObject({ enabled: z.optional(z.boolean()) })),
    }),
  ),
});

export function isMade(labels: Readonly<Record<string, string>> | undefined): boolean {
  return labels?.[MADE_BY.key] === MADE_BY.value;
}

export function toBucket({
  projectNumber,
  versioning,
  iamConfiguration,
}: z.infer<typeof bucketSchema>): Actual['bucket'] {
  return {
    projectNumber: String(projectNumber),
    versioning: versioning?.enabled === true,
    uniformAccess: iamConfiguration?.uniformBucketLevelAccess?.enabled === true,
    publicAccessPrevented: iamConfiguration?.publicAccessPrevention === 'enforced',
  };
}

export function toSubscription(one: z.infer<typeof subscriptionSchema>): Subscription {
  const { minimumBackoff, maximumBackoff } = one.retryPolicy ?? {};
  return {
    topic: resourceId(one.topic),
    made: isMade(one.labels),
    state: one.state ?? 'ACTIVE',
    ackDeadlineSeconds: one.ackDeadlineSeconds ?? 10,
    // Durations come as `86400s`. Without one it is Pub/Sub's own default.
    retentionSeconds: Number((one.messageRetentionDuration ?? '604800s').replace(/s$/, '')),
    expiresAfter: one.expirationPolicy?.ttl,
    deadLetterTopic: one.deadLetterPolicy?.deadLetterTopic,
    deliveryAttempts: one.deadLetterPolicy?.maxDeliveryAttempts,
    retryDelays:
      minimumBackoff === undefined || maximumBackoff === undefined
        ? undefined
        : `${minimumBackoff} to ${maximumBackoff}`,
  };
}

export function toFunction(
  fn: z.infer<typeof functionSchema>,
  subscriptionOf: ReadonlyMap<string, string | undefined>,
): ActualFunction {
  const trigger = fn.eventTrigger?.trigger;
  return {
    state: fn.state ?? 'UNKNOWN',
    labels: fn.labels ?? {},
    environment: fn.serviceConfig?.environmentVariables ?? {},
    url: fn.serviceConfig?.uri ?? fn.url,
    updateTime: fn.updateTime,
    settings: readSettings(fn),
    runtime: fn.buildConfig?.runtime ?? '',
    subscription: trigger === undefined ? undefined : subscriptionOf.get(trigger),
  };
}

/** Whether its container started and listens. */
export function isReady({ status }: z.infer<typeof serviceSchema>): boolean {
  return (status?.conditions ?? []).some(
    (condition) => condition.type === 'Ready' && condition.status === 'True',
  );
}

export function toJob(job: z.infer<typeof jobSchema>): Job {
  return {
    made: job.description === MADE_BY_TEXT,
    schedule: job.schedule ?? '',
    timeZone: job.timeZone ?? '',
    topic: resourceId(job.pubsubTarget?.topicName ?? ''),
    body: Buffer.from(job.pubsubTarget?.data ?? '', 'base64').toString(),
    paused: job.state === 'PAUSED',
  };
}

export function toAlert(alert: z.infer<typeof alertSchema>): Alert {
  return {
    name: alert.name,
    displayName: alert.displayName ?? '',
    made: isMade(alert.userLabels),
    filter: alert.conditions?.[0]?.conditionMatchedLog?.filter ?? '',
    channels: alert.notificationChannels ?? [],
  };
}

export function toDashboard({ labels = {}, etag = '' }: z.infer<typeof dashboardSchema>): ActualDashboard {
  return { made: isMade(labels), labels, etag };
}
