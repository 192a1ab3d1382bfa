import type { Band } from './band.ts';
import { sumBands } from './band.ts';
import type { Ledger } from './ledger.ts';

const HOUR_MS = 3_600_000;

/**
 * What accrued in a project between two moments, in USD. `low` counts whole intervals between checkpoints only, `high` those that
 * are touched. Before the first look `high` alone counts the rate of that look, for what was billed by then reports tell; after the last
 * one `high` and `expected` count its rate.
 */
export function accruedBetween(ledger: Ledger, fromMs: number, toMs: number): Band {
  if (toMs <= fromMs) return { low: 0, expected: 0, high: 0 };
  const { sinceMs, lookedMs, firstHighRate } = ledger;
  const rate = rateOf(ledger);
  const beforeHours = Math.max(0, Math.min(sinceMs, toMs) - fromMs) / HOUR_MS;
  const afterHours = Math.max(0, toMs - Math.max(lookedMs, fromMs)) / HOUR_MS;
  const from = valuesAt(ledger, fromMs);
  const to = valuesAt(ledger, toMs);
  return {
    low: Math.max(0, to.floor.low - from.ceil.low),
    expected: Math.max(0, to.expected - from.expected) + rate.expected * afterHours,
    high: Math.max(0, to.ceil.high - from.floor.high) + rate.high * afterHours + firstHighRate * beforeHours,
  };
}

/** The same of several projects together. */
export function accruedIn(ledgers: readonly Ledger[], fromMs: number, toMs: number): Band {
  const [only, ...others] = ledgers;
  if (only !== undefined && others.length === 0) return accruedBetween(only, fromMs, toMs);
  return sumBands(ledgers.map((ledger) => accruedBetween(ledger, fromMs, toMs)));
}

/** What accrued in projects together up to a moment, expected, since the earliest of their looks. Remembers what it was called with. */
export function accrualOf(ledgers: readonly Ledger[]): (atMs: number) => number {
  const rates = ledgers.map((ledger) => rateOf(ledger).expected);
  const known = new Map<number, number>();
  const sumAt = (atMs: number): number =>
    ledgers.reduce((sum, ledger, index) => {
      const afterHours = Math.max(0, atMs - ledger.lookedMs) / HOUR_MS;
      return sum + expectedAt(ledger, atMs) + (rates[index] ?? 0) * afterHours;
    }, 0);
  return (atMs) => {
    const usd = known.get(atMs) ?? sumAt(atMs);
    known.set(atMs, usd);
    return usd;
  };
}

/** What runs costs an hour, USD, as last seen. */
export function rateOf({ running }: Ledger): Band {
  return sumBands(running.map(({ rate }) => rate));
}

/**
 * Accrued by kind, expected, since a moment, up to the last look; from the billing day on that it lies in. Nothing since a moment after
 * that look.
 */
export function accruedByKind(
  { kinds, days, lookedMs }: Ledger,
  fromMs: number,
): Readonly<Record<string, number>> {
  if (fromMs > lookedMs) return {};
  const before = days.findLast(({ atMs }) => atMs <= fromMs)?.kinds ?? {};
  return Object.fromEntries(
    Object.entries(kinds)
      .map(([kind, usd]) => [kind, usd - (before[kind] ?? 0)] as const)
      .filter(([, usd]) => usd > 0),
  );
}

interface Values {
  /** The checkpoint at or before the moment, and the one at or after it; the first or last one beyond the ends. */
  readonly floor: Band;
  readonly ceil: Band;
  readonly expected: number;
}

/** The last checkpoint at or before the moment; the first one before them all. */
function indexAt({ checkpoints }: Ledger, atMs: number): number {
  let low = 0;
  let high = checkpoints.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((checkpoints[middle]?.atMs ?? Infinity) <= atMs) low = middle;
    else high = middle - 1;
  }
  return low;
}

function expectedAt(ledger: Ledger, atMs: number): number {
  const index = indexAt(ledger, atMs);
  const floor = ledger.checkpoints[index];
  const next = ledger.checkpoints[index + 1];
  if (floor === undefined) throw new Error('Cannot read a ledger without checkpoints');
  if (next === undefined || atMs <= floor.atMs) return floor.expected;
  return floor.expected + ((atMs - floor.atMs) / (next.atMs - floor.atMs)) * (next.expected - floor.expected);
}

function valuesAt(ledger: Ledger, atMs: number): Values {
  const index = indexAt(ledger, atMs);
  const floor = ledger.checkpoints[index];
  const next = ledger.checkpoints[index + 1];
  if (floor === undefined) throw new Error('Cannot read a ledger without checkpoints');
  const ceil = next === undefined || atMs <= floor.atMs ? floor : next;
  return { floor, ceil, expected: expectedAt(ledger, atMs) };
}
