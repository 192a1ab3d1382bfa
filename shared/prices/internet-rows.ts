import { lazyBook, type Figure } from './book.ts';
import networkJson from './books/network-prices.json' with { type: 'json' };
import { weakest } from './mark.ts';
import type { PriceRow } from './network-prices.ts';
import type { Destination } from './network-rates.ts';

const network = lazyBook(networkJson);

/** Where each tier of the book begins, in GiB a month. */
const TIERS = [
  { name: '0-1', fromGib: 0 },
  { name: '1-10', fromGib: 1_024 },
  { name: '10n', fromGib: 10_240 },
] as const;

const ID = /^premium-(worldwide|australia|china):(.+)$/;

const rows = new Map<string, PriceRow>();

export function internetRowId(region: string, to: Destination): string {
  return `premium-${to}:${region}`;
}

/**
 * The Premium tier's price list of one region by the id that `internetRowId` makes; undefined for another id. A region that the
 * book does not have lies between the lowest and the highest of all regions.
 */
export function findInternetRow(id: string): PriceRow | undefined {
  const [, to, region] = ID.exec(id) ?? [];
  if (to === undefined || region === undefined) return undefined;
  const known = rows.get(id);
  if (known !== undefined) return known;
  const tiers = TIERS.map(({ name, fromGib }) => tierOf(`internet-egress-${to}.${name}`, region, fromGib));
  const [first] = tiers;
  const row: PriceRow = {
    id,
    what: `Premium tier from ${region} to ${TEXTS[to] ?? to}`,
    // One GiB a month is free, from the regions of a billing account together.
    tiers:
      to === 'worldwide' && first !== undefined
        ? [{ ...first, low: 0, high: 0 }, { ...first, fromGib: 1 }, ...tiers.slice(1)]
        : tiers,
    source: 'catalog',
  };
  rows.set(id, row);
  return row;
}

const TEXTS: Readonly<Record<string, string>> = {
  worldwide: 'the world without China and Australia',
  australia: 'Australia',
  china: 'China, without Hong Kong',
};

function tierOf(name: string, region: string, fromGib: number): PriceRow['tiers'][number] {
  const book = network();
  const own = book.find('on-demand', name, region);
  const figures: readonly Figure[] =
    own === undefined
      ? book.placesOf('on-demand', name).flatMap((place) => book.find('on-demand', name, place) ?? [])
      : [own];
  return {
    fromGib,
    low: Math.min(...figures.map(({ low }) => low)),
    high: Math.max(...figures.map(({ high }) => high)),
    mark: own === undefined ? 'memory' : weakest(...figures.map(({ mark }) => mark)),
  };
}
