import { vmPriceId } from './areas.ts';
import { firstRate, priceRow } from '../network-prices.ts';
import { NETWORK_PRICES } from '../network-prices.ts';
import { weakest } from '../mark.ts';
import { timesPrice, unpriced, type Price } from '../price.ts';

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
  const id = vmPriceId(from, to);
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
