import { describe, expect, it } from 'vitest';
import type { Message } from '../../http/proto-service.ts';
import { createTimeSeries, type Written } from './create-time-series.ts';

const NOW = Date.parse('2026-11-18T12:00:00Z');
const TYPE = 'custom.googleapis.com/lab/burn';

interface Given {
  readonly type?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly resource?: object;
  readonly atMs?: number;
  readonly value?: object;
  readonly startTime?: string;
  readonly valueType?: string;
}

function series({
  type = TYPE,
  labels = {},
  resource,
  atMs = NOW,
  value,
  startTime,
  valueType,
}: Given): object {
  return {
    metric: { type, labels },
    ...(resource === undefined ? {} : { resource }),
    valueType: valueType ?? 'DOUBLE',
    points: [
      {
        interval: {
          endTime: new Date(atMs).toISOString(),
          ...(startTime === undefined ? {} : { startTime }),
        },
        value: value ?? { doubleValue: 1 },
      },
    ],
  };
}

function create(written: Written, ...all: readonly object[]): Message {
  return createTimeSeries({ timeSeries: all }, 'ml-ops', NOW, written);
}

describe('createTimeSeries', () => {
  it('stores one point a series, and answers nothing', () => {
    const written: Written = new Map();
    expect(create(written, series({ labels: { a: '1' } }), series({ labels: { a: '2' } }))).toEqual({});
    expect(create(written, series({ labels: { a: '1' }, atMs: NOW + 5_000 }))).toEqual({});
    const counts = [...(written.get('ml-ops')?.values() ?? [])].map(({ samples }) => samples.length);
    expect(counts).toEqual([2, 1]);
  });

  it('refuses a point that is not five seconds newer, and writes the others of the request', () => {
    const written: Written = new Map();
    create(written, series({ labels: { a: '1' } }));
    for (const [atMs, why] of [
      [NOW, /timeSeries\[0\] .*written more frequently than the maximum sampling period/],
      [NOW + 4_999, /more frequently/],
      [NOW - 1, /older end time than the most recent point/],
    ] as const)
      expect(() => create(written, series({ labels: { a: '1' }, atMs }))).toThrow(why);
    expect(() => create(written, series({ labels: { a: '1' } }), series({ labels: { a: '2' } }))).toThrow(
      expect.objectContaining({
        status: 400,
        details: [expect.objectContaining({ totalPointCount: 2, successPointCount: 1 })],
      }),
    );
    expect(written.get('ml-ops')?.size).toBe(2);
  });

  const WRONG: Readonly<Record<string, readonly [readonly object[], RegExp]>> = {
    'no series': [[], /At least one/],
    'more than 200': [
      Array.from({ length: 201 }, (_, index) => series({ labels: { a: `${index}` } })),
      /At most 200/,
    ],
    'a series that comes twice': [[series({}), series({})], /timeSeries\[1\].*Duplicate TimeSeries/],
    'a metric of Google’s': [[series({ type: 'compute.googleapis.com/instance/uptime' })], /permission/],
    'a label of another resource': [
      [series({ resource: { type: 'global', labels: { zone: 'us-central1-a' } } })],
      /Unrecognized label: zone/,
    ],
    'another project': [
      [series({ resource: { type: 'global', labels: { project_id: 'ml-lab' } } })],
      /must be the project/,
    ],
    'a key that is no label’s': [[series({ labels: { 'a-b': '1' } })], /is not a label's key/],
    'a value of 1,025 characters': [[series({ labels: { a: 'x'.repeat(1_025) } })], /At most 1024/],
    'two points': [
      [
        {
          ...series({}),
          points: [
            { interval: {}, value: {} },
            { interval: {}, value: {} },
          ],
        },
      ],
      /Exactly one point/,
    ],
    'a value of another type': [[series({ value: { int64Value: '1' } })], /must be a DOUBLE/],
    'an interval of a gauge': [[series({ startTime: '2026-11-18T11:00:00Z' })], /must equal the end time/],
    'a point of yesterday': [[series({ atMs: NOW - 26 * 3_600_000 })], /that far from now/],
    'a point of tomorrow': [[series({ atMs: NOW + 86_400_000 })], /that far from now/],
  };
  for (const [title, [all, why]] of Object.entries(WRONG))
    it(`refuses ${title}, and writes nothing`, () => {
      const written: Written = new Map();
      expect(() => create(written, ...all)).toThrow(why);
      expect(written.get('ml-ops')?.size ?? 0).toBe(0);
    });
});
