import type { Run } from '../../../shared/run/sweep.ts';
import type { Config } from '../config.ts';
import type { Signal } from '../facts.ts';
import { MINUTE_MS, query, type ReadFailure, type Window } from './measure.ts';
import type { Meter } from './meters.ts';

export const SENT = 'compute.googleapis.com/instance/network/sent_bytes_count';
export const RECEIVED = 'compute.googleapis.com/instance/network/received_bytes_count';

/** These metrics are sampled once a minute. */
const SAMPLE_SECONDS = 60;

/** Received and sent, in bytes per second. Looks once more at those whose load two peaks leave open. */
export async function readNetwork(
  run: Run,
  config: Config,
  meter: Meter,
  ids: readonly string[],
  window: Window,
): Promise<(instanceId: string) => Signal> {
  const [sent, received] = await Promise.all([meter(SENT, ids, window), meter(RECEIVED, ids, window)]);
  const below = config.networkBelowBytesPerSecond;
  // The busiest minute of sent and that of received need not be the same one: their sum is only an upper bound. Where
  // the bound is over the threshold and neither alone is, the minutes themselves decide.
  const unclear = ids.filter((id) => {
    const [out, into] = [sent.of(id), received.of(id)];
    if (out.kind !== 'measured' || into.kind !== 'measured') return false;
    return rate(out.peak + into.peak) >= below && rate(Math.max(out.peak, into.peak)) < below;
  });
  const exact = unclear.length === 0 ? new Map<string, number>() : await busiestMinutes(run, unclear, window);
  return (id) => networkSignal(sent.of(id), received.of(id), exact.get(id));
}

/** Bytes of one minute as bytes per second. */
export function rate(bytes: number): number {
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
