import type { Finding } from '../report/report.ts';
import { type EgressFacts, sum, type VmPlace } from '../traffic/facts.ts';
import { onContinent, regionOf } from '../traffic/geography.ts';
import { GIB } from '../../../shared/prices/quantities.ts';
import { type PricedLane } from '../lanes/pricing.ts';
import { nameVm } from '../traffic/resource-names.ts';
import { gib } from './evidence-text.ts';
import { shellWord } from '../../../shared/report/shell-word.ts';
import { type UsdRange, sumUsd } from '../../../shared/prices/money.ts';
import { priceGib, priceRow } from '../../../shared/prices/network-prices.ts';

/** Premium crosses continents on Google's own network; what stays near leaves it soon anyway. */
const MIN_NEAR_SHARE = 0.8;

/** Premium-tier traffic of a region that mostly stays on its continent, where Standard is cheaper. */
export function judgePremium(
  facts: EgressFacts,
  lanes: readonly PricedLane[],
  monthFactor: number,
): readonly Finding[] {
  const regions = new Map<string, PricedLane[]>();
  for (const lane of lanes)
    if (lane.kind === 'internet' && lane.tier === 'premium')
      regions.set(lane.from, [...(regions.get(lane.from) ?? []), lane]);
  return [...regions].flatMap(([region, own]): Finding[] => {
    const bytes = sum(own.map((lane) => lane.bytes));
    const near = nearBytes(facts, region);
    const costs = compareTiers(region, own, lanes, monthFactor);
    if (costs === undefined || near < MIN_NEAR_SHARE * bytes || costs.saves.low <= 0) return [];
    const [first, ...rest] = sendersOf(own);
    const vm = first === undefined ? undefined : facts.vms?.get(first);
    if (first === undefined || vm === undefined) return [];
    return [
      {
        id: `premium-tier:${region}`,
        kind: 'premium-tier',
        title: `${nameVm(facts, first).text}${rest.length > 0 ? ` and ${rest.length} more` : ''} in ${region} ${rest.length > 0 ? 'send' : 'sends'} to the internet over the Premium tier, nearly all of it on the same continent`,
        resources: [first, ...rest].slice(0, 20).map((vmId) => nameVm(facts, vmId).resource),
        lanes: own.map(({ id }) => id),
        certainty: 'likely',
        evidence: {
          'sent to the internet': gib(bytes),
          'to the same continent': gib(near),
          'Premium a month': `${costs.premium.low.toFixed(2)} USD`,
          'Standard a month': `${costs.standard.high.toFixed(2)} USD`,
          'when it is no mistake': 'users who need Premium’s latency, or a global load balancer before it',
        },
        usdPerMonth: costs.saves,
        command: tierCommand(facts.project, vm),
      },
    ];
  });
}

interface TierCosts {
  readonly premium: UsdRange;
  /** What the same bytes add to the Standard traffic that the region has already: its tiers are shared. */
  readonly standard: UsdRange;
  readonly saves: UsdRange;
}

/** USD a month; undefined where one of the tiers has no price. */
function compareTiers(
  region: string,
  own: readonly PricedLane[],
  lanes: readonly PricedLane[],
  monthFactor: number,
): TierCosts | undefined {
  const row = own.flatMap(({ standardRow }) => standardRow ?? [])[0];
  if (row === undefined) return undefined;
  const gibsOf = (some: readonly PricedLane[]): number =>
    (sum(some.map(({ bytes }) => bytes)) * monthFactor) / GIB;
  const already = gibsOf(
    lanes.filter(({ kind, tier, from }) => kind === 'internet' && tier === 'standard' && from === region),
  );
  const before = priceGib(priceRow(row), already).usd;
  const after = priceGib(priceRow(row), already + gibsOf(own)).usd;
  const premium = sumUsd(own.map(({ usdPerMonth }) => usdPerMonth));
  if (before === 'unpriced' || after === 'unpriced' || premium === 'unpriced') return undefined;
  const standard = { low: after.low - before.high, high: after.high - before.low };
  return {
    premium,
    standard,
    saves: { low: premium.low - standard.high, high: premium.high - standard.low },
  };
}

/** VM ids, the one that sends most first. */
function sendersOf(lanes: readonly PricedLane[]): readonly string[] {
  const bytes = new Map<string, number>();
  for (const lane of lanes)
    for (const [vmId, sent] of lane.talkers) bytes.set(vmId, (bytes.get(vmId) ?? 0) + sent);
  return [...bytes].sort(([, a], [, b]) => b - a).map(([vmId]) => vmId);
}

/** Of the countries that were queried, what a region's Premium VMs sent to their own continent. */
function nearBytes(facts: EgressFacts, region: string): number {
  const continents = new Map(
    (facts.flows ?? []).map(({ remote }) => [remote.country, remote.continent] as const),
  );
  return sum(
    facts.toCountries
      .filter(({ vmId, zone, to }) => {
        const [tier, ...others] = new Set(facts.vms?.get(vmId)?.tiers);
        return (
          regionOf(zone) === region &&
          tier === 'PREMIUM' &&
          others.length === 0 &&
          onContinent(region, continents.get(to) ?? '')
        );
      })
      .map(({ bytes }) => bytes),
  );
}

/** The tier of an external address cannot change: it is given back, and another one taken. */
function tierCommand(project: string, { name, zone }: VmPlace): string {
  const vm = `${shellWord(name)} --zone=${zone} --project=${shellWord(project)}`;
  return `gcloud compute instances delete-access-config ${vm} --access-config-name='External NAT' && gcloud compute instances add-access-config ${vm} --access-config-name='External NAT' --network-tier=STANDARD`;
}
