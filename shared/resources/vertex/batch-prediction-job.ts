import * as z from 'zod/mini';
import { unpriced } from '../../prices/price.ts';
import { describeMachines } from '../cost.ts';
import { jobKind, RUN_LABEL } from './job.ts';
import { machineSpec, machinesOf, scaledCost, upTo } from './machine-spec.ts';

/** It is scaled up to so many, unless it names a limit. Source: machine_resources.proto, BatchDedicatedResources. */
const DEFAULT_MAX_REPLICAS = 10;

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
        maxReplicaCount: z.optional(z.number()),
        spot: z.optional(z.boolean()),
      }),
    ),
  },
  mask: ['model', 'dedicatedResources'],
  describe({ name, displayName = '', model = '', labels = {}, dedicatedResources }, now) {
    const { machineSpec: spec, startingReplicaCount: first = 1, spot = false } = dedicatedResources ?? {};
    const most = Math.max(first, dedicatedResources?.maxReplicaCount ?? DEFAULT_MAX_REPLICAS);
    const machines = [machinesOf(name, spec, first, spot)];
    const { cost, ...scaled } = scaledCost(machines, [machinesOf(name, spec, most, spot)], now);
    const run = labels[RUN_LABEL];
    return {
      description:
        spec === undefined
          ? `batch prediction ${displayName}`
          : `${describeMachines(machines)}${upTo(most, first)}`,
      cost: spec === undefined ? unpriced('it runs on machines that Vertex AI chooses') : cost,
      // How far it is scaled up the API does not tell.
      ...scaled,
      source: model === '' ? '' : `model ${model}`,
      ownerKeys: run === undefined ? [] : [`run/${run}`],
    };
  },
});
