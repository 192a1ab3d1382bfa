import { accruedIn } from './accrued.ts';
import type { Ledger } from './ledger.ts';
import type { BudgetPeriod, CostPoint } from './messages.ts';

const HOUR_MS = 3_600_000;

/** Reports of cost are never counted as older than this. Google names no limit; bills of users show about a day. */
export const MAX_LAG_HOURS = 36;
const LAG_STEP_HOURS = 1.5;

/**
 * Around the lag that explains the reports best they are compared in these steps: where what runs has just grown many times over, the
 * coarse ones alone would take half an hour of lag for an unknown price.
 */
const FINE_STEP_HOURS = 0.25;

/** With fewer reports than this there is nothing to fit. */
export const MIN_POINTS = 3;

/** Those that a fit looks at, spread over all that are known. */
const MAX_FITTED = 24;

/** How the reported cost follows from what accrued: cost(t) = factor · accrued(t − lag) + residual · hours. */
export interface Fit {
  /** Whether it comes from reports, or is the stated default. */
  readonly settled: boolean;
  readonly points: number;
  readonly lagHours: number;
  /** Lags that explain the reports nearly as well. */
  readonly lagRangeHours: readonly [number, number];
  /** Below 1: discounts and credits. */
  readonly factor: number;
  readonly factorRange: readonly [number, number];
  /** The most that it can be, whatever the lag and with nothing unseen. */
  readonly mostFactor: number;
  /** USD an hour of services that the watch does not see. */
  readonly residualPerHour: number;
  /** The largest difference between a report and the fit, USD. */
  readonly errorUsd: number;
}

/** Before there are reports: they lag by a day, list prices hold, and nothing goes unseen. */
export const DEFAULT_FIT: Fit = {
  settled: false,
  points: 0,
  lagHours: 24,
  lagRangeHours: [0, MAX_LAG_HOURS],
  factor: 1,
  factorRange: [1, 1],
  mostFactor: 1,
  residualPerHour: 0,
  errorUsd: 0,
};

/** Fits on the present period's reports, and while those are few on the previous one's. */
export function fitReports(
  ledgers: readonly Ledger[],
  period: BudgetPeriod,
  previous: BudgetPeriod | undefined,
): Fit {
  const fit = fitPeriod(ledgers, period);
  return fit.settled || previous === undefined ? fit : fitPeriod(ledgers, previous);
}

/** What reports add to the first of them, and what accrued meanwhile. */
interface Row {
  readonly hours: number;
  readonly accrued: number;
  readonly cost: number;
}

interface Candidate {
  readonly lagHours: number;
  readonly factor: number;
  /** With no residual. */
  readonly plainFactor: number;
  readonly residual: number;
  readonly squares: number;
  readonly errorUsd: number;
}

function fitPeriod(ledgers: readonly Ledger[], { points: all, startMs }: BudgetPeriod): Fit {
  const sinceMs = Math.max(startMs, ...ledgers.map((ledger) => ledger.sinceMs));
  // What accrued before the first look is not known: reports on it say nothing about the factor.
  const points = spread(all.filter(({ atMs }) => atMs >= sinceMs));
  if (points.length < MIN_POINTS) return { ...DEFAULT_FIT, points: points.length };
  const fitAt = (lagHours: number): Candidate => fitLag(lagHours, rowsOf(ledgers, points, lagHours, sinceMs));
  const coarse = lagsBetween(0, MAX_LAG_HOURS, LAG_STEP_HOURS).map(fitAt);
  const candidates = [...coarse, ...finerAround(closest(coarse).lagHours).map(fitAt)];
  const best = closest(candidates);
  const near = candidates.filter(({ squares }) => squares <= best.squares * 2 + 1e-6);
  return {
    settled: true,
    points: points.length,
    lagHours: best.lagHours,
    lagRangeHours: rangeOf(near.map(({ lagHours }) => lagHours)),
    factor: best.factor,
    factorRange: rangeOf(near.map(({ factor }) => factor)),
    mostFactor: Math.max(...candidates.map(({ plainFactor }) => plainFactor)),
    residualPerHour: best.residual,
    errorUsd: best.errorUsd,
  };
}

function closest(candidates: readonly Candidate[]): Candidate {
  return candidates.reduce((a, b) => (b.squares < a.squares ? b : a));
}

function lagsBetween(fromHours: number, toHours: number, stepHours: number): readonly number[] {
  const steps = Math.floor((toHours - fromHours) / stepHours);
  return Array.from({ length: steps + 1 }, (_, index) => fromHours + index * stepHours);
}

/** The lags between a coarse one and its neighbours. */
function finerAround(lagHours: number): readonly number[] {
  const from = Math.max(0, lagHours - LAG_STEP_HOURS + FINE_STEP_HOURS);
  const to = Math.min(MAX_LAG_HOURS, lagHours + LAG_STEP_HOURS - FINE_STEP_HOURS);
  return lagsBetween(from, to, FINE_STEP_HOURS).filter((one) => one !== lagHours);
}

/** So many at the most, the first and the last among them. */
function spread(points: readonly CostPoint[]): readonly CostPoint[] {
  if (points.length <= MAX_FITTED) return points;
  const step = (points.length - 1) / (MAX_FITTED - 1);
  return Array.from({ length: MAX_FITTED }, (_, index) => points[Math.round(index * step)]).flatMap(
    (one) => one ?? [],
  );
}

function rangeOf(values: readonly number[]): readonly [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

function rowsOf(
  ledgers: readonly Ledger[],
  [first, ...rest]: readonly CostPoint[],
  lagHours: number,
  sinceMs: number,
): readonly Row[] {
  if (first === undefined) return [];
  const reach = (atMs: number): number => Math.max(sinceMs, atMs - lagHours * HOUR_MS);
  return rest.map(({ atMs, cost }) => ({
    hours: (atMs - first.atMs) / HOUR_MS,
    accrued: accruedIn(ledgers, reach(first.atMs), reach(atMs)).expected,
    cost: cost - first.cost,
  }));
}

/** A simpler explanation is preferred unless another one leaves less than this share of its squared errors. */
const MUCH_BETTER = 0.25;

/**
 * The simplest explanation that holds: list prices alone, with unseen services, or with a discount. A steady rate cannot tell
 * a discount from unseen services, so that both at once are never taken from it.
 */
function fitLag(lagHours: number, rows: readonly Row[]): Candidate {
  const sum = (of: (row: Row) => number): number => rows.reduce((total, row) => total + of(row), 0);
  const hours = sum((row) => row.hours * row.hours);
  const accrued = sum((row) => row.accrued * row.accrued);
  const residual = Math.max(0, sum((row) => row.hours * (row.cost - row.accrued)) / Math.max(hours, 1e-9));
  const factor = accrued === 0 ? 1 : Math.max(0, sum((row) => row.accrued * row.cost) / accrued);
  let chosen = judge(1, 0, rows);
  for (const other of [judge(1, residual, rows), judge(factor, 0, rows)])
    if (other.squares < chosen.squares * MUCH_BETTER) chosen = other;
  return { ...chosen, lagHours, plainFactor: factor };
}

type Explanation = Pick<Candidate, 'factor' | 'residual' | 'squares' | 'errorUsd'>;

function judge(factor: number, residual: number, rows: readonly Row[]): Explanation {
  let [squares, errorUsd] = [0, 0];
  for (const { hours, accrued, cost } of rows) {
    const error = Math.abs(cost - factor * accrued - residual * hours);
    squares += error * error;
    errorUsd = Math.max(errorUsd, error);
  }
  return { factor, residual, squares, errorUsd };
}

/** Below this the watch saw too little for a comparison, USD. */
const MIN_COMPARED = 1;

/** Commitments and contracts take off this much at the least where they are more than noise. */
const DISCOUNTED = 0.7;

/**
 * The share of list prices that is billed at the least. Whatever the lag was, what was reported between two messages holds all that
 * accrued between the first of them and 36 hours before the second: where that is less than list prices, so is the rest. 1 until
 * that can be compared, or the fit finds a discount that is no noise.
 */
export function leastFactor(ledgers: readonly Ledger[], points: readonly CostPoint[], fit: Fit): number {
  let factor = fit.mostFactor < DISCOUNTED ? fit.mostFactor : 1;
  const last = points.at(-1);
  for (const { atMs, cost } of points) {
    if (last === undefined || last.atMs - MAX_LAG_HOURS * HOUR_MS <= atMs) break;
    const { low } = accruedIn(ledgers, atMs, last.atMs - MAX_LAG_HOURS * HOUR_MS);
    if (low > MIN_COMPARED) factor = Math.min(factor, Math.max(0, (last.cost - cost) / low));
  }
  return factor;
}
