import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { querySeries, type SeriesQuery } from '../../../shared/google/monitoring.ts';
import { refuse, scriptedApi } from '../../support/scripted-api.ts';

const END = Date.parse('2026-11-18T21:40:00.999Z');

const QUERY: SeriesQuery = {
  projectId: 'ml-lab',
  metricType: 'compute.googleapis.com/instance/cpu/utilization',
  filter: 'resource.type = "gce_instance"',
  startMs: END - 3_600_000,
  endMs: END,
  aligner: 'ALIGN_MAX',
  alignmentSeconds: 60,
};

/** Runs the query over these pages, answered one after the other. */
async function over(pages: readonly unknown[], query = QUERY) {
  const left = [...pages];
  const { api, requested } = scriptedApi(() => left.shift());
  return { result: await querySeries(api, query), requested, calls: api.calls };
}

function series(id: string, points: readonly object[]): object {
  return { metric: { labels: {} }, resource: { labels: { instance_id: id } }, points };
}

function point(endTime: string, value: object): object {
  return { interval: { startTime: endTime, endTime }, value };
}

const AT = Date.parse('2026-11-18T21:00:00Z');

describe('querySeries', () => {
  test('requests whole seconds, for what the query names and for the fields that are used', async () => {
    const { requested } = await over([{}]);
    assert.deepEqual(requested, [
      {
        method: 'GET',
        target: 'monitoring.googleapis.com/v3/projects/ml-lab/timeSeries',
        query: {
          filter:
            'metric.type = "compute.googleapis.com/instance/cpu/utilization" AND resource.type = "gce_instance"',
          'interval.startTime': '2026-11-18T20:40:00.000Z',
          'interval.endTime': '2026-11-18T21:40:00.000Z',
          'aggregation.alignmentPeriod': '60s',
          'aggregation.perSeriesAligner': 'ALIGN_MAX',
          view: 'FULL',
          fields:
            'timeSeries(metric/labels,resource/labels,points(interval/endTime,value)),nextPageToken,executionErrors/message,unreachable',
        },
        body: undefined,
      },
    ]);
  });

  test('requests a reducer and groups where there are', async () => {
    const groupBy = ['resource.label.instance_id'];
    const { requested } = await over([{}], { ...QUERY, reducer: 'REDUCE_SUM', groupBy });
    const query = requested[0]?.query ?? {};
    assert.equal(query['aggregation.crossSeriesReducer'], 'REDUCE_SUM');
    assert.equal(query['aggregation.groupByFields'], 'resource.label.instance_id');
  });

  test('reads all pages by the token of the one before; a split series comes as two entries', async () => {
    const { result, requested, calls } = await over([
      {
        timeSeries: [series('1', [point('2026-11-18T21:00:00Z', { doubleValue: 0.5 })])],
        nextPageToken: 'p2',
      },
      {
        timeSeries: [series('1', [point('2026-11-18T20:59:00Z', { doubleValue: 0.25 })])],
        nextPageToken: 'p3',
      },
      { nextPageToken: '' },
    ]);
    assert.deepEqual(
      requested.map(({ query }) => query['pageToken']),
      [undefined, 'p2', 'p3'],
    );
    const resourceLabels = { instance_id: '1' };
    assert.deepEqual(result, {
      series: [
        { metricLabels: {}, resourceLabels, points: [{ endMs: AT, value: 0.5 }] },
        { metricLabels: {}, resourceLabels, points: [{ endMs: AT - 60_000, value: 0.25 }] },
      ],
      partial: [],
    });
    assert.deepEqual(calls, { 'monitoring.timeSeries.list': 3 });
  });

  test('reads int64, which JSON spells as text, zero among them', async () => {
    const points = [
      point('2026-11-18T21:00:00Z', { int64Value: '9000000000' }),
      point('2026-11-18T20:59:00.500Z', { int64Value: '0' }),
      point('2026-11-18T20:58:00Z', { doubleValue: 0 }),
    ];
    const { result } = await over([{ timeSeries: [series('1', points)] }]);
    assert.deepEqual(result.series[0]?.points, [
      { endMs: AT, value: 9_000_000_000 },
      { endMs: AT - 59_500, value: 0 },
      { endMs: AT - 120_000, value: 0 },
    ]);
  });

  test('a point without a finite number is no point, and hides no other', async () => {
    const values = [
      {},
      { boolValue: true },
      { doubleValue: 'NaN' },
      { doubleValue: 'Infinity' },
      { doubleValue: 1 },
    ];
    const points = values.map((value) => point('2026-11-18T21:00:00Z', value));
    const { result } = await over([{ timeSeries: [series('1', points)] }]);
    assert.deepEqual(result.series[0]?.points, [{ endMs: AT, value: 1 }]);
  });

  test('missing labels and points are empty', async () => {
    const { result } = await over([{ timeSeries: [{}, { metric: {}, resource: {} }] }]);
    const empty = { metricLabels: {}, resourceLabels: {}, points: [] };
    assert.deepEqual(result.series, [empty, empty]);
  });

  test('collects the execution errors of all pages', async () => {
    const { result } = await over([
      { executionErrors: [{ code: 14, message: 'us-east1 did not answer' }], nextPageToken: 'p2' },
      { executionErrors: [{ code: 4 }], unreachable: ['us-east4'] },
    ]);
    assert.deepEqual(result.partial, [
      'us-east1 did not answer',
      'unnamed error',
      'us-east4 was unreachable',
    ]);
  });

  test('throws a refusal, and says of an answer of another form that it is partial', async () => {
    const { api } = scriptedApi(() => refuse(403));
    await assert.rejects(querySeries(api, QUERY), { name: 'GoogleApiError', status: 403 });
    const { result } = await over([{ timeSeries: 'none' }]);
    assert.deepEqual(result.partial, [
      'another form than documented at timeSeries: it is "none", not a list',
    ]);
    // Google never answers a listing with nothing: something on the way did, and may not do so again.
    await assert.rejects(over([undefined]), { name: 'GoogleApiError', retryable: true });
  });
});
