import type { Mark } from '../../../shared/prices/mark.ts';
import type { Range } from '../../../shared/units.ts';

/** What new rules change within some days, against what the present rules would do anyway. */
export interface Horizon {
  readonly deletedBytes: Range;
  readonly deletedObjects: Range;
  /** By the class that they move to. */
  readonly movedBytes: Readonly<Record<string, Range>>;
  /** Less paid at rest for a month at the end of that time; undefined when a price is missing. */
  readonly savesUsdPerMonth: Range | undefined;
  /** Paid once on the way: operations, and the rest of minimum durations. Undefined when a price is missing. */
  readonly costsUsdOnce: Range | undefined;
}

export const HORIZONS = [
  ['day', 1],
  ['month', 30],
  ['year', 365],
] as const;

export type HorizonName = (typeof HORIZONS)[number][0];

/** What new rules would do to what a bucket holds now. */
export interface Forecast {
  readonly source: 'objects' | 'metrics';
  /** What is not exact about it, in words. */
  readonly notes: readonly string[];
  readonly totalBytes: Range;
  /** Share of the bytes that the new rules delete within a day, 0 to 1. */
  readonly deletedShare: Range;
  readonly horizons: Readonly<Record<HorizonName, Horizon>>;
  /** Of the weakest price in it. */
  readonly mark: Mark;
  /** Prefixes in the new rules with which no object's name begins; empty when not all objects were listed. */
  readonly emptyPrefixes: readonly string[];
  /** The same for suffixes. */
  readonly emptySuffixes: readonly string[];
}

export function exactly(value: number): Range {
  return { low: value, high: value };
}

function hull(one: Range, other: Range): Range {
  return { low: Math.min(one.low, other.low), high: Math.max(one.high, other.high) };
}

function hullOfKnown(one: Range | undefined, other: Range | undefined): Range | undefined {
  return one === undefined || other === undefined ? undefined : hull(one, other);
}

/** What holds in two readings of the same rules. */
export function hullOfHorizons(one: Forecast['horizons'], other: Forecast['horizons']): Forecast['horizons'] {
  const at = (name: HorizonName): Horizon => {
    const [a, b] = [one[name], other[name]];
    const classes = new Set([...Object.keys(a.movedBytes), ...Object.keys(b.movedBytes)]);
    const moved = [...classes].map((to): [string, Range] => [
      to,
      hull(a.movedBytes[to] ?? exactly(0), b.movedBytes[to] ?? exactly(0)),
    ]);
    return {
      deletedBytes: hull(a.deletedBytes, b.deletedBytes),
      deletedObjects: hull(a.deletedObjects, b.deletedObjects),
      movedBytes: Object.fromEntries(moved),
      savesUsdPerMonth: hullOfKnown(a.savesUsdPerMonth, b.savesUsdPerMonth),
      costsUsdOnce: hullOfKnown(a.costsUsdOnce, b.costsUsdOnce),
    };
  };
  return { day: at('day'), month: at('month'), year: at('year') };
}

/** `one` of `whole` as a share, for spans of which the one is part of the other. */
export function shareOf(one: Range, whole: Range): Range {
  if (one.high === 0) return exactly(0);
  return {
    low: whole.high === Infinity || whole.high === 0 ? 0 : one.low / whole.high,
    high: whole.low === 0 || one.high === Infinity ? 1 : Math.min(1, one.high / whole.low),
  };
}

/** A span as a receipt shows it: a number, `[least, most]`, or `at least`. */
export function showRange({ low, high }: Range, digits = 0): unknown {
  const round = (value: number): number => Number(value.toFixed(digits));
  if (high === Infinity) return { atLeast: round(low) };
  return round(low) === round(high) ? round(low) : [round(low), round(high)];
}

/** A forecast as a receipt shows it. */
export function showForecast(forecast: Forecast): object {
  const { source, notes, totalBytes, deletedShare, horizons, mark } = forecast;
  const within = HORIZONS.map(([name]): [string, object] => [name, showHorizon(horizons[name])]);
  return {
    source,
    ...(notes.length > 0 ? { notes } : {}),
    totalBytes: showRange(totalBytes),
    deletedShare: showRange(deletedShare, 4),
    within: Object.fromEntries(within),
    priceMark: mark,
  };
}

function showHorizon(horizon: Horizon): object {
  const money = (range: Range | undefined): unknown =>
    range === undefined ? 'unpriced' : showRange(range, 4);
  const moved = Object.entries(horizon.movedBytes).filter(([, range]) => range.high > 0);
  return {
    deletedBytes: showRange(horizon.deletedBytes),
    deletedObjects: showRange(horizon.deletedObjects),
    movedBytes: Object.fromEntries(moved.map(([to, range]) => [to, showRange(range)])),
    savesUsdPerMonth: money(horizon.savesUsdPerMonth),
    costsUsdOnce: money(horizon.costsUsdOnce),
  };
}
