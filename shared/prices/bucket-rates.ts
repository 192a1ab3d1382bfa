import { lazyBook } from './book.ts';
import storageJson from './books/storage-prices.json' with { type: 'json' };
import { priceOf, unpriced, type Price } from './price.ts';

const storage = lazyBook(storageJson);

/** Storage classes that have prices. */
export const storageClasses = ['STANDARD', 'NEARLINE', 'COLDLINE', 'ARCHIVE'] as const;

export type StorageClass = (typeof storageClasses)[number];

/** A GiB and month at rest in a location of Cloud Storage: `us-central1`, `US`, `NAM4`, in any case. */
export function storedPrice(storageClass: StorageClass, location: string): Price {
  const figure = storage().find('on-demand', storageClass, location.toLowerCase());
  return figure === undefined ? unpriced(`no price for ${storageClass} in ${location}`) : priceOf(figure);
}

/** A GiB read from a class that bills retrieval; undefined where the class does not. */
export function retrievalPrice(storageClass: StorageClass, location: string): Price | undefined {
  const figure = storage().find('on-demand', `${storageClass}.retrieval`, location.toLowerCase());
  return figure === undefined ? undefined : priceOf(figure);
}

/** The day of most of its prices. */
export const bucketRatesDate = (): string => storage().asOf;
