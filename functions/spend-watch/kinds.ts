import { VMS } from '../../shared/resources/compute/vm.ts';
import type { ResourceKind } from '../../shared/resources/kind.ts';
import { VERTEX } from '../../shared/resources/inventory.ts';
import { TPUS } from '../../shared/resources/machines/tpu.ts';
import { BATCH_PREDICTION_JOBS } from '../../shared/resources/vertex/batch-prediction-job.ts';
import { COLAB_RUNTIMES } from '../../shared/resources/vertex/colab-runtime.ts';
import { CUSTOM_JOBS } from '../../shared/resources/vertex/custom-job.ts';
import { DEPLOYMENT_RESOURCE_POOLS } from '../../shared/resources/vertex/deployment-resource-pool.ts';
import { ENDPOINTS } from '../../shared/resources/vertex/endpoint.ts';
import { HYPERPARAMETER_TUNING_JOBS } from '../../shared/resources/vertex/hyperparameter-tuning-job.ts';
import { PERSISTENT_RESOURCES } from '../../shared/resources/vertex/persistent-resource.ts';

/**
 * What is listed with each tick: what bills for machines. VMs are listed as such, no matter what made them: nodes, Workbench instances,
 * clusters and members of groups are among them. Pipelines bill by the jobs that they submit; AutoML training,
 * which bills by node hours of its own, and tuning jobs are not watched.
 */
export const WATCHED_KINDS: readonly ResourceKind[] = [
  VMS,
  CUSTOM_JOBS,
  HYPERPARAMETER_TUNING_JOBS,
  BATCH_PREDICTION_JOBS,
  ENDPOINTS,
  DEPLOYMENT_RESOURCE_POOLS,
  PERSISTENT_RESOURCES,
  COLAB_RUNTIMES,
  TPUS,
];

/** What each region of Vertex AI lists by itself. */
const REGIONAL_KINDS = WATCHED_KINDS.filter(({ area }) => area === VERTEX);

/** Collections that are listed of each region of Vertex AI, such as `customJobs`: what the right to list each is named after. */
export const REGIONAL_COLLECTIONS: readonly string[] = REGIONAL_KINDS.flatMap(({ permissions }) =>
  permissions.list.flatMap((one) => /^aiplatform\.(?!locations\.)(\w+)\.list$/.exec(one)?.[1] ?? []),
);

/** Whether a kind, such as `endpoint`, is listed region by region, each in turn; the others are with each look. */
export function isRegional(kind: string): boolean {
  return REGIONAL_KINDS.some((one) => one.kind === kind);
}

/** A ledger may tell of kinds that a former version looked at. */
export function isWatchedKind(kind: string): boolean {
  return WATCHED_KINDS.some((one) => one.kind === kind);
}

/** Where a watched kind is listed, such as `Vertex AI`; undefined for one that a former version looked at. */
export function areaOf(kind: string): string | undefined {
  return WATCHED_KINDS.find((one) => one.kind === kind)?.area;
}

export function kindsOfArea(area: string): readonly string[] {
  return WATCHED_KINDS.filter((one) => one.area === area).map(({ kind }) => kind);
}
