import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { aggregate, type Aggregated, type Aggregation, type LazySeries, type Result } from './aggregate.ts';
import type { Shape } from './align.ts';
import type { Sample } from './series.ts';

const MINUTE = 60_000;
/** The window is (0, 4 minutes]; samples stand on its minutes. */
const WINDOW = { startMs: 0, endMs: 4 * MINUTE };
const GAUGE: Shape = { metricKind: 'GAUGE', valueType: 'DOUBLE', unit: 'x' };
const GAUGE_INT: Shape = { ...GAUGE, valueType: 'INT64' };
const DELTA: Shape = { metricKind: 'DELTA', valueType: 'INT64', unit: 'By' };

/** `values[n]` stands at minute n + 1; undefined leaves a hole. */
function lazy(id: string, zone: string, values: readonly (number | undefined)[]): LazySeries {
  const samples = values.flatMap((value, index): Sample[] =>
    value === undefined ? [] : [{ atMs: (index + 1) * MINUTE, value }],
  );
  return {
    metric: { type: 'm', labels: { name: `vm-${id}` } },
    resource: { type: 'gce_instance', labels: { project_id: 'p', instance_id: id, zone } },
    read: (fromMs, toMs) => samples.filter(({ atMs }) => atMs > fromMs && atMs <= toMs),
  };
}

function input(shape: Shape, ...series: LazySeries[]): Result {
  return { shape, periodMs: MINUTE, series };
}

function spec(
  perSeriesAligner: string,
  alignmentPeriod: string,
  more: Partial<Aggregation> = {},
): Aggregation {
  return { perSeriesAligner, alignmentPeriod, crossSeriesReducer: 'REDUCE_NONE', groupByFields: [], ...more };
}

/** Minute of each point -> value, of the n-th series. */
function pointsOf(result: Aggregated, index = 0): object {
  const points = result.series[index]?.read(-Infinity, Infinity) ?? [];
  return Object.fromEntries([...points].map(({ atMs, value }) => [atMs / MINUTE, value]));
}

describe('aligners', () => {
  const gauge = [1, 3, 6, 2];
  const delta = [10, 20, 30, 60];
  const cases: readonly (readonly [
    aligner: string,
    shape: Shape,
    period: string,
    values: readonly (number | undefined)[],
    points: object,
    result: Partial<Shape>,
  ])[] = [
    ['ALIGN_MIN', GAUGE, '120s', gauge, { 2: 1, 4: 2 }, GAUGE],
    ['ALIGN_MAX', GAUGE, '120s', gauge, { 2: 3, 4: 6 }, GAUGE],
    ['ALIGN_MEAN', GAUGE, '120s', gauge, { 2: 2, 4: 4 }, GAUGE],
    ['ALIGN_MEAN', GAUGE_INT, '240s', gauge, { 4: 3 }, GAUGE],
    [
      'ALIGN_COUNT',
      GAUGE,
      '120s',
      [1, undefined, 1, 1],
      { 2: 1, 4: 2 },
      { metricKind: 'GAUGE', valueType: 'INT64', unit: '1' },
    ],
    ['ALIGN_SUM', GAUGE, '120s', gauge, { 2: 4, 4: 8 }, GAUGE],
    ['ALIGN_SUM', DELTA, '120s', delta, { 2: 30, 4: 90 }, DELTA],
    ['ALIGN_STDDEV', GAUGE, '120s', gauge, { 2: 1, 4: 2 }, GAUGE],
    ['ALIGN_STDDEV', GAUGE, '60s', [5], { 1: 0 }, GAUGE],
    ['ALIGN_NEXT_OLDER', GAUGE, '120s', [1, undefined, 6, 2], { 2: 1, 4: 2 }, GAUGE],
    ['ALIGN_DELTA', DELTA, '240s', delta, { 4: 120 }, DELTA],
    [
      'ALIGN_RATE',
      DELTA,
      '120s',
      delta,
      { 2: 0.25, 4: 0.75 },
      { metricKind: 'GAUGE', valueType: 'DOUBLE', unit: 'By/s' },
    ],
    ['ALIGN_INTERPOLATE', GAUGE, '60s', [1, undefined, 5, 2], { 1: 1, 2: 3, 3: 5, 4: 2 }, GAUGE],
    // A point after the window serves the boundary at its end; one that is missing on one side gives none.
    ['ALIGN_INTERPOLATE', GAUGE, '120s', [undefined, 4, 6, undefined, 10], { 2: 4, 4: 8 }, GAUGE],
    ['ALIGN_INTERPOLATE', GAUGE, '60s', [1, undefined, undefined, undefined], { 1: 1 }, GAUGE],
    ['ALIGN_INTERPOLATE', GAUGE_INT, '60s', [1, undefined, 6, 2], { 1: 1, 2: 4, 3: 6, 4: 2 }, GAUGE_INT],
    // The 10-minute means before the minutes: 2, 4 (of 2 and 6), 6 (of 2, 6 and 10).
    [
      'ALIGN_PERCENT_CHANGE',
      GAUGE,
      '60s',
      [2, 6, 10],
      { 2: 100, 3: 50, 4: 0 },
      { metricKind: 'GAUGE', valueType: 'DOUBLE', unit: '%' },
    ],
    ['ALIGN_PERCENT_CHANGE', GAUGE, '60s', [0, 0, 3, -9], { 2: 0, 3: Infinity, 4: 0 }, { unit: '%' }],
    // An empty period has no point; periods end at the window's end, so the oldest one here is half outside.
    ['ALIGN_MAX', GAUGE, '60s', [1, undefined, undefined, 4], { 1: 1, 4: 4 }, GAUGE],
    ['ALIGN_SUM', GAUGE, '180s', gauge, { 1: 1, 4: 11 }, GAUGE],
    ['ALIGN_SUM', GAUGE, '86400s', gauge, { 4: 12 }, GAUGE],
    ['ALIGN_MAX', GAUGE, '60s', [], {}, GAUGE],
  ];
  for (const [aligner, shape, period, values, points, result] of cases)
    test(`${aligner} of ${shape.metricKind} ${shape.valueType} per ${period}: ${JSON.stringify(points)}`, () => {
      const aligned = aggregate(input(shape, lazy('1', 'a', values)), spec(aligner, period), WINDOW);
      assert.deepEqual(pointsOf(aligned), points);
      assert.deepEqual(aligned.shape, { ...aligned.shape, ...result });
      assert.equal(aligned.periodMs, Number.parseInt(period) * 1000);
    });

  test('ALIGN_NONE leaves everything, whatever the period', () => {
    const raw = input(DELTA, lazy('1', 'a', delta));
    assert.deepEqual(aggregate(raw, spec('ALIGN_NONE', '1s'), WINDOW), raw);
  });

  const refused: readonly (readonly [aligner: string, shape: Shape])[] = [
    ['ALIGN_DELTA', GAUGE],
    ['ALIGN_RATE', GAUGE],
    ['ALIGN_INTERPOLATE', DELTA],
    ['ALIGN_NEXT_OLDER', DELTA],
    ['ALIGN_COUNT_TRUE', GAUGE],
    ['ALIGN_COUNT_FALSE', GAUGE],
    ['ALIGN_FRACTION_TRUE', GAUGE],
    ['ALIGN_PERCENTILE_99', GAUGE],
    ['ALIGN_PERCENTILE_95', DELTA],
    ['ALIGN_PERCENTILE_50', GAUGE],
    ['ALIGN_PERCENTILE_05', DELTA],
  ];
  for (const [aligner, shape] of refused)
    test(`${aligner} does not take ${shape.metricKind} ${shape.valueType}`, () => {
      assert.throws(() => aggregate(input(shape), spec(aligner, '60s'), WINDOW), {
        code: 'INVALID_ARGUMENT',
        message: `Field aggregation.perSeriesAligner had an invalid value of "${aligner}": The aligner cannot be applied to metrics with kind ${shape.metricKind} and value type ${shape.valueType}.`,
      });
    });

  for (const period of ['59s', '59.999s', '0s', '-60s', '62899201s'])
    test(`refuses an alignment period of ${period}`, () => {
      assert.throws(() => aggregate(input(GAUGE), spec('ALIGN_MAX', period), WINDOW), {
        code: 'INVALID_ARGUMENT',
      });
    });

  test('refuses an aligner without an alignment period', () => {
    const without = { ...spec('ALIGN_MAX', '60s'), alignmentPeriod: undefined };
    assert.throws(() => aggregate(input(GAUGE), without, WINDOW), /needs an alignment period/);
  });
});

describe('reducers', () => {
  const three = (): LazySeries[] => [lazy('1', 'a', [1, 1]), lazy('2', 'a', [2, 2]), lazy('3', 'b', [6])];
  const cases: readonly (readonly [reducer: string, points: object, valueType: string])[] = [
    ['REDUCE_MEAN', { 1: 3, 2: 1.5 }, 'DOUBLE'],
    ['REDUCE_MIN', { 1: 1, 2: 1 }, 'INT64'],
    ['REDUCE_MAX', { 1: 6, 2: 2 }, 'INT64'],
    ['REDUCE_SUM', { 1: 9, 2: 3 }, 'INT64'],
    // sqrt(((1-3)² + (2-3)² + (6-3)²) / 3) and sqrt((0.5² + 0.5²) / 2)
    ['REDUCE_STDDEV', { 1: Math.sqrt(14 / 3), 2: 0.5 }, 'DOUBLE'],
    ['REDUCE_COUNT', { 1: 3, 2: 2 }, 'INT64'],
    ['REDUCE_PERCENTILE_50', { 1: 2, 2: 1.5 }, 'DOUBLE'],
    // Ranks 1.98, 1.9 and 0.1 of [1, 2, 6]; 0.99, 0.95 and 0.05 of [1, 2].
    ['REDUCE_PERCENTILE_99', { 1: 5.92, 2: 1.99 }, 'DOUBLE'],
    ['REDUCE_PERCENTILE_95', { 1: 5.6, 2: 1.95 }, 'DOUBLE'],
    ['REDUCE_PERCENTILE_05', { 1: 1.1, 2: 1.05 }, 'DOUBLE'],
  ];
  for (const [crossSeriesReducer, points, valueType] of cases)
    test(`${crossSeriesReducer}: ${JSON.stringify(points)}`, () => {
      const reduced = aggregate(
        input(DELTA, ...three()),
        spec('ALIGN_SUM', '60s', { crossSeriesReducer }),
        WINDOW,
      );
      assert.equal(reduced.series.length, 1);
      const actual = Object.entries(pointsOf(reduced)).map(([at, value]) => [
        at,
        Number(Number(value).toFixed(9)),
      ]);
      const expected = Object.entries(points).map(([at, value]) => [at, Number(Number(value).toFixed(9))]);
      assert.deepEqual(actual, expected);
      assert.equal(reduced.shape.valueType, valueType);
      assert.equal(reduced.shape.metricKind, 'DELTA');
    });

  const grouped: readonly (readonly [
    fields: readonly string[],
    metric: object[],
    resource: object[],
    points: object[],
  ])[] = [
    [[], [{}], [{ project_id: 'p' }], [{ 1: 9, 2: 3 }]],
    [
      ['resource.labels.zone'],
      [{}, {}],
      [
        { project_id: 'p', zone: 'a' },
        { project_id: 'p', zone: 'b' },
      ],
      [{ 1: 3, 2: 3 }, { 1: 6 }],
    ],
    [
      ['metric.label.name', 'resource.type', 'metric.type', 'project'],
      [{ name: 'vm-1' }, { name: 'vm-2' }, { name: 'vm-3' }],
      [{ project_id: 'p' }, { project_id: 'p' }, { project_id: 'p' }],
      [{ 1: 1, 2: 1 }, { 1: 2, 2: 2 }, { 1: 6 }],
    ],
  ];
  for (const [groupByFields, metric, resource, points] of grouped)
    test(`groups by ${JSON.stringify(groupByFields)} and drops other labels`, () => {
      const more = { crossSeriesReducer: 'REDUCE_SUM', groupByFields };
      const { series } = aggregate(input(DELTA, ...three()), spec('ALIGN_SUM', '60s', more), WINDOW);
      assert.deepEqual(series.map((one) => one.metric.labels), metric); // prettier-ignore
      assert.deepEqual(series.map((one) => one.resource.labels), resource); // prettier-ignore
      assert.deepEqual(series.map((_, index) => pointsOf({ shape: DELTA, periodMs: MINUTE, series }, index)), points); // prettier-ignore
    });

  test('REDUCE_NONE ignores groupByFields', () => {
    const { series } = aggregate(
      input(DELTA, ...three()),
      spec('ALIGN_SUM', '60s', { groupByFields: ['x'] }),
      WINDOW,
    );
    assert.equal(series.length, 3);
  });

  const refused: readonly (readonly [name: string, aggregation: Aggregation, message: RegExp])[] = [
    [
      'a reducer without an aligner',
      spec('ALIGN_NONE', '60s', { crossSeriesReducer: 'REDUCE_SUM' }),
      /needs an aligner/,
    ],
    [
      'REDUCE_COUNT_TRUE',
      spec('ALIGN_SUM', '60s', { crossSeriesReducer: 'REDUCE_COUNT_TRUE' }),
      /cannot be applied/,
    ],
    [
      'an unknown field',
      spec('ALIGN_SUM', '60s', { crossSeriesReducer: 'REDUCE_SUM', groupByFields: ['zone'] }),
      /groupByFields\[0\]/,
    ],
  ];
  for (const [name, aggregation, message] of refused)
    test(`refuses ${name}`, () => {
      assert.throws(() => aggregate(input(DELTA), aggregation, WINDOW), {
        code: 'INVALID_ARGUMENT',
        message,
      });
    });
});

test('a second aggregation works on the points of the first', () => {
  const raw = input(DELTA, lazy('1', 'a', [1, 2, 3, 4]), lazy('2', 'a', [10, 0, 0, 10]));
  const first = aggregate(raw, spec('ALIGN_SUM', '60s', { crossSeriesReducer: 'REDUCE_SUM' }), WINDOW);
  assert.deepEqual(pointsOf(first), { 1: 11, 2: 2, 3: 3, 4: 14 });
  const second = aggregate(first, spec('ALIGN_MAX', '240s'), WINDOW);
  assert.deepEqual(pointsOf(second), { 4: 14 });
});
