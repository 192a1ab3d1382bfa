import type { Band } from '../../../shared/spend/band.ts';

/** To the cent. */
export function cents(usd: number): number {
  return Math.round(usd * 100) / 100;
}

export function centsOf({ low, expected, high }: Band): Band {
  return { low: cents(low), expected: cents(expected), high: cents(high) };
}
