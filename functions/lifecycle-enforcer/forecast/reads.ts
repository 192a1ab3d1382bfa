import { messageOf } from '../../../shared/errors.ts';
import { querySeries } from '../../../shared/google/monitoring.ts';
import { GoogleApiError } from '../../../shared/google/google-api-error.ts';
import type { Run } from '../../../shared/run/sweep.ts';

const SENT = 'storage.googleapis.com/network/sent_bytes_count';

export const READ_DAYS = 30;

/** Monitoring's `one_of` takes a hundred values. */
const BUCKETS_PER_QUERY = 100;

/**
 * Bytes that were read from buckets in the last 30 days, by name; undefined for one without such a metric. One call for each
 * hundred buckets.
 */
export async function readReads(
  run: Run,
  names: readonly string[],
): Promise<(name: string) => number | undefined> {
  const found = new Map<string, number>();
  for (let at = 0; at < names.length; at += BUCKETS_PER_QUERY) {
    const some = names.slice(at, at + BUCKETS_PER_QUERY);
    const read = await readSome(run, some);
    // A bucket without a series was not read.
    if (read !== undefined) for (const name of some) found.set(name, read.get(name) ?? 0);
  }
  return (name) => found.get(name);
}

async function readSome(
  run: Run,
  names: readonly string[],
): Promise<ReadonlyMap<string, number> | undefined> {
  const bytes = new Map<string, number>();
  const endMs = run.startedAt.getTime();
  const seconds = READ_DAYS * 86_400;
  const list = names.map((name) => `"${name}"`).join(',');
  try {
    const { series, partial } = await querySeries(run.api, {
      projectId: run.projectId,
      metricType: SENT,
      filter: `resource.type = "gcs_bucket" AND resource.labels.bucket_name = one_of(${list})`,
      startMs: endMs - seconds * 1_000,
      endMs,
      aligner: 'ALIGN_SUM',
      alignmentSeconds: seconds,
      reducer: 'REDUCE_SUM',
      groupBy: ['resource.labels.bucket_name'],
    });
    const [error] = partial;
    if (error !== undefined) throw new Error(`partial answer: ${error}`);
    for (const { resourceLabels, points } of series) {
      const name = resourceLabels['bucket_name'] ?? '';
      const sum = points.reduce((total, { value }) => total + value, 0);
      bytes.set(name, (bytes.get(name) ?? 0) + sum);
    }
    return bytes;
  } catch (error) {
    // Nothing in this project ever wrote the metric.
    if (error instanceof GoogleApiError && error.status === 404) return bytes;
    run.gap({ where: `projects/${run.projectId} bucket reads`, why: messageOf(error), cause: error });
    return undefined;
  }
}
