import type { CostPoint } from './messages.ts';

const HOUR_MS = 3_600_000;

/** So much the lag of one report may differ from another's: services report at intervals of their own. */
export const LAG_VARIES_HOURS = 2;

/** What had accrued by a moment, expected. */
type Accrual = (atMs: number) => number;

/** What reports add to the first of them, and what accrued meanwhile, a lag before. */
interface Row {
  readonly hours: number;
  readonly accrued: number;
  readonly cost: number;
}

/** Cost as a factor of what accrued, and a residual an hour. */
export interface Explanation {
  readonly factor: number;
  readonly residual: number;
  /** Squared, of a report; USD squared. */
  readonly error: number;
  /** The largest difference, USD. */
  readonly errorUsd: number;
}

/** How one lag explains the reports. */
export interface Candidate {
  readonly lagHours: number;
  /** At list prices, with unseen services or without. */
  readonly list: Explanation;
  /** With a discount too. */
  readonly free: Explanation;
  /** With nothing unseen. */
  readonly plainFactor: number;
  /** At list prices what goes unseen, USD an hour, also where that explains little. */
  readonly unseenPerHour: number;
  /** Whether a steady cost says as much of the reports as what accrued does at list prices. */
  readonly isSteady: boolean;
  /** Whether list prices explain the reports if the lag varies a little. */
  readonly holdsAtList: () => boolean;
  /** `free` with each report left out in turn: what one report alone decides is not known. */
  readonly without: () => readonly Explanation[];
}

/** A simpler explanation is preferred unless another one leaves less than this share of its squared errors. */
const MUCH_BETTER = 0.25;

/** The mean of what list prices leave of the reports, as shares of each, below which they hold. */
const LEFT_BY_CHANCE = 0.05;

/** How a lag explains what the points add to the first of them. Takes two points at the least. */
export function explainAt(
  lagHours: number,
  accrual: Accrual,
  points: readonly CostPoint[],
  startMs: number,
): Candidate {
  const rows = rowsOf(accrual, points, lagHours, startMs);
  const list = explainAtList(rows);
  const free = explainFreely(rows, list);
  return {
    ...{ lagHours, list, free, plainFactor: factorOf(rows), unseenPerHour: unseenOf(rows) },
    isSteady:
      list.error >=
      judge(
        0,
        rateOf(rows, ({ cost }) => cost),
        rows,
      ).error *
        MUCH_BETTER,
    holdsAtList: () =>
      leftAtList(accrual, points, { lagHours, startMs, residual: list.residual }) <= LEFT_BY_CHANCE,
    without: () =>
      rows.map((_, left) => {
        const others = rows.filter((__, index) => index !== left);
        return explainFreely(others, explainAtList(others));
      }),
  };
}

function explainAtList(rows: readonly Row[]): Explanation {
  return simpler(judge(1, 0, rows), judge(1, unseenOf(rows), rows));
}

function unseenOf(rows: readonly Row[]): number {
  return Math.max(
    0,
    rateOf(rows, (row) => row.cost - row.accrued),
  );
}

/** A steady rate cannot tell a discount from unseen services, so that both at once are never taken from it. */
function explainFreely(rows: readonly Row[], list: Explanation): Explanation {
  return simpler(list, judge(factorOf(rows), 0, rows));
}

function simpler(simple: Explanation, other: Explanation): Explanation {
  return other.error < simple.error * MUCH_BETTER ? other : simple;
}

function factorOf(rows: readonly Row[]): number {
  const accrued = total(rows, (row) => row.accrued * row.accrued);
  return accrued === 0 ? 1 : Math.max(0, total(rows, (row) => row.accrued * row.cost) / accrued);
}

/** USD an hour that come closest to the amounts. */
function rateOf(rows: readonly Row[], usd: (row: Row) => number): number {
  const hours = total(rows, (row) => row.hours * row.hours);
  return hours === 0 ? 0 : total(rows, (row) => row.hours * usd(row)) / hours;
}

function total(rows: readonly Row[], of: (row: Row) => number): number {
  let sum = 0;
  for (const row of rows) sum += of(row);
  return sum;
}

function rowsOf(
  accrual: Accrual,
  [first, ...rest]: readonly CostPoint[],
  lagHours: number,
  startMs: number,
): readonly Row[] {
  if (first === undefined) return [];
  const reach = (atMs: number): number => Math.max(startMs, atMs - lagHours * HOUR_MS);
  const before = accrual(reach(first.atMs));
  return rest.map(({ atMs, cost }) => ({
    hours: (atMs - first.atMs) / HOUR_MS,
    accrued: accrual(reach(atMs)) - before,
    cost: cost - first.cost,
  }));
}

/** What list prices leave of the reports where the lag of each may vary, as shares of them: the mean. */
function leftAtList(
  accrual: Accrual,
  [first, ...rest]: readonly CostPoint[],
  {
    lagHours,
    startMs,
    residual,
  }: { readonly lagHours: number; readonly startMs: number; readonly residual: number },
): number {
  if (first === undefined) return 0;
  const reach = (atMs: number, hours: number): number =>
    Math.max(startMs, Math.min(atMs, atMs - (lagHours + hours) * HOUR_MS));
  const between = (hours: number, { atMs }: CostPoint): number =>
    Math.max(0, accrual(reach(atMs, hours)) - accrual(reach(first.atMs, -hours)));
  const shares = rest.map((point) => {
    const unseen = (residual * (point.atMs - first.atMs)) / HOUR_MS;
    const [least, most] = [
      between(LAG_VARIES_HOURS, point) + unseen,
      between(-LAG_VARIES_HOURS, point) + unseen,
    ];
    const cost = point.cost - first.cost;
    const off = Math.max(0, least - cost, cost - most);
    return off / Math.max(CENT, cost, least);
  });
  return shares.reduce((sum, one) => sum + one, 0) / Math.max(1, shares.length);
}

const CENT = 0.01;

function judge(factor: number, residual: number, rows: readonly Row[]): Explanation {
  let [squares, errorUsd] = [0, 0];
  for (const { hours, accrued, cost } of rows) {
    const error = Math.abs(cost - factor * accrued - residual * hours);
    squares += error * error;
    errorUsd = Math.max(errorUsd, error);
  }
  return { factor, residual, error: squares / Math.max(1, rows.length), errorUsd };
}
