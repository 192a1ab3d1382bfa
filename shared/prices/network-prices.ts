import * as z from 'zod/mini';
import { weakest, type Mark } from './mark.ts';
import { findInternetRow } from './network-rates.ts';
import bookJson from './network-prices.json' with { type: 'json' };
import { addUsd, NO_USD, type UsdPerMonth, type UsdRange } from './money.ts';

const mark = z.enum(['verified', 'computed', 'third-party', 'memory']);
const usd = z.number().check(z.nonnegative());
const provenance = { source: z.string(), note: z.optional(z.string()) };

const tierSchema = z.strictObject({
  fromGib: usd,
  /** Null: from here on the price is negotiated. */
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
});

/**
 * List prices of network traffic in USD per GiB, dated, each row with its source and each tier with its mark. Doubtful and
 * contradictory ones are intervals.
 */
export const NETWORK_PRICES = bookSchema.parse(bookJson);

export type PriceRow = (typeof NETWORK_PRICES.rows)[number];

const rowsById = new Map(NETWORK_PRICES.rows.map((row) => [row.id, row]));

/** A row of the book, or a region's list of internet prices; the ids in code are their own. */
export function priceRow(id: string): PriceRow {
  const row = rowsById.get(id) ?? findInternetRow(id);
  if (row === undefined) throw new Error(`Cannot find the price "${id}": the book has no such row`);
  return row;
}

export interface Priced {
  readonly usd: UsdPerMonth;
  readonly mark: Mark;
}

/** What a month's GiB cost by a row's tiers, from nothing on. */
export function priceGib(row: PriceRow, gib: number): Priced {
  let sum = NO_USD;
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
  return NO_USD;
}
