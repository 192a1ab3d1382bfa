import type { Estimate } from './estimate.ts';

/** What the watch compares with a budget's ladder. */
export interface RungReach {
  /** At or above the rung, expected: enough to tell people. */
  readonly notify: boolean;
  /** Sure enough to stop. Never to unlink billing: only reported cost is. */
  readonly stop: boolean;
  /** In words, with the numbers. */
  readonly why: string;
}

/** Two looks that are further apart do not follow each other. */
const RUNNING_MS = 16 * 60_000;

/** Expected is good for a stop where it is known to within this share of the rung. */
const NARROW = 0.05;

/** Rates above this are a price gone wrong, not a machine: the most expensive one costs about 125 USD an hour. */
const MAX_RESOURCE_RATE = 5_000;

/** Between reported cost and list prices; outside of it prices or reports are not understood. */
const FACTOR_BOUNDS = [0.2, 1.3] as const;

/**
 * Whether an estimate reaches a rung of so many USD. Notify on expected; stop when `low` is there, or when expected, less
 * what the fit may be wrong by, is there in two looks running. Pure.
 */
export function reachOf(rungUsd: number, now: Estimate, before: Estimate | undefined): RungReach {
  const { low, expected, high } = now.spend;
  const numbers = `estimated $${low.toFixed(2)} to $${high.toFixed(2)}, expected $${expected.toFixed(2)}; the rung is at $${rungUsd.toFixed(2)}`;
  const notify = expected >= rungUsd;
  if (low >= rungUsd) return { notify: true, stop: true, why: `at the least it is spent: ${numbers}` };
  const follows =
    before !== undefined &&
    before.reading.periodStartMs === now.reading.periodStartMs &&
    now.atMs > before.atMs &&
    now.atMs - before.atMs <= RUNNING_MS;
  const narrow = expected - low <= NARROW * rungUsd;
  if (follows && narrow && now.reading.fit.settled && now.firm >= rungUsd && before.firm >= rungUsd)
    return { notify, stop: true, why: `expected in two looks running: ${numbers}` };
  return { notify, stop: false, why: numbers };
}

/** Why nothing may be done on this estimate; undefined when it holds water. */
export function estimateBlocker(
  now: Estimate,
  highestRate: { readonly resource: string; readonly usdPerHour: number },
): string | undefined {
  const { low, expected, high } = now.spend;
  if (![low, expected, high].every(Number.isFinite) || low > expected || expected > high)
    return `its numbers contradict each other: low ${low}, expected ${expected}, high ${high}`;
  if (highestRate.usdPerHour > MAX_RESOURCE_RATE)
    return `"${highestRate.resource}" would cost $${highestRate.usdPerHour.toFixed(2)} an hour, more than the ${MAX_RESOURCE_RATE} that anything does`;
  const { settled, factor } = now.reading.fit;
  const [least, most] = FACTOR_BOUNDS;
  if (settled && (factor < least || factor > most))
    return `reported cost is ${factor.toFixed(2)} times what accrued at list prices, outside ${least} to ${most}: prices, credits or currency are not understood`;
  return undefined;
}
