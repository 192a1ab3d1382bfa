import { accruedBetween, accruedByKind, accruedIn, rateOf } from './accrued.ts';
import { sumBands, type Band, type OpenBand } from './band.ts';
import { MAX_LAG_HOURS, type Fit } from './fit.ts';
import type { Ledger } from './ledger.ts';
import type { Reading } from './reading.ts';
import { LOOK_AGE_MS, mayHideMore } from './stale.ts';

const HOUR_MS = 3_600_000;

/** What is spent by now in a budget's period, ahead of its reports. USD. */
export interface Estimate {
  readonly atMs: number;
  /** The look at the project that was looked at first. */
  readonly oldestMs: number;
  readonly spend: OpenBand;
  /** Why that has no upper point, as a part of a sentence; absent where it has one. */
  readonly whyOpen?: string;
  /** When the ledgers began, the last of them, where reports do not hold all of what ran before: less is expected than was spent. */
  readonly beganMs?: number;
  /** Expected without what only the fit says: what is proven, with what probably accrued since, less the fit's error. */
  readonly firm: number;
  /** At list prices, USD an hour. */
  readonly burn: Band;
  /** What `spend` grows by an hour at that burn, USD: by the fit, with what is out of sight. */
  readonly growth: Pick<Band, 'expected' | 'high'>;
  /** What accrued since the period began, expected, by kind. */
  readonly byKind: Readonly<Record<string, number>>;
  readonly reading: Reading;
  readonly counted: Counted;
}

/** What the ledgers have in `low`, by which a jump is told from what ran. */
export interface Counted {
  /** USD since the period began, by project. */
  readonly usd: Readonly<Record<string, number>>;
  /** What was not seen again has cost since at the most, USD: it comes to `low` once it is seen. */
  readonly hiddenUsd: number;
  /** What was found lately and says that it had run before: when it was found, since when it runs, and its USD an hour. */
  readonly found: readonly {
    readonly foundMs: number;
    readonly sinceMs: number;
    readonly usdPerHour: number;
  }[];
}

/**
 * Puts what accrued and what was reported together; `ledgers` has one for each project of the budget, `watched` are the policy's regions
 * of Vertex AI, all of them when empty. Pure.
 */
export function estimateSpend(
  ledgers: readonly Ledger[],
  reading: Reading,
  nowMs: number,
  watched: readonly string[] = [],
): Estimate {
  const burn = sumBands(ledgers.map(rateOf));
  const view: View = { ledgers, reading, nowMs, burn };
  const low = lowOf(view);
  const high = Math.max(low, highOf(view));
  const clamp = (usd: number): number => Math.min(high, Math.max(low, usd));
  const expected = clamp(expectedOf(view));
  const beganMs = beganUnreported(view);
  const whyOpen = openWhy(view, watched, beganMs);
  return {
    atMs: nowMs,
    oldestMs: Math.min(nowMs, ...ledgers.map(({ lookedMs }) => lookedMs)),
    spend: { low, expected, high: whyOpen === undefined ? high : null },
    ...(whyOpen === undefined ? {} : { whyOpen }),
    ...(beganMs === undefined ? {} : { beganMs }),
    firm: Math.min(expected, clamp(firmOf(view))),
    ...{ burn, growth: growthOf(view) },
    byKind: kindsOf(ledgers, reading.periodStartMs),
    reading,
    counted: countedIn(ledgers, reading.periodStartMs, nowMs),
  };
}

/** Whether what runs now is known: where nothing was seen and not all was looked at, a rate of nothing says nothing. */
export function isBurnKnown({ burn, spend }: Pick<Estimate, 'burn' | 'spend'>): boolean {
  return burn.high > 0 || spend.high !== null;
}

interface View {
  readonly ledgers: readonly Ledger[];
  readonly reading: Reading;
  readonly nowMs: number;
  readonly burn: Band;
}

/** Why more may have run than ledgers and reports have. */
function openWhy(
  { ledgers, nowMs }: View,
  watched: readonly string[],
  beganMs: number | undefined,
): string | undefined {
  if (ledgers.some((ledger) => mayHideMore(ledger, watched, nowMs))) return 'not all was looked at';
  return beganMs === undefined
    ? undefined
    : 'reports do not hold all yet of what ran before the ledgers began';
}

/** What ran before a ledger began is known by reports alone. */
function beganUnreported({ ledgers, reading }: View): number | undefined {
  const beganMs = Math.max(...ledgers.map(({ sinceMs }) => sinceMs));
  return beganMs > surelyReportedBy(reading) ? beganMs : undefined;
}

function countedIn(ledgers: readonly Ledger[], fromMs: number, nowMs: number): Counted {
  return {
    usd: Object.fromEntries(
      ledgers.map((ledger) => [ledger.project, accruedBetween(ledger, fromMs, nowMs).low]),
    ),
    hiddenUsd: ledgers.reduce(
      (sum, { running, lookedMs }) =>
        running.reduce((usd, { rate, seenMs }) => usd + (rate.high * (lookedMs - seenMs)) / HOUR_MS, sum),
      0,
    ),
    found: ledgers.flatMap(({ running }) =>
      running.flatMap(({ firstMs, startedMs, rate }) =>
        firstMs !== undefined && startedMs !== undefined && nowMs - firstMs <= LOOK_AGE_MS
          ? [{ foundMs: firstMs, sinceMs: startedMs, usdPerHour: rate.low }]
          : [],
      ),
    ),
  };
}

/** The cost at the least: what is proven. */
function lowOf({ ledgers, reading: { proof, leastFactor }, nowMs }: View): number {
  if (proof === undefined) return 0;
  return Math.max(0, proof.cost + leastFactor * accruedIn(ledgers, proof.atMs, nowMs).low);
}

/** Where the fit says nothing of it: services that the watch does not see cost this share of what it sees. */
const UNSEEN_SHARE = 0.5;

/** The cost at the most: the latest report may be as old as reports get, and services out of sight cost beside what accrued since. */
function highOf({ ledgers, reading, nowMs }: View): number {
  const fromMs = surelyReportedBy(reading);
  const { high } = accruedIn(ledgers, fromMs, nowMs);
  const unseen = (reading.unseenPerHour * (nowMs - fromMs)) / HOUR_MS;
  return (
    (reading.reported?.cost ?? 0) + mostFactorOf(reading.fit) * high + Math.max(unseen, UNSEEN_SHARE * high)
  );
}

/** The cost as the fit has it: the latest report, and what accrued and is not reported yet. */
function expectedOf({ ledgers, reading, nowMs }: View): number {
  const { fit, reported } = reading;
  const fromMs = Math.max(
    reading.periodStartMs,
    (reported?.atMs ?? reading.periodStartMs) - fit.lagHours * HOUR_MS,
  );
  return (
    (reported?.cost ?? 0) +
    fit.factor * accruedIn(ledgers, fromMs, nowMs).expected +
    (fit.residualPerHour * (nowMs - fromMs)) / HOUR_MS
  );
}

function growthOf({ burn, reading }: View): Estimate['growth'] {
  const { fit, unseenPerHour } = reading;
  return {
    expected: fit.factor * burn.expected + fit.residualPerHour,
    high: mostFactorOf(fit) * burn.high + Math.max(unseenPerHour, UNSEEN_SHARE * burn.high),
  };
}

/** Of list prices, what is billed at the most. */
function mostFactorOf({ factorRange }: Fit): number {
  return Math.max(1, factorRange[1]);
}

function firmOf({ ledgers, reading: { fit, proof, leastFactor }, nowMs }: View): number {
  if (proof === undefined || !fit.determined) return 0;
  return proof.cost + leastFactor * accruedIn(ledgers, proof.atMs, nowMs).expected - fit.errorUsd;
}

/** Up to when cost is in the reports, however late they are. A message that repeats the figure says that of a later moment. */
function surelyReportedBy({ confirmedMs, periodStartMs }: Reading): number {
  return Math.max(periodStartMs, (confirmedMs ?? periodStartMs) - MAX_LAG_HOURS * HOUR_MS);
}

function kindsOf(ledgers: readonly Ledger[], fromMs: number): Readonly<Record<string, number>> {
  const sum: Record<string, number> = {};
  for (const ledger of ledgers)
    for (const [kind, usd] of Object.entries(accruedByKind(ledger, fromMs)))
      sum[kind] = (sum[kind] ?? 0) + usd;
  return sum;
}
