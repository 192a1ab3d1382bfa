import { type Mark, weakest } from '../../../shared/prices/mark.ts';
import { scaleUsd, type UsdPerMonth, type UsdRange } from '../../../shared/prices/money.ts';
import { firstRate, priceGib, priceRow, type PriceRow } from '../../../shared/prices/network-prices.ts';
import { sum } from './facts.ts';
import type { RawLane } from './lane.ts';
import { GIB } from '../../../shared/prices/quantities.ts';

export interface PricedLane extends RawLane {
  readonly bytes: number;
  readonly monthlyBytes: number;
  readonly usdPerMonth: UsdPerMonth;
  readonly mark: Mark | null;
  readonly pricing: string;
  readonly bounds: string | null;
}

/**
 * Prices all lanes of a project together: lanes that share a row share its tiers, and each bears its part of what they cost
 * together. A lane of which several rows are possible comes on top of those that are certain.
 */
export function priceLanes(lanes: readonly RawLane[], monthFactor: number): readonly PricedLane[] {
  const gibOf = (lane: RawLane): number => (sum(lane.steps) * monthFactor) / GIB;
  const pools = new Map<string, number>();
  for (const lane of lanes) {
    const [only, ...others] = lane.price.rows;
    if (only !== undefined && others.length === 0)
      pools.set(only.pool, (pools.get(only.pool) ?? 0) + gibOf(lane));
  }
  return lanes.map((lane): PricedLane => {
    const bytes = sum(lane.steps);
    const gib = gibOf(lane);
    const rows = lane.price.rows.map(({ row, pool }) => ({ row: priceRow(row), pool: pools.get(pool) ?? 0 }));
    const base = { ...lane, bytes, monthlyBytes: bytes * monthFactor };
    const [only, ...others] = rows;
    if (only === undefined)
      return {
        ...base,
        usdPerMonth: 'unpriced',
        mark: null,
        pricing: 'no source has a price',
        bounds: lane.price.doubt ?? null,
      };
    const { usd, mark } = others.length === 0 ? shareOf(only.row, gib, only.pool) : boundsOf(rows, gib);
    if (usd === 'unpriced')
      return {
        ...base,
        usdPerMonth: usd,
        mark: null,
        pricing: 'beyond the tiers that have a list price',
        bounds: lane.price.doubt ?? null,
      };
    return {
      ...base,
      usdPerMonth: usd,
      mark,
      pricing: rows.map(({ row }) => describe(row)).join(', or '),
      bounds: usd.low === usd.high ? null : (lane.price.doubt ?? doubtOf(only.row)),
    };
  });
}

interface Cost {
  readonly usd: UsdPerMonth;
  readonly mark: Mark;
}

/** The lane's part, by its bytes, of what its pool costs. */
function shareOf(row: PriceRow, gib: number, pool: number): Cost {
  const { usd, mark } = priceGib(row, pool);
  return { usd: usd === 'unpriced' ? usd : scaleUsd(usd, pool === 0 ? 0 : gib / pool), mark };
}

/** The least and the most that the possible rows allow, each alone or on top of its pool. */
function boundsOf(rows: readonly { readonly row: PriceRow; readonly pool: number }[], gib: number): Cost {
  let low = Infinity;
  let high = 0;
  let mark: Mark = 'verified';
  for (const { row, pool } of rows) {
    const below = priceGib(row, pool);
    const with_ = priceGib(row, pool + gib);
    const alone = priceGib(row, gib);
    mark = weakest(mark, with_.mark, alone.mark);
    if (below.usd === 'unpriced' || with_.usd === 'unpriced' || alone.usd === 'unpriced')
      return { usd: 'unpriced', mark };
    low = Math.min(low, alone.usd.low, with_.usd.low - below.usd.low);
    high = Math.max(high, alone.usd.high, with_.usd.high - below.usd.high);
  }
  return { usd: { low: Math.max(0, low), high }, mark };
}

function describe(row: PriceRow): string {
  const { low, high }: UsdRange = firstRate(row);
  if (high === 0) return `free ${row.what}`;
  const tiers = row.tiers.filter((tier) => tier.high !== 0).length > 1 ? ' and less with volume' : '';
  return `${low === high ? low : `${low} to ${high}`} USD/GiB${tiers} ${row.what}`;
}

function doubtOf(row: PriceRow): string {
  return row.note ?? `the price ${row.what} is doubtful`;
}
