import { ApiError } from '../../http/api-error.ts';
import { alignerFor, alignSamples, sumSamples, type Shape, type Window } from './align.ts';
import { readGroupFields, reducerFor, reduceSeries, type PointSeries } from './reduce.ts';
import type { Labelled, Sample } from './series.ts';

/** `aggregation` or `secondaryAggregation` of a request, with proto3's defaults filled in. */
export interface Aggregation {
  /** A duration in its JSON form: `60s`. */
  readonly alignmentPeriod?: string | undefined;
  readonly perSeriesAligner: string;
  readonly crossSeriesReducer: string;
  readonly groupByFields: readonly string[];
}

/** A series whose points are computed when they are wanted: `read` yields those of (fromMs, toMs], oldest first. */
export interface LazySeries {
  readonly metric: Labelled;
  readonly resource: Labelled;
  readonly read: (fromMs: number, toMs: number) => Iterable<Sample>;
  readonly sum?: ((fromMs: number, toMs: number) => number | undefined) | undefined;
}

export interface Result {
  readonly shape: Shape;
  /** What a DELTA value covers; that of the raw metric when nothing was aligned. */
  readonly periodMs: number;
  readonly series: Iterable<LazySeries>;
}

export interface Aggregated extends Result {
  readonly series: readonly LazySeries[];
}

/** `alignment_period` in common.proto. */
const MIN_PERIOD_S = 60;
const MAX_PERIOD_S = 104 * 7 * 86_400;

/**
 * Aligns and reduces. Without a reducer each series is computed on its own and late, so that a page of the answer costs
 * what stands on it. Errors: INVALID_ARGUMENT for a combination that common.proto rules out.
 */
export function aggregate(input: Result, aggregation: Aggregation, window: Window): Aggregated {
  const { perSeriesAligner, crossSeriesReducer } = aggregation;
  const reduces = crossSeriesReducer !== 'REDUCE_NONE';
  if (perSeriesAligner === 'ALIGN_NONE') {
    if (!reduces) return { ...input, series: [...input.series] };
    throw new ApiError(
      'INVALID_ARGUMENT',
      `Field aggregation.perSeriesAligner had an invalid value of "ALIGN_NONE": A cross-series reducer needs an aligner.`,
    );
  }
  const periodMs = readPeriodMs(aggregation.alignmentPeriod);
  const aligner = alignerFor(perSeriesAligner, input.shape);
  const shape = aligner.result(input.shape);
  const round = shape.valueType === 'INT64' ? Math.round : (value: number): number => value;
  // An instant has the alignment period that ends there.
  const span = window.startMs === window.endMs ? { ...window, startMs: window.endMs - periodMs } : window;
  const align = ({ metric, resource, read, sum }: LazySeries): LazySeries => {
    let points: readonly Sample[] | undefined;
    return {
      metric,
      resource,
      read(fromMs, toMs) {
        points ??=
          sum !== undefined && SUMS.has(perSeriesAligner)
            ? sumSamples(periodMs, span, sum)
            : alignSamples(aligner, periodMs, span, read).map(({ atMs, value }) => ({
                atMs,
                value: round(value),
              }));
        return within(points, fromMs, toMs);
      },
    };
  };
  if (!reduces) return { shape, periodMs, series: [...mapLazily(input.series, align)] };

  const reducer = reducerFor(crossSeriesReducer, shape);
  const fields = readGroupFields(aggregation.groupByFields);
  const aligned = mapLazily(input.series, (series): PointSeries => ({
    ...series,
    points: [...align(series).read(-Infinity, Infinity)],
  }));
  return {
    shape: reducer.result(shape),
    periodMs,
    series: reduceSeries(reducer, fields, aligned).map(({ metric, resource, points }) => ({
      metric,
      resource,
      read: (fromMs, toMs) => within(points, fromMs, toMs),
    })),
  };
}

/** What `sum` of a series answers. */
const SUMS: ReadonlySet<string> = new Set(['ALIGN_SUM', 'ALIGN_DELTA']);

function* mapLazily<T, U>(all: Iterable<T>, change: (one: T) => U): Generator<U> {
  for (const one of all) yield change(one);
}

function within(points: readonly Sample[], fromMs: number, toMs: number): readonly Sample[] {
  return points.filter(({ atMs }) => atMs > fromMs && atMs <= toMs);
}

function readPeriodMs(period: string | undefined): number {
  const seconds = period === undefined ? NaN : Number(period.replace(/s$/, ''));
  if (seconds >= MIN_PERIOD_S && seconds <= MAX_PERIOD_S) return seconds * 1000;
  throw new ApiError(
    'INVALID_ARGUMENT',
    `Field aggregation.alignmentPeriod had an invalid value of "${period ?? ''}": An aligner needs an alignment period of at least ${MIN_PERIOD_S}s and at most ${MAX_PERIOD_S}s.`,
  );
}
