import { draftOf, googlePrice } from './cloud-lanes.ts';
import { type BucketReads, type EgressFacts, type Steps, sum } from './facts.ts';
import { bucketLaneId, bucketPlace, bucketPriceId, cheapestReads, isFreeIn, regionOf } from './geography.ts';
import { internetLane } from './internet-lanes.ts';
import { one, type Draft, type LanePrice, type LikelyPart, type RawLane } from './lane.ts';
import { findReaders } from './readers.ts';
import { createTiers } from './tiers.ts';

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
  addReadsAndNat({ add, talk }, facts);
  const likely = likelyReads(facts);
  return [...lanes.values()]
    .map(({ draft, steps, talkers }) => ({ ...draft, steps, talkers, likely: likely.get(draft.id) ?? [] }))
    .filter(({ steps }) => sum(steps) > 0);
}

interface Collector {
  readonly add: (draft: Draft, steps: Steps) => void;
  readonly talk: (draft: Draft, who: string, bytes: number) => void;
}

function addReadsAndNat({ add, talk }: Collector, facts: EgressFacts): void {
  for (const read of facts.reads ?? []) {
    const draft = bucketLane(read, facts);
    add(draft, read.steps);
    talk(draft, `gs://${read.bucket} ${read.method}`, sum(read.steps));
  }
  for (const [vmId, { zone, steps }] of facts.nat ?? []) {
    add(natLane(zone), steps);
    talk(natLane(zone), vmId, sum(steps));
  }
}

/** Both directions are processed, whatever lane the bytes take besides. */
function natLane(zone: string): Draft {
  const region = regionOf(zone) ?? zone;
  return {
    id: `nat:${region}`,
    kind: 'nat',
    from: region,
    to: 'Cloud NAT',
    tier: null,
    price: one('nat-processing'),
  };
}

/** By lane, what readers that were found read, and the price of it. */
function likelyReads(facts: EgressFacts): ReadonlyMap<string, LikelyPart[]> {
  const parts = new Map<string, LikelyPart[]>();
  for (const { bucket, bytes, readers } of findReaders(facts)) {
    const place = facts.buckets?.get(bucket);
    if (place === undefined) continue;
    const scale = Math.min(1, bytes / sum(readers.map((reader) => reader.bytes)));
    for (const reader of readers) {
      const row =
        isFreeIn(place, reader.region) === true ? 'bucket-free' : bucketPriceId(place, reader.region);
      if (row === undefined) continue;
      const id = bucketLaneId(place);
      parts.set(id, [...(parts.get(id) ?? []), { row, bytes: reader.bytes * scale }]);
    }
  }
  return parts;
}

function bucketLane({ bucket, location }: BucketReads, { buckets }: EgressFacts): Draft {
  const listed = buckets?.get(bucket);
  const place = listed ?? bucketPlace(location.toUpperCase());
  // The metric calls a dual-region of the owner's choice by the multi-region that it is in; in its regions reads are free.
  const free = listed === undefined ? ['bucket-free'] : [];
  const rows = new Set([...free, ...cheapestReads(place), 'bucket-internet']);
  return {
    id: bucketLaneId(place),
    kind: 'bucket-reads',
    from: `buckets in ${place.location}${(place.regions?.length ?? 0) > 1 ? ` (${place.regions?.join(', ') ?? ''})` : ''}`,
    to: 'unknown reader',
    tier: null,
    price: {
      rows: [...rows].map((row) => ({ row, pool: row })),
      doubt:
        'the metric has no destination: free to readers in the same region or dual-region, between regions’ price inside a multi-region, internet price to China at the most; the billing export’s SKUs or usage logs tell',
    },
  };
}
