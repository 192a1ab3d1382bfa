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

/** A filter takes some 2,000 characters, and an id has 19. */
const MAX_VMS = 80;

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
    const found = await Promise.all([
      idleVms(run, config, window, candidates),
      idleEndpoints(run, config, window, candidates),
    ]);
    return { atMs: endMs, idle: found.flat() };
  } catch (error) {
    if (!(error instanceof GoogleApiError)) throw error;
    // What accrues is known all the same: this is no gap of the look.
    run.log('WARNING', `Cannot tell idle GPUs of "${run.projectId}": ${messageOf(error)}`, {
      runId: run.runId,
    });
    return { atMs: endMs, idle: [] };
  }
}

type Window = Pick<SeriesQuery, 'projectId' | 'startMs' | 'endMs'>;

async function idleVms(
  { api }: Run,
  { anomalies }: Config,
  window: Window,
  candidates: readonly RunningResource[],
): Promise<readonly IdleGpu[]> {
  const vms = candidates.filter(({ kind }) => kind === 'vm').slice(0, MAX_VMS);
  if (vms.length === 0) return [];
  const series: Series[] = [];
  const ids = vms.map((vm) => `"${idOf(vm)}"`).join(',');
  const query: SeriesQuery = {
    ...window,
    metricType: GPU_LOAD,
    filter: `resource.type = "gce_instance" AND resource.labels.instance_id = one_of(${ids})`,
    aligner: 'ALIGN_MAX',
    alignmentSeconds: STEP_SECONDS,
  };
  const partial = await readUnlessUnknown(() => visitSeries(api, query, (one) => void series.push(one)));
  if (partial.length > 0) return [];
  const steps = (window.endMs - window.startMs) / 1_000 / STEP_SECONDS;
  return vms
    .filter((vm) => {
      const own = series.filter(({ resourceLabels }) => resourceLabels['instance_id'] === idOf(vm));
      return own.length >= (vm.gpus ?? Infinity) && own.every((one) => isIdle(one, steps));
    })
    .map(({ resource }) => ({
      resource,
      why: `the busiest minute of its GPUs was below ${IDLE_BELOW} % for ${anomalies.gpuIdleAfterHours} h`,
    }));
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
): Promise<readonly IdleGpu[]> {
  const endpoints = candidates.filter(({ kind }) => kind === 'endpoint');
  if (endpoints.length === 0) return [];
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
  if (partial.length > 0) return [];
  return endpoints
    .filter(({ resource }) => !called.has(resource.replace(/^.*\//, '')))
    .map(({ resource }) => ({
      resource,
      why: `no prediction was counted in ${anomalies.gpuIdleAfterHours} h, and it bills for its machines all the same`,
    }));
}

/** 404: nothing in this project ever wrote the metric. */
async function readUnlessUnknown(read: () => Promise<readonly string[]>): Promise<readonly string[]> {
  return (await undefinedIfMissing(read())) ?? [];
}

/** `vm/123` among its keys. */
function idOf({ ownerKeys }: RunningResource): string {
  return ownerKeys.find((key) => key.startsWith('vm/'))?.slice('vm/'.length) ?? '';
}
