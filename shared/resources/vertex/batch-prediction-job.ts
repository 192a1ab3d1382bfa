import * as z from 'zod/mini';
import { unpriced } from '../../prices/price.ts';
import { describeMachines } from '../cost.ts';
import { jobKind, RUN_LABEL } from './job.ts';
import { jobCost, machineSpec, machinesOf, vertexCost } from './machine-spec.ts';

/** Batch predictions: cancelled. What was predicted until then stays. */
export const BATCH_PREDICTION_JOBS = jobKind({
  kind: 'batch-prediction-job',
  title: 'batch prediction jobs',
  collection: 'batchPredictionJobs',
  states: 'JOB_STATE',
  order: 13,
  fields: {
    model: z.optional(z.string()),
    dedicatedResources: z.optional(
      z.looseObject({
        machineSpec: z.optional(machineSpec),
        startingReplicaCount: z.optional(z.number()),
        spot: z.optional(z.boolean()),
      }),
    ),
  },
  mask: ['model', 'dedicatedResources'],
  describe({ name, displayName = '', model = '', labels = {}, dedicatedResources }, state) {
    const { machineSpec: spec, startingReplicaCount = 1, spot = false } = dedicatedResources ?? {};
    const machines = [machinesOf(name, spec, startingReplicaCount, spot)];
    const run = labels[RUN_LABEL];
    return {
      description: spec === undefined ? `batch prediction ${displayName}` : describeMachines(machines),
      cost:
        spec === undefined
          ? unpriced('it runs on machines that Vertex AI chooses')
          : jobCost(state, vertexCost(machines)),
      source: model === '' ? '' : `model ${model}`,
      ownerKeys: run === undefined ? [] : [`run/${run}`],
    };
  },
});
