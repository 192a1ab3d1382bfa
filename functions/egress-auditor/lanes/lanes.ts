import { bucketReads } from './bucket-lanes.ts';
import { draftOf, googlePrice } from './cloud-lanes.ts';
import { type EgressFacts, type Steps, sum } from '../traffic/facts.ts';
import { internetLane } from './internet-lanes.ts';
import type { Draft, LanePrice, RawLane } from './lane.ts';
import { likelyReads, likelyWrites } from './likely.ts';
import { processed } from './processing-lanes.ts';
import { createTiers } from './tiers.ts';

interface OpenLane {
  readonly draft: Draft;
  readonly steps: number[];
  readonly talkers: Map<string, number>;
}

/** Lanes that are added up flow by flow. */
function startLanes({ window }: EgressFacts): {
  readonly lanes: ReadonlyMap<string, OpenLane>;
  readonly add: (draft: Draft, steps: Steps, share?: number) => void;
  readonly talk: (draft: Draft, who: string, bytes: number) => void;
} {
  const lanes = new Map<string, OpenLane>();
  const laneOf = (draft: Draft): OpenLane => {
    const known = lanes.get(draft.id);
    if (known !== undefined) return known;
    const steps = Array<number>(window.hours / window.stepHours).fill(0);
    const fresh = { draft, steps, talkers: new Map<string, number>() };
    lanes.set(draft.id, fresh);
    return fresh;
  };
  return {
    lanes,
    add(draft, steps, share = 1) {
      const lane = laneOf(draft);
      for (const [index, bytes] of steps.entries())
        lane.steps[index] = (lane.steps[index] ?? 0) + bytes * share;
    },
    talk(draft, who, bytes) {
      if (bytes <= 0) return;
      const { talkers } = laneOf(draft);
      talkers.set(who, (talkers.get(who) ?? 0) + bytes);
    },
  };
}

/** All traffic by lane. */
export function collectLanes(facts: EgressFacts): readonly RawLane[] {
  const { lanes, add, talk } = startLanes(facts);
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
    talk(draftOf({ zone, remote }, googleOf), vmId, bytes);
  }
  for (const { vmId, zone, to, bytes } of facts.toCountries)
    talk(internetLane(zone, to, continents.get(to) ?? '', tiers.of(vmId)), vmId, bytes);
  for (const [vmId, { zone, byType }] of facts.sent ?? [])
    for (const [locationType, steps] of Object.entries(byType))
      if (locationType !== 'CLOUD' && locationType !== 'EXTERNAL') {
        const remote = { locationType, zone: '', country: '', continent: '' };
        talk(draftOf({ zone, remote }, googleOf), vmId, sum(steps));
      }
  for (const { draft, who, steps } of [...bucketReads(facts), ...processed(facts)]) {
    add(draft, steps);
    talk(draft, who, sum(steps));
  }
  const likely = likelyReads(facts);
  return [...lanes.values()]
    .map(({ draft, steps, talkers }) => ({ ...draft, steps, talkers, likely: likely.get(draft.id) ?? [] }))
    .filter(({ steps }) => sum(steps) > 0)
    .map((lane) => (lane.kind === 'google-apis' ? { ...lane, likely: likelyWrites(facts, lane) } : lane));
}
