import { type EgressFacts, sum } from '../traffic/facts.ts';

type Tier = 'premium' | 'standard' | 'unknown';

/** Which network tier internet traffic takes: the one of the sending VM's external address. */
export function createTiers({ vms, toCountries, sent }: EgressFacts): {
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
      // A country that gets little: its senders were not queried, but in a zone with one tier it is clear.
      const [tier, ...others] = rest.get(zone)?.keys() ?? [];
      return [[tier === undefined || others.length > 0 ? 'unknown' : tier, 1]];
    },
  };
}
