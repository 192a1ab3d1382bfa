import * as z from 'zod/mini';
import { isPriced, middleUsd } from '../../prices/price.ts';
import { describeMachines, machineCount } from '../cost.ts';
import type { Listed } from '../define-kind.ts';
import { JOB_SPEC_MASK, jobCost, jobMachines, jobSpec } from './custom-job.ts';
import { jobKind, RUN_LABEL } from './job.ts';

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
  mask: ['parallelTrialCount', `trialJobSpec${JOB_SPEC_MASK}`],
  describe({ name, displayName = '', labels = {}, parallelTrialCount, trialJobSpec = {} }, now) {
    const { description, ...trials } = trialsOf(name, { parallelTrialCount, trialJobSpec }, now);
    const run = labels[RUN_LABEL];
    return {
      description: `hyperparameter tuning job ${displayName}, ${description}`,
      ...trials,
      source: `the specification that ${name} still shows`,
      ownerKeys: [`job/${name}`, ...(run === undefined ? [] : [`run/${run}`])],
    };
  },
});

/** What trials run on, and cost an hour, when as many run side by side as may. */
export function trialsOf(
  name: string,
  { parallelTrialCount = 1, trialJobSpec }: Trials,
  now: Date,
): Pick<Listed, 'description' | 'cost' | 'leastShare' | 'expectedUsd' | 'machines'> {
  const machines = jobMachines(name, trialJobSpec).map((one) => ({
    ...one,
    count: one.count * parallelTrialCount,
  }));
  const cost = jobCost(machines, trialJobSpec, now);
  return {
    description: `up to ${describeMachines(machines)}`,
    cost,
    // How many trials run the listing does not tell: while they wait for machines there are none.
    leastShare: 0,
    ...(isPriced(cost) ? { expectedUsd: EXPECTED_SHARE * middleUsd(cost) } : {}),
    machines: machineCount(machines),
  };
}

interface Trials {
  readonly parallelTrialCount?: number | undefined;
  readonly trialJobSpec: z.infer<typeof jobSpec>;
}
