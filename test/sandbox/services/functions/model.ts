import { z } from 'zod';

const variables = z.record(z.string().regex(/^[A-Za-z_]\w*$/), z.string());
const storageSource = z.strictObject({
  bucket: z.string(),
  object: z.string(),
  generation: z.string().optional(),
});

const RESERVED =
  /^(?:X_GOOGLE_.*|FUNCTION_TARGET|FUNCTION_SIGNATURE_TYPE|K_SERVICE|K_REVISION|K_CONFIGURATION|PORT)$/;

function without<T extends object, K extends keyof T>(value: T, keys: readonly K[]): Omit<T, K> {
  const rest = { ...value };
  for (const key of keys) Reflect.deleteProperty(rest, key);
  return rest;
}

/** What a client may send; what only the service fills in (`uri`, `revision`, …) is dropped. */
const buildConfig = z
  .strictObject({
    runtime: z.string(),
    entryPoint: z.string().regex(/^[\w$-]{1,128}$/),
    source: z.strictObject({ storageSource }),
    environmentVariables: variables.default({}),
    serviceAccount: z
      .string()
      .regex(/^projects\/[^/]+\/serviceAccounts\/[^/]+$/)
      .optional(),
    automaticUpdatePolicy: z.strictObject({}).optional(),
    build: z.unknown().optional(),
    dockerRegistry: z.unknown().optional(),
    dockerRepository: z.unknown().optional(),
    sourceProvenance: z.unknown().optional(),
  })
  .transform(({ runtime, entryPoint, source, environmentVariables, serviceAccount }) => ({
    runtime,
    entryPoint,
    source,
    environmentVariables,
    serviceAccount,
  }));

const serviceConfig = z
  .strictObject({
    serviceAccountEmail: z.string().optional(),
    environmentVariables: variables
      .refine((given) => !Object.keys(given).some((name) => RESERVED.test(name)), 'has a reserved name')
      .default({}),
    availableMemory: z
      .string()
      .regex(/^\d+(?:\.\d+)?(?:k|M|G|Ki|Mi|Gi)?$/)
      .default('256M'),
    availableCpu: z.string().optional(),
    timeoutSeconds: z.int().positive().max(3600).default(60),
    maxInstanceCount: z.int().min(0).default(100),
    minInstanceCount: z.int().min(0).default(0),
    maxInstanceRequestConcurrency: z.int().min(1).max(1000).default(1),
    ingressSettings: z
      .enum(['ALLOW_ALL', 'ALLOW_INTERNAL_ONLY', 'ALLOW_INTERNAL_AND_GCLB'])
      .default('ALLOW_ALL'),
    allTrafficOnLatestRevision: z.literal(true).default(true),
    service: z.unknown().optional(),
    uri: z.unknown().optional(),
    revision: z.unknown().optional(),
    secretEnvironmentVariables: z.array(z.never()).optional(),
    secretVolumes: z.array(z.never()).optional(),
  })
  .transform((config) =>
    without(config, ['service', 'uri', 'revision', 'secretEnvironmentVariables', 'secretVolumes']),
  );

const PUBSUB_EVENT = 'google.cloud.pubsub.topic.v1.messagePublished';

const eventTrigger = z
  .strictObject({
    eventType: z.literal(PUBSUB_EVENT),
    pubsubTopic: z.string().regex(/^projects\/[^/]+\/topics\/[^/]+$/),
    triggerRegion: z.string().optional(),
    retryPolicy: z
      .enum(['RETRY_POLICY_UNSPECIFIED', 'RETRY_POLICY_DO_NOT_RETRY', 'RETRY_POLICY_RETRY'])
      .default('RETRY_POLICY_DO_NOT_RETRY'),
    serviceAccountEmail: z.string().optional(),
    eventFilters: z.array(z.never()).optional(),
    trigger: z.unknown().optional(),
  })
  .transform((event) => without(event, ['trigger', 'eventFilters']));

/** Source: google/cloud/functions/v2/functions.proto. Strict: what the sandbox does not imitate is refused, not ignored. */
export const functionSchema = z
  .strictObject({
    name: z.string().optional(),
    description: z.string().optional(),
    labels: z.record(z.string(), z.string()).default({}),
    buildConfig,
    serviceConfig: serviceConfig.prefault({}),
    eventTrigger: eventTrigger.optional(),
    environment: z.enum(['GEN_2', 'ENVIRONMENT_UNSPECIFIED']).optional(),
  })
  // Event-driven functions of the v2 API end after nine minutes: functions/quotas.
  .refine(
    ({ eventTrigger: event, serviceConfig: { timeoutSeconds } }) =>
      event === undefined || timeoutSeconds <= 540,
    'timeoutSeconds of an event-driven function is at most 540',
  );

export type FunctionConfig = z.infer<typeof functionSchema>;

/** `projects/P/locations/L/functions/F` in its parts. */
export interface FunctionName {
  readonly name: string;
  readonly projectId: string;
  readonly location: string;
  readonly id: string;
}

export function functionName(projectId: string, location: string, id: string): FunctionName {
  return { name: `projects/${projectId}/locations/${location}/functions/${id}`, projectId, location, id };
}

/** The Cloud Run service behind a function. */
export function serviceName({ projectId, location, id }: FunctionName): string {
  return `projects/${projectId}/locations/${location}/services/${id}`;
}
