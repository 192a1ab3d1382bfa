import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { z } from 'zod';
import { evaluateShape } from './evaluate-shape.ts';
import { loadSchema, shapeSchema } from './shapes.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A Wednesday. */
const START = Date.parse('2026-11-18T12:00:00Z');
const FRACTION = { min: 0, max: 1 };
const PERCENT = { min: 0, max: 100 };

function signalOf(
  shape: z.input<typeof shapeSchema>,
  range: { min: number; max: number } = FRACTION,
  seed = 'vm-1',
) {
  const parsed = shapeSchema.parse(shape);
  assert(parsed !== 'none');
  return evaluateShape(parsed, { seed, startMs: START, range });
}

/** The values at each minute of (fromMs, toMs]. */
function sample(
  signal: (atMs: number) => number | undefined,
  fromMs: number,
  toMs: number,
): (number | undefined)[] {
  return Array.from({ length: (toMs - fromMs) / MINUTE }, (_, index) =>
    signal(fromMs + (index + 1) * MINUTE),
  );
}

function numbers(values: readonly (number | undefined)[]): number[] {
  return values.filter((value) => value !== undefined);
}

describe('evaluateShape', () => {
  test('a number is a constant', () => {
    assert.deepEqual(sample(signalOf(0.3), START - 2 * MINUTE, START), [0.3, 0.3]);
  });

  test('noise stays within its spread, uses it, and depends on the seed and the minute only', () => {
    const noise = { shape: 'noise', level: 0.5, spread: 0.1 } as const;
    const values = numbers(sample(signalOf(noise), START - DAY, START));
    assert(Math.min(...values) >= 0.4 && Math.min(...values) < 0.401);
    assert(Math.max(...values) <= 0.6 && Math.max(...values) > 0.599);
    assert.deepEqual(numbers(sample(signalOf(noise), START - DAY, START)), values);
    assert.notDeepEqual(numbers(sample(signalOf(noise, FRACTION, 'vm-2'), START - DAY, START)), values);
  });

  test('values are cut off at the range of the metric', () => {
    const values = numbers(sample(signalOf({ shape: 'noise', level: 1, spread: 3 }), START - HOUR, START));
    assert.equal(Math.min(...values), 0);
    assert.equal(Math.max(...values), 1);
  });

  const at = (
    shape: z.input<typeof shapeSchema>,
    times: Readonly<Record<string, number | undefined>>,
    range = FRACTION,
  ): void => {
    const signal = signalOf(shape, range);
    for (const [time, expected] of Object.entries(times))
      assert.equal(signal(Date.parse(time)), expected, time);
  };

  test('daily: busy in working hours of its time zone, over a change of the clocks too', () => {
    // Berlin leaves summer time on 2026-10-25.
    at({ shape: 'daily', busy: 0.8, idle: 0.1, timezone: 'Europe/Berlin' }, {
      '2026-10-23T06:59:00Z': 0.1,
      '2026-10-23T07:00:00Z': 0.8,
      '2026-10-23T15:59:00Z': 0.8,
      '2026-10-23T16:00:00Z': 0.1,
      '2026-10-24T10:00:00Z': 0.1,
      '2026-10-26T07:59:00Z': 0.1,
      '2026-10-26T08:00:00Z': 0.8,
      '2026-10-26T16:59:00Z': 0.8,
      '2026-10-26T17:00:00Z': 0.1,
    }); // prettier-ignore
  });

  test('nightly: across midnight, and the night belongs to the day on which it begins', () => {
    at({ shape: 'nightly', busy: 90, days: ['fri'] }, {
      '2026-11-19T23:00:00Z': 0,
      '2026-11-20T04:00:00Z': 0,
      '2026-11-20T21:59:00Z': 0,
      '2026-11-20T22:00:00Z': 90,
      '2026-11-21T04:59:00Z': 90,
      '2026-11-21T05:00:00Z': 0,
      '2026-11-21T22:00:00Z': 0,
    }, PERCENT); // prettier-ignore
  });

  for (const [range, low, high] of [
    [FRACTION, 0.85, 1],
    [PERCENT, 85, 100],
  ] as const)
    // prettier-ignore
    test(`nightly trains at 85 to 100 % of a maximum of ${range.max}`, () => {
      const values = numbers(sample(signalOf({ shape: 'nightly' }, range), Date.parse('2026-11-17T22:00:00Z'), START - 8 * HOUR));
      assert(Math.min(...values) >= low && Math.max(...values) <= high);
      assert(Math.max(...values) - Math.min(...values) > (high - low) / 2);
    });

  test('nightly without `busy` needs a maximum', () => {
    assert.throws(() => signalOf({ shape: 'nightly' }, { min: 0, max: Infinity })(START), /give `busy`/);
  });

  test('spike: exactly its minutes', () => {
    at({ shape: 'spike', at: '-35m', minutes: 2, value: 0.97, base: 0.01 }, {
      '2026-11-18T11:24:00Z': 0.01,
      '2026-11-18T11:25:00Z': 0.97,
      '2026-11-18T11:26:00Z': 0.97,
      '2026-11-18T11:27:00Z': 0.01,
    }); // prettier-ignore
  });

  test('heartbeat: once per interval', () => {
    const signal = signalOf({ shape: 'heartbeat', everyMinutes: 5, value: 0.9, base: 0.1 });
    const values = sample(signal, START - HOUR, START);
    assert.equal(values.filter((value) => value === 0.9).length, 12);
    assert.equal(values.indexOf(0.9, values.indexOf(0.9) + 1) - values.indexOf(0.9), 5);
  });

  test('steps hold, in the order of their times', () => {
    const steps = [
      { at: '-10m', value: 0.3 },
      { at: '-20m', value: 0.2 },
    ];
    at({ shape: 'steps', initial: 0.1, steps }, {
      '2026-11-18T11:39:00Z': 0.1,
      '2026-11-18T11:40:00Z': 0.2,
      '2026-11-18T11:49:00Z': 0.2,
      '2026-11-18T11:50:00Z': 0.3,
      '2026-11-19T11:50:00Z': 0.3,
    }); // prettier-ignore
  });

  test('from, until and gaps leave no points', () => {
    const gaps = [{ from: '-3h', to: '-1h' }];
    at({ shape: 'constant', value: 0.5, from: '-1d', until: '2026-11-18T11:30:00Z', gaps }, {
      '2026-11-17T11:59:00Z': undefined,
      '2026-11-17T12:00:00Z': 0.5,
      '2026-11-18T08:59:00Z': 0.5,
      '2026-11-18T09:00:00Z': undefined,
      '2026-11-18T10:59:00Z': undefined,
      '2026-11-18T11:00:00Z': 0.5,
      '2026-11-18T11:30:00Z': undefined,
    }); // prettier-ignore
  });
});

describe('loadSchema', () => {
  test('an empty load is an idle machine without GPU metrics', () => {
    const load = loadSchema.parse({});
    assert.equal(load.gpus, 'none');
    assert.deepEqual(load.diskRead, { shape: 'constant', value: 0, gaps: [] });
    assert.notEqual(load.cpu, 'none');
  });

  const refused: readonly (readonly [load: unknown, message: RegExp])[] = [
    [{ cpuu: 1 }, /cpuu/],
    [{ cpu: { shape: 'dayly' } }, /cpu.*one of constant, noise, daily/],
    [{ cpu: { shape: 'noise', level: 1 } }, /cpu.*spread/],
    [{ cpu: { shape: 'noise', level: 1, spread: 1, color: 'red' } }, /color/],
    [{ cpu: { shape: 'spike', at: '-5x', value: 1 } }, /a time such as/],
    [{ cpu: { shape: 'spike', at: '2026-99-18T09:00:00Z', value: 1 } }, /not a time that exists/],
    [{ cpu: { shape: 'daily', busy: [2, 1], idle: 0 } }, /lower end comes first/],
    [{ cpu: { shape: 'daily', busy: 1, idle: 0, timezone: 'Europe/Atlantis' } }, /a time zone such as/],
    [{ cpu: { shape: 'daily', busy: 1, idle: 0, start: '8:00' } }, /a time of day such as/],
    [{ gpus: [1, { shape: 'noise', level: 1 }] }, /gpus.*1.*spread/],
    ['busy', /expected object/],
  ];
  for (const [load, message] of refused)
    test(`refuses ${JSON.stringify(load)}`, () => {
      const { error } = loadSchema.safeParse(load);
      assert(error !== undefined);
      assert.match(z.prettifyError(error), message);
    });
});
