import type { ResourceKind } from './kind.ts';
import { INSTANCE_GROUPS } from './compute/instance-group.ts';
import { VMS } from './compute/vm.ts';
import { NODE_POOLS } from './container/node-pool.ts';
import { DATAPROC_CLUSTERS } from './machines/dataproc-cluster.ts';
import { QUEUED_RESOURCES, TPUS } from './machines/tpu.ts';
import { WORKSTATIONS } from './machines/workstation.ts';
import { BATCH_PREDICTION_JOBS } from './vertex/batch-prediction-job.ts';
import { COLAB_RUNTIMES } from './vertex/colab-runtime.ts';
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
  DATAPROC_CLUSTERS,
  INSTANCE_GROUPS,
  TPUS,
  WORKSTATIONS,
  COLAB_RUNTIMES,
  VMS,
  QUEUED_RESOURCES,
];
