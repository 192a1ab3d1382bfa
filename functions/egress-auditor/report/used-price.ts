import { NETWORK_PRICES, type PriceRow } from '../../../shared/prices/network-prices.ts';
import { weakest } from '../../../shared/prices/mark.ts';
import type { UsedPrice } from './report.ts';

/** A row of the price book with all its tiers in words. */
export function describeRow(row: PriceRow): UsedPrice {
  const tiers = row.tiers.map(({ fromGib, low, high }) => {
    const price =
      low === null || high === null ? 'on request' : low === high ? `${low}` : `${low} to ${high}`;
    return fromGib === 0 ? price : `${price} from ${fromGib.toLocaleString('en-US')} GiB`;
  });
  return {
    id: row.id,
    what: row.note === undefined ? row.what : `${row.what} (${row.note})`,
    usdPerGib: tiers.join(', '),
    source: NETWORK_PRICES.sources[row.source] ?? row.source,
    mark: weakest(...row.tiers.map((tier) => tier.mark)),
  };
}
