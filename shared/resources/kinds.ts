import type { ResourceKind } from './kind.ts';
import { INSTANCE_GROUPS } from './compute/instance-group.ts';
import { VMS } from './compute/vm.ts';
import { NODE_POOLS } from './container/node-pool.ts';
import { BATCH_PREDICTION_JOBS } from './vertex/batch-prediction-job.ts';
import { PIPELINE_JOBS } from './vertex/pipeline-job.ts';
import { SCHEDULES } from './vertex/schedule.ts';
import { TRAINING_PIPELINES } from './vertex/training-pipeline.ts';

/** The table of what burns, in the order in which it is stopped. */
export const RESOURCE_KINDS: readonly ResourceKind[] = [
  SCHEDULES,
  PIPELINE_JOBS,
  TRAINING_PIPELINES,
  BATCH_PREDICTION_JOBS,
  NODE_POOLS,
  INSTANCE_GROUPS,
  VMS,
];
