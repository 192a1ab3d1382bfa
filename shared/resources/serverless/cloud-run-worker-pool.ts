import type { StringMap } from '../../google/string-map.ts';
import { unpriced } from '../../prices/price.ts';
import { namedKind, type Listed } from '../define-kind.ts';
import { listNamespaced, placeAndGpu, type Workload } from './namespaced.ts';

/** Worker pools of Cloud Run, whose instances run and bill all the time, but those without any. Named in this release. */
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
  const { isManual, instances } = instancesOf(annotations);
  if (isManual && instances === 0) return [];
  const { region, gpu } = placeAndGpu(pool);
  const isKnown = instances !== undefined && instances > 0;
  const count = isKnown
    ? `${isManual ? '' : 'at least '}${instances} instances`
    : 'instances whose number is not told';
  return [
    {
      resource: `projects/${projectId}/locations/${region}/workerPools/${name}`,
      state: 'running',
      labels,
      description: `Cloud Run worker pool with ${count}${gpu === undefined ? '' : ` and ${gpu} GPUs`}`,
      cost: unpriced('no price for instances of Cloud Run'),
      ...(isKnown ? {} : { mayBeIdle: true }),
      fate: { kind: 'named', why: 'it pulls work: without instances that waits' },
      command: `gcloud beta run worker-pools update ${name} --scaling=0 --region=${region} --project=${projectId}`,
    },
  ];
}

/**
 * As many as an operator set where scaling is manual; else Google scales it above a minimum, 0 where none is set. Undefined where that
 * cannot be read. Source: `_GetScalingSetting` of gcloud 528, command_lib/run/printers/worker_pool_printer.py.
 */
function instancesOf(annotations: StringMap): {
  readonly isManual: boolean;
  readonly instances: number | undefined;
} {
  const isManual = annotations['run.googleapis.com/scalingMode'] === 'manual';
  const text = isManual
    ? annotations['run.googleapis.com/manualInstanceCount']
    : (annotations['run.googleapis.com/minScale'] ?? '0');
  const count = text === undefined || text === '' ? NaN : Number(text);
  return { isManual, instances: Number.isSafeInteger(count) && count >= 0 ? count : undefined };
}
