import { accruedIn } from './accrued.ts';
import { FACTOR_BOUNDS, MAX_LAG_HOURS, type Fit } from './fit.ts';
import type { Ledger } from './ledger.ts';
import type { CostPoint } from './messages.ts';

const HOUR_MS = 3_600_000;

/** Below this the watch saw too little for a comparison, USD. */
const MIN_COMPARED = 1;

/** Commitments and contracts take off this much at the least where they are more than noise. */
const DISCOUNTED = 0.7;

/** What is not known of when machines began and ended takes off this share of a discounted factor at the most; prices that are not known have their own bounds. */
const MIN_ACCRUED_SHARE = 0.95;

/** Reports over less time than this do not tell a discount from a lag that varies. */
const TOLD_HOURS = 48;

/**
 * The share of list prices that is billed at the least: what discounts leave at the most as the policy states them, and less where
 * reports tell of more. Reports alone do not tell a discount from a later lag, or from services out of sight. Where no discount is
 * stated the least that a fit may find holds, `FACTOR_BOUNDS`. Pure.
 */
export function leastFactor(
  ledgers: readonly Ledger[],
  points: readonly CostPoint[],
  fits: Fits,
  discountAtMost: number | null,
): number {
  const stated = discountAtMost === null ? FACTOR_BOUNDS[0] : 1 - discountAtMost;
  return Math.min(stated, toldFactor(ledgers, points, fits));
}

interface Fits {
  readonly present: Fit;
  readonly earlier: Fit | undefined;
}

/**
 * What reports tell of it. Whatever the lag was, what was reported between two messages holds all that
 * accrued between the first of them and 36 hours before the second: where that is less than list prices, so is the rest. Reports of two
 * days tell more: the lowest share that explains them nearly as well as the best one, in this period, or in the one before it while
 * this one is young. 1 until then, unless the fit finds a discount that is no noise.
 */
function toldFactor(
  ledgers: readonly Ledger[],
  points: readonly CostPoint[],
  { present, earlier }: Fits,
): number {
  let factor = present.mostFactor < DISCOUNTED ? present.mostFactor : 1;
  const last = points.at(-1);
  for (const { atMs, cost } of points) {
    if (last === undefined || last.atMs - MAX_LAG_HOURS * HOUR_MS <= atMs) break;
    const { low } = accruedIn(ledgers, atMs, last.atMs - MAX_LAG_HOURS * HOUR_MS);
    if (low > MIN_COMPARED) factor = Math.min(factor, Math.max(0, (last.cost - cost) / low));
  }
  const told = [present, ...(earlier === undefined ? [] : [earlier])].filter(
    ({ watchedHours }) => watchedHours >= TOLD_HOURS,
  );
  // Reports on a period in which next to nothing ran yet tell of no discount: then that of the one before it holds, too.
  const [first] = points;
  const coveredMs = (last?.atMs ?? 0) - MAX_LAG_HOURS * HOUR_MS;
  const counted = first === undefined ? 0 : accruedIn(ledgers, first.atMs, coveredMs).low;
  const isTold = told[0] === present && counted > MIN_COMPARED;
  return Math.min(factor, ...(isTold ? told.slice(0, 1) : told).map(leastOf));
}

/** A discount is told by what accrued as expected; where more accrued it is larger by as much. */
function leastOf({ mostFactor, determined, factorRange, accruedShare }: Fit): number {
  const told = Math.min(mostFactor, determined ? factorRange[0] : 1);
  return told < 1 ? told * Math.max(MIN_ACCRUED_SHARE, accruedShare) : told;
}
