import * as z from 'zod/mini';
import { unpriced } from '../../../prices/price.ts';
import { describeMachines, machineCount } from '../../cost.ts';
import { jobCost, jobMachines } from '../custom-job.ts';
import { trialsOf } from '../hyperparameter-tuning-job.ts';
import { jobKind, RUN_LABEL } from '../job.ts';
import { readTaskInputs, readTaskJobs, type TaskInputs } from './training-task.ts';

/** Training pipelines, custom and AutoML: they submit jobs, and are cancelled before those. */
export const TRAINING_PIPELINES = jobKind({
  kind: 'training-pipeline',
  title: 'training pipelines',
  collection: 'trainingPipelines',
  states: 'PIPELINE_STATE',
  order: 12,
  fields: {
    trainingTaskDefinition: z.optional(z.string()),
    trainingTaskInputs: z.optional(z.unknown()),
    trainingTaskMetadata: z.optional(z.unknown()),
  },
  // Values of any form (google.protobuf.Value): a mask cannot go into them.
  mask: ['trainingTaskDefinition', 'trainingTaskInputs', 'trainingTaskMetadata'],
  describe({ name, displayName = '', labels = {}, trainingTaskDefinition = '', ...task }, now) {
    const run = labels[RUN_LABEL];
    const inputs = readTaskInputs(task.trainingTaskInputs);
    return {
      description: `training pipeline ${displayName}`,
      cost: unpriced(
        inputs === undefined || CUSTOM.test(trainingTaskDefinition)
          ? 'the machines in the inputs of its task cannot be read'
          : 'AutoML bills node hours by the kind of data',
      ),
      ...runsOn(name, inputs ?? {}, now),
      source: `the inputs that ${name} still shows`,
      memberKeys: readTaskJobs(task.trainingTaskMetadata).map((job) => `job/${job}`),
      ownerKeys: run === undefined ? [] : [`run/${run}`],
    };
  },
});

/** Tasks that name their machines. */
const CUSTOM = /\/(?:custom|hyperparameter_tuning)_task_/;

function runsOn(name: string, inputs: TaskInputs, now: Date): Partial<ReturnType<typeof trialsOf>> {
  const { trialJobSpec, persistentResourceId = '' } = inputs;
  if (trialJobSpec !== undefined) return trialsOf(name, { ...inputs, trialJobSpec }, now);
  const machines = jobMachines(name, inputs);
  if (machines.length === 0 && persistentResourceId === '') return {};
  return {
    ...(machines.length === 0 ? {} : { description: describeMachines(machines) }),
    cost: jobCost(machines, inputs, now),
    machines: machineCount(machines),
  };
}
