import { ApiError } from '../../http/api-error.ts';
import type { MetricKind, Sample, ValueType } from './series.ts';
import { largest, mean, smallest, standardDeviation, sum } from './statistics.ts';

/** What a series holds: the part of it that alignment and reduction change. */
export interface Shape {
  readonly metricKind: MetricKind;
  readonly valueType: ValueType;
  readonly unit: string;
}

export interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

/** An aligner in the wording of google/monitoring/v3/common.proto: what it takes, what comes out, how. */
interface Aligner {
  readonly kinds: readonly MetricKind[];
  readonly result: (input: Shape) => Shape;
  /** How far outside the window the aligner looks, in milliseconds each way. */
  readonly reachMs: (periodMs: number) => { readonly before: number; readonly after: number };
  /** The value of the period (endMs - periodMs, endMs]; undefined when it has none. */
  readonly valueAt: (samples: readonly Sample[], endMs: number, periodMs: number) => number | undefined;
}

const BOTH: readonly MetricKind[] = ['GAUGE', 'DELTA'];
const MINUTE_MS = 60_000;

const same = (input: Shape): Shape => input;
const asDouble = (input: Shape): Shape => ({ ...input, valueType: 'DOUBLE' });
const asCount = (input: Shape): Shape => ({ ...input, valueType: 'INT64', unit: '1' });
const asRate = (input: Shape): Shape => ({
  metricKind: 'GAUGE',
  valueType: 'DOUBLE',
  unit: `${input.unit}/s`,
});
const asPercent = (): Shape => ({ metricKind: 'GAUGE', valueType: 'DOUBLE', unit: '%' });

/** An aligner that looks at the values inside each period only; a period without values has no point. */
function perPeriod(
  kinds: readonly MetricKind[],
  result: (input: Shape) => Shape,
  compute: (values: readonly number[], periodMs: number) => number,
): Aligner {
  return {
    kinds,
    result,
    reachMs: () => ({ before: 0, after: 0 }),
    valueAt(samples, endMs, periodMs) {
      const values = between(samples, endMs - periodMs, endMs).map(({ value }) => value);
      return values.length === 0 ? undefined : compute(values, periodMs);
    },
  };
}

const SMOOTHING_MS = 10 * MINUTE_MS;

// A DELTA value counts in the period in which it ends; Google shares out one that spans a boundary. With periods and
// intervals on whole minutes there is none. The aligners for BOOL and DISTRIBUTION values are known but take none of
// the sandbox's series.
const ALIGNERS: Readonly<Record<string, Aligner | 'other values'>> = {
  ALIGN_DELTA: perPeriod(['DELTA'], same, sum),
  ALIGN_RATE: perPeriod(['DELTA'], asRate, (values, periodMs) => sum(values) / (periodMs / 1000)),
  ALIGN_INTERPOLATE: {
    kinds: ['GAUGE'],
    result: same,
    reachMs: (periodMs) => ({ before: periodMs, after: periodMs }),
    valueAt: interpolate,
  },
  ALIGN_NEXT_OLDER: perPeriod(['GAUGE'], same, (values) => values.at(-1) ?? NaN),
  ALIGN_MIN: perPeriod(BOTH, same, smallest),
  ALIGN_MAX: perPeriod(BOTH, same, largest),
  ALIGN_MEAN: perPeriod(BOTH, asDouble, mean),
  ALIGN_COUNT: perPeriod(BOTH, asCount, (values) => values.length),
  ALIGN_SUM: perPeriod(BOTH, same, sum),
  ALIGN_STDDEV: perPeriod(BOTH, asDouble, standardDeviation),
  ALIGN_COUNT_TRUE: 'other values',
  ALIGN_COUNT_FALSE: 'other values',
  ALIGN_FRACTION_TRUE: 'other values',
  ALIGN_PERCENTILE_99: 'other values',
  ALIGN_PERCENTILE_95: 'other values',
  ALIGN_PERCENTILE_50: 'other values',
  ALIGN_PERCENTILE_05: 'other values',
  ALIGN_PERCENT_CHANGE: {
    kinds: BOTH,
    result: asPercent,
    reachMs: (periodMs) => ({ before: periodMs + SMOOTHING_MS, after: 0 }),
    valueAt: percentChange,
  },
};

/** The aligner of this name for this kind of series. Errors: INVALID_ARGUMENT when it does not take them. */
export function alignerFor(name: string, input: Shape): Aligner {
  const aligner = ALIGNERS[name];
  if (aligner === undefined || aligner === 'other values' || !aligner.kinds.includes(input.metricKind))
    throw new ApiError(
      'INVALID_ARGUMENT',
      `Field aggregation.perSeriesAligner had an invalid value of "${name}": The aligner cannot be applied to metrics with kind ${input.metricKind} and value type ${input.valueType}.`,
    );
  return aligner;
}

/**
 * One point at the end of each alignment period that has a value, oldest first. The periods end at the end of the
 * window and go backwards from there. `read` yields samples of (fromMs, toMs], oldest first.
 */
export function alignSamples(
  aligner: Aligner,
  periodMs: number,
  window: Window,
  read: (fromMs: number, toMs: number) => Iterable<Sample>,
): Sample[] {
  const { before, after } = aligner.reachMs(periodMs);
  const { startMs, endMs } = window;
  const samples = [...read(startMs - before, endMs + after)];
  const aligned: Sample[] = [];
  const count = Math.ceil((endMs - startMs) / periodMs);
  for (let back = count - 1; back >= 0; back -= 1) {
    const atMs = endMs - back * periodMs;
    const value = aligner.valueAt(samples, atMs, periodMs);
    if (value !== undefined) aligned.push({ atMs, value });
  }
  return aligned;
}

/** The same for a series that sums up a span by itself. */
export function sumSamples(
  periodMs: number,
  { startMs, endMs }: Window,
  sum: (fromMs: number, toMs: number) => number | undefined,
): Sample[] {
  const aligned: Sample[] = [];
  for (let back = Math.ceil((endMs - startMs) / periodMs) - 1; back >= 0; back -= 1) {
    const atMs = endMs - back * periodMs;
    // As the samples that are read: none from before the window.
    const value = sum(Math.max(startMs, atMs - periodMs), atMs);
    if (value !== undefined) aligned.push({ atMs, value });
  }
  return aligned;
}

/** The samples of (fromMs, toMs], found by bisection: a day in 60 s periods is 1,440 look-ups in 1,440 samples. */
function between(samples: readonly Sample[], fromMs: number, toMs: number): readonly Sample[] {
  return samples.slice(firstAfter(samples, fromMs), firstAfter(samples, toMs));
}

function firstAfter(samples: readonly Sample[], atMs: number): number {
  let [low, high] = [0, samples.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((samples[middle]?.atMs ?? Infinity) > atMs) high = middle;
    else low = middle + 1;
  }
  return low;
}

function interpolate(samples: readonly Sample[], endMs: number, periodMs: number): number | undefined {
  const next = firstAfter(samples, endMs);
  const [older, newer] = [samples[next - 1], samples[next]];
  if (older?.atMs === endMs) return older.value;
  if (older === undefined || newer === undefined) return undefined;
  if (older.atMs < endMs - periodMs || newer.atMs > endMs + periodMs) return undefined;
  const share = (endMs - older.atMs) / (newer.atMs - older.atMs);
  return older.value + (newer.value - older.value) * share;
}

function percentChange(samples: readonly Sample[], endMs: number, periodMs: number): number | undefined {
  const smoothed = (atMs: number): number | undefined => {
    const values = between(samples, atMs - SMOOTHING_MS, atMs).flatMap(({ value }) =>
      value < 0 ? [] : [value],
    );
    return values.length === 0 ? undefined : mean(values);
  };
  const [current, previous] = [smoothed(endMs), smoothed(endMs - periodMs)];
  if (current === undefined || previous === undefined) return undefined;
  if (previous === 0) return current === 0 ? 0 : Infinity;
  return ((current - previous) / previous) * 100;
}
