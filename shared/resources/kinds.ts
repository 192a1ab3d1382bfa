import type { ResourceKind } from './kind.ts';
import { INSTANCE_GROUPS } from './compute/instance-group.ts';
import { NOTEBOOKS } from './compute/notebook.ts';
import { VMS } from './compute/vm.ts';
import { NODE_POOLS } from './container/node-pool.ts';
import { DATAPROC_CLUSTERS } from './machines/dataproc-cluster.ts';
import { QUEUED_RESOURCES, TPUS } from './machines/tpu.ts';
import { BATCH_JOBS } from './serverless/batch-job.ts';
import { CLOUD_RUN_SERVICES } from './serverless/cloud-run-service.ts';
import { CLOUD_RUN_WORKER_POOLS } from './serverless/cloud-run-worker-pool.ts';
import { DATAFLOW_JOBS } from './serverless/dataflow-job.ts';
import { WORKSTATIONS } from './machines/workstation.ts';
import { BATCH_PREDICTION_JOBS } from './vertex/batch-prediction-job.ts';
import { COLAB_RUNTIMES } from './vertex/colab-runtime.ts';
import { CUSTOM_JOBS } from './vertex/custom-job.ts';
import { DEPLOYMENT_RESOURCE_POOLS } from './vertex/deployment-resource-pool.ts';
import { ENDPOINTS } from './vertex/endpoint.ts';
import { FEATURE_ONLINE_STORES } from './vertex/feature-online-store.ts';
import { FEATURESTORES } from './vertex/featurestore.ts';
import { HYPERPARAMETER_TUNING_JOBS } from './vertex/hyperparameter-tuning-job.ts';
import { INDEX_ENDPOINTS } from './vertex/index-endpoint.ts';
import { NOTEBOOK_EXECUTION_JOBS } from './vertex/notebook-execution-job.ts';
import { PERSISTENT_RESOURCES } from './vertex/persistent-resource.ts';
import { PIPELINE_JOBS } from './vertex/pipeline-job.ts';
import { REASONING_ENGINES } from './vertex/reasoning-engine.ts';
import { SCHEDULES } from './vertex/schedule.ts';
import { TRAINING_PIPELINES } from './vertex/training/training-pipeline.ts';
import { TUNING_JOBS } from './vertex/tuning-job.ts';

/** The table of what burns, in the order in which it is stopped. */
export const RESOURCE_KINDS: readonly ResourceKind[] = [
  SCHEDULES,
  PIPELINE_JOBS,
  TRAINING_PIPELINES,
  BATCH_PREDICTION_JOBS,
  HYPERPARAMETER_TUNING_JOBS,
  TUNING_JOBS,
  CUSTOM_JOBS,
  NODE_POOLS,
  DATAPROC_CLUSTERS,
  INSTANCE_GROUPS,
  TPUS,
  NOTEBOOKS,
  WORKSTATIONS,
  COLAB_RUNTIMES,
  ENDPOINTS,
  VMS,
  QUEUED_RESOURCES,
  NOTEBOOK_EXECUTION_JOBS,
  PERSISTENT_RESOURCES,
  DEPLOYMENT_RESOURCE_POOLS,
  INDEX_ENDPOINTS,
  FEATURESTORES,
  FEATURE_ONLINE_STORES,
  REASONING_ENGINES,
  DATAFLOW_JOBS,
  BATCH_JOBS,
  CLOUD_RUN_SERVICES,
  CLOUD_RUN_WORKER_POOLS,
];
