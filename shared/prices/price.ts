import type { Figure } from './book.ts';
import { weakest, type Mark } from './mark.ts';
import { addUsd, scaleUsd, type UsdRange } from './money.ts';

/** A price with where it comes from; `low` and `high` differ where sources disagree or the figure is too old to be one. */
export interface Priced {
  readonly usd: UsdRange;
  readonly source: string;
  /** The day of the data, ISO 8601; the oldest of its parts. */
  readonly asOf: string;
  readonly mark: Mark;
  /** What the bounds come from, or what the figure was made of. */
  readonly note: string | undefined;
  /** What comes on top that no source has a price of, such as a fee: it costs this at the least. */
  readonly onTop?: string;
}

/** Nothing known has this price: why, and what it costs at the least where that can be said. Never zero. */
export interface Unpriced {
  readonly usd: 'unpriced';
  readonly why: string;
  readonly atLeastUsd: number | undefined;
}

export type Price = Priced | Unpriced;

export function isPriced(price: Price): price is Priced {
  return price.usd !== 'unpriced';
}

/** The middle of its bounds. */
export function middleUsd({ usd }: Priced): number {
  return (usd.low + usd.high) / 2;
}

/** A figure of a book as a price. */
export function priceOf({ low, high, source, asOf, mark, note }: Figure): Priced {
  return { usd: { low, high }, source, asOf, mark, note };
}

export function unpriced(why: string, atLeastUsd?: number): Unpriced {
  return { usd: 'unpriced', why, atLeastUsd };
}

/** A price times an amount that is not negative. */
export function timesPrice(price: Price, amount: number): Price {
  return isPriced(price)
    ? { ...price, usd: scaleUsd(price.usd, amount) }
    : { ...price, atLeastUsd: price.atLeastUsd === undefined ? undefined : price.atLeastUsd * amount };
}

/** What costs at the least the one and at the most the other. */
export function priceBetween(least: Price, most: Price): Price {
  return isPriced(least) && isPriced(most)
    ? { ...least, usd: { low: least.usd.low, high: most.usd.high } }
    : least;
}

/** The sum: of its parts' weakest mark and oldest day; `unpriced` once one part is, and then at least what the others cost. */
export function sumPrices(prices: readonly [Price, ...Price[]]): Price {
  const [first, ...rest] = prices;
  return rest.reduce<Price>(plusPrice, first);
}

function plusPrice(a: Price, b: Price): Price {
  if (!isPriced(a) || !isPriced(b)) {
    const whys = [a, b].flatMap((price) => (isPriced(price) ? [] : [price.why]));
    return unpriced([...new Set(whys)].join('; '), atLeast(a) + atLeast(b) || undefined);
  }
  return {
    usd: addUsd(a.usd, b.usd),
    source: joined(a.source, b.source) ?? '',
    asOf: a.asOf < b.asOf ? a.asOf : b.asOf,
    mark: weakest(a.mark, b.mark),
    note: joined(a.note, b.note),
    ...withOnTop(joined(a.onTop, b.onTop)),
  };
}

function withOnTop(onTop: string | undefined): Pick<Priced, 'onTop'> {
  return onTop === undefined ? {} : { onTop };
}

/** A price beside which something is billed that no source has a price of. */
export function withUnpricedOnTop(price: Price, what: string): Price {
  return isPriced(price) ? { ...price, onTop: what } : price;
}

function joined(one: string | undefined, other: string | undefined): string | undefined {
  if (one === other || other === undefined || other === '') return one;
  if (one === undefined || one === '') return other;
  return one.includes(other) ? one : `${one}; ${other}`;
}

/** What it costs at the least; 0 where nothing can be said. */
export function atLeast(price: Price): number {
  return isPriced(price) ? price.usd.low : (price.atLeastUsd ?? 0);
}
