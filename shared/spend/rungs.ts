import type { Estimate } from './estimate.ts';
import { FACTOR_BOUNDS } from './fit.ts';
import type { Running } from './ledger.ts';

/** What the watch compares with a budget's ladder. */
export interface RungReach {
  /** At or above the rung, expected: enough to tell people. */
  readonly notify: boolean;
  /** Sure enough to stop. Never to unlink billing: only reported cost is. */
  readonly stop: boolean;
  /** In words, with the numbers. */
  readonly why: string;
}

const HOUR_MS = 3_600_000;
const CENT = 0.01;

/** Two looks that are further apart do not follow each other, and an older one says nothing about now. Looks come every five minutes. */
export const LOOK_AGE_MS = 16 * 60_000;

/** Expected is good for a stop where it is known to within this share of the rung. */
const NARROW = 0.05;

/** Rates of a machine, or chip, above this are a price gone wrong: the most expensive one costs about 125 USD an hour. */
const MAX_MACHINE_RATE = 5_000;

/** What one machine of a resource costs an hour at the most, USD. */
export function machineRate({ rate, machines = 1 }: Pick<Running, 'rate' | 'machines'>): number {
  return rate.high / Math.max(1, machines);
}

/** What is remembered of the look before. USD, and USD an hour. */
export interface EarlierEstimate extends Pick<Estimate, 'atMs' | 'firm'> {
  readonly periodStartMs: number;
  readonly low: number;
  readonly reported: number;
  readonly burnHigh: number;
}

export function earlierOf({ atMs, firm, spend, burn, reading }: Estimate): EarlierEstimate {
  const { periodStartMs, reported } = reading;
  const known = { periodStartMs, reported: reported?.cost ?? 0 };
  return { ...known, atMs, firm, low: spend.low, burnHigh: burn.high };
}

/**
 * Whether an estimate reaches a rung of so many USD. Notify on expected; stop when `low` is there and what ran since the look before
 * explains how it got there, or when expected, less what the fit may be wrong by, is there in two looks running. Nothing is stopped
 * on the stated defaults. Pure.
 */
export function reachOf(rungUsd: number, now: Estimate, before: EarlierEstimate | undefined): RungReach {
  const { low, expected, high } = now.spend;
  const { settled, points } = now.reading.fit;
  const numbers = `estimated $${low.toFixed(2)} to $${high.toFixed(2)}, expected $${expected.toFixed(2)}; the rung is at $${rungUsd.toFixed(2)}`;
  const notify = expected >= rungUsd;
  const reach = (stop: boolean, why: string): RungReach => ({ notify, stop, why: `${why}: ${numbers}` });
  if (!settled) return reach(false, `compared with ${points} reports, and a stop takes three`);
  if (!follows(now, before)) return reach(false, 'a stop takes a second look');
  if (low >= rungUsd)
    return before.low >= rungUsd || isExplained(now, before)
      ? reach(true, 'at the least it is spent')
      : reach(false, `since the look before it grew from $${before.low.toFixed(2)}, by more than what runs`);
  const narrow = expected - low <= NARROW * rungUsd;
  return narrow && now.firm >= rungUsd && before.firm >= rungUsd
    ? reach(true, 'expected in two looks running')
    : reach(false, 'not sure enough for a stop');
}

/** Whether the look before is the one that this one follows, in the same period. */
function follows(now: Estimate, before: EarlierEstimate | undefined): before is EarlierEstimate {
  return (
    before !== undefined &&
    before.periodStartMs === now.reading.periodStartMs &&
    now.atMs > before.atMs &&
    now.atMs - before.atMs <= LOOK_AGE_MS
  );
}

/** Whether `low` grew by no more than what ran in between and what was reported: a ledger that was changed by hand jumps. */
function isExplained({ atMs, spend, burn, reading }: Estimate, before: EarlierEstimate): boolean {
  const hours = (atMs - before.atMs) / HOUR_MS;
  const reported = Math.max(0, (reading.reported?.cost ?? 0) - before.reported);
  return spend.low - before.low <= reported + Math.max(burn.high, before.burnHigh) * hours + CENT;
}

/** Why a rate, USD an hour, is that of no machine. Undefined where it may be one's. */
export function whyNoMachine(usdPerHour: number): string | undefined {
  return usdPerHour > MAX_MACHINE_RATE
    ? `would cost $${usdPerHour.toFixed(2)} an hour for one machine, more than the ${MAX_MACHINE_RATE} that any does`
    : undefined;
}

/** Why nothing may be done on this estimate; undefined when it holds water. `highestRate` is that of one machine. */
export function estimateBlocker(
  now: Estimate,
  highestRate: { readonly resource: string; readonly usdPerHour: number },
): string | undefined {
  const { low, expected, high } = now.spend;
  if (![low, expected, high].every(Number.isFinite) || low > expected || expected > high)
    return `its numbers contradict each other: low ${low}, expected ${expected}, high ${high}`;
  const noMachine = whyNoMachine(highestRate.usdPerHour);
  if (noMachine !== undefined) return `"${highestRate.resource}" ${noMachine}`;
  const { determined, factor } = now.reading.fit;
  const [least, most] = FACTOR_BOUNDS;
  if (determined && (factor < least || factor > most))
    return `reported cost is ${factor.toFixed(2)} times what accrued at list prices, outside ${least} to ${most}: prices, credits or currency are not understood`;
  return undefined;
}
