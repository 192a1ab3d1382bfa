import type { StringMap } from '../../google/string-map.ts';
import { unpriced } from '../../prices/price.ts';
import { namedKind, type Listed } from '../define-kind.ts';
import { listNamespaced, placeAndGpu, type Workload } from './namespaced.ts';

/** Worker pools of Cloud Run that have instances: those run and bill all the time. Named in this release. */
export const CLOUD_RUN_WORKER_POOLS = namedKind({
  kind: 'cloud-run-worker-pool',
  title: 'Cloud Run worker pools',
  area: 'Cloud Run worker pools',
  permissions: ['run.workerpools.list'],
  async list(look) {
    const pools = await listNamespaced(look, {
      group: 'run.googleapis.com',
      collection: 'workerpools',
      title: 'Cloud Run worker pools',
    });
    return pools.flatMap((pool) => listed(look.projectId, pool));
  },
});

function listed(projectId: string, pool: Workload): Listed[] {
  const { name = '', labels = {}, annotations = {} } = pool.metadata;
  const instances = instancesOf(annotations);
  if (instances === 0) return [];
  const { region, gpu } = placeAndGpu(pool);
  const count = instances === undefined ? 'instances whose number is not told' : `${instances} instances`;
  return [
    {
      resource: `projects/${projectId}/locations/${region}/workerPools/${name}`,
      state: 'running',
      labels,
      description: `Cloud Run worker pool with ${count}${gpu === undefined ? '' : ` and ${gpu} GPUs`}`,
      cost: unpriced('no price for instances of Cloud Run'),
      fate: { kind: 'named', why: 'it pulls work: without instances that waits' },
      command: `gcloud beta run worker-pools update ${name} --scaling=0 --region=${region} --project=${projectId}`,
    },
  ];
}

/**
 * As many as an operator set (gcloud 528, api_lib/run/worker_pool.py); undefined where that is not told, which is one by default
 * (command_lib/run/flags.py), or where Google scales it.
 */
function instancesOf(annotations: StringMap): number | undefined {
  const mode = annotations['run.googleapis.com/scalingMode'] ?? 'manual';
  const text = annotations['run.googleapis.com/manualInstanceCount'];
  const count = mode === 'manual' && text !== undefined && text !== '' ? Number(text) : NaN;
  return Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}
