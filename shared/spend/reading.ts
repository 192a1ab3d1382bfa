import { accruedIn } from './accrued.ts';
import { DEFAULT_FIT, fitPeriod, fitReports, MAX_LAG_HOURS, type Fit } from './fit.ts';
import { leastFactor } from './least-factor.ts';
import type { Ledger } from './ledger.ts';
import type { BudgetMessages, BudgetPeriod, CostPoint } from './messages.ts';

const HOUR_MS = 3_600_000;

/** Messages may name another reading of midnight. */
const DAY_MS = 86_400_000;

/** What a budget's reports say about a period, beside the ledgers. */
export interface Reading {
  readonly periodStartMs: number;
  readonly fit: Fit;
  /** The latest report on the period; undefined when none has come. */
  readonly reported: CostPoint | undefined;
  /** When a message last said the same, or more; undefined when none has come. */
  readonly confirmedMs: number | undefined;
  /** USD an hour of services that the watch does not see, at the most, as this period's reports and those of the one before it tell. */
  readonly unseenPerHour: number;
  /** The share of list prices that is billed at the least. */
  readonly leastFactor: number;
  /** The report that, with what accrued since, proves the most; the period's own beginning is one. Undefined when nothing is proven. */
  readonly proof: CostPoint | undefined;
  /** Whether the ledgers reach back to the beginning of the period. */
  readonly fromStart: boolean;
}

/** Reads the reports; `discountAtMost` as in the policy. It stays the same until the next one comes. Pure. */
export function readReports(
  ledgers: readonly Ledger[],
  messages: BudgetMessages | undefined,
  periodStartMs: number,
  discountAtMost: number | null,
): Reading {
  // Reports on an earlier period say nothing about the cost of this one, but about lag and factor they do.
  const isPresent = messages !== undefined && Math.abs(messages.period.startMs - periodStartMs) < DAY_MS;
  const points = isPresent ? messages.period.points : [];
  const previous = isPresent ? messages.previous : undefined;
  const fit = messages === undefined ? DEFAULT_FIT : fitReports(ledgers, messages.period, previous);
  const earlier = previous === undefined ? undefined : fitPeriod(ledgers, previous);
  const least = leastFactor(ledgers, points, { present: fit, earlier }, discountAtMost);
  const fromStart = ledgers.every(({ sinceMs }) => sinceMs <= periodStartMs);
  const anchors = sinceLastFall(points);
  const isWhole = anchors.length === points.length;
  const all = fromStart && isWhole ? [{ atMs: periodStartMs, cost: 0 }, ...anchors] : anchors;
  return {
    periodStartMs,
    fit,
    reported: points.at(-1),
    confirmedMs: isPresent && points.length > 0 ? messages.lastMs : undefined,
    // Reports of a young period hold nothing of them yet.
    unseenPerHour: Math.max(
      unseenIn(ledgers, { startMs: periodStartMs, points }, fit),
      previous === undefined || earlier === undefined ? 0 : unseenIn(ledgers, previous, earlier),
    ),
    leastFactor: least,
    proof: strongest(ledgers, all, least),
    fromStart,
  };
}

/** What went unseen in a period at the most, USD an hour: what the fit leaves, and what what was seen leaves however late reports are. */
function unseenIn(
  ledgers: readonly Ledger[],
  { startMs, points }: Pick<BudgetPeriod, 'startMs' | 'points'>,
  { residualPerHour, residualRange }: Fit,
): number {
  const last = points.at(-1);
  const hours = last === undefined ? 0 : (last.atMs - startMs) / HOUR_MS;
  const unexplained =
    last === undefined || hours < 1
      ? 0
      : (last.cost - accruedIn(ledgers, startMs, last.atMs - MAX_LAG_HOURS * HOUR_MS).low) / hours;
  return Math.max(0, unexplained, 2 * residualPerHour, residualRange[1]);
}

/** Credits and corrections take away from what was reported before: only what was reported since then counts. */
function sinceLastFall(points: readonly CostPoint[]): readonly CostPoint[] {
  let from = 0;
  for (const [index, { cost }] of points.entries())
    if (cost < (points[index - 1]?.cost ?? -Infinity)) from = index;
  return points.slice(from);
}

/**
 * A report of C at t means that C was spent by t, however late it is; what accrued since t comes on top. What each report proves grows
 * by the same amount from now on, so that the strongest stays so.
 */
function strongest(
  ledgers: readonly Ledger[],
  points: readonly CostPoint[],
  least: number,
): CostPoint | undefined {
  const nowMs = Math.max(...ledgers.map(({ lookedMs }) => lookedMs));
  let best: { readonly point: CostPoint; readonly usd: number } | undefined;
  for (const point of points) {
    const usd = point.cost + least * accruedIn(ledgers, point.atMs, nowMs).low;
    if (best === undefined || usd > best.usd) best = { point, usd };
  }
  return best?.point;
}
