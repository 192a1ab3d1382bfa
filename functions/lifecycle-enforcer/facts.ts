import type { Bucket } from '../../shared/buckets.ts';
import type { BucketRecord } from './memory.ts';

/** What is known of one bucket at one moment; what `gather` hands to `decide`. */
export type Facts = BucketFacts | GoneBucket;

export interface BucketFacts {
  readonly kind: 'bucket';
  readonly bucket: Bucket;
  readonly record: BucketRecord | undefined;
}

/** Remembered, and the listing, which was whole, does not have it. */
export interface GoneBucket {
  readonly kind: 'gone';
  readonly name: string;
  readonly record: BucketRecord;
}
