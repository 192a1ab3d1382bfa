import type { Mark } from '../../../shared/prices/mark.ts';

/** The least and the most that it can be; the same number twice when it is known. */
export interface Span {
  readonly min: number;
  /** Infinity when nothing is known. */
  readonly max: number;
}

/** What new rules change within some days, against what the present rules would do anyway. */
export interface Horizon {
  readonly deletedBytes: Span;
  readonly deletedObjects: Span;
  /** By the class that they move to. */
  readonly movedBytes: Readonly<Record<string, Span>>;
  /** Less paid at rest for a month at the end of that time; undefined when a price is missing. */
  readonly savesUsdPerMonth: Span | undefined;
  /** Paid once on the way: operations, and the rest of minimum durations. Undefined when a price is missing. */
  readonly costsUsdOnce: Span | undefined;
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
  readonly totalBytes: Span;
  /** Share of the bytes that the new rules delete within a day, 0 to 1. */
  readonly deletedShare: Span;
  readonly horizons: Readonly<Record<HorizonName, Horizon>>;
  /** Of the weakest price in it. */
  readonly mark: Mark;
  /** Prefixes in the new rules with which no object's name begins; empty when not all objects were listed. */
  readonly emptyPrefixes: readonly string[];
  /** The same for suffixes. */
  readonly emptySuffixes: readonly string[];
}

export function exactly(value: number): Span {
  return { min: value, max: value };
}

function hull(one: Span, other: Span): Span {
  return { min: Math.min(one.min, other.min), max: Math.max(one.max, other.max) };
}

function hullOfKnown(one: Span | undefined, other: Span | undefined): Span | undefined {
  return one === undefined || other === undefined ? undefined : hull(one, other);
}

/** What holds in two readings of the same rules. */
export function hullOfHorizons(one: Forecast['horizons'], other: Forecast['horizons']): Forecast['horizons'] {
  const at = (name: HorizonName): Horizon => {
    const [a, b] = [one[name], other[name]];
    const classes = new Set([...Object.keys(a.movedBytes), ...Object.keys(b.movedBytes)]);
    const moved = [...classes].map((to): [string, Span] => [
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
export function shareOf(one: Span, whole: Span): Span {
  if (one.max === 0) return exactly(0);
  return {
    min: whole.max === Infinity || whole.max === 0 ? 0 : one.min / whole.max,
    max: whole.min === 0 || one.max === Infinity ? 1 : Math.min(1, one.max / whole.min),
  };
}

/** A span as a receipt shows it: a number, `[least, most]`, or `at least`. */
export function showSpan({ min, max }: Span, digits = 0): unknown {
  const round = (value: number): number => Number(value.toFixed(digits));
  if (max === Infinity) return { atLeast: round(min) };
  return round(min) === round(max) ? round(min) : [round(min), round(max)];
}

/** A forecast as a receipt shows it. */
export function showForecast(forecast: Forecast): object {
  const { source, notes, totalBytes, deletedShare, horizons, mark } = forecast;
  const within = HORIZONS.map(([name]): [string, object] => [name, showHorizon(horizons[name])]);
  return {
    source,
    ...(notes.length > 0 ? { notes } : {}),
    totalBytes: showSpan(totalBytes),
    deletedShare: showSpan(deletedShare, 4),
    within: Object.fromEntries(within),
    priceMark: mark,
  };
}

function showHorizon(horizon: Horizon): object {
  const money = (span: Span | undefined): unknown => (span === undefined ? 'unpriced' : showSpan(span, 4));
  const moved = Object.entries(horizon.movedBytes).filter(([, span]) => span.max > 0);
  return {
    deletedBytes: showSpan(horizon.deletedBytes),
    deletedObjects: showSpan(horizon.deletedObjects),
    movedBytes: Object.fromEntries(moved.map(([to, span]) => [to, showSpan(span)])),
    savesUsdPerMonth: money(horizon.savesUsdPerMonth),
    costsUsdOnce: money(horizon.costsUsdOnce),
  };
}
