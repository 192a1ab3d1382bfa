import { firstRate, priceRow } from '../network-prices.ts';
import { NETWORK_PRICES } from '../network-prices.ts';
import { weakest } from '../mark.ts';
import { timesPrice, unpriced, type Price } from '../price.ts';

/** The parts of the world that Google's price list for transfers between regions tells apart. */
const AREAS: Readonly<Record<string, string>> = {
  us: 'america',
  northamerica: 'america',
  europe: 'europe',
  asia: 'asia',
  australia: 'oceania',
  southamerica: 'south-america',
  me: 'middle-east-africa',
  africa: 'middle-east-africa',
};

const WITHIN: Readonly<Record<string, string>> = {
  america: 'vm-us-canada',
  europe: 'vm-europe',
  asia: 'vm-asia',
  'south-america': 'vm-south-america',
};

/** What so many GiB from one region to another cost; nothing inside a region. */
export function transferPrice(gib: number, from: string, to: string): Price {
  if (from === to)
    return {
      usd: { low: 0, high: 0 },
      source: 'inside one region',
      asOf: NETWORK_PRICES.asOf,
      mark: 'verified',
      note: undefined,
    };
  const id = rowBetween(areaOf(from), areaOf(to));
  if (id === undefined) return unpriced(`no price for a transfer from ${from} to ${to}`);
  const row = priceRow(id);
  const { low, high } = firstRate(row);
  const price: Price = {
    usd: { low, high },
    source: NETWORK_PRICES.sources[row.source] ?? row.source,
    asOf: NETWORK_PRICES.asOf,
    mark: weakest(...row.tiers.map(({ mark }) => mark)),
    note: row.what,
  };
  return timesPrice(price, gib);
}

/** Mexico has no price in any source, Indonesia that of Oceania. */
function areaOf(region: string): string | undefined {
  if (region === 'northamerica-south1') return undefined;
  return region === 'asia-southeast2' ? 'oceania' : AREAS[region.replace(/-.*/, '')];
}

function rowBetween(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return undefined;
  const areas = [a, b];
  if (areas.includes('oceania')) return 'vm-oceania';
  if (a === b) return WITHIN[a];
  const far = areas.includes('middle-east-africa');
  if (areas.includes('south-america')) return far ? undefined : 'vm-to-south-america';
  if (far) return 'vm-to-middle-east-africa';
  return areas.includes('asia') ? 'vm-continents' : 'vm-na-europe';
}
