import { addBands, scaleBand, type Band } from './band.ts';
import type { Checkpoint } from './ledger.ts';
import { billingMidnights } from './pacific.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How far apart checkpoints of an age are kept. Reports of cost lag by up to 36 hours: until then each look counts. */
const SPACING = [
  { untilMs: 2 * DAY_MS, apartMs: 0 },
  { untilMs: 9 * DAY_MS, apartMs: HOUR_MS },
  { untilMs: 40 * DAY_MS, apartMs: 6 * HOUR_MS },
] as const;

/** Periods of budgets are a year at the longest. */
const DAYS_KEPT_MS = 400 * DAY_MS;

/** Appends what accrued up to `atMs`, with a checkpoint at each beginning of a billing day on the way. */
export function appendCheckpoint(before: readonly Checkpoint[], atMs: number, accrued: Band): Checkpoint[] {
  const last = before.at(-1);
  if (last === undefined) return [{ atMs, ...accrued }];
  const total: Band = { low: last.low, expected: last.expected, high: last.high };
  const up = (toMs: number): Band =>
    addBands(total, scaleBand(accrued, (toMs - last.atMs) / (atMs - last.atMs)));
  const midnights = billingMidnights(last.atMs, atMs - 1).map((midnightMs) => ({
    atMs: midnightMs,
    ...up(midnightMs),
    day: true as const,
  }));
  const isMidnight = billingMidnights(atMs - 1, atMs).length > 0;
  const now = { atMs, ...addBands(total, accrued), ...(isMidnight ? { day: true as const } : {}) };
  return [...before, ...midnights, now];
}

/** Leaves out what is not needed any more. The first and the last checkpoint stay. */
export function thinOut(checkpoints: readonly Checkpoint[], nowMs: number): Checkpoint[] {
  let keptMs = -Infinity;
  return checkpoints.filter(({ atMs, day }, index) => {
    const ageMs = nowMs - atMs;
    const apartMs = SPACING.find(({ untilMs }) => ageMs <= untilMs)?.apartMs ?? DAY_MS;
    const isKept =
      index === 0 ||
      index === checkpoints.length - 1 ||
      (day === true ? ageMs <= DAYS_KEPT_MS : ageMs <= DAYS_KEPT_MS && atMs - keptMs >= apartMs);
    if (isKept) keptMs = atMs;
    return isKept;
  });
}

/** Something that ran from a moment up to the last look, or to an earlier moment, and was not seen to, with what it adds an hour. */
export interface Late {
  readonly fromMs: number;
  readonly untilMs?: number;
  readonly usdPerHour: Band;
}

/**
 * Adds what ran unseen: to each checkpoint the part that it had by then, so that it falls into the right period. What is taken out again
 * may be more than was in it: neither `low` nor `expected` falls from one checkpoint to the next.
 */
export function addLate(checkpoints: Checkpoint[], late: readonly Late[]): Checkpoint[] {
  if (late.length === 0) return checkpoints;
  let [least, usual] = [0, 0];
  return checkpoints.map((one) => {
    const parts = late.map(({ fromMs, untilMs = Infinity, usdPerHour }) =>
      scaleBand(usdPerHour, Math.max(0, Math.min(one.atMs, untilMs) - fromMs) / HOUR_MS),
    );
    const { low, expected, high } = parts.reduce<Band>(addBands, one);
    least = Math.max(least, low);
    usual = Math.max(usual, least, expected);
    return { ...one, low: least, expected: usual, high };
  });
}
