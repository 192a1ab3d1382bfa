import { lazyBook, type Figure } from './book.ts';
import { weakest } from './mark.ts';
import type { PriceRow } from './network-prices.ts';
import networkJson from './books/network-prices.json' with { type: 'json' };
import { priceOf, sumPrices, timesPrice, unpriced, type Price } from './price.ts';

const network = lazyBook(networkJson);

/** To where on the internet: Google's price list has one list for Australia, one for China and one for the rest. */
export type Destination = 'worldwide' | 'australia' | 'china';

/** Tiers of a month: up to so many GiB. */
const TIERS = [
  { name: '0-1', uptoGib: 1_024 },
  { name: '1-10', uptoGib: 10_240 },
  { name: '10n', uptoGib: Infinity },
] as const;

/** What so many GiB to the internet cost in a month, Premium tier, from the first byte of the month on. */
export function internetPrice(gib: number, region: string, to: Destination = 'worldwide'): Price {
  let from = 0;
  const parts: Price[] = [];
  for (const { name, uptoGib } of TIERS) {
    const inTier = Math.min(gib, uptoGib) - from;
    if (inTier <= 0 && parts.length > 0) break;
    const figure = network().find('on-demand', `internet-egress-${to}.${name}`, region);
    if (figure === undefined) return unpriced(`no price for internet egress from ${region}`);
    parts.push(timesPrice(priceOf(figure), Math.max(0, inTier)));
    from = uptoGib;
  }
  const [first, ...rest] = parts;
  return first === undefined ? unpriced('no tier') : sumPrices([first, ...rest]);
}

/** An external IPv4 address in use, an hour. */
export function addressPrice(region: string): Price {
  const figure =
    network().find('on-demand', 'external-ip-in-use', region) ??
    // It has the same price in every region of the list.
    network().find('on-demand', 'external-ip-in-use', 'us-central1');
  return figure === undefined ? unpriced(`no price for an address in ${region}`) : priceOf(figure);
}

/** The day of most of its prices. */
export const networkRatesDate = (): string => network().asOf;

/** Where each tier of the book begins, in GiB a month. */
const ROW_TIERS = [
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
  const tiers = ROW_TIERS.map(({ name, fromGib }) =>
    tierOf(`internet-egress-${to}.${name}`, region, fromGib),
  );
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
