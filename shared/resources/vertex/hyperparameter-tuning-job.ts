import * as z from 'zod/mini';
import { isPriced, middleUsd } from '../../prices/price.ts';
import { describeMachines, machineCount } from '../cost.ts';
import { jobSpec } from './custom-job.ts';
import { jobKind, RUN_LABEL } from './job.ts';
import { poolMachines, vertexCost } from './machine-spec.ts';

/** Of the trials that may run side by side: between two trials, and once fewer are left, fewer do. An assumption. */
const EXPECTED_SHARE = 0.75;

/** Hyperparameter tuning jobs: they start trials, and are cancelled before those. */
export const HYPERPARAMETER_TUNING_JOBS = jobKind({
  kind: 'hyperparameter-tuning-job',
  title: 'hyperparameter tuning jobs',
  collection: 'hyperparameterTuningJobs',
  states: 'JOB_STATE',
  order: 13,
  fields: { parallelTrialCount: z.optional(z.number()), trialJobSpec: z.optional(jobSpec) },
  mask: ['parallelTrialCount', 'trialJobSpec(workerPoolSpecs(machineSpec,replicaCount),scheduling/strategy)'],
  describe({ name, displayName = '', labels = {}, parallelTrialCount = 1, trialJobSpec }) {
    // At the most: as many trials as may run side by side.
    const machines = poolMachines(
      name,
      trialJobSpec?.workerPoolSpecs ?? [],
      trialJobSpec?.scheduling?.strategy,
    ).map((one) => ({
      ...one,
      count: one.count * parallelTrialCount,
    }));
    const whole = vertexCost(machines);
    const run = labels[RUN_LABEL];
    return {
      description: `hyperparameter tuning job ${displayName}, up to ${describeMachines(machines)}`,
      cost: whole,
      // How many trials run the listing does not tell: while they wait for machines there are none.
      leastShare: 0,
      ...(isPriced(whole) ? { expectedUsd: EXPECTED_SHARE * middleUsd(whole) } : {}),
      machines: machineCount(machines),
      source: `the specification that ${name} still shows`,
      ownerKeys: run === undefined ? [] : [`run/${run}`],
    };
  },
});
