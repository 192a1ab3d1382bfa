import { areaOf } from '../../../shared/prices/planning/areas.ts';
import { internetRowId } from '../../../shared/prices/network-rates.ts';
import { groupLabel, priceGroups, type PriceGroup } from '../traffic/countries.ts';
import { regionOf } from '../traffic/geography.ts';
import type { Draft } from './lane.ts';

export function internetLane(
  zone: string,
  country: string,
  continent: string,
  tier: 'premium' | 'standard' | 'unknown',
): Draft {
  const region = regionOf(zone) ?? zone;
  const groups = priceGroups(country, continent);
  const label = groupLabel(groups, continent);
  const premium = [...new Set(groups.flatMap((group) => premiumRows(region, group)))].map((row) => ({
    row,
    pool: row,
    // All regions that send to the same destination.
    widerPool: row.split(':')[0],
  }));
  const standardRow = standardRowOf(region);
  const standard = standardRow === undefined ? [] : [{ row: standardRow, pool: `${standardRow}:${region}` }];
  const doubts = [
    ...(groups.length > 1 && tier !== 'standard'
      ? [`the country (${country === '' ? 'no label' : country}) is not in the price book`]
      : []),
    ...(groups.length === 1 && tier !== 'standard' && premium.length > 1
      ? ['sources disagree whether these countries cost more than the rest of the world']
      : []),
    ...(tier === 'unknown'
      ? [
          'the network tier is unknown: the VM is gone, has no external address of its own (Cloud NAT) or several',
        ]
      : []),
  ];
  // Where only one of the possible tiers has a price, the other one's is unknown, and so is the sum.
  const possible =
    tier === 'premium'
      ? premium
      : tier === 'standard'
        ? standard
        : standard.length === 0
          ? []
          : [...premium, ...standard];
  return {
    id: `internet:${region}:${label.replace(/^internet: /, '')}:${tier}`,
    kind: 'internet',
    from: region,
    to: label,
    tier,
    standardRow,
    price: { rows: possible, doubt: doubts.length === 0 ? undefined : doubts.join('; ') },
  };
}

/**
 * The rows that may price a group. The Catalog's lists go by the region that sends, and know Australia and China as destinations;
 * others' pages have prices of their own for two more groups of destinations.
 */
function premiumRows(region: string, group: PriceGroup): readonly string[] {
  if (group === 'worldwide' || group === 'australia' || group === 'china')
    return [internetRowId(region, group)];
  return [internetRowId(region, 'worldwide'), `premium-${group}`];
}

function standardRowOf(region: string): string | undefined {
  const area = areaOf(region);
  if (area === 'us-canada' || area === 'europe') return 'standard-us-europe';
  return area === 'asia' ? 'standard-asia' : undefined;
}
