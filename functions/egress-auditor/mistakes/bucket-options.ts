import type { EgressFacts, Sent } from '../traffic/facts.ts';
import { vmPriceId } from '../../../shared/prices/planning/areas.ts';
import { type BucketPlace, isFreeIn, regionOf } from '../traffic/geography.ts';
import { GIB } from '../../../shared/prices/quantities.ts';
import { atRestPrice } from '../../../shared/prices/storage-prices.ts';
import { addUsd, NO_USD, type UsdPerMonth, type UsdRange } from '../../../shared/prices/money.ts';
import { firstRate, priceRow } from '../../../shared/prices/network-prices.ts';
import { readCost, type RegionReads } from './bucket-placement.ts';

/** What is left of a saving once it is paid for; `unpriced` where a part has no price. */
export function lessUsd(saved: UsdPerMonth, cost: UsdPerMonth): UsdPerMonth {
  if (saved === 'unpriced' || cost === 'unpriced') return 'unpriced';
  return { low: saved.low - cost.high, high: saved.high - cost.low };
}

/** USD a month for keeping so much in STANDARD of a region, or of two. */
export function storedUsd(regions: readonly string[], bytes: number | undefined): UsdPerMonth {
  const [region = ''] = regions;
  const pair = regions.length > 1 ? { dataLocations: regions } : {};
  const locationType = regions.length > 1 ? 'dual-region' : 'region';
  const price = atRestPrice({ location: region, locationType, ...pair }, 'STANDARD');
  if (price === undefined || bytes === undefined) return 'unpriced';
  const usd = price.usd * (bytes / GIB);
  return { low: usd, high: usd };
}

/** USD once for copying a bucket into regions outside it. */
export function copyingUsd(
  place: BucketPlace,
  regions: readonly string[],
  bytes: number | undefined,
): UsdPerMonth {
  if (bytes === undefined) return 'unpriced';
  let all: UsdRange = NO_USD;
  for (const region of regions) {
    const one = readCost(place, region, bytes);
    if (one === 'unpriced') return one;
    all = addUsd(all, one);
  }
  return all;
}

/** The region of a bucket that its readers could move to; undefined where none would read it for free. */
export function homeOf({ regions }: BucketPlace): string | undefined {
  return regions?.[0];
}

/**
 * What readers that move to another region would newly pay a month for their traffic with other VMs, less what that costs now;
 * `unpriced` where it is not known.
 */
export function movingUsd(
  facts: EgressFacts,
  { region, readers }: RegionReads,
  home: string,
  monthFactor: number,
): UsdPerMonth {
  const { toZones, fromZones } = facts;
  // What VMs of other projects talk to was not read.
  if (fromZones === undefined || readers.some(({ project }) => project !== undefined)) return 'unpriced';
  const movers = new Set(readers.map(({ vmId }) => vmId));
  let change: UsdRange = NO_USD;
  for (const { vmId, to, bytes } of [...toZones, ...fromZones] satisfies readonly Sent[]) {
    if (!movers.has(vmId)) continue;
    const other = regionOf(to);
    if (other === undefined) return 'unpriced';
    const [now, then] = [rateOf(region, other), rateOf(home, other)];
    if (now === undefined || then === undefined) return 'unpriced';
    const gib = (bytes * monthFactor) / GIB;
    change = addUsd(change, { low: (then.low - now.high) * gib, high: (then.high - now.low) * gib });
  }
  return change;
}

/** Between a region's zones up to 0.01 a GiB, inside a zone nothing. */
function rateOf(from: string, to: string): UsdRange | undefined {
  if (from === to) return { low: 0, high: firstRate(priceRow('vm-cross-zone')).high };
  const row = vmPriceId(from, to);
  return row === undefined ? undefined : firstRate(priceRow(row));
}

/** Whether a region reads a bucket at a price. */
export function isFar(place: BucketPlace, region: string): boolean {
  return isFreeIn(place, region) === false;
}
