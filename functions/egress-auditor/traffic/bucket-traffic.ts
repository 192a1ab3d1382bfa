import { addSteps, type BucketReads, type Steps } from './facts.ts';
import { LABEL, ON_BUCKET, type Metrics, type NotePartial } from './metrics.ts';

const BUCKET_SENT = 'storage.googleapis.com/network/sent_bytes_count';
const BUCKET_RECEIVED = 'storage.googleapis.com/network/received_bytes_count';
const BUCKET_BYTES = 'storage.googleapis.com/storage/total_bytes';

/** What was read from buckets, by method. */
export async function readBuckets(metrics: Metrics, partial: NotePartial): Promise<readonly BucketReads[]> {
  const reads: BucketReads[] = [];
  const groupBy = ['resource.labels.bucket_name', 'resource.labels.location', `${LABEL}method`];
  await metrics.sums(
    { metricType: BUCKET_SENT, filter: ON_BUCKET, groupBy, previous: true },
    partial,
    (series) => {
      reads.push({
        bucket: series.resourceLabels['bucket_name'] ?? '',
        location: series.resourceLabels['location'] ?? '',
        method: series.metricLabels['method'] ?? '',
        steps: metrics.stepsOf(series),
        previous: metrics.previousOf(series),
      });
    },
  );
  return reads;
}

/** By bucket, all that was sent from it, or written to it. */
export async function readBucketSums(
  metrics: Metrics,
  direction: 'sent' | 'received',
  partial: NotePartial,
): Promise<ReadonlyMap<string, Steps>> {
  const sums = new Map<string, Steps>();
  const query = { filter: ON_BUCKET, groupBy: ['resource.labels.bucket_name'] };
  const metricType = direction === 'sent' ? BUCKET_SENT : BUCKET_RECEIVED;
  await metrics.sums({ ...query, metricType }, partial, (series) => {
    const bucket = series.resourceLabels['bucket_name'] ?? '';
    const [known, steps] = [sums.get(bucket), metrics.stepsOf(series)];
    sums.set(bucket, known === undefined ? steps : addSteps(known, steps));
  });
  return sums;
}

/** What buckets hold. */
export async function readBucketBytes(
  metrics: Metrics,
  partial: NotePartial,
): Promise<ReadonlyMap<string, number>> {
  const bytes = new Map<string, number>();
  const groupBy = ['resource.labels.bucket_name'];
  await metrics.gauge({ metricType: BUCKET_BYTES, filter: ON_BUCKET, groupBy }, partial, (series) => {
    const [latest] = series.points;
    if (latest !== undefined) bytes.set(series.resourceLabels['bucket_name'] ?? '', latest.value);
  });
  return bytes;
}
