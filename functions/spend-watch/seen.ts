import { atLeast, isPriced, middleUsd, unpriced } from '../../shared/prices/price.ts';
import { cut } from '../../shared/report/text.ts';
import type { EndedResource, RunningResource } from '../../shared/resources/kind.ts';
import type { Seen } from '../../shared/spend/accrue.ts';
import type { Ended } from '../../shared/spend/ended.ts';
import type { Band } from '../../shared/spend/band.ts';
import { machineRate, whyNoMachine } from '../../shared/spend/rungs.ts';
import type { Config } from './config.ts';

/** Of a description in the ledger. */
const MAX_TEXT = 100;

/**
 * What of an inventory bills, each with its rate. What belongs to something else is counted with that. What waits for its machines may get
 * them at any moment between two looks, which its ledger tells from something new.
 */
export function billing(
  resources: readonly RunningResource[],
  config: Pick<Config, 'unpricedAtMost' | 'ownerLabel'>,
): readonly Seen[] {
  return resources
    .map((one) => (one.waits === undefined ? one : { ...one, cost: unpriced(one.waits) }))
    .filter(({ partOf, cost }) => partOf === undefined && !(isPriced(cost) && cost.usd.high === 0))
    .map((one) => seenOf(one, config))
    .sort((a, b) => b.rate.high - a.rate.high || a.resource.localeCompare(b.resource));
}

/** What ended since it was looked at last, each with the rate at which it ran. */
export function ended(
  resources: readonly EndedResource[],
  config: Pick<Config, 'unpricedAtMost' | 'ownerLabel'>,
): readonly Ended[] {
  return resources.map((one) => {
    const { startedMs, endedMs, isFailed } = one;
    return { ...seenOf(one, config), startedMs, endedMs, isFailed };
  });
}

function seenOf(one: RunningResource, config: Pick<Config, 'unpricedAtMost' | 'ownerLabel'>): Seen {
  const { kind, resource, description, cost, startedMs, createdMs, machines = 1 } = one;
  const priced = rateOf(one, config.unpricedAtMost);
  // What accrues at a price gone wrong stays in the ledger when the machine is gone.
  const noMachine = whyNoMachine(machineRate({ rate: priced, machines }));
  const rate = noMachine === undefined ? priced : { low: 0, expected: 0, high: priced.high };
  const why = noMachine ?? (isPriced(cost) ? undefined : cost.why);
  const owner = config.ownerLabel === undefined ? undefined : one.labels[config.ownerLabel];
  return {
    ...{ kind, resource, rate },
    description: cut(
      isPriced(cost) && cost.onTop !== undefined ? `${description}, and ${cost.onTop}` : description,
      MAX_TEXT,
    ),
    ...(machines > 1 ? { machines } : {}),
    ...(why === undefined ? {} : { unpriced: cut(why, MAX_TEXT) }),
    ...(createdMs === undefined ? {} : { createdMs }),
    ...(startedMs === undefined ? {} : { startedMs }),
    ...(owner === undefined ? {} : { owner }),
  };
}

/** A fee that no source has a price of costs this share of its machine at the most: Vertex AI takes 0.15. */
const FEE_AT_MOST = 0.5;

/** USD an hour. What has no price costs at the least what is known of it, and at the most what is known, or that and the policy's bound. */
export function rateOf(
  {
    cost,
    leastShare,
    expectedUsd,
    atMostUsd = Infinity,
  }: Pick<RunningResource, 'cost' | 'leastShare' | 'expectedUsd' | 'atMostUsd'>,
  unpricedAtMost: number,
): Band {
  if (!isPriced(cost)) {
    const known = atLeast(cost);
    return { low: known * leastShare, expected: known, high: Math.min(known + unpricedAtMost, atMostUsd) };
  }
  const { low, high } = cost.usd;
  // Over a whole month sustained use takes off half of what it takes off the last hours.
  const expected = expectedUsd ?? (middleUsd(cost) * (1 + leastShare)) / 2;
  return {
    low: low * leastShare,
    expected,
    high: cost.onTop === undefined ? high : high * (1 + FEE_AT_MOST),
  };
}
