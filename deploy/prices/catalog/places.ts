import { allRegions } from '../../../shared/prices/machine-catalog.ts';
import type { Match } from './match-sku.ts';
import type { Sku } from './read-skus.ts';

/** Predefined dual-regions, under the name that a SKU has for its place. */
const DUAL = ['nam4', 'eur4', 'asia1'];

/** Multi-regions as a SKU spells them, as Cloud Storage does, and as the book of snapshots does. */
const MULTI: Readonly<Record<string, { readonly storage: string; readonly disk: string }>> = {
  us: { storage: 'us', disk: 'us-multi' },
  europe: { storage: 'eu', disk: 'europe-multi' },
  asia: { storage: 'asia', disk: 'asia-multi' },
};

/** Where a SKU's price holds, in the words of the books. */
export function placesOf({ serviceRegions, description }: Sku, { book, name }: Match): readonly string[] {
  const regions = serviceRegions.includes('global') ? allRegions() : serviceRegions;
  if (book === 'storage-prices') {
    const everywhere = serviceRegions.includes('global') && name.endsWith('.retrieval');
    if (everywhere) return [...regions, ...DUAL, ...Object.values(MULTI).map(({ storage }) => storage)];
    // Of a pair of regions that a user chose, the price is that of its two regions.
    if (/dual-region/i.test(description)) return regions.filter((region) => DUAL.includes(region));
    if (/multi-region/i.test(description)) return regions.flatMap((region) => MULTI[region]?.storage ?? []);
    return regions.filter((region) => MULTI[region] === undefined && !DUAL.includes(region));
  }
  if (book === 'disk-prices') return regions.map((region) => MULTI[region]?.disk ?? region);
  return regions;
}
