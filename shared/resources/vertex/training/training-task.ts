import * as z from 'zod/mini';
import { jobSpec } from '../custom-job.ts';

/** Of a custom task, whose inputs are a job's specification, or of a hyperparameter tuning task, which has one for its trials. */
const inputsSchema = z.intersection(
  jobSpec,
  z.looseObject({ parallelTrialCount: z.optional(z.number()), trialJobSpec: z.optional(jobSpec) }),
);
const metadataSchema = z.looseObject({
  backingCustomJob: z.optional(z.string()),
  backingHyperparameterTuningJob: z.optional(z.string()),
});

export type TaskInputs = z.infer<typeof inputsSchema>;

/**
 * What a training pipeline's task runs on; empty for AutoML, which has inputs of its own, and undefined where they cannot be read.
 * Source: custom_task_1.0.0.yaml and hyperparameter_tuning_task_1.0.0.yaml of gs://google-cloud-aiplatform/schema/trainingjob.
 */
export function readTaskInputs(inputs: unknown): TaskInputs | undefined {
  return inputs === undefined ? {} : inputsSchema.safeParse(fromValue(inputs)).data;
}

/** The jobs that a training pipeline's task has submitted; none where that cannot be read. */
export function readTaskJobs(metadata: unknown): readonly string[] {
  const { backingCustomJob, backingHyperparameterTuningJob } =
    metadataSchema.safeParse(fromValue(metadata)).data ?? {};
  return [backingCustomJob ?? '', backingHyperparameterTuningJob ?? ''].filter((job) => job !== '');
}

/** Of custom_job.proto, Scheduling.Strategy. */
const STRATEGIES: Readonly<Record<number, string>> = {
  0: 'STRATEGY_UNSPECIFIED',
  1: 'ON_DEMAND',
  2: 'LOW_COST',
  3: 'STANDARD',
  4: 'SPOT',
  6: 'FLEX_START',
};

/**
 * A google.protobuf.Value is kept as it was written: its keys may be `worker_pool_specs` (the Python client) or `workerPoolSpecs`,
 * its numbers texts, and its enum values numbers.
 */
function fromValue(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((one: unknown) => fromValue(one));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]: [string, unknown]) => {
        const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
        return [camel, fromValue(inner, camel)];
      }),
    );
  if (typeof value === 'string' && /^\d+$/.test(value)) return fromValue(Number(value), key);
  return key === 'strategy' && typeof value === 'number' ? (STRATEGIES[value] ?? String(value)) : value;
}
