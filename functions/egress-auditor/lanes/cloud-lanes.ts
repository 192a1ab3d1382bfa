import { vmPriceId } from '../../../shared/prices/planning/areas.ts';
import type { EgressFacts, Flow } from '../traffic/facts.ts';
import { continentOf, regionOf, writePriceIds } from '../traffic/geography.ts';
import { anyOf, type Draft, type LanePrice, one, type RawLane, UNPRICED } from './lane.ts';

/** The lane of traffic that does not go to the internet. */
export function draftOf(
  { zone, remote }: Pick<Flow, 'zone' | 'remote'>,
  googleOf: (region: string) => LanePrice,
): Draft {
  const region = regionOf(zone) ?? zone;
  const base = { from: region, tier: null };
  switch (remote.locationType) {
    case 'CLOUD':
      return cloudLane(zone, region, remote.zone);
    case 'GOOGLE_INTERNAL':
      return {
        ...base,
        id: `google-apis:${region}`,
        kind: 'google-apis',
        to: 'Google APIs',
        price: googleOf(region),
      };
    case 'ON_PREM':
      return {
        ...base,
        id: `hybrid:${region}`,
        kind: 'hybrid',
        to: 'VPN or Interconnect',
        price: one('hybrid'),
      };
    default:
      return {
        ...base,
        id: `unknown:${region}:${remote.locationType}`,
        kind: 'unknown',
        to: `unknown (${remote.locationType === '' ? 'no label' : remote.locationType})`,
        price: UNPRICED,
      };
  }
}

function cloudLane(zone: string, region: string, remoteZone: string): Draft {
  const remoteRegion = regionOf(remoteZone);
  if (remoteRegion === undefined)
    return {
      id: `unknown:${region}:CLOUD:${remoteZone}`,
      kind: 'unknown',
      from: region,
      to: `unknown zone (${remoteZone === '' ? 'no label' : remoteZone})`,
      tier: null,
      price: UNPRICED,
    };
  const lane = (kind: RawLane['kind'], from: string, to: string, row: string | undefined): Draft => ({
    id: `${kind}:${from}:${to}`,
    kind,
    from,
    to,
    tier: null,
    price: row === undefined ? UNPRICED : one(row),
  });
  if (remoteZone === zone) return lane('same-zone', zone, zone, 'vm-same-zone');
  if (remoteRegion === region) return lane('cross-zone', zone, remoteZone, 'vm-cross-zone');
  const near = continentOf(region) === continentOf(remoteRegion) && continentOf(region) !== 'elsewhere';
  return lane(
    near ? 'inter-region' : 'inter-continent',
    region,
    remoteRegion,
    vmPriceId(region, remoteRegion),
  );
}

/** Free in the region; where the project has buckets elsewhere, the bytes may have gone there. */
export function googlePrice(region: string, { buckets }: EgressFacts): LanePrice {
  const elsewhere = new Set([...(buckets?.values() ?? [])].flatMap((place) => writePriceIds(place, region)));
  if (elsewhere.size === 0) return one('google-apis');
  return anyOf(
    ['google-apis', ...elsewhere],
    'free to services in the same region; what was written to this project’s buckets in other regions or in a multi-region may not be, and the metric does not name the service',
  );
}
