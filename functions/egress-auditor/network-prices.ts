import * as z from 'zod/mini';
import { weakest, type Mark } from '../../shared/price-book.ts';
import bookJson from './network-prices.json' with { type: 'json' };
import type { UsdPerMonth, UsdRange, UsedPrice } from './report/report.ts';

const mark = z.enum(['verified', 'computed', 'third-party', 'memory']);
const usd = z.number().check(z.nonnegative());
const provenance = { source: z.string(), note: z.optional(z.string()) };
const perGibMonth = z.strictObject({ low: usd, high: usd, mark, ...provenance });

const tierSchema = z.strictObject({
  fromGib: usd,
  /** Null: from here on the price is to be asked for. */
  low: z.nullable(usd),
  high: z.nullable(usd),
  mark,
});

const bookSchema = z.strictObject({
  asOf: z.iso.date(),
  currency: z.literal('USD'),
  sources: z.record(z.string(), z.string()),
  rows: z.array(
    z.strictObject({ id: z.string(), what: z.string(), tiers: z.array(tierSchema), ...provenance }),
  ),
  storagePerGibMonth: z.strictObject({ copy: perGibMonth, dualRegionExtra: perGibMonth }),
});

/**
 * List prices of network traffic in USD per GiB, dated, each row with its source and each tier with its mark. Doubtful and
 * contradictory ones are intervals.
 */
export const NETWORK_PRICES = bookSchema.parse(bookJson);

export type PriceRow = (typeof NETWORK_PRICES.rows)[number];

const rowsById = new Map(NETWORK_PRICES.rows.map((row) => [row.id, row]));

/** A row of the book; the ids in code are its own. */
export function priceRow(id: string): PriceRow {
  const row = rowsById.get(id);
  if (row === undefined) throw new Error(`Cannot find the price "${id}": the book has no such row`);
  return row;
}

export interface Priced {
  readonly usd: UsdPerMonth;
  readonly mark: Mark;
}

const FREE: UsdRange = { low: 0, high: 0 };

/** What a month's GiB cost by a row's tiers, from nothing on. */
export function priceGib(row: PriceRow, gib: number): Priced {
  let sum = FREE;
  let worst: Mark = 'verified';
  for (const [index, tier] of row.tiers.entries()) {
    const inTier = Math.min(gib, row.tiers[index + 1]?.fromGib ?? Infinity) - tier.fromGib;
    if (inTier <= 0 && index > 0) break;
    worst = weakest(worst, tier.mark);
    if (tier.low === null || tier.high === null) return { usd: 'unpriced', mark: worst };
    sum = addUsd(sum, { low: inTier * tier.low, high: inTier * tier.high });
  }
  return { usd: sum, mark: worst };
}

/** A row's price of one GiB where it has one tier; of the first tier that is not free where it has more. */
export function firstRate(row: PriceRow): UsdRange {
  for (const { low, high } of row.tiers)
    if (low !== null && high !== null && (high > 0 || row.tiers.length === 1)) return { low, high };
  return FREE;
}

/** For the report: the row with all its tiers in words. */
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

export function addUsd(a: UsdRange, b: UsdRange): UsdRange {
  return { low: a.low + b.low, high: a.high + b.high };
}

export function scaleUsd(range: UsdRange, factor: number): UsdRange {
  return { low: range.low * factor, high: range.high * factor };
}
