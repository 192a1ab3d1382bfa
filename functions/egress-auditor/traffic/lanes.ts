import { groupLabel, priceGroups } from './countries.ts';
import { sum, type BucketReads, type EgressFacts, type Flow, type Steps } from './facts.ts';
import { areaOf, continentOf, regionOf, vmPriceId } from './geography.ts';
import type { LaneKind } from '../report/report.ts';

/** How a lane is priced: by the rows that are possible, each with the pool whose tiers it shares. */
export interface LanePrice {
  /** Several when the metric does not tell which; none when no source has a price. */
  readonly rows: readonly { readonly row: string; readonly pool: string }[];
  /** What decides between several rows, and what would tell; undefined for one. */
  readonly doubt: string | undefined;
}

/** A lane with its bytes, not yet priced. */
export interface RawLane {
  readonly id: string;
  readonly kind: Exclude<LaneKind, 'small-lanes'>;
  readonly from: string;
  readonly to: string;
  readonly tier: 'premium' | 'standard' | 'unknown' | null;
  readonly price: LanePrice;
  /** Of internet lanes: the row of the Standard tier from this region; undefined where there is none. */
  readonly standardRow?: string | undefined;
  readonly steps: Steps;
  /** Bytes by sender: a VM id, or `gs://BUCKET method`. */
  readonly talkers: ReadonlyMap<string, number>;
}

type Draft = Omit<RawLane, 'steps' | 'talkers'>;

/** All traffic by lane. */
export function collectLanes(facts: EgressFacts): readonly RawLane[] {
  const lanes = new Map<string, { draft: Draft; steps: number[]; talkers: Map<string, number> }>();
  const laneOf = (draft: Draft) => {
    const known = lanes.get(draft.id);
    if (known !== undefined) return known;
    const steps = Array<number>(facts.window.hours / facts.window.stepHours).fill(0);
    const fresh = { draft, steps, talkers: new Map<string, number>() };
    lanes.set(draft.id, fresh);
    return fresh;
  };
  const add = (draft: Draft, steps: Steps, share = 1): void => {
    const lane = laneOf(draft);
    for (const [index, bytes] of steps.entries())
      lane.steps[index] = (lane.steps[index] ?? 0) + bytes * share;
  };
  const talk = (draft: Draft, who: string, bytes: number): void => {
    if (bytes <= 0) return;
    const { talkers } = laneOf(draft);
    talkers.set(who, (talkers.get(who) ?? 0) + bytes);
  };

  const google = new Map<string, LanePrice>();
  const googleOf = (region: string): LanePrice => {
    const price = google.get(region) ?? googlePrice(region, facts);
    google.set(region, price);
    return price;
  };
  const tiers = createTiers(facts);
  const continents = new Map<string, string>();
  for (const flow of facts.flows ?? []) {
    const { remote, zone, steps } = flow;
    if (remote.locationType !== 'EXTERNAL') {
      add(draftOf(flow, googleOf), steps);
      continue;
    }
    continents.set(remote.country, remote.continent);
    for (const [tier, share] of tiers.shares(zone, remote.country))
      add(internetLane(zone, remote.country, remote.continent, tier), steps, share);
  }
  for (const { vmId, zone, to, bytes } of facts.toZones) {
    const remote = { locationType: 'CLOUD', zone: to, country: '', continent: '' };
    talk(draftOf({ zone, remote, steps: [] }, googleOf), vmId, bytes);
  }
  for (const { vmId, zone, to, bytes } of facts.toCountries)
    talk(internetLane(zone, to, continents.get(to) ?? '', tiers.of(vmId)), vmId, bytes);
  for (const [vmId, { zone, byType }] of facts.sent ?? [])
    for (const [locationType, steps] of Object.entries(byType))
      if (locationType !== 'CLOUD' && locationType !== 'EXTERNAL') {
        const remote = { locationType, zone: '', country: '', continent: '' };
        talk(draftOf({ zone, remote, steps }, googleOf), vmId, sum(steps));
      }
  for (const read of facts.reads ?? []) {
    add(bucketLane(read), read.steps);
    talk(bucketLane(read), `gs://${read.bucket} ${read.method}`, sum(read.steps));
  }
  return [...lanes.values()]
    .map(({ draft, steps, talkers }) => ({ ...draft, steps, talkers }))
    .filter(({ steps }) => sum(steps) > 0);
}

const one = (row: string): LanePrice => ({ rows: [{ row, pool: row }], doubt: undefined });
const UNPRICED: LanePrice = { rows: [], doubt: undefined };

/** The lane of traffic that does not go to the internet. */
function draftOf({ zone, remote }: Flow, googleOf: (region: string) => LanePrice): Draft {
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
function googlePrice(region: string, { buckets }: EgressFacts): LanePrice {
  const elsewhere = new Set<string>();
  for (const { regions } of buckets?.values() ?? [])
    for (const other of regions ?? []) {
      const row =
        other === region || regions?.includes(region) === true ? undefined : vmPriceId(region, other);
      if (row !== undefined) elsewhere.add(row);
    }
  if (elsewhere.size === 0) return one('google-apis');
  return {
    rows: ['google-apis', ...elsewhere].map((row) => ({ row, pool: row })),
    doubt:
      'free to services in the same region; what was written to this project’s buckets in other regions is not, and the metric does not name the service',
  };
}

function internetLane(
  zone: string,
  country: string,
  continent: string,
  tier: 'premium' | 'standard' | 'unknown',
): Draft {
  const region = regionOf(zone) ?? zone;
  const groups = priceGroups(country, continent);
  const label = groupLabel(groups, continent);
  const premium = groups.map((group) => ({ row: `premium-${group}`, pool: `premium-${group}` }));
  const standardRow = standardRowOf(region);
  const standard = standardRow === undefined ? [] : [{ row: standardRow, pool: `${standardRow}:${region}` }];
  const doubts = [
    ...(groups.length > 1 && tier !== 'standard'
      ? [`the country (${country === '' ? 'no label' : country}) is not in the price book`]
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

function standardRowOf(region: string): string | undefined {
  const area = areaOf(region);
  if (area === 'us-canada' || area === 'europe') return 'standard-us-europe';
  return area === 'asia' ? 'standard-asia' : undefined;
}

function bucketLane({ location }: BucketReads): Draft {
  const place = location.toUpperCase();
  return {
    id: `bucket-reads:${place}`,
    kind: 'bucket-reads',
    from: `buckets in ${place}`,
    to: 'unknown reader',
    tier: null,
    price: {
      rows: [
        { row: 'bucket-free', pool: 'bucket-free' },
        { row: 'bucket-internet', pool: 'bucket-internet' },
      ],
      doubt:
        'the metric has no destination: free to readers in the same location, internet price at the most (China and Australia above it); the billing export’s SKUs or usage logs tell',
    },
  };
}

type Tier = 'premium' | 'standard' | 'unknown';

/** Which network tier internet traffic takes: the one of the sending VM's external address. */
function createTiers({ vms, toCountries, sent }: EgressFacts): {
  of(vmId: string): Tier;
  shares(zone: string, country: string): readonly (readonly [Tier, number])[];
} {
  const of = (vmId: string): Tier => {
    const [tier, ...others] = new Set(vms?.get(vmId)?.tiers ?? []);
    if (others.length > 0) return 'unknown';
    return tier === 'PREMIUM' ? 'premium' : tier === 'STANDARD' ? 'standard' : 'unknown';
  };
  const known = new Map<string, Map<Tier, number>>();
  const rest = new Map<string, Map<Tier, number>>();
  const count = (sums: Map<string, Map<Tier, number>>, key: string, tier: Tier, bytes: number): void => {
    const tiers = sums.get(key) ?? new Map<Tier, number>();
    tiers.set(tier, (tiers.get(tier) ?? 0) + bytes);
    sums.set(key, tiers);
  };
  const refined = new Map<string, number>();
  for (const { vmId, zone, to, bytes } of toCountries) {
    count(known, `${zone} ${to}`, of(vmId), bytes);
    refined.set(vmId, (refined.get(vmId) ?? 0) + bytes);
  }
  for (const [vmId, { zone, byType }] of sent ?? []) {
    const left = sum(byType['EXTERNAL'] ?? []) - (refined.get(vmId) ?? 0);
    if (left > 0) count(rest, zone, of(vmId), left);
  }
  return {
    of,
    shares(zone, country) {
      const exact = known.get(`${zone} ${country}`);
      const total = exact === undefined ? 0 : sum([...exact.values()]);
      if (exact !== undefined && total > 0)
        return [...exact].map(([tier, bytes]) => [tier, bytes / total] as const);
      // A country that gets little: its senders were not asked for, but in a zone with one tier it is clear.
      const [tier, ...others] = rest.get(zone)?.keys() ?? [];
      return [[tier === undefined || others.length > 0 ? 'unknown' : tier, 1]];
    },
  };
}
