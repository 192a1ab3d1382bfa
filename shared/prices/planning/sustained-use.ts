import { HOURS_PER_MONTH } from '../quantities.ts';

/**
 * What each quarter of a month costs of the list price: n1 and the GPUs attached to it end at 30 % off, n2, n2d and c2
 * at 20 %. https://cloud.google.com/compute/docs/sustained-use-discounts; rates as in infracost
 */
const QUARTERS: Readonly<Record<string, readonly number[]>> = {
  n1: [1, 0.8, 0.6, 0.4],
  n2: [1, 0.8678, 0.733, 0.6],
  n2d: [1, 0.8678, 0.733, 0.6],
  c2: [1, 0.8678, 0.733, 0.6],
};

/** Share of the list price that is billed for so many hours of one month; 1 for families without. GPUs attached to n1 go with it. */
export function sustainedUseShare(family: string, hours: number): number {
  const quarters = QUARTERS[family];
  if (quarters === undefined || hours <= 0) return 1;
  const quarter = HOURS_PER_MONTH / 4;
  const inMonth = Math.min(hours, HOURS_PER_MONTH);
  const billed = quarters.reduce(
    (sum, share, at) => sum + share * Math.min(quarter, Math.max(0, inMonth - at * quarter)),
    0,
  );
  return billed / inMonth;
}

/** Share of the list price that an hour is billed with at the least: the last ones of a month that runs through. */
export function leastBilledShare(family: string): number {
  return QUARTERS[family]?.at(-1) ?? 1;
}
