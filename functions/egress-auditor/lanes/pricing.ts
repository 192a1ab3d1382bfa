import { type Mark, weakest } from '../../../shared/prices/mark.ts';
import type { Known, Part } from '../report/report.ts';
import { addUsd, NO_USD, scaleUsd, type UsdPerMonth, type UsdRange } from '../../../shared/prices/money.ts';
import { firstRate, priceGib, priceRow, type PriceRow } from '../../../shared/prices/network-prices.ts';
import { sum } from '../traffic/facts.ts';
import type { RawLane } from './lane.ts';
import { GIB } from '../../../shared/prices/quantities.ts';

export interface PricedLane extends RawLane {
  readonly bytes: number;
  readonly monthlyBytes: number;
  readonly usdPerMonth: UsdPerMonth;
  readonly mark: Mark | null;
  readonly pricing: string;
  readonly bounds: string | null;
  readonly known: Known;
  /** The cost where the readers that were found are the ones; within `usdPerMonth`. */
  readonly likelyUsdPerMonth: UsdPerMonth;
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
      for (const pool of new Set([only.pool, only.widerPool ?? only.pool]))
        pools.set(pool, (pools.get(pool) ?? 0) + gibOf(lane));
  }
  return lanes.map((lane): PricedLane => {
    const bytes = sum(lane.steps);
    const gib = gibOf(lane);
    const rows = lane.price.rows.map(({ row, pool, widerPool = pool }) => ({
      row: priceRow(row),
      pool: pools.get(pool) ?? 0,
      widerPool: pools.get(widerPool) ?? 0,
    }));
    const monthlyBytes = bytes * monthFactor;
    const base = { ...lane, bytes, monthlyBytes };
    const [only, ...others] = rows;
    if (only === undefined)
      return {
        ...base,
        usdPerMonth: 'unpriced',
        ...unknownCost(monthlyBytes),
        mark: null,
        pricing: 'no source has a price',
        bounds: lane.price.doubt ?? null,
      };
    const { usd, mark } = others.length === 0 ? shareOfPools(only, gib) : boundsOf(rows, gib);
    if (usd === 'unpriced')
      return {
        ...base,
        usdPerMonth: usd,
        ...unknownCost(monthlyBytes),
        mark: null,
        pricing: 'beyond the tiers that have a list price',
        bounds: lane.price.doubt ?? null,
      };
    return {
      ...base,
      usdPerMonth: usd,
      ...howFarKnown(base, rows, usd, monthFactor),
      mark,
      pricing: rows.map(({ row }) => describe(row)).join(', or '),
      bounds: usd.low === usd.high ? null : (lane.price.doubt ?? doubtOf(only)),
    };
  });
}

interface Cost {
  readonly usd: UsdPerMonth;
  readonly mark: Mark;
}

const NO_PART: Part = { monthlyBytes: 0, usdPerMonth: NO_USD };

type KnownCost = Pick<PricedLane, 'known' | 'likelyUsdPerMonth'>;

function unknownCost(monthlyBytes: number): KnownCost {
  const unknown: Part = { monthlyBytes, usdPerMonth: 'unpriced' };
  return { known: { certain: NO_PART, likely: NO_PART, unknown }, likelyUsdPerMonth: 'unpriced' };
}

/** Splits a lane into what is certain, what fits readers that were found, and what is left between the bounds. */
function howFarKnown(
  { likely, monthlyBytes }: RawLane & { readonly monthlyBytes: number },
  rows: readonly Possible[],
  usd: UsdRange,
  monthFactor: number,
): KnownCost {
  if (usd.low === usd.high) {
    const certain: Part = { monthlyBytes, usdPerMonth: usd };
    return { known: { certain, likely: NO_PART, unknown: NO_PART }, likelyUsdPerMonth: usd };
  }
  const likelyBytes = Math.min(monthlyBytes, sum(likely.map(({ bytes }) => bytes)) * monthFactor);
  const likelyUsd = likely
    .map(({ rows: own, bytes }) => scaleUsd(betweenRates(own), (bytes * monthFactor) / GIB))
    .reduce(addUsd, NO_USD);
  const restBytes = monthlyBytes - likelyBytes;
  const rest = likelyBytes === 0 ? usd : boundsOf(rows, restBytes / GIB).usd;
  const known = {
    certain: NO_PART,
    likely: { monthlyBytes: likelyBytes, usdPerMonth: likelyUsd },
    unknown: { monthlyBytes: restBytes, usdPerMonth: rest },
  };
  if (rest === 'unpriced') return { known, likelyUsdPerMonth: usd };
  const within = (value: number): number => Math.min(usd.high, Math.max(usd.low, value));
  const together = addUsd(likelyUsd, rest);
  return { known, likelyUsdPerMonth: { low: within(together.low), high: within(together.high) } };
}

/** The least and the most of the rows between which it is not known. */
function betweenRates(rows: readonly string[]): UsdRange {
  const rates = rows.map((row) => firstRate(priceRow(row)));
  return { low: Math.min(...rates.map(({ low }) => low)), high: Math.max(...rates.map(({ high }) => high)) };
}

interface Possible {
  readonly row: PriceRow;
  /** GiB a month that certainly share its tiers, and that may. */
  readonly pool: number;
  readonly widerPool: number;
}

/** Between what the lane costs where its own pool has the tiers, and where the wider one has. */
function shareOfPools({ row, pool, widerPool }: Possible, gib: number): Cost {
  const [own, wider] = [shareOf(row, gib, pool), shareOf(row, gib, widerPool)];
  if (own.usd === 'unpriced' || wider.usd === 'unpriced') return own;
  const usd = {
    low: Math.min(own.usd.low, wider.usd.low),
    high: Math.max(own.usd.high, wider.usd.high),
  };
  return { usd, mark: weakest(own.mark, wider.mark) };
}

/** The lane's part, by its bytes, of what its pool costs. */
function shareOf(row: PriceRow, gib: number, pool: number): Cost {
  const { usd, mark } = priceGib(row, pool);
  return { usd: usd === 'unpriced' ? usd : scaleUsd(usd, pool === 0 ? 0 : gib / pool), mark };
}

/** The least and the most that the possible rows allow, each alone or on top of its pool. */
function boundsOf(rows: readonly Possible[], gib: number): Cost {
  let low = Infinity;
  let high = 0;
  let mark: Mark = 'verified';
  for (const { row, pool, widerPool } of rows)
    for (const base of new Set([0, pool, widerPool])) {
      const [below, above] = [priceGib(row, base), priceGib(row, base + gib)];
      mark = weakest(mark, above.mark);
      if (below.usd === 'unpriced' || above.usd === 'unpriced') return { usd: 'unpriced', mark };
      low = Math.min(low, above.usd.low - below.usd.low);
      high = Math.max(high, above.usd.high - below.usd.high);
    }
  return { usd: { low: Math.max(0, low), high }, mark };
}

function describe(row: PriceRow): string {
  const { low, high }: UsdRange = firstRate(row);
  if (high === 0) return `free ${row.what}`;
  const tiers = row.tiers.filter((tier) => tier.high !== 0).length > 1 ? ' and less with volume' : '';
  return `${low === high ? low : `${low} to ${high}`} USD/GiB${tiers} ${row.what}`;
}

function doubtOf({ row, pool, widerPool }: Possible): string {
  if (row.note === undefined && widerPool > pool)
    return 'whether tiers count the traffic of all regions together is not known';
  return row.note ?? `the price ${row.what} is doubtful`;
}
