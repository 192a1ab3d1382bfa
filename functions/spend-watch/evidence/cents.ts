import type { Band, OpenBand } from '../../../shared/spend/band.ts';
import { cents } from '../../../shared/prices/money.ts';

/** A band to the cent. */
export function centsOf({ low, expected, high }: Band): Band {
  return { low: cents(low), expected: cents(expected), high: cents(high) };
}

/** The same of one that may have no upper point. */
export function openCentsOf({ low, expected, high }: OpenBand): OpenBand {
  return { low: cents(low), expected: cents(expected), high: high === null ? null : cents(high) };
}
