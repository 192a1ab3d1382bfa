import { messageOf } from '../../../shared/errors.ts';
import { GoogleApiError, undefinedIfMissing } from '../../../shared/google/google-api-error.ts';
import { visitSeries, type Series, type SeriesQuery } from '../../../shared/google/monitoring.ts';
import { isMigModel } from '../../../shared/prices/machine-type.ts';
import type { RunningResource } from '../../../shared/resources/kind.ts';
import type { Run } from '../../../shared/run/sweep.ts';
import type { Ledger } from '../../../shared/spend/ledger.ts';
import type { Config } from '../config.ts';
import type { GpuLook, IdleGpu } from '../facts.ts';

const HOUR_MS = 3_600_000;

/** The load is looked at once an hour: an answer is billed by its series. */
const LOOK_EVERY_MS = HOUR_MS;

const STEP_SECONDS = 600;

/** Percent of the busiest minute: less is no work. */
const IDLE_BELOW = 5;

/** Points come up to four minutes late, and the agent may miss some. */
const MIN_COVERAGE = 0.9;

const GPU_LOAD = 'agent.googleapis.com/gpu/utilization';
const PREDICTIONS = 'aiplatform.googleapis.com/prediction/online/prediction_count';

/**
 * GPUs that ran through the whole time of the policy without any load: of VMs by what their agent reports of every one, of
 * endpoints by their predictions. What is not known is not idle. Needs monitoring.timeSeries.list.
 */
export async function readIdleGpus(
  run: Run,
  config: Config,
  resources: readonly RunningResource[],
  before: Ledger | undefined,
): Promise<GpuLook> {
  const endMs = run.startedAt.getTime();
  if ((run.policy.notify?.channels ?? []).length === 0 || before === undefined) return { idle: [] };
  if (endMs - (before.gpusMs ?? 0) < LOOK_EVERY_MS) return { idle: [] };
  const startMs = endMs - config.anomalies.gpuIdleAfterHours * HOUR_MS;
  const firstMs = new Map(before.running.map((one) => [one.resource, one.firstMs ?? Infinity]));
  const candidates = resources.filter(
    ({ resource, gpus = 0, startedMs = 0 }) =>
      gpus > 0 && Math.max(startedMs, firstMs.get(resource) ?? Infinity) <= startMs,
  );
  const window = { projectId: run.projectId, startMs, endMs };
  try {
    const [vms, endpoints] = await Promise.all([
      idleVms(run, config, window, candidates),
      idleEndpoints(run, config, window, candidates),
    ]);
    return {
      ...{ atMs: endMs, idle: [...vms.idle, ...endpoints.idle] },
      unknown: vms.unknown + endpoints.unknown,
    };
  } catch (error) {
    if (!(error instanceof GoogleApiError)) throw error;
    // What accrues is known all the same: this is no gap of the look.
    run.log('WARNING', `Cannot tell idle GPUs of "${run.projectId}": ${messageOf(error)}`, {
      runId: run.runId,
    });
    return { atMs: endMs, idle: [], unknown: candidates.filter(({ kind }) => KINDS.includes(kind)).length };
  }
}

/** What a look at the load of one kind found; `unknown` is how many of it have a load that is not known. */
interface Loads {
  readonly idle: readonly IdleGpu[];
  readonly unknown: number;
}

const NONE: Loads = { idle: [], unknown: 0 };

/** Kinds whose load Cloud Monitoring tells. */
const KINDS: readonly string[] = ['vm', 'endpoint'];

type Window = Pick<SeriesQuery, 'projectId' | 'startMs' | 'endMs'>;

async function idleVms(
  { api }: Run,
  { anomalies }: Config,
  window: Window,
  candidates: readonly RunningResource[],
): Promise<Loads> {
  const vms = candidates.filter(({ kind }) => kind === 'vm');
  if (vms.length === 0) return NONE;
  const series = new Map(vms.map((vm): [string, Series[]] => [idOf(vm), []]));
  // Of all VMs in one query: a filter takes some 2,000 characters, which are the ids of 80.
  const query: SeriesQuery = {
    ...window,
    metricType: GPU_LOAD,
    filter: 'resource.type = "gce_instance"',
    aligner: 'ALIGN_MAX',
    alignmentSeconds: STEP_SECONDS,
  };
  const partial = await readUnlessUnknown(() =>
    visitSeries(api, query, (one) => void series.get(one.resourceLabels['instance_id'] ?? '')?.push(one)),
  );
  if (partial.length > 0) return { idle: [], unknown: vms.length };
  const steps = (window.endMs - window.startMs) / 1_000 / STEP_SECONDS;
  const loads = vms.map(({ resource, gpus, ...vm }) => ({
    resource,
    load: loadOf(series.get(idOf(vm)) ?? [], gpus ?? Infinity, steps),
  }));
  return {
    idle: loads
      .filter(({ load }) => load === 'idle')
      .map(({ resource }) => ({
        resource,
        why: `the busiest minute of its GPUs was below ${IDLE_BELOW} % for ${anomalies.gpuIdleAfterHours} h`,
      })),
    unknown: loads.filter(({ load }) => load === 'unknown').length,
  };
}

/** One minute of work of one GPU is work; idle takes the load of all of them, of nearly the whole time. */
function loadOf(own: readonly Series[], gpus: number, steps: number): 'busy' | 'idle' | 'unknown' {
  if (own.some(({ points }) => points.some(({ value }) => value >= IDLE_BELOW))) return 'busy';
  return own.length >= gpus && own.every((one) => isIdle(one, steps)) ? 'idle' : 'unknown';
}

/** In MIG mode a low load says nothing. */
function isIdle({ metricLabels, points }: Series, steps: number): boolean {
  const covered = new Set(points.map(({ endMs }) => endMs)).size;
  return (
    !isMigModel(metricLabels['model']) &&
    covered >= Math.floor(steps * MIN_COVERAGE) &&
    points.every(({ value }) => value < IDLE_BELOW)
  );
}

async function idleEndpoints(
  { api }: Run,
  { anomalies }: Config,
  window: Window,
  candidates: readonly RunningResource[],
): Promise<Loads> {
  const endpoints = candidates.filter(({ kind }) => kind === 'endpoint');
  if (endpoints.length === 0) return NONE;
  const called = new Set<string>();
  const query: SeriesQuery = {
    ...window,
    metricType: PREDICTIONS,
    filter: 'resource.type = "aiplatform.googleapis.com/Endpoint"',
    aligner: 'ALIGN_SUM',
    alignmentSeconds: (window.endMs - window.startMs) / 1_000,
  };
  const partial = await readUnlessUnknown(() =>
    visitSeries(api, query, ({ resourceLabels, points }) => {
      if (points.some(({ value }) => value > 0)) called.add(resourceLabels['endpoint_id'] ?? '');
    }),
  );
  if (partial.length > 0) return { idle: [], unknown: endpoints.length };
  const idle = endpoints
    .filter(({ resource }) => !called.has(resource.replace(/^.*\//, '')))
    .map(({ resource }) => ({
      resource,
      why: `no prediction was counted in ${anomalies.gpuIdleAfterHours} h, and it bills for its machines all the same`,
    }));
  return { idle, unknown: 0 };
}

/** 404: nothing in this project ever wrote the metric. */
async function readUnlessUnknown(read: () => Promise<readonly string[]>): Promise<readonly string[]> {
  return (await undefinedIfMissing(read())) ?? [];
}

/** `vm/123` among its keys. */
function idOf({ ownerKeys }: Pick<RunningResource, 'ownerKeys'>): string {
  return ownerKeys.find((key) => key.startsWith('vm/'))?.slice('vm/'.length) ?? '';
}
