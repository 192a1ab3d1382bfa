import { accrualOf, accruedIn } from './accrued.ts';
import { explainAt, LAG_VARIES_HOURS, type Candidate, type Explanation } from './explain.ts';
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

/** A lag and a factor explain a few reports whatever they say. */
const MIN_KNOWN = 5;

/** Those that a fit looks at, spread over all that are known. */
const MAX_FITTED = 24;

/** Between reported cost and list prices; outside of it prices or reports are not understood. */
export const FACTOR_BOUNDS = [0.2, 1.3] as const;

/** Lags that leave so many times the squared error of the best one explain the reports nearly as well; in any case within a cent. */
const NEARLY = 4;
const CENT_SQUARED = 1e-4;

/** Where those lags put the factor further apart than this, the reports do not tell it. */
const MAX_SPREAD = 1.25;

/** How the reported cost follows from what accrued: cost(t) = factor · accrued(t − lag) + residual · hours. */
export interface Fit {
  /** Whether there are enough reports to compare with. */
  readonly settled: boolean;
  /** Whether they tell lag and factor; else these are the stated defaults. */
  readonly determined: boolean;
  readonly points: number;
  /** From the first look, or from the beginning of the period after it, to the last of them. */
  readonly watchedHours: number;
  readonly lagHours: number;
  /** Lags that explain the reports nearly as well. */
  readonly lagRangeHours: readonly [number, number];
  /** Below 1: discounts and credits. */
  readonly factor: number;
  readonly factorRange: readonly [number, number];
  /** The most that it can be, whatever the lag and with nothing unseen. */
  readonly mostFactor: number;
  /** What accrued as expected, as a share of the most that it may have been: what began or ended between two looks is not known. */
  readonly accruedShare: number;
  /** USD an hour of services that the watch does not see. */
  readonly residualPerHour: number;
  readonly residualRange: readonly [number, number];
  /** The largest difference between a report and the fit, USD. */
  readonly errorUsd: number;
}

/** Before reports tell otherwise: they lag by a day, list prices hold, and nothing goes unseen. */
export const DEFAULT_FIT: Fit = {
  settled: false,
  determined: false,
  points: 0,
  watchedHours: 0,
  lagHours: 24,
  lagRangeHours: [0, MAX_LAG_HOURS],
  factor: 1,
  factorRange: FACTOR_BOUNDS,
  mostFactor: 1,
  accruedShare: 1,
  residualPerHour: 0,
  residualRange: [0, 0],
  errorUsd: 0,
};

/** Fits on the present period's reports, and while those do not tell lag and factor on the previous one's. */
export function fitReports(
  ledgers: readonly Ledger[],
  period: BudgetPeriod,
  previous: BudgetPeriod | undefined,
): Fit {
  const fit = fitPeriod(ledgers, period);
  if (fit.determined || previous === undefined) return fit;
  const earlier = fitPeriod(ledgers, previous);
  return earlier.determined || !fit.settled ? earlier : fit;
}

/** Fits on the reports of one period alone. */
export function fitPeriod(ledgers: readonly Ledger[], { points: all, startMs }: BudgetPeriod): Fit {
  const sinceMs = Math.max(startMs, ...ledgers.map((ledger) => ledger.sinceMs));
  const points = spread(all.filter(({ atMs }) => atMs >= sinceMs));
  const watchedMs = (points.at(-1)?.atMs ?? sinceMs) - sinceMs;
  const defaults: Fit = { ...DEFAULT_FIT, points: points.length, watchedHours: watchedMs / HOUR_MS };
  if (points.length < MIN_POINTS) return defaults;
  const isWhole = sinceMs === startMs;
  const accrual = accrualOf(ledgers);
  const fitAt = (lagHours: number): Candidate | undefined => {
    // What accrued before the first look is not known: a report that may be on it says nothing. What a period began with is nothing.
    const fromMs = isWhole ? -Infinity : sinceMs + (lagHours + LAG_VARIES_HOURS) * HOUR_MS;
    const known = points.filter(({ atMs }) => atMs >= fromMs);
    return known.length < (isWhole ? MIN_POINTS : MIN_KNOWN)
      ? undefined
      : explainAt(lagHours, accrual, known, startMs);
  };
  const lags = lagsBetween(0, MAX_LAG_HOURS, LAG_STEP_HOURS);
  const coarse = lags.flatMap((lagHours) => fitAt(lagHours) ?? []);
  const finer = new Set(valleys(coarse).flatMap(({ lagHours }) => finerAround(lagHours)));
  const candidates = [...coarse, ...[...finer].flatMap((lagHours) => fitAt(lagHours) ?? [])];
  // A lag of which nothing is known may be the one.
  const isCovered = coarse.length === lags.length;
  const mostFactor = Math.max(...candidates.map(({ plainFactor }) => plainFactor), isCovered ? 0 : 1);
  const residualRange = [0, Math.max(0, ...candidates.map(({ unseenPerHour }) => unseenPerHour))] as const;
  const accruedShare = shareOf(ledgers, sinceMs, points.at(-1)?.atMs ?? sinceMs);
  const fallback: Fit = { ...defaults, settled: true, mostFactor, accruedShare, residualRange };
  if (!isCovered)
    return atListPrices(
      candidates.filter(({ isSteady }) => !isSteady),
      fallback,
    );
  // The coarse lags stand for those between them, as each may vary by more.
  return coarse.some(({ holdsAtList }) => holdsAtList())
    ? atListPrices(candidates, fallback)
    : byFactor(candidates, fallback);
}

/** List prices hold; which lag explains the reports best. */
function atListPrices(candidates: readonly Candidate[], fallback: Fit): Fit {
  if (candidates.length === 0) return fallback;
  const errorOf = ({ list }: Candidate): number => list.error;
  const best = closest(candidates, errorOf);
  const near = nearly(candidates, errorOf);
  const [least, most] = rangeOf([
    1,
    ...nearly(candidates, ({ free }) => free.error).map(({ free }) => free.factor),
  ]);
  return {
    ...fallback,
    ...fitOf(best, best.list, near),
    factorRange: [Math.max(FACTOR_BOUNDS[0], least), Math.min(FACTOR_BOUNDS[1], most)],
  };
}

/** No lag explains the reports at list prices: the factor that does best, and of those that do nearly as well the closest to list prices. */
function byFactor(candidates: readonly Candidate[], fallback: Fit): Fit {
  const errorOf = ({ free }: Candidate): number => free.error;
  const best = closest(candidates, errorOf);
  const near = nearly(candidates, errorOf);
  const all = [
    ...near.map(({ lagHours, free }) => ({ lagHours, free })),
    ...best.without().map((free) => ({ lagHours: best.lagHours, free })),
  ];
  const factorRange = rangeOf(all.map(({ free }) => free.factor));
  const isNarrow = factorRange[1] <= factorRange[0] * MAX_SPREAD;
  const chosen = isNarrow ? best : all.reduce((a, b) => (offList(b.free) < offList(a.free) ? b : a));
  return { ...fallback, ...fitOf(chosen, chosen.free, near), factorRange };
}

function fitOf(
  { lagHours }: Pick<Candidate, 'lagHours'>,
  { factor, residual, errorUsd }: Explanation,
  near: readonly Candidate[],
): Omit<Fit, 'settled' | 'points' | 'watchedHours' | 'factorRange' | 'mostFactor' | 'accruedShare'> {
  return {
    ...{ determined: true, lagHours, factor, residualPerHour: residual, errorUsd },
    lagRangeHours: rangeOf(near.map((one) => one.lagHours)),
    residualRange: rangeOf([residual, ...near.map(({ unseenPerHour }) => unseenPerHour)]),
  };
}

function shareOf(ledgers: readonly Ledger[], fromMs: number, toMs: number): number {
  const { expected, high } = accruedIn(ledgers, fromMs, toMs);
  return high > 0 ? expected / high : 1;
}

function nearly(candidates: readonly Candidate[], errorOf: (one: Candidate) => number): readonly Candidate[] {
  const most = Math.min(...candidates.map(errorOf)) * NEARLY + CENT_SQUARED;
  return candidates.filter((one) => errorOf(one) <= most);
}

function offList({ factor }: Explanation): number {
  return Math.abs(Math.log(Math.max(factor, 1e-9)));
}

function closest(candidates: readonly Candidate[], errorOf: (one: Candidate) => number): Candidate {
  return candidates.reduce((a, b) => (errorOf(b) < errorOf(a) ? b : a));
}

/** Those that explain the reports better than both of their neighbours do. */
function valleys(candidates: readonly Candidate[]): readonly Candidate[] {
  const isValley = (of: (one: Candidate) => number): ((one: Candidate, index: number) => boolean) => {
    const errorAt = (index: number): number => {
      const one = candidates[index];
      return one === undefined ? Infinity : of(one);
    };
    // What is explained to the cent is not explained better by a finer lag.
    return (one, index) =>
      of(one) > CENT_SQUARED && of(one) <= errorAt(index - 1) && of(one) <= errorAt(index + 1);
  };
  const [byList, byFree] = [isValley(({ list }) => list.error), isValley(({ free }) => free.error)];
  return candidates.filter((one, index) => byList(one, index) || byFree(one, index));
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
