import { percentText } from '../../shared/units.ts';
import { bookSchema, readBook } from '../../shared/prices/book.ts';
import { catalogSchema } from '../../shared/prices/machine-catalog.ts';

/** Below the least Spot price that Google gives ("discounts of up to 91 %"), and above what is on demand. */
const SPOT_SHARES = { least: 0.0895, most: 1 };

/** Of local SSDs of c4d Google's own list has Spot above on demand in some regions; no machine's sum is. */
const NO_SPOT_CHECK = new Set(['disk-prices']);

/** What is wrong with books by their file names, one line each: books that are written have no problem. */
export function checkBooks(books: Readonly<Record<string, object>>): readonly string[] {
  const sizes = Object.values(books).reduce((sum, book) => sum + JSON.stringify(book).length, 0);
  return [
    ...(sizes > 300 * 1024 ? [`all books: ${Math.round(sizes / 1024)} KiB, at most 300`] : []),
    ...Object.entries(books).flatMap(([name, book]) =>
      name === 'machine-types' ? checkCatalog(book) : 'parts' in book ? checkBook(name, book) : [],
    ),
  ];
}

function checkCatalog(file: object): readonly string[] {
  const { types, regionSets } = catalogSchema.parse(file);
  return types.flatMap((row) => {
    const [name = '', vcpus, memoryGib, set = ''] = row.split(',');
    const regions = regionSets[set]?.split(' ') ?? [];
    return Number(vcpus) > 0 && Number(memoryGib) > 0 && regions.length > 0
      ? []
      : [`machine-types: ${name} has no vCPUs, memory or regions`];
  });
}

function checkBook(name: string, file: object): readonly string[] {
  const parsed = bookSchema.safeParse({ unit: '', what: '', ...pick(file) });
  if (!parsed.success) return [`${name}: ${parsed.error.message}`];
  if (NO_SPOT_CHECK.has(name)) return [];
  const book = readBook(parsed.data);
  return book.names('spot').flatMap((row) =>
    book.placesOf('spot', row).flatMap((place) => {
      const [spot, onDemand] = [book.find('spot', row, place), book.find('on-demand', row, place)];
      if (spot === undefined || onDemand === undefined) return [];
      const share = spot.low / onDemand.high;
      return share >= SPOT_SHARES.least && share <= SPOT_SHARES.most
        ? []
        : [`${name}: Spot of ${row} in ${place} is ${percentText(share)} of on demand`];
    }),
  );
}

const pick = (file: object): object =>
  Object.fromEntries(Object.entries(file).filter(([key]) => ['what', 'unit', 'parts'].includes(key)));
