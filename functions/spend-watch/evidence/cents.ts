import type { Band } from '../../../shared/spend/band.ts';
import { cents } from '../../../shared/prices/money.ts';

/** A band to the cent. */
export function centsOf({ low, expected, high }: Band): Band {
  return { low: cents(low), expected: cents(expected), high: cents(high) };
}
