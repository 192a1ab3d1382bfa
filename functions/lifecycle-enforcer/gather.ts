import { getBucket, listBuckets } from '../../shared/buckets.ts';
import type { Run } from '../../shared/sweep.ts';
import type { BucketFacts, Facts } from './facts.ts';
import { readRecords } from './memory.ts';

/** All buckets of the run's project, page by page, then those that are remembered and gone. */
export async function* gatherBuckets(run: Run): AsyncGenerator<readonly Facts[]> {
  const records = await readRecords(run);
  const unseen = new Set(records.keys());
  let whole = true;
  for await (const { buckets, unreachable } of listBuckets(run.api, run.projectId)) {
    for (const bucket of unreachable) {
      whole = false;
      run.gap({ where: bucket, why: 'unreachable: it was not looked at' });
    }
    for (const { name } of buckets) unseen.delete(name);
    yield buckets.map((bucket): BucketFacts => ({
      kind: 'bucket',
      bucket,
      record: records.get(bucket.name),
    }));
  }
  if (!whole) return;
  yield [...unseen].flatMap((name): Facts[] => {
    const record = records.get(name);
    return record === undefined ? [] : [{ kind: 'gone', name, record }];
  });
}

/** One bucket as it is now. Throws `OutsideError` 404 when it is gone. */
export async function gatherBucket(run: Run, { bucket, record }: BucketFacts): Promise<BucketFacts> {
  return { kind: 'bucket', bucket: await getBucket(run.api, bucket.name), record };
}
