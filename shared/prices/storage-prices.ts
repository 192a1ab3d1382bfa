import * as z from 'zod/mini';
import { retrievalPrice, storageClasses, storedPrice, type StorageClass } from './bucket-rates.ts';
import { DUAL_REGIONS } from './dual-regions.ts';
import { mark, weakest, type Mark } from './mark.ts';
import { isPriced } from './price.ts';
import bookJson from './storage-prices.json' with { type: 'json' };

const positive = z.number().check(z.positive());
const provenance = { source: z.string(), mark, note: z.optional(z.string()) };

const bookSchema = z.strictObject({
  asOf: z.iso.date(),
  currency: z.literal('USD'),
  priceKind: z.string(),
  sources: z.record(z.string(), z.string()),
  classAOperations: z.array(
    z.strictObject({
      locationType: z.string(),
      storageClass: z.string(),
      usdPerThousand: positive,
      ...provenance,
    }),
  ),
  /** Reads of objects and of their metadata. */
  classBOperations: z.array(
    z.strictObject({ storageClass: z.string(), usdPerThousand: positive, ...provenance }),
  ),
  /** What operations cost more in a bucket with hierarchical namespace. */
  hierarchicalOperations: z.strictObject({ factor: positive, ...provenance }),
  minimumDays: z.array(z.strictObject({ storageClass: z.string(), days: positive, ...provenance })),
  autoclassFee: z.strictObject({ usdPerThousandObjectsMonth: positive, ...provenance }),
  dualRegionFactor: z.strictObject({ factor: positive, decimals: positive, ...provenance }),
});

/** What Cloud Storage bills besides storage and retrieval, and how a dual-region is priced; the rest is in `books/`. */
export const STORAGE_PRICES = bookSchema.parse(bookJson);

export interface Price {
  readonly usd: number;
  readonly mark: Mark;
}

/** Where a bucket is, as far as prices depend on it. */
export interface Place {
  /** `US-CENTRAL1`, `EU`, `NAM4`, in any case. */
  readonly location: string;
  /** `region`, `dual-region` or `multi-region`. */
  readonly locationType: string;
  /** The two regions of a configurable dual-region, whose location is that of a multi-region. */
  readonly dataLocations?: readonly string[] | undefined;
  /** Its operations cost more. */
  readonly hierarchicalNamespace?: boolean;
}

const known = new Map<string, Price | undefined>();

/** USD for one GiB at rest over a month of 730 hours; undefined when the book has no price. */
export function atRestPrice(place: Place, storageClass: string): Price | undefined {
  const key = `${storageClass} ${place.location} ${place.locationType} ${place.dataLocations?.join() ?? ''}`;
  // Looked up for each version of each object, and there are as many answers as there are kinds of buckets.
  if (!known.has(key)) known.set(key, findAtRest(place, storageClass));
  return known.get(key);
}

function findAtRest({ location, locationType, dataLocations }: Place, name: string): Price | undefined {
  const storageClass = pricedAs(name);
  if (storageClass === undefined) return undefined;
  if (dataLocations !== undefined && dataLocations.length > 0) return dualPrice(dataLocations, storageClass);
  const stored = storedPrice(storageClass, location);
  const pair = DUAL_REGIONS[location.toUpperCase()];
  // A pair whose regions are not known is billed by them, never as the multi-region that has its name.
  if (locationType === 'dual-region' && pair === undefined) return undefined;
  if (isPriced(stored)) return { usd: stored.usd.high, mark: stored.mark };
  return pair === undefined ? undefined : dualPrice(pair, storageClass);
}

/** Both regions bill what they hold, each a tenth above its own price. */
function dualPrice(regions: readonly string[], storageClass: StorageClass): Price | undefined {
  const { factor, decimals, mark: own } = STORAGE_PRICES.dualRegionFactor;
  const prices = regions.map((region) => storedPrice(storageClass, region));
  let usd = 0;
  for (const price of prices) {
    if (!isPriced(price)) return undefined;
    const unit = 10 ** decimals;
    // Less a hair, so that 220.00000000000003 does not become 221.
    usd += Math.ceil(price.usd.high * factor * unit - 1e-6) / unit;
  }
  return { usd, mark: own };
}

/** USD for reading one GiB of a class; 0 where the class has no such fee, undefined when the book has no price. */
export function retrievalFee({ location, dataLocations }: Place, name: string): Price | undefined {
  const storageClass = pricedAs(name);
  if (storageClass === undefined) return undefined;
  if (storageClass === 'STANDARD') return { usd: 0, mark: 'verified' };
  const places = [location, ...(dataLocations ?? []), ...(DUAL_REGIONS[location.toUpperCase()] ?? [])];
  const prices = places.map((place) => retrievalPrice(storageClass, place));
  const price = prices.find((one) => one !== undefined);
  return price === undefined || !isPriced(price) ? undefined : { usd: price.usd.high, mark: price.mark };
}

/**
 * USD for moving one object by a lifecycle rule: one Class A operation of the class that it moves to, without retrieval or
 * early-deletion fee.
 */
export function movePrice(place: Place, to: string): Price | undefined {
  const row = STORAGE_PRICES.classAOperations.find(
    (one) => one.locationType === place.locationType && one.storageClass === pricedAs(to),
  );
  return row && operation(place, row);
}

/** USD for one request that reads an object of this class: one Class B operation; undefined when the book has no price. */
export function readRequestPrice(place: Place, storageClass: string): Price | undefined {
  const row = STORAGE_PRICES.classBOperations.find((one) => one.storageClass === pricedAs(storageClass));
  return row && operation(place, row);
}

function operation(
  { hierarchicalNamespace = false }: Place,
  { usdPerThousand, mark: own }: { readonly usdPerThousand: number; readonly mark: Mark },
): Price {
  const usd = usdPerThousand / 1_000;
  const { factor, mark: ofFactor } = STORAGE_PRICES.hierarchicalOperations;
  return hierarchicalNamespace ? { usd: usd * factor, mark: weakest(own, ofFactor) } : { usd, mark: own };
}

/** USD a month for Autoclass to look after one object of 128 KiB or more. */
export function autoclassFee(): Price {
  const { usdPerThousandObjectsMonth, mark: own } = STORAGE_PRICES.autoclassFee;
  return { usd: usdPerThousandObjectsMonth / 1_000, mark: own };
}

/** Days from its creation for which an object of this class is billed at least. */
export function minimumDays(storageClass: string): number {
  return STORAGE_PRICES.minimumDays.find((one) => one.storageClass === storageClass)?.days ?? 0;
}

/** The old names are billed as STANDARD of the bucket's location; the price of reduced availability is not known. */
function pricedAs(storageClass: string): StorageClass | undefined {
  const name = storageClass === 'MULTI_REGIONAL' || storageClass === 'REGIONAL' ? 'STANDARD' : storageClass;
  return storageClasses.find((one) => one === name);
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
