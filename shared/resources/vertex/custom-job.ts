import * as z from 'zod/mini';
import { unpriced } from '../../prices/price.ts';
import { describeMachines, machineCount } from '../cost.ts';
import { jobKind, RUN_LABEL } from './job.ts';
import { poolMachines, vertexCost, workerPools } from './machine-spec.ts';

/** What a job runs on; also of a trial. Source: google.cloud.aiplatform.v1 custom_job.proto. */
export const jobSpec = z.looseObject({
  workerPoolSpecs: z.optional(workerPools),
  persistentResourceId: z.optional(z.string()),
  scheduling: z.optional(z.looseObject({ strategy: z.optional(z.string()) })),
});

/** Custom training jobs, also those of pipelines, which would submit them again. */
export const CUSTOM_JOBS = jobKind({
  kind: 'custom-job',
  title: 'custom jobs',
  collection: 'customJobs',
  states: 'JOB_STATE',
  order: 15,
  fields: { jobSpec: z.optional(jobSpec) },
  mask: ['jobSpec(workerPoolSpecs(machineSpec,replicaCount),persistentResourceId,scheduling/strategy)'],
  describe({ name, displayName = '', labels = {}, jobSpec: spec }) {
    const machines = poolMachines(name, spec?.workerPoolSpecs ?? [], spec?.scheduling?.strategy);
    const persistent = spec?.persistentResourceId ?? '';
    const run = labels[RUN_LABEL];
    return {
      description: `custom job ${displayName}${machines.length === 0 ? '' : `, ${describeMachines(machines)}`}`,
      cost:
        persistent === ''
          ? vertexCost(machines)
          : unpriced(`it runs on the persistent resource ${persistent}, which bills for its machines`),
      machines: machineCount(machines),
      source: `the specification that ${name} still shows`,
      ownerKeys: [`job/${name}`, ...(run === undefined ? [] : [`run/${run}`])],
    };
  },
});
