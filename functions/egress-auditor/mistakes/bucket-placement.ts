import type { Finding } from '../report/report.ts';
import { type EgressFacts, sum } from '../traffic/facts.ts';
import { type BucketPlace, bucketPriceId } from '../traffic/geography.ts';
import { GIB } from '../../../shared/prices/quantities.ts';
import { isFar } from './bucket-options.ts';
import { judgeFar } from './bucket-far.ts';
import { findReaders, type ReadBucket, type Reader } from '../traffic/readers.ts';
import { judgeSeveral } from './bucket-several-regions.ts';
import { type UsdPerMonth, scaleUsd } from '../../../shared/prices/money.ts';
import { firstRate, priceRow } from '../../../shared/prices/network-prices.ts';

/** A region with less than this share of a bucket's reads is no second home. */
const MIN_REGION_SHARE = 0.1;

/** Mistakes in where buckets and their readers are. */
export function judgeBuckets(facts: EgressFacts, monthFactor: number): readonly Finding[] {
  return findReaders(facts).flatMap((read) => {
    const place = facts.buckets?.get(read.bucket);
    if (place === undefined) return [];
    const byRegion = groupByRegion(read);
    const far = byRegion.filter(({ region }) => isFar(place, region));
    if (far.length === 0) return [];
    const several = byRegion.filter(({ bytes }) => bytes >= MIN_REGION_SHARE * read.bytes);
    return several.length > 1
      ? judgeSeveral(facts, read, place, several, monthFactor)
      : far.flatMap((group) => judgeFar(facts, read, place, group, monthFactor));
  });
}

export interface RegionReads {
  readonly region: string;
  readonly readers: readonly Reader[];
  readonly bytes: number;
}

function groupByRegion({ readers }: ReadBucket): readonly RegionReads[] {
  const groups = new Map<string, Reader[]>();
  for (const reader of readers) groups.set(reader.region, [...(groups.get(reader.region) ?? []), reader]);
  return [...groups]
    .map(([region, own]) => ({ region, readers: own, bytes: sum(own.map(({ bytes }) => bytes)) }))
    .sort((a, b) => b.bytes - a.bytes);
}

export function readCost(place: BucketPlace, region: string, monthlyBytes: number): UsdPerMonth {
  const row = bucketPriceId(place, region);
  return row === undefined ? 'unpriced' : scaleUsd(firstRate(priceRow(row)), monthlyBytes / GIB);
}
