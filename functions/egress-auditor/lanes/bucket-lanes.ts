import type { BucketReads, EgressFacts } from '../traffic/facts.ts';
import { bucketLaneId, bucketPlace, type BucketPlace, cheapestReads } from '../traffic/geography.ts';
import { anyOf, type Draft, type OneTalker } from './lane.ts';

/** What buckets send, by bucket and method. */
export function bucketReads(facts: EgressFacts): readonly OneTalker[] {
  return (facts.reads ?? []).map((read) => ({
    draft: bucketLane(read, facts),
    who: `gs://${read.bucket} ${read.method}`,
    steps: read.steps,
  }));
}

/** The lane of what a bucket sends, which has no destination. */
export function bucketLane(read: Pick<BucketReads, 'bucket' | 'location'>, facts: EgressFacts): Draft {
  const listed = facts.buckets?.get(read.bucket);
  const place = listed ?? bucketPlace(read.location.toUpperCase());
  // The metric calls a dual-region of the owner's choice by the multi-region that it is in; in its regions reads are free.
  const free = listed === undefined ? ['bucket-free'] : [];
  return {
    id: bucketLaneId(place),
    kind: 'bucket-reads',
    from: `buckets in ${placeText(place)}`,
    to: 'unknown reader',
    tier: null,
    price: anyOf(
      [...free, ...cheapestReads(place), 'bucket-internet'],
      'the metric has no destination: free to readers in the same region or dual-region, between regions’ price inside a multi-region, internet price to China at the most; the billing export’s SKUs or usage logs tell',
    ),
  };
}

function placeText({ location, regions }: BucketPlace): string {
  return regions === undefined || regions.length < 2 ? location : `${location} (${regions.join(', ')})`;
}
