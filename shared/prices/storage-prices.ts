import * as z from 'zod/mini';
import { weakest, type Mark } from './mark.ts';
import bookJson from './storage-prices.json' with { type: 'json' };

const positive = z.number().check(z.positive());
const provenance = {
  source: z.string(),
  mark: z.enum(['verified', 'computed', 'third-party', 'memory']),
  note: z.optional(z.string()),
};

const bookSchema = z.strictObject({
  asOf: z.iso.date(),
  currency: z.literal('USD'),
  priceKind: z.string(),
  hoursPerMonth: positive,
  sources: z.record(z.string(), z.string()),
  atRest: z.array(
    z.strictObject({
      location: z.string(),
      storageClass: z.string(),
      usdPerGibMonth: positive,
      ...provenance,
    }),
  ),
  classAOperations: z.array(
    z.strictObject({
      locationType: z.string(),
      storageClass: z.string(),
      usdPerThousand: positive,
      ...provenance,
    }),
  ),
  minimumDays: z.array(z.strictObject({ storageClass: z.string(), days: positive, ...provenance })),
});

/** List prices of Cloud Storage in USD, each row with its source. What no source gave is absent, and then unpriced. */
export const STORAGE_PRICES = bookSchema.parse(bookJson);

export interface Price {
  readonly usd: number;
  readonly mark: Mark;
}

/** Where a bucket is, as far as prices depend on it. */
export interface Place {
  readonly location: string;
  readonly locationType: string;
}

/** USD for one GiB at rest over a month of 730 hours; undefined when the book has no price. */
export function atRestPrice({ location }: Place, storageClass: string): Price | undefined {
  const name = pricedAs(storageClass);
  const row = STORAGE_PRICES.atRest.find((one) => one.location === location && one.storageClass === name);
  return row && { usd: row.usdPerGibMonth, mark: row.mark };
}

/**
 * USD for moving one object by a lifecycle rule: one Class A operation of the class that it moves to, without retrieval or
 * early-deletion fee.
 */
export function movePrice({ locationType }: Place, to: string): Price | undefined {
  const row = STORAGE_PRICES.classAOperations.find(
    (one) => one.locationType === locationType && one.storageClass === pricedAs(to),
  );
  return row && { usd: row.usdPerThousand / 1_000, mark: row.mark };
}

/** Days from its creation for which an object of this class is billed at least. */
export function minimumDays(storageClass: string): number {
  return STORAGE_PRICES.minimumDays.find((one) => one.storageClass === storageClass)?.days ?? 0;
}

/** The old names are billed as STANDARD of the bucket's location; the price of reduced availability is not known. */
function pricedAs(storageClass: string): string {
  return storageClass === 'MULTI_REGIONAL' || storageClass === 'REGIONAL' ? 'STANDARD' : storageClass;
}

/** A sum of money that has no value any more once one of its parts has no price. */
export interface Sum {
  readonly usd: number | undefined;
  readonly mark: Mark;
}

export const NOTHING: Sum = { usd: 0, mark: 'verified' };

/** `amount` times `price` more; an amount of 0 needs no price. */
export function plus(sum: Sum, amount: number, price: Price | undefined): Sum {
  if (amount === 0) return sum;
  if (price === undefined || sum.usd === undefined) return { usd: undefined, mark: sum.mark };
  return { usd: sum.usd + amount * price.usd, mark: weakest(sum.mark, price.mark) };
}
