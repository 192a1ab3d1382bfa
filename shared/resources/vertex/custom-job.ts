import * as z from 'zod/mini';
import { unpriced, type Price } from '../../prices/price.ts';
import { describeMachines, machineCount, type Machines } from '../cost.ts';
import { jobKind, RUN_LABEL } from './job.ts';
import { poolMachines, vertexCost, workerPools } from './machine-spec.ts';

/** What a job runs on; also of a trial. Source: google.cloud.aiplatform.v1 custom_job.proto. */
export const jobSpec = z.looseObject({
  workerPoolSpecs: z.optional(workerPools),
  persistentResourceId: z.optional(z.string()),
  scheduling: z.optional(z.looseObject({ strategy: z.optional(z.string()) })),
});
type JobSpec = z.infer<typeof jobSpec>;

/** What a job or a trial reads of its specification. */
export const JOB_SPEC_MASK =
  '(workerPoolSpecs(machineSpec,replicaCount),persistentResourceId,scheduling/strategy)';

/** Custom training jobs, also those of pipelines, which would submit them again. */
export const CUSTOM_JOBS = jobKind({
  kind: 'custom-job',
  title: 'custom jobs',
  collection: 'customJobs',
  states: 'JOB_STATE',
  order: 15,
  fields: { jobSpec: z.optional(jobSpec) },
  mask: [`jobSpec${JOB_SPEC_MASK}`],
  describe({ name, displayName = '', labels = {}, jobSpec: spec = {} }, now) {
    const machines = jobMachines(name, spec);
    const run = labels[RUN_LABEL];
    return {
      description: `custom job ${displayName}${machines.length === 0 ? '' : `, ${describeMachines(machines)}`}`,
      cost: jobCost(machines, spec, now),
      machines: machineCount(machines),
      source: `the specification that ${name} still shows`,
      ownerKeys: [`job/${name}`, ...(run === undefined ? [] : [`run/${run}`])],
    };
  },
});

/** The machines of a job named `name`, or of one of its trials. */
export function jobMachines(
  name: string,
  { workerPoolSpecs = [], scheduling }: JobSpec,
): readonly Machines[] {
  return poolMachines(name, workerPoolSpecs, scheduling?.strategy);
}

/** Of machines that may be those of a persistent resource: then they are counted with that. */
export function jobCost(
  machines: readonly Machines[],
  { persistentResourceId = '' }: JobSpec,
  now: Date,
): Price {
  return persistentResourceId === ''
    ? vertexCost(machines, now)
    : unpriced(`it runs on the persistent resource ${persistentResourceId}, which bills for its machines`);
}
