import { GIB } from '../../../shared/prices/quantities.ts';
import type { Usage } from '../../../shared/prices/book.ts';
import type { Cell } from '../pivot.ts';
import { matchSku, type Match, type RefreshedBook } from './match-sku.ts';
import { placesOf } from './places.ts';
import { tariffOf, type Sku, type Tariff } from './read-skus.ts';

/** Prices of the catalog by book, and what an operator has to look at before they are used. */
export interface FreshPrices {
  readonly cells: readonly FreshCell[];
  /** No cell is of a price that has one. */
  readonly problems: readonly string[];
}

export interface FreshCell extends Cell {
  readonly book: RefreshedBook;
  readonly usage: Usage;
}

export const keyOf = ({ book, usage, name, place }: Omit<FreshCell, 'usd'>): string =>
  `${book} ${usage} ${name} ${place}`;

interface Found {
  readonly cell: FreshCell;
  readonly sku: Sku;
}

/** The prices that SKUs give. Two SKUs of different prices for one thing are a problem, never a choice; so is a name unknown to us. */
export function freshPrices(skus: readonly Sku[]): FreshPrices {
  const found = new Map<string, Found>();
  const problems: string[] = [];
  const unknown = new Map<string, Sku[]>();
  const doubtful = new Set<string>();
  for (const sku of skus) {
    const match = matchSku(sku);
    if (match === undefined) continue;
    if ('unknown' in match) {
      unknown.set(match.unknown, [...(unknown.get(match.unknown) ?? []), sku]);
      continue;
    }
    const cells = cellsOf(sku, match);
    if (typeof cells === 'string') problems.push(`${sku.skuId} "${sku.description}" ${cells}`);
    else
      for (const cell of cells) {
        const key = keyOf(cell);
        const before = found.get(key);
        if (before === undefined) found.set(key, { cell, sku });
        else if (Number(before.cell.usd) !== Number(cell.usd)) {
          doubtful.add(key);
          problems.push(twoPrices(before, cell, sku));
        }
      }
  }
  const cells = [...found].filter(([key]) => !doubtful.has(key)).map(([, { cell }]) => cell);
  return { cells, problems: [...problems, ...[...unknown].map(unknownText)] };
}

const twoPrices = ({ cell: before, sku: first }: Found, cell: FreshCell, sku: Sku): string =>
  `${cell.usage} ${cell.name} in ${cell.place}: ${first.skuId} "${first.description}" says ${before.usd}, ${sku.skuId} "${sku.description}" ${cell.usd}`;

function unknownText([name, skus]: readonly [name: string, skus: readonly Sku[]]): string {
  const [first] = skus;
  return `${name}: no source says what machines it is of; ${skus.length} SKU(s) such as ${first?.skuId ?? ''} "${first?.description ?? ''}"`;
}

/** Units that are the expected one, and how many of it. */
const UNITS: Readonly<Record<Match['unit'], Readonly<Record<string, number>>>> = {
  h: { h: 1 },
  'GiBy.h': { 'GiBy.h': 1, 'GBy.h': 1e9 / GIB },
  'GiBy.mo': { 'GiBy.mo': 1, 'GBy.mo': 1e9 / GIB },
  GiBy: { GiBy: 1, GBy: 1e9 / GIB },
};

/** Where the tiers of the book begin, in GiB a month. */
const TIERS = [
  { tier: '0-1', gib: 0 },
  { tier: '1-10', gib: 1_024 },
  { tier: '10n', gib: 10_240 },
] as const;

/** The prices of a SKU, or why it has none. */
function cellsOf(sku: Sku, match: Match): readonly FreshCell[] | string {
  const tariff = tariffOf(sku);
  if (tariff === undefined) return 'has no price';
  const amount = UNITS[match.unit][tariff.unit];
  if (amount === undefined) return `is in ${tariff.unit}, expected ${match.unit}`;
  const { book, usage, per = 1 } = match;
  const prices = match.tiered === true ? tieredPrices(match.name, tariff) : onePrice(match.name, tariff);
  if (typeof prices === 'string') return prices;
  return placesOf(sku, match).flatMap((place) =>
    prices.map(({ name, usd }) => ({ book, usage, name, place, usd: digits(usd / amount / per) })),
  );
}

/** Without the dust of a division: prices have nine digits after the point. */
const digits = (usd: number): string => String(Number(usd.toFixed(12)));

interface NamedPrice {
  readonly name: string;
  readonly usd: number;
}

function onePrice(name: string, { tiers }: Tariff): readonly NamedPrice[] | string {
  const paid = [...new Set(tiers.map(({ usd }) => usd).filter((usd) => usd > 0))];
  const [usd, ...others] = paid;
  if (usd === undefined) return 'costs nothing, which no book holds';
  return others.length > 0 ? `has the prices ${paid.join(', ')} by amount, expected one` : [{ name, usd }];
}

/** Of each tier what holds from its beginning on; the first GiB is free with some. */
function tieredPrices(name: string, { tiers }: Tariff): readonly NamedPrice[] | string {
  const paid = tiers.filter(({ usd }) => usd > 0);
  const [first] = paid;
  if (first === undefined || first.from >= TIERS[1].gib) return 'has no price for the first TiB of a month';
  const beyond = paid.find(({ from }) => from > first.from && !TIERS.some(({ gib }) => gib === from));
  if (beyond !== undefined && beyond.from < TIERS[2].gib)
    return `has a tier from ${beyond.from} GiB on, which no book holds`;
  return TIERS.map(({ tier, gib }) => ({
    name: `${name}.${tier}`,
    usd: (paid.findLast(({ from }) => from <= gib) ?? first).usd,
  }));
}
