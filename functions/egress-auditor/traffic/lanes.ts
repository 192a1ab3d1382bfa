import { draftOf, googlePrice } from './cloud-lanes.ts';
import { type BucketReads, type EgressFacts, type Steps, sum } from './facts.ts';
import { internetLane } from './internet-lanes.ts';
import type { Draft, LanePrice, RawLane } from './lane.ts';
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
  for (const read of facts.reads ?? []) {
    add(bucketLane(read), read.steps);
    talk(bucketLane(read), `gs://${read.bucket} ${read.method}`, sum(read.steps));
  }
  return [...lanes.values()]
    .map(({ draft, steps, talkers }) => ({ ...draft, steps, talkers }))
    .filter(({ steps }) => sum(steps) > 0);
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
