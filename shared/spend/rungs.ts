import type { Estimate } from './estimate.ts';
import { FACTOR_BOUNDS } from './fit.ts';
import type { Running } from './ledger.ts';
import { LOOK_AGE_MS } from './stale.ts';

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

/** A ledger grows by so many times what ran at the most: the switch may leave out a look in which something came and went. */
const LEAP = 2;
const MIN_JUMP_USD = 1;

/** Expected is good for a stop where it is known to within this share of the rung. */
const NARROW = 0.05;

/** Rates of a machine, or chip, above this are a price gone wrong: the most expensive one of the price books costs 134.76 USD an hour (m2-ultramem-416 in me-central2). */
const MAX_MACHINE_RATE = 5_000;

/** What one machine of a resource costs an hour at the most, USD. */
export function machineRate({ rate, machines = 1 }: Pick<Running, 'rate' | 'machines'>): number {
  return rate.high / Math.max(1, machines);
}

/** What is remembered of the look before. USD, and USD an hour. */
export interface EarlierEstimate extends Pick<Estimate, 'atMs' | 'firm'> {
  readonly periodStartMs: number;
  readonly burnHigh: number;
  /** As in `Estimate.counted`. */
  readonly countedUsd: Readonly<Record<string, number>>;
  readonly hiddenUsd: number;
  /** What the ledgers grew by at once in this period without anything that ran, at list prices: it counts once it is reported. */
  readonly unexplainedUsd: number;
  /** The look that found the last of it. */
  readonly jumpedMs?: number | undefined;
  /** As in `Estimate`; absent in what an older version kept: as new as `atMs`. */
  readonly oldestMs?: number | undefined;
}

/** What is remembered of an estimate for the next look, with what is remembered already. Pure. */
export function earlierOf(now: Estimate, before: EarlierEstimate | undefined): EarlierEstimate {
  const { atMs, oldestMs, firm, burn, reading, counted } = now;
  return {
    ...{ atMs, oldestMs, firm, periodStartMs: reading.periodStartMs, burnHigh: burn.high },
    ...{ countedUsd: counted.usd, hiddenUsd: counted.hiddenUsd },
    ...jumpOf(now, before),
  };
}

/**
 * Whether an estimate reaches a rung of so many USD. Notify on expected; stop when `low` is there, less what the ledgers grew by at once
 * without anything that ran, or when expected, less what the fit may be wrong by, is there in two looks running. Nothing is stopped on
 * the stated defaults. Pure.
 */
export function reachOf(rungUsd: number, now: Estimate, before: EarlierEstimate | undefined): RungReach {
  const { low, expected, high } = now.spend;
  const range = high === null ? `$${low.toFixed(2)} or more` : `$${low.toFixed(2)} to $${high.toFixed(2)}`;
  const open = now.whyOpen === undefined ? '' : `; no upper point, for ${now.whyOpen}`;
  const { settled, points } = now.reading.fit;
  const numbers = `estimated ${range}, expected $${expected.toFixed(2)}; the rung is at $${rungUsd.toFixed(2)}${open}`;
  const notify = expected >= rungUsd;
  const reach = (stop: boolean, why: string): RungReach => ({ notify, stop, why: `${why}: ${numbers}` });
  if (!settled) return reach(false, `compared with ${points} reports, and a stop takes three`);
  if (!follows(now, before)) return reach(false, 'a stop takes a second look');
  const jump = jumpOf(now, before);
  const sure = Math.max(now.reading.reported?.cost ?? 0, low - heldIn(now, jump));
  if (sure >= rungUsd) return reach(true, 'at the least it is spent');
  if (low >= rungUsd)
    return reach(
      false,
      `a ledger grew by $${jump.unexplainedUsd.toFixed(2)} at once, which nothing that ran explains and which counts once it is reported`,
    );
  const narrow = expected - sure <= NARROW * rungUsd;
  return narrow && now.firm >= rungUsd && before.firm >= rungUsd
    ? reach(true, 'expected in two looks running')
    : reach(false, 'not sure enough for a stop');
}

/** Whether the look before is the one that this one follows, in the same period. */
function follows(now: Estimate, before: EarlierEstimate | undefined): before is EarlierEstimate {
  return before !== undefined && before.periodStartMs === now.reading.periodStartMs && isNext(now, before);
}

function isNext(now: Estimate, before: EarlierEstimate): boolean {
  return now.atMs > before.atMs && now.atMs - before.atMs <= LOOK_AGE_MS;
}

type Jump = Pick<EarlierEstimate, 'unexplainedUsd' | 'jumpedMs'>;

/** What `low` has of a jump: the share of list prices that is billed at the least, and nothing where a report since proves the most. */
function heldIn({ reading: { proof, leastFactor } }: Estimate, { unexplainedUsd, jumpedMs }: Jump): number {
  const isProven = proof !== undefined && jumpedMs !== undefined && proof.atMs >= jumpedMs;
  return isProven ? 0 : leastFactor * unexplainedUsd;
}

/**
 * What the ledgers of the same projects have grown by in this period beyond what ran, USD: a ledger that was damaged, or changed by hand,
 * jumps. What runs costs no more than its rates, what was not seen for a while since it was seen last, and what was found since its
 * start. A factor is no jump: it never counts more of list prices than the policy states. It goes as it came, where a ledger is what it was again.
 */
function jumpOf(now: Estimate, before: EarlierEstimate | undefined): Jump {
  if (before === undefined || before.periodStartMs !== now.reading.periodStartMs)
    return { unexplainedUsd: 0 };
  const { usd, found } = now.counted;
  let grew = 0;
  for (const [project, was] of Object.entries(before.countedUsd)) grew += (usd[project] ?? was) - was;
  const { jumpedMs } = before;
  // What ran in a longer pause, and is gone, is not known.
  if (!isNext(now, before))
    return { unexplainedUsd: Math.max(0, before.unexplainedUsd + Math.min(0, grew)), jumpedMs };
  // Each ledger grew since its own look.
  const fromMs = Math.min(before.atMs, before.oldestMs ?? before.atMs);
  let ran = (Math.max(now.burn.high, before.burnHigh) * (now.atMs - fromMs)) / HOUR_MS + before.hiddenUsd;
  for (const { foundMs, sinceMs, usdPerHour } of found)
    if (foundMs > fromMs) ran += (usdPerHour * Math.max(0, fromMs - sinceMs)) / HOUR_MS;
  const jumps = grew > LEAP * ran + MIN_JUMP_USD;
  return {
    unexplainedUsd: Math.max(0, before.unexplainedUsd + (jumps || grew < 0 ? grew - ran : 0)),
    jumpedMs: jumps ? now.atMs : jumpedMs,
  };
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
  const most = high ?? expected;
  if (![low, expected, most].every(Number.isFinite) || low > expected || expected > most)
    return `its numbers contradict each other: low ${low}, expected ${expected}, high ${high}`;
  const noMachine = whyNoMachine(highestRate.usdPerHour);
  if (noMachine !== undefined) return `"${highestRate.resource}" ${noMachine}`;
  const { determined, factor } = now.reading.fit;
  const [leastFactor, mostFactor] = FACTOR_BOUNDS;
  if (determined && (factor < leastFactor || factor > mostFactor))
    return `reported cost is ${factor.toFixed(2)} times what accrued at list prices, outside ${leastFactor} to ${mostFactor}: prices, credits or currency are not understood`;
  return undefined;
}
