import { PermanentError } from './errors.ts';

/** The written form of a duration: a whole number directly followed by its unit. */
export const durationPattern = /^(0|[1-9][0-9]{0,5})(s|m|h|d)$/;

/** The written form of a data rate: a plain decimal number directly followed by its unit. */
export const ratePattern = /^((?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,6})?)(B|KiB|MiB|GiB)\/s$/;

/** What a duration has to look like, for messages. */
export const durationFormat = 'a whole number with its unit s, m, h or d, such as 90s, 60m, 12h or 7d';

/** What a data rate has to look like, for messages. */
export const rateFormat = 'a number with its unit B/s, KiB/s, MiB/s or GiB/s, such as 20KiB/s or 1.5MiB/s';

const millisecondsPer = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

const bytesPer = new Map([
  ['B', 1],
  ['KiB', 2 ** 10],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
]);

/**
 * Milliseconds of a written duration such as `60m`; a day is 24 hours.
 * @throws PermanentError when the text has any other form. A number without unit is not guessed at.
 */
export function parseDurationMs(text: string): number {
  return readQuantity(
    text,
    durationPattern,
    millisecondsPer,
    `Cannot read the duration "${text}": expected ${durationFormat}`,
  );
}

/**
 * Bytes per second of a written data rate such as `20KiB/s`; units are powers of 1024, whole or not.
 * @throws PermanentError when the text has any other form, decimal units such as KB/s among them.
 */
export function parseBytesPerSecond(text: string): number {
  return readQuantity(
    text,
    ratePattern,
    bytesPer,
    `Cannot read the data rate "${text}": expected ${rateFormat}`,
  );
}

/** Clocks of instances and of Google differ by no more than this. */
const CLOCK_SKEW_MS = 5 * 60_000;

/**
 * Whether a stored moment lies ahead of the clock, in milliseconds since the epoch: then it was written by a clock that was wrong, or
 * by hand, and is not to keep out what comes until then.
 */
export function isAhead(ms: number, nowMs: number): boolean {
  return ms > nowMs + CLOCK_SKEW_MS;
}

function readQuantity(
  text: string,
  form: RegExp,
  factors: ReadonlyMap<string, number>,
  complaint: string,
): number {
  const [, amount, unit = ''] = form.exec(text) ?? [];
  const factor = factors.get(unit);
  if (factor === undefined) throw new PermanentError(complaint);
  return Number(amount) * factor;
}

/** A lower and an upper bound, both possible; the same number twice where there is no doubt. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** A share of 1 for people, such as `12.5 %`, with no more decimals than it has or than `decimals`. */
export function percentText(share: number, decimals = 1): string {
  return `${Number((share * 100).toFixed(decimals))} %`;
}
