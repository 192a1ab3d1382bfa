import { messageOf } from '../../../shared/errors.ts';
import { querySeries } from '../../../shared/google/monitoring.ts';
import { undefinedIfMissing } from '../../../shared/google/google-api-error.ts';
import type { Run } from '../../../shared/run/sweep.ts';

const SENT = 'storage.googleapis.com/network/sent_bytes_count';
const REQUESTS = 'storage.googleapis.com/api/request_count';

/** Class B operations; how the metric writes methods is that of Google's list of metrics. */
const READING = 'metric.labels.method = one_of("ReadObject","GetObjectMetadata")';

/** What was read from a bucket in the last 30 days. */
export interface Reads {
  readonly bytes: number;
  /** Undefined where they could not be counted. */
  readonly requests: number | undefined;
}

export const READ_DAYS = 30;

/** Monitoring's `one_of` takes a hundred values. */
const BUCKETS_PER_QUERY = 100;

/**
 * What was read from buckets in the last 30 days, by name; undefined for one whose bytes could not be read. Two calls for each
 * hundred buckets.
 */
export async function readReads(
  run: Run,
  names: readonly string[],
): Promise<(name: string) => Reads | undefined> {
  const found = new Map<string, Reads>();
  for (let at = 0; at < names.length; at += BUCKETS_PER_QUERY) {
    const some = names.slice(at, at + BUCKETS_PER_QUERY);
    const [bytes, requests] = await Promise.all([
      readSome(run, some, { metricType: SENT, where: 'bucket reads' }),
      readSome(run, some, { metricType: REQUESTS, filter: ` AND ${READING}`, where: 'bucket requests' }),
    ]);
    // A bucket without a series was not read.
    if (bytes !== undefined)
      for (const name of some)
        found.set(name, {
          bytes: bytes.get(name) ?? 0,
          requests: requests === undefined ? undefined : (requests.get(name) ?? 0),
        });
  }
  return (name) => found.get(name);
}

async function readSome(
  run: Run,
  names: readonly string[],
  {
    metricType,
    filter = '',
    where,
  }: { readonly metricType: string; readonly filter?: string; readonly where: string },
): Promise<ReadonlyMap<string, number> | undefined> {
  const sums = new Map<string, number>();
  const endMs = run.startedAt.getTime();
  const seconds = READ_DAYS * 86_400;
  const list = names.map((name) => `"${name}"`).join(',');
  try {
    const read = await undefinedIfMissing(
      querySeries(run.api, {
        projectId: run.projectId,
        metricType,
        filter: `resource.type = "gcs_bucket" AND resource.labels.bucket_name = one_of(${list})${filter}`,
        startMs: endMs - seconds * 1_000,
        endMs,
        aligner: 'ALIGN_SUM',
        alignmentSeconds: seconds,
        reducer: 'REDUCE_SUM',
        groupBy: ['resource.labels.bucket_name'],
      }),
    );
    // Nothing in this project ever wrote the metric.
    if (read === undefined) return sums;
    const { series, partial } = read;
    const [error] = partial;
    if (error !== undefined) throw new Error(`partial answer: ${error}`);
    for (const { resourceLabels, points } of series) {
      const name = resourceLabels['bucket_name'] ?? '';
      const sum = points.reduce((total, { value }) => total + value, 0);
      sums.set(name, (sums.get(name) ?? 0) + sum);
    }
    return sums;
  } catch (error) {
    run.gap({ where: `projects/${run.projectId} ${where}`, why: messageOf(error), cause: error });
    return undefined;
  }
}
