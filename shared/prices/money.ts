import { once } from '../once.ts';
import type { Range } from '../units.ts';

/** Bounds in USD. */
export type UsdRange = Range;

/** USD a month. What is unknown is `unpriced`, never zero. */
export type UsdPerMonth = UsdRange | 'unpriced';

export const NO_USD: UsdRange = { low: 0, high: 0 };

/** The sum of two ranges, bound by bound. */
export function addUsd(a: UsdRange, b: UsdRange): UsdRange {
  return { low: a.low + b.low, high: a.high + b.high };
}

/** A range times a factor that is not negative. */
export function scaleUsd(range: UsdRange, factor: number): UsdRange {
  return { low: range.low * factor, high: range.high * factor };
}

/** The sum of amounts; `unpriced` once one of them is. */
export function sumUsd(amounts: readonly UsdPerMonth[]): UsdPerMonth {
  let sum = NO_USD;
  for (const amount of amounts) {
    if (amount === 'unpriced') return 'unpriced';
    sum = addUsd(sum, amount);
  }
  return sum;
}

/** An amount to the cent. */
export function cents(usd: number): number {
  return Math.round(usd * 100) / 100;
}

const amounts = once(
  () => new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 }),
);

/** An amount for people, without its currency: `1,234.50`. */
export function formatAmount(amount: number): string {
  return amounts().format(amount);
}

/** A sum of prices, or `unpriced` when a part of it has no price. */
export type UsdPerHour = number | 'unpriced';

const dollars = once(() => new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' }));

const dollarsAndTinyParts = once(
  () => new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD', maximumFractionDigits: 4 }),
);

/** A price for people: `$3.67/h`; below one dollar up to four decimals, `$0.0475/h`; `unpriced` stays as it is. */
export function formatUsdPerHour(price: UsdPerHour): string {
  if (price === 'unpriced') return price;
  if (price > 0 && price < 0.0001) return '<$0.0001/h';
  return `${(price < 1 ? dollarsAndTinyParts : dollars)().format(price)}/h`;
}
