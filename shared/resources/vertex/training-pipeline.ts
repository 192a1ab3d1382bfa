import * as z from 'zod/mini';
import { unpriced } from '../../prices/price.ts';
import { describeMachines } from '../cost.ts';
import { jobKind, RUN_LABEL } from './job.ts';
import { poolMachines, vertexCost, workerPools } from './machine-spec.ts';

/** Of a custom training task; AutoML has inputs of its own. */
const inputs = z.catch(z.optional(z.looseObject({ workerPoolSpecs: z.optional(workerPools) })), undefined);
const metadata = z.catch(z.optional(z.looseObject({ backingCustomJob: z.optional(z.string()) })), undefined);

/** Training pipelines, custom and AutoML: they submit jobs, and are cancelled before those. */
export const TRAINING_PIPELINES = jobKind({
  kind: 'training-pipeline',
  title: 'training pipelines',
  collection: 'trainingPipelines',
  states: 'PIPELINE_STATE',
  order: 12,
  fields: { trainingTaskInputs: inputs, trainingTaskMetadata: metadata },
  // Values of any form (google.protobuf.Value): a mask cannot go into them.
  mask: ['trainingTaskInputs', 'trainingTaskMetadata'],
  describe({ name, displayName = '', labels = {}, trainingTaskInputs, trainingTaskMetadata }) {
    const machines = poolMachines(name, trainingTaskInputs?.workerPoolSpecs ?? []);
    const job = trainingTaskMetadata?.backingCustomJob;
    const run = labels[RUN_LABEL];
    return {
      description: machines.length === 0 ? `training pipeline ${displayName}` : describeMachines(machines),
      cost:
        machines.length === 0
          ? unpriced('AutoML bills node hours by the kind of data')
          : vertexCost(machines),
      source: `the inputs that ${name} still shows`,
      memberKeys: job === undefined ? [] : [`job/${job}`],
      ownerKeys: run === undefined ? [] : [`run/${run}`],
    };
  },
});
