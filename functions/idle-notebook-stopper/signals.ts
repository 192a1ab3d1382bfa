import { messageOf } from '../../shared/errors.ts';
import { querySeries, type Series, type SeriesQuery, type SeriesResult } from '../../shared/monitoring.ts';
import { OutsideError } from '../../shared/outside-error.ts';
import type { Run } from '../../shared/sweep.ts';
import type { Config } from './config.ts';
import type { Signal, Signals } from './facts.ts';

const MINUTE_MS = 60_000;

/** Points are up to 240 s late (Google's metric list), so that the last minutes of a window may not be there yet. */
const LATE_MINUTES = 4;

const CPU = 'compute.googleapis.com/instance/cpu/utilization';
const GPU = 'agent.googleapis.com/gpu/utilization';
const SENT = 'compute.googleapis.com/instance/network/sent_bytes_count';
const RECEIVED = 'compute.googleapis.com/instance/network/received_bytes_count';

/** All these metrics are sampled once a minute. */
const SAMPLE_SECONDS = 60;

/**
 * Reads the signals of some VMs over one window, by VM id. The number of calls does not depend on how many they are; where
 * none of them has a GPU (`gpus` false), GPUs are not asked for.
 */
export async function readSignals(
  run: Run,
  config: Config,
  instanceIds: readonly string[],
  gpus: boolean,
  window: { readonly startMs: number; readonly endMs: number },
): Promise<(instanceId: string) => Signals> {
  const minutes = Math.max(1, Math.round((window.endMs - window.startMs) / MINUTE_MS));
  const expectedPoints = Math.max(1, minutes - LATE_MINUTES);
  const read = async (metricType: string): Promise<Measured> => {
    const [peaks, counts] = await Promise.all([
      query(run, metricType, instanceIds, {
        ...window,
        aligner: 'ALIGN_MAX',
        alignmentSeconds: minutes * 60,
      }),
      query(run, metricType, instanceIds, {
        ...window,
        aligner: 'ALIGN_COUNT',
        alignmentSeconds: minutes * 60,
      }),
    ]);
    return measure(peaks, counts, expectedPoints);
  };
  const [cpu, gpu, sent, received] = await Promise.all([
    read(CPU),
    gpus ? read(GPU) : (): Signal => ({ kind: 'absent' }),
    read(SENT),
    read(RECEIVED),
  ]);

  const below = config.networkBelowBytesPerSecond;
  // The busiest minute of sent and that of received need not be the same one: their sum is only an upper bound. Where
  // the bound is over the threshold and neither alone is, the minutes themselves decide.
  const unclear = instanceIds.filter((id) => {
    const [out, into] = [sent(id), received(id)];
    if (out.kind !== 'measured' || into.kind !== 'measured') return false;
    return rate(out.peak + into.peak) >= below && rate(Math.max(out.peak, into.peak)) < below;
  });
  const exact = unclear.length === 0 ? new Map<string, number>() : await busiestMinutes(run, unclear, window);

  return (id) => ({
    cpu: cpu(id),
    gpu: gpu(id),
    network: networkSignal(sent(id), received(id), exact.get(id)),
  });
}

type Measured = (instanceId: string) => Signal;

/** Bytes of one minute as bytes per second. */
function rate(bytes: number): number {
  return bytes / SAMPLE_SECONDS;
}

function networkSignal(sent: Signal, received: Signal, exactPeak: number | undefined): Signal {
  if (sent.kind !== 'measured') return sent;
  if (received.kind !== 'measured') return received;
  return {
    kind: 'measured',
    peak: rate(exactPeak ?? sent.peak + received.peak),
    coverage: Math.min(sent.coverage, received.coverage),
    series: sent.series + received.series,
  };
}

type Read = SeriesResult | { readonly failed: string };

async function query(
  run: Run,
  metricType: string,
  instanceIds: readonly string[],
  rest: Pick<SeriesQuery, 'startMs' | 'endMs' | 'aligner' | 'alignmentSeconds' | 'reducer' | 'groupBy'>,
): Promise<Read> {
  const ids = instanceIds.map((id) => `"${id}"`).join(',');
  const filter = `resource.type = "gce_instance" AND resource.labels.instance_id = one_of(${ids})`;
  try {
    const result = await querySeries(run.api, {
      projectId: run.projectId,
      metricType,
      filter,
      ...rest,
    });
    const [error] = result.executionErrors;
    if (error === undefined) return result;
    run.gap({ where: `projects/${run.projectId} ${metricType}`, why: `partial answer: ${error}` });
    return { failed: `partial answer: ${error}` };
  } catch (error) {
    // "Cannot find metric(s) that match type": nothing in this project ever wrote it, e.g. no VM has the Ops Agent.
    if (error instanceof OutsideError && error.status === 404) return { series: [], executionErrors: [] };
    run.gap({ where: `projects/${run.projectId} ${metricType}`, why: messageOf(error), cause: error });
    return { failed: messageOf(error) };
  }
}

/** Joins peaks and point counts by VM: the highest of its series' peaks, the lowest of their coverages. */
function measure(peaks: Read, counts: Read, expectedPoints: number): Measured {
  if ('failed' in peaks) return () => ({ kind: 'unreadable', why: peaks.failed });
  if ('failed' in counts) return () => ({ kind: 'unreadable', why: counts.failed });
  const countOf = new Map<string, number>();
  for (const series of counts.series) add(countOf, seriesKey(series), sumOf(series));
  const byId = new Map<string, { peak: number; coverage: number; keys: Set<string> }>();
  for (const series of peaks.series) {
    const id = series.resourceLabels['instance_id'] ?? '';
    const key = seriesKey(series);
    const coverage = Math.min(1, (countOf.get(key) ?? 0) / expectedPoints);
    const known = byId.get(id) ?? { peak: -Infinity, coverage: 1, keys: new Set<string>() };
    known.peak = Math.max(known.peak, ...series.points.map((point) => point.value));
    known.coverage = Math.min(known.coverage, coverage);
    known.keys.add(key);
    byId.set(id, known);
  }
  return (id) => {
    const found = byId.get(id);
    if (found === undefined || found.peak === -Infinity) return { kind: 'absent' };
    return { kind: 'measured', peak: found.peak, coverage: found.coverage, series: found.keys.size };
  };
}

/** Sent and received bytes of the busiest minute together, by VM id. */
async function busiestMinutes(
  run: Run,
  instanceIds: readonly string[],
  window: { readonly startMs: number; readonly endMs: number },
): Promise<ReadonlyMap<string, number>> {
  const read = (metricType: string): Promise<Read> =>
    query(run, metricType, instanceIds, {
      ...window,
      aligner: 'ALIGN_MAX',
      alignmentSeconds: SAMPLE_SECONDS,
      reducer: 'REDUCE_SUM',
      groupBy: ['resource.labels.instance_id'],
    });
  const [sent, received] = await Promise.all([read(SENT), read(RECEIVED)]);
  const peaks = new Map<string, number>();
  // Where this finer look fails, the upper bound stays.
  if ('failed' in sent || 'failed' in received) return peaks;
  const minutes = new Map<string, number>();
  for (const series of [...sent.series, ...received.series])
    for (const point of series.points)
      add(
        minutes,
        `${series.resourceLabels['instance_id'] ?? ''}@${Math.round(point.endMs / MINUTE_MS)}`,
        point.value,
      );
  for (const [key, bytes] of minutes) {
    const id = key.slice(0, key.indexOf('@'));
    peaks.set(id, Math.max(peaks.get(id) ?? 0, bytes));
  }
  return peaks;
}

function add(sums: Map<string, number>, key: string, value: number): void {
  sums.set(key, (sums.get(key) ?? 0) + value);
}

function sumOf(series: Series): number {
  return series.points.reduce((sum, point) => sum + point.value, 0);
}

function seriesKey(series: Series): string {
  const labels = Object.entries(series.metricLabels).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([series.resourceLabels['instance_id'], labels]);
}
