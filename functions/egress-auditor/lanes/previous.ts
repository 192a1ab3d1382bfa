import type { UsdPerMonth } from '../../../shared/prices/money.ts';
import { HOURS_PER_MONTH } from '../../../shared/prices/quantities.ts';
import type { EgressFacts, Steps } from '../traffic/facts.ts';
import { hasPrevious } from '../traffic/window.ts';
import { collectLanes } from './lanes.ts';
import { priceLanes } from './pricing.ts';

/** What a lane carried and cost in the window before. */
export interface PreviousLane {
  readonly bytes: number;
  readonly usdPerMonth: UsdPerMonth;
}

/** The lanes of the window before by id, priced by the same rules and network tiers; undefined where it can no longer be read. */
export function previousLanes(facts: EgressFacts): ReadonlyMap<string, PreviousLane> | undefined {
  const { window, flows, reads, nat, loadBalancers } = facts;
  if (!hasPrevious(window)) return undefined;
  const before = <T extends { readonly steps: Steps; readonly previous: number }>(one: T): T => ({
    ...one,
    // Only the sum is used.
    steps: one.steps.map((_, at) => (at === 0 ? one.previous : 0)),
  });
  const lanes = collectLanes({
    ...facts,
    flows: flows?.map(before),
    reads: reads?.map(before),
    nat: nat === undefined ? undefined : new Map([...nat].map(([id, one]) => [id, before(one)])),
    loadBalancers: loadBalancers.map(before),
  });
  return new Map(
    priceLanes(lanes, HOURS_PER_MONTH / window.hours).map(({ id, bytes, usdPerMonth }) => [
      id,
      { bytes, usdPerMonth },
    ]),
  );
}
