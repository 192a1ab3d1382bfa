import type { Finding } from '../report/report.ts';
import type { EgressFacts } from '../traffic/facts.ts';
import type { PricedLane } from '../lanes/pricing.ts';
import { judgeBuckets } from './bucket-placement.ts';
import { judgeExternalAddresses } from './external-addresses.ts';
import { withinItsLanes } from './savings.ts';
import { judgePremium } from './premium-tier.ts';
import { judgeZonePairs } from './zone-pairs.ts';

/**
 * Placement mistakes, the most expensive first. Each is claimed only where the metrics carry it, and only when it costs at
 * least `threshold` USD a month; what has no price is reported whatever it costs.
 */
export function findMistakes(
  facts: EgressFacts,
  lanes: readonly PricedLane[],
  monthFactor: number,
  threshold: number,
): readonly Finding[] {
  const worst = ({ usdPerMonth }: Finding): number => (usdPerMonth === 'unpriced' ? -1 : usdPerMonth.high);
  return [
    ...judgeBuckets(facts, monthFactor),
    ...judgeZonePairs(facts, lanes, monthFactor),
    ...judgeExternalAddresses(facts, lanes, monthFactor),
    ...judgePremium(facts, lanes, monthFactor),
  ]
    .map((finding) => withinItsLanes(finding, lanes))
    .filter(({ usdPerMonth }) => usdPerMonth === 'unpriced' || usdPerMonth.high >= Math.max(threshold, 0.01))
    .sort((a, b) => worst(b) - worst(a) || (a.id < b.id ? -1 : 1));
}
