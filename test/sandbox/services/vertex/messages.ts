import { z } from 'zod';

/*
 * Messages of google.cloud.aiplatform.v1 that a caller sends, as far as the sandbox keeps them; no client package with a
 * descriptor is at hand. Fields: endpoint.proto, machine_resources.proto, custom_job.proto, hyperparameter_tuning_job.proto.
 * int64 fields are strings in JSON; parsing accepts what proto3 JSON does.
 */

const int64 = z.union([z.string().regex(/^\d+$/), z.int().nonnegative()]).transform((value) => String(value));
const anyObject = z.record(z.string(), z.unknown());

const machineSpec = z.strictObject({
  machineType: z.string().optional(),
  /** Enum AcceleratorType, e.g. NVIDIA_TESLA_T4. */
  acceleratorType: z
    .string()
    .regex(/^[A-Z0-9_]+$/)
    .optional(),
  acceleratorCount: z.int().nonnegative().optional(),
  gpuPartitionSize: z.string().optional(),
  tpuTopology: z.string().optional(),
  multihostGpuNodeCount: z.int().optional(),
  reservationAffinity: anyObject.optional(),
});

/**
 * https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.endpoints#DeployedModel: an id that the
 * caller chooses has 1 to 10 digits. One that Vertex AI generates has 19, as recorded answers show.
 */
export const deployedModelSchema = z.strictObject({
  id: z
    .string()
    .regex(/^\d{1,10}$/, 'The DeployedModel ID should be 1-10 characters, and valid characters are /[0-9]/.')
    .optional(),
  model: z.string(),
  displayName: z.string().optional(),
  dedicatedResources: z
    .strictObject({
      machineSpec,
      minReplicaCount: z.int().min(1),
      maxReplicaCount: z.int().min(1).optional(),
      requiredReplicaCount: z.int().min(1).optional(),
      initialReplicaCount: z.int().min(1).optional(),
      autoscalingMetricSpecs: z
        .array(
          z.strictObject({
            metricName: z.string(),
            target: z.int().optional(),
            monitoredResourceLabels: z.record(z.string(), z.string()).optional(),
          }),
        )
        .optional(),
      spot: z.boolean().optional(),
      flexStart: anyObject.optional(),
      scaleToZeroSpec: anyObject.optional(),
    })
    .optional(),
  fullFineTunedResources: anyObject.optional(),
  automaticResources: z
    .strictObject({
      minReplicaCount: z.int().min(1).optional(),
      maxReplicaCount: z.int().min(1).optional(),
    })
    .optional(),
  sharedResources: z.string().optional(),
  explanationSpec: anyObject.optional(),
  disableExplanations: z.boolean().optional(),
  serviceAccount: z.string().optional(),
  disableContainerLogging: z.boolean().optional(),
  enableAccessLogging: z.boolean().optional(),
  fasterDeploymentConfig: anyObject.optional(),
  gdcConnectedModel: z.string().optional(),
  systemLabels: z.record(z.string(), z.string()).optional(),
  checkpointId: z.string().optional(),
  speculativeDecodingSpec: anyObject.optional(),
  // Output only: Google ignores them in a request.
  createTime: z.string().optional(),
  modelVersionId: z.string().optional(),
  privateEndpoints: anyObject.optional(),
  status: anyObject.optional(),
});

const jobSpecSchema = z.strictObject({
  workerPoolSpecs: z
    .array(
      z.strictObject({
        machineSpec,
        replicaCount: int64.default('1'),
        diskSpec: z
          .strictObject({
            bootDiskType: z.string().optional(),
            bootDiskSizeGb: z.int().positive().optional(),
          })
          .optional(),
        nfsMounts: z.array(anyObject).optional(),
        containerSpec: anyObject.optional(),
        pythonPackageSpec: anyObject.optional(),
      }),
    )
    .min(1),
  scheduling: anyObject.optional(),
  serviceAccount: z.string().optional(),
  network: z.string().optional(),
  baseOutputDirectory: z.strictObject({ outputUriPrefix: z.string() }).optional(),
  enableWebAccess: z.boolean().optional(),
  persistentResourceId: z.string().optional(),
});

/** Enum JobState. */
const JOB_STATES = [
  'JOB_STATE_QUEUED',
  'JOB_STATE_PENDING',
  'JOB_STATE_RUNNING',
  'JOB_STATE_SUCCEEDED',
  'JOB_STATE_FAILED',
  'JOB_STATE_CANCELLING',
  'JOB_STATE_CANCELLED',
  'JOB_STATE_PAUSED',
  'JOB_STATE_EXPIRED',
  'JOB_STATE_UPDATING',
  'JOB_STATE_PARTIALLY_SUCCEEDED',
] as const;

const resource = {
  id: z.string().regex(/^[^/]+$/),
  location: z.string().default('us-central1'),
  created: z.string().default('-5h'),
  labels: z.record(z.string(), z.string()).default({}),
};
const jobFields = {
  ...resource,
  /** Whom the audit log names as its maker; it has no entry when absent. */
  startedBy: z.string().optional(),
  state: z.enum(JOB_STATES).default('JOB_STATE_RUNNING'),
};

/** The key `vertex` of a project in a scenario. */
export const vertexSeedSchema = z.strictObject({
  customJobs: z
    .array(z.strictObject({ ...jobFields, displayName: z.string(), jobSpec: jobSpecSchema }))
    .default([]),
  hyperparameterTuningJobs: z
    .array(
      z.strictObject({
        ...jobFields,
        displayName: z.string(),
        studySpec: anyObject.default({}),
        maxTrialCount: z.int().positive().default(20),
        parallelTrialCount: z.int().positive().default(1),
        trialJobSpec: jobSpecSchema,
      }),
    )
    .default([]),
  /** Tuning of generative models; Google's machines, not ours. */
  tuningJobs: z
    .array(z.strictObject({ ...jobFields, tunedModelDisplayName: z.string(), baseModel: z.string() }))
    .default([]),
  endpoints: z
    .array(
      z.strictObject({
        ...resource,
        displayName: z.string(),
        deployedModels: z
          .array(
            deployedModelSchema.extend({
              id: z
                .string()
                .regex(/^\d{1,19}$/)
                .optional(),
            }),
          )
          .default([]),
        trafficSplit: z.record(z.string(), z.int()).default({}),
        /** Calls of deployed models, by their ids. */
        predictionsPerDay: z.record(z.string(), z.int().nonnegative()).default({}),
      }),
    )
    .default([]),
  /** Models that `deployedModels` name need not be listed. */
  models: z
    .array(z.strictObject({ ...resource, displayName: z.string(), copied: z.boolean().default(false) }))
    .default([]),
});

export type VertexSeed = z.infer<typeof vertexSeedSchema>;
export type DeployedModelInput = z.infer<typeof deployedModelSchema>;
export type JobSpec = z.infer<typeof jobSpecSchema>;
export type MachineSpec = z.infer<typeof machineSpec>;
export type JobState = (typeof JOB_STATES)[number];

/** Bodies of the methods that take one. */
export const deployBodySchema = z.strictObject({
  deployedModel: deployedModelSchema,
  trafficSplit: z.record(z.string(), z.int().min(0).max(100)).default({}),
});
export const undeployBodySchema = z.strictObject({
  deployedModelId: z.string().min(1),
  trafficSplit: z.record(z.string(), z.int().min(0).max(100)).default({}),
});
