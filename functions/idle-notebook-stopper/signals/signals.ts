import { messageOf } from '../../../shared/errors.ts';
import { visitSeries, type Series, type SeriesQuery } from '../../../shared/google/monitoring.ts';
import { GoogleApiError } from '../../../shared/google/google-api-error.ts';
import type { Run } from '../../../shared/run/sweep.ts';
import type { Config } from '../config.ts';
import type { Signal, Signals } from '../facts.ts';

const MINUTE_MS = 60_000;

/** Points are up to 240 s late (Google's metric list), so that the last minutes of a window may not be there yet. */
const LATE_MINUTES = 4;

const CPU = 'compute.googleapis.com/instance/cpu/utilization';
const GPU = 'agent.googleapis.com/gpu/utilization';
const SENT = 'compute.googleapis.com/instance/network/sent_bytes_count';
const RECEIVED = 'compute.googleapis.com/instance/network/received_bytes_count';

/** All these metrics are sampled once a minute. */
const SAMPLE_SECONDS = 60;

/** A time in which VMs are observed, in milliseconds since the epoch. */
export interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

/** Whose signals to read, as many as fit into one filter. */
export interface Vms {
  readonly ids: readonly string[];
  /** Those among them that have a GPU. */
  readonly gpuIds: readonly string[];
}

/** By VM id. */
type Measured = (instanceId: string) => Signal;

/**
 * Reads the metrics of some VMs over one window, and of no others: Monitoring bills reads by the time series that it returns,
 * and a query of the whole project returns those of every VM. Asks once more about those whose network load is left open.
 */
export async function readSignals(
  run: Run,
  config: Config,
  { ids, gpuIds }: Vms,
  window: Window,
): Promise<(instanceId: string) => Signals> {
  const minutes = Math.max(1, Math.round((window.endMs - window.startMs) / MINUTE_MS));
  const read = (metricType: string, of: readonly string[]): Promise<Measured> =>
    measure(run, metricType, of, window, minutes);
  const [cpu, gpu, sent, received] = await Promise.all([
    read(CPU, ids),
    gpuIds.length > 0 ? read(GPU, gpuIds) : (): Signal => ({ kind: 'absent' }),
    read(SENT, ids),
    read(RECEIVED, ids),
  ]);
  const below = config.networkBelowBytesPerSecond;
  // The busiest minute of sent and that of received need not be the same one: their sum is only an upper bound. Where
  // the bound is over the threshold and neither alone is, the minutes themselves decide.
  const unclear = ids.filter((id) => {
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

/** Undefined once the query is read, else why it is not. */
type ReadFailure = { readonly failed: string } | undefined;

async function query(
  run: Run,
  metricType: string,
  instanceIds: readonly string[],
  rest: Pick<SeriesQuery, 'startMs' | 'endMs' | 'aligner' | 'alignmentSeconds' | 'reducer' | 'groupBy'>,
  visit: (series: Series) => void,
): Promise<ReadFailure> {
  const ids = instanceIds.map((id) => `"${id}"`).join(',');
  const filter = `resource.type = "gce_instance" AND resource.labels.instance_id = one_of(${ids})`;
  try {
    const [error] = await visitSeries(
      run.api,
      { projectId: run.projectId, metricType, filter, ...rest },
      visit,
    );
    if (error === undefined) return undefined;
    run.gap({ where: `projects/${run.projectId} ${metricType}`, why: `partial answer: ${error}` });
    return { failed: `partial answer: ${error}` };
  } catch (error) {
    // "Cannot find metric(s) that match type": nothing in this project ever wrote it, e.g. no VM has the Ops Agent.
    if (error instanceof GoogleApiError && error.status === 404) return undefined;
    run.gap({ where: `projects/${run.projectId} ${metricType}`, why: messageOf(error), cause: error });
    return { failed: messageOf(error) };
  }
}

/** One series of a VM: its busiest minute, and how many minutes have a point. */
interface Minutes {
  peak: number;
  points: number;
}

/** Reads peaks and point counts of one metric; the two are joined series by series. */
async function measure(
  run: Run,
  metricType: string,
  instanceIds: readonly string[],
  window: Window,
  minutes: number,
): Promise<Measured> {
  const byId = new Map<string, Map<string, Minutes>>();
  const read = (
    aligner: 'ALIGN_MAX' | 'ALIGN_COUNT',
    note: (minutes: Minutes, value: number) => void,
  ): Promise<ReadFailure> =>
    query(run, metricType, instanceIds, { ...window, aligner, alignmentSeconds: minutes * 60 }, (series) => {
      const found = minutesOf(byId, series);
      for (const { value } of series.points) note(found, value);
    });
  const [peaks, counts] = await Promise.all([
    read('ALIGN_MAX', (found, value) => void (found.peak = Math.max(found.peak, value))),
    read('ALIGN_COUNT', (found, value) => void (found.points += value)),
  ]);
  const failure = peaks ?? counts;
  if (failure !== undefined) return () => ({ kind: 'unreadable', why: failure.failed });
  const expectedPoints = Math.max(1, minutes - LATE_MINUTES);
  return (id) => {
    const series = [...(byId.get(id)?.values() ?? [])].filter(({ peak }) => peak !== -Infinity);
    if (series.length === 0) return { kind: 'absent' };
    return {
      kind: 'measured',
      peak: Math.max(...series.map(({ peak }) => peak)),
      coverage: Math.min(1, ...series.map(({ points }) => points / expectedPoints)),
      series: series.length,
    };
  };
}

function minutesOf(byId: Map<string, Map<string, Minutes>>, series: Series): Minutes {
  const id = series.resourceLabels['instance_id'] ?? '';
  const labels = series.metricLabels;
  const key = JSON.stringify(
    Object.keys(labels)
      .sort()
      .map((name) => [name, labels[name]]),
  );
  const ofVm = byId.get(id) ?? new Map<string, Minutes>();
  byId.set(id, ofVm);
  const found = ofVm.get(key) ?? { peak: -Infinity, points: 0 };
  ofVm.set(key, found);
  return found;
}

/** Sent and received bytes of the busiest minute together, by VM id. */
async function busiestMinutes(
  run: Run,
  instanceIds: readonly string[],
  window: Window,
): Promise<ReadonlyMap<string, number>> {
  const minutes = new Map<string, number>();
  const read = (metricType: string): Promise<ReadFailure> =>
    query(
      run,
      metricType,
      instanceIds,
      {
        ...window,
        aligner: 'ALIGN_MAX',
        alignmentSeconds: SAMPLE_SECONDS,
        reducer: 'REDUCE_SUM',
        groupBy: ['resource.labels.instance_id'],
      },
      ({ resourceLabels, points }) => {
        for (const { endMs, value } of points) {
          const key = `${resourceLabels['instance_id'] ?? ''}@${Math.round(endMs / MINUTE_MS)}`;
          minutes.set(key, (minutes.get(key) ?? 0) + value);
        }
      },
    );
  const [sent, received] = await Promise.all([read(SENT), read(RECEIVED)]);
  const peaks = new Map<string, number>();
  // Where this finer look fails, the upper bound stays.
  if (sent !== undefined || received !== undefined) return peaks;
  for (const [key, bytes] of minutes) {
    const id = key.slice(0, key.indexOf('@'));
    peaks.set(id, Math.max(peaks.get(id) ?? 0, bytes));
  }
  return peaks;
}
