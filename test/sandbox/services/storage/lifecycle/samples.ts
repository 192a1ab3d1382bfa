import type { StoredBucket } from '../model.ts';
import { createTotals, type Total } from '../totals.ts';
import { typeAt } from '../object-store.ts';

/** What was in a bucket when it was measured: no line for what was not there. */
export interface Sample {
  readonly atMs: number;
  readonly measured: readonly Total[];
}

/** What is in the bucket now. */
export function measure(bucket: StoredBucket): readonly Total[] {
  return [...bucket.objects.totals(), ...uploadsAt(bucket, Infinity)];
}

/** What was in a bucket that no one has changed yet at an earlier moment. Versions had the class then that they have now. */
export function measureAt(bucket: StoredBucket, atMs: number): readonly Total[] {
  const totals = createTotals();
  for (const version of bucket.objects.each()) {
    const type = typeAt(version, atMs);
    if (type !== undefined) totals.add(version.storageClass, type, version.size);
  }
  return [...totals.list(), ...uploadsAt(bucket, atMs)];
}

function uploadsAt(bucket: StoredBucket, atMs: number): readonly Total[] {
  const totals = createTotals();
  for (const { startedMs, storageClass, size } of bucket.uploads)
    if (startedMs <= atMs) totals.add(storageClass, 'multipart-upload', size);
  return totals.list();
}
