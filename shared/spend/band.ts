import * as z from 'zod/mini';

/** An amount or a rate that is not known for sure, in USD: at the least, most likely, at the most. */
export interface Band {
  readonly low: number;
  readonly expected: number;
  readonly high: number;
}

/** A band of an amount to which something may have been added that neither a look nor a report has seen: `high` then is null, for no point bounds it. */
export interface OpenBand extends Omit<Band, 'high'> {
  readonly high: number | null;
}

export const bandSchema = z.object({ low: z.number(), expected: z.number(), high: z.number() });

export const NO_BAND: Band = { low: 0, expected: 0, high: 0 };

export function addBands(a: Band, b: Band): Band {
  return { low: a.low + b.low, expected: a.expected + b.expected, high: a.high + b.high };
}

/** A band times a factor that is not negative. */
export function scaleBand({ low, expected, high }: Band, factor: number): Band {
  return { low: low * factor, expected: expected * factor, high: high * factor };
}

export function sumBands(bands: readonly Band[]): Band {
  return bands.reduce(addBands, NO_BAND);
}

/** Nothing that is expected of what not all was seen of is not nothing. */
export function isSpentKnown({ expected, high }: OpenBand): boolean {
  return expected > 0 || high !== null;
}
