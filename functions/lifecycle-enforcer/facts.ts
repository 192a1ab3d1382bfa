import type { Bucket } from '../../shared/google/buckets.ts';
import type { Forecast } from './forecast/forecast.ts';
import type { Guard } from './proposal/guard.ts';
import type { BucketRecord } from './memory.ts';
import type { Reads } from './forecast/reads.ts';
import type { Usage } from './forecast/usage.ts';

/** What is known of one bucket at one moment; what `gather` hands to `decide`. */
export type Facts = BucketFacts | GoneBucket;

export interface BucketFacts {
  readonly kind: 'bucket';
  readonly bucket: Bucket;
  readonly record: BucketRecord | undefined;
  /** What is in it; read only where the policy changes its rules. */
  readonly usage: Usage;
  /** What was read from it in the last 30 days; read only where the change moves objects, undefined when it is unknown. */
  readonly reads: Reads | undefined;
  /** What that change would do; undefined when it is not known, or when there is none. */
  readonly forecast: Forecast | undefined;
  /** What its contents speak against; undefined when nothing does, or when they were not listed. */
  readonly guard: Guard | undefined;
}

/** Remembered, and the listing, which was whole, does not have it. */
export interface GoneBucket {
  readonly kind: 'gone';
  readonly name: string;
  readonly record: BucketRecord;
}
