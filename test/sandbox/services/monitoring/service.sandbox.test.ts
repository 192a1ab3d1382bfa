import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { v3 } from '@google-cloud/monitoring';
import { createClock } from '../../clock/clock.ts';
import { answer, cpuSeries, sentSeries } from './in-process.ts';
import type { Sample, Series, SeriesQuery } from './series.ts';
import { createMonitoringService, type MonitoringOptions } from './service.ts';

const CPU = 'compute.googleapis.com/instance/cpu/utilization';
const SENT = 'compute.googleapis.com/instance/network/sent_bytes_count';
const MINUTE = 60_000;
const NOON = Date.parse('2026-11-18T12:00:00Z');

/** Ten minutes after the data ends: everything is visible. */
function service(series: readonly Series[], more: Partial<MonitoringOptions> = {}) {
  return createMonitoringService({
    clock: createClock({ startMs: NOON + 10 * MINUTE, frozen: true }),
    seriesOf: (projectId) => (projectId === 'ml-dev' ? series : undefined),
    ...more,
  });
}

interface TimeSeries {
  readonly metric: { readonly type: string; readonly labels?: Readonly<Record<string, string>> };
  readonly resource: { readonly type: string; readonly labels: Readonly<Record<string, string>> };
  readonly metricKind: string;
  readonly valueType: string;
  readonly points?: readonly {
    readonly interval: { readonly startTime: string; readonly endTime: string };
    readonly value: { readonly doubleValue?: number; readonly int64Value?: string };
  }[];
}

interface Listed {
  readonly status: number;
  readonly message: string;
  readonly timeSeries: readonly TimeSeries[];
  readonly nextPageToken?: string;
  readonly executionErrors?: readonly object[];
  readonly unit: string;
}

type Parameters = Readonly<Record<string, string>>;

const HOUR: Parameters = {
  'interval.startTime': '2026-11-18T11:00:00Z',
  'interval.endTime': '2026-11-18T12:00:00Z',
};

async function list(
  { routes }: ReturnType<typeof service>,
  parameters: Parameters,
  project = 'ml-dev',
): Promise<Listed> {
  const url = new URL(`https://monitoring.googleapis.com/v3/projects/${project}/timeSeries`);
  for (const [name, value] of Object.entries({ filter: `metric.type = "${CPU}"`, ...HOUR, ...parameters }))
    if (value !== '') url.searchParams.set(name, value);
  const { status, body } = await answer(routes, url);
  const answered = body as Partial<Listed> & { error?: { message: string } };
  return { status, message: answered.error?.message ?? '', timeSeries: [], unit: '', ...answered };
}

describe('timeSeries.list', () => {
  test('answers in the shape that Google does', async () => {
    const { status, timeSeries, unit } = await list(service([cpuSeries('42', NOON, [0.25, 0])]), {});
    assert.equal(status, 200);
    assert.equal(unit, '10^2.%');
    assert.deepEqual(timeSeries, [
      {
        metric: { type: CPU, labels: { instance_name: 'vm-42' } },
        resource: {
          type: 'gce_instance',
          labels: { project_id: 'ml-dev', instance_id: '42', zone: 'europe-west4-a' },
        },
        metricKind: 'GAUGE',
        valueType: 'DOUBLE',
        points: [
          {
            interval: { startTime: '2026-11-18T12:00:00Z', endTime: '2026-11-18T12:00:00Z' },
            value: { doubleValue: 0 },
          },
          {
            interval: { startTime: '2026-11-18T11:59:00Z', endTime: '2026-11-18T11:59:00Z' },
            value: { doubleValue: 0.25 },
          },
        ],
      },
    ]);
  });

  test('a DELTA point covers the minute before it and is an int64 in a string', async () => {
    const { timeSeries, unit } = await list(service([sentSeries('42', NOON, [7])]), {
      filter: `metric.type="${SENT}"`,
    });
    assert.equal(unit, 'By');
    assert.deepEqual(timeSeries[0]?.points, [
      {
        interval: { startTime: '2026-11-18T11:59:00Z', endTime: '2026-11-18T12:00:00Z' },
        value: { int64Value: '7' },
      },
    ]);
  });

  test('a reduced series keeps the grouped labels only, and its DELTA points cover the alignment period', async () => {
    const { timeSeries } = await list(service([sentSeries('1', NOON, [1, 2]), sentSeries('2', NOON, [10])]), {
      filter: `metric.type="${SENT}"`,
      'aggregation.alignmentPeriod': '3600s',
      'aggregation.perSeriesAligner': 'ALIGN_SUM',
      'aggregation.crossSeriesReducer': 'REDUCE_SUM',
      'aggregation.groupByFields': 'resource.labels.zone',
    });
    assert.deepEqual(timeSeries, [
      {
        metric: { type: SENT },
        resource: { type: 'gce_instance', labels: { project_id: 'ml-dev', zone: 'europe-west4-a' } },
        metricKind: 'DELTA',
        valueType: 'INT64',
        points: [
          {
            interval: { startTime: '2026-11-18T11:00:00Z', endTime: '2026-11-18T12:00:00Z' },
            value: { int64Value: '13' },
          },
        ],
      },
    ]);
  });

  const minutes = async (parameters: Parameters): Promise<string[]> => {
    const { timeSeries } = await list(service([cpuSeries('42', NOON, [1, 2, 3])]), parameters);
    return (timeSeries[0]?.points ?? []).map(({ interval }) => interval.endTime.slice(11, 16));
  };
  test('the interval excludes its start and includes its end', async () => {
    assert.deepEqual(
      await minutes({
        'interval.startTime': '2026-11-18T11:58:00Z',
        'interval.endTime': '2026-11-18T12:00:00Z',
      }),
      ['12:00', '11:59'],
    );
  });
  test('start = end is the instant', async () => {
    assert.deepEqual(
      await minutes({
        'interval.startTime': '2026-11-18T11:59:00Z',
        'interval.endTime': '2026-11-18T11:59:00Z',
      }),
      ['11:59'],
    );
  });
  test('the start defaults to the end', async () => {
    assert.deepEqual(await minutes({ 'interval.startTime': '' }), ['12:00']);
  });
  test('start = end with an aligner is the alignment period that ends there', async () => {
    const instant = {
      'interval.startTime': '2026-11-18T12:00:00Z',
      'interval.endTime': '2026-11-18T12:00:00Z',
    };
    const aligned = { 'aggregation.alignmentPeriod': '120s', 'aggregation.perSeriesAligner': 'ALIGN_SUM' };
    const { timeSeries } = await list(service([cpuSeries('42', NOON, [1, 2, 3])]), {
      ...instant,
      ...aligned,
    });
    assert.deepEqual(
      timeSeries[0]?.points?.map(({ value }) => value.doubleValue),
      [5],
    );
  });
  test('an end in the future is fine', async () => {
    assert.deepEqual(await minutes({ 'interval.endTime': '2027-01-01T00:00:00Z' }), [
      '12:00',
      '11:59',
      '11:58',
    ]);
  });

  test('leaves out series without points in the interval and says nothing for none', async () => {
    const some = await list(
      service([cpuSeries('1', NOON - 2 * 3_600_000, [1]), cpuSeries('2', NOON, [1])]),
      {},
    );
    assert.deepEqual(
      some.timeSeries.map(({ resource }) => resource.labels['instance_id']),
      ['2'],
    );
    assert.deepEqual((await list(service([]), {})).timeSeries, []);
  });

  test('HEADERS has no points', async () => {
    const { timeSeries } = await list(service([cpuSeries('1', NOON, [1])]), { view: 'HEADERS' });
    assert.equal(timeSeries.length, 1);
    assert.equal(timeSeries[0]?.points, undefined);
  });

  const refused: readonly (readonly [name: string, parameters: Parameters, message: RegExp])[] = [
    ['no filter', { filter: '' }, /The filter is empty/],
    ['no end', { 'interval.endTime': '', 'interval.startTime': '' }, /end time is required/],
    [
      'start after end',
      { 'interval.startTime': '2026-11-18T12:00:01Z' },
      /start time must be before the end time/,
    ],
    [
      'an instant of a DELTA',
      { filter: `metric.type="${SENT}"`, 'interval.startTime': '2026-11-18T12:00:00Z' },
      /for the non-gauge metric/,
    ],
    ['orderBy', { orderBy: 'timestamp' }, /Field orderBy .* not supported/],
    ['a negative page size', { pageSize: '-1' }, /Field pageSize/],
    ['a foreign token', { pageToken: 'eyJhIjoxfQ' }, /does not belong to this request/],
    ['an unreadable token', { pageToken: '???' }, /does not belong to this request/],
    ['an unknown view', { view: 'SOME' }, /Invalid value/],
    ['an unknown parameter', { filters: 'x' }, /Unknown name "filters"/],
    ['an aligner that does not exist', { 'aggregation.perSeriesAligner': 'ALIGN_SOME' }, /Invalid value/],
    [
      'an aligner without a period',
      { 'aggregation.perSeriesAligner': 'ALIGN_MAX' },
      /needs an alignment period/,
    ],
    [
      'only a secondary aggregation',
      { 'secondaryAggregation.alignmentPeriod': '60s' },
      /only be specified if aggregation is specified/,
    ],
  ];
  for (const [name, parameters, message] of refused)
    test(`refuses ${name}`, async () => {
      const { status, message: actual } = await list(service([cpuSeries('1', NOON, [1])]), parameters);
      assert.equal(status, 400);
      assert.match(actual, message);
    });

  test('404 for a metric that no one has', async () => {
    const { status, message } = await list(service([]), {
      filter: 'metric.type = "custom.googleapis.com/x"',
    });
    assert.equal(status, 404);
    assert.match(message, /^Cannot find metric\(s\) that match type = "custom\.googleapis\.com\/x"\./);
  });

  test('403 for a project that does not exist', async () => {
    assert.equal((await list(service([]), {}, 'elsewhere')).status, 403);
  });

  test('passes execution errors on beside the data', async () => {
    const monitoring = service([cpuSeries('1', NOON, [1])], {
      executionErrors: (projectId, metricType) => [{ code: 4, message: `${projectId} ${metricType}` }],
    });
    const { timeSeries, executionErrors } = await list(monitoring, {});
    assert.equal(timeSeries.length, 1);
    assert.deepEqual(executionErrors, [{ code: 4, message: `ml-dev ${CPU}` }]);
    assert.equal((await list(service([]), {})).executionErrors, undefined);
  });

  test('the newest points become visible after the delay of their metric', async () => {
    const clock = createClock({ startMs: NOON, frozen: true });
    const monitoring = service([cpuSeries('1', NOON, [1, 2, 3, 4, 5, 6])], { clock });
    const newest = async (): Promise<string | undefined> =>
      (await list(monitoring, {})).timeSeries[0]?.points?.[0]?.interval.endTime;
    assert.equal(await newest(), '2026-11-18T11:56:00Z');
    await clock.advance(239_999);
    assert.equal(await newest(), '2026-11-18T11:59:00Z');
    await clock.advance(1);
    assert.equal(await newest(), '2026-11-18T12:00:00Z');
  });
});

describe('paging', () => {
  const fleet = ['b', 'c', 'a'].map((id, index) => cpuSeries(id, NOON, [1, 2, 3, 4, 5].slice(index)));
  const aligned = { 'aggregation.alignmentPeriod': '120s', 'aggregation.perSeriesAligner': 'ALIGN_SUM' };
  const reduced = {
    ...aligned,
    'aggregation.crossSeriesReducer': 'REDUCE_SUM',
    'aggregation.groupByFields': 'resource.labels.instance_id',
  };
  const flat = (listed: readonly Listed[]): string[] =>
    listed.flatMap(({ timeSeries }) =>
      timeSeries.flatMap(({ resource, points = [] }) =>
        points.map(({ interval, value }) =>
          JSON.stringify([resource.labels['instance_id'], interval.endTime, value]),
        ),
      ),
    );
  const readAll = async (
    monitoring: ReturnType<typeof service>,
    parameters: Parameters,
    between?: () => Promise<void>,
  ) => {
    const pages: Listed[] = [];
    for (let pageToken = ''; ;) {
      const page = await list(monitoring, { ...parameters, pageToken });
      assert.equal(page.status, 200, page.message);
      pages.push(page);
      assert(pages.length < 100, 'the paging does not end');
      if (page.nextPageToken === undefined) return pages;
      pageToken = page.nextPageToken;
      await between?.();
    }
  };

  for (const [name, parameters] of Object.entries({ raw: {}, aligned, reduced }))
    for (const pageSize of [1, 2, 3, 4, 5, 12, 13])
      test(`${name} data in pages of ${pageSize} points is the data in one page`, async () => {
        const whole = await list(service(fleet), parameters);
        const pages = await readAll(service(fleet), { ...parameters, pageSize: String(pageSize) });
        const points = flat([whole]);
        assert.deepEqual(flat(pages), points);
        assert.equal(pages.length, Math.ceil(points.length / pageSize));
        for (const page of pages.slice(0, -1)) assert.equal(flat([page]).length, pageSize);
      });

  test('HEADERS counts series', async () => {
    const pages = await readAll(service(fleet), { view: 'HEADERS', pageSize: '2' });
    assert.deepEqual(
      pages.map(({ timeSeries }) => timeSeries.map(({ resource }) => resource.labels['instance_id'])),
      [['a', 'b'], ['c']],
    );
  });

  test('all pages show the data of one moment', async () => {
    const clock = createClock({ startMs: NOON + 60_000, frozen: true });
    const monitoring = service(fleet, { clock });
    const whole = await list(monitoring, {});
    const pages = await readAll(monitoring, { pageSize: '2' }, () => clock.advance(60_000));
    assert.deepEqual(flat(pages), flat([whole]));
  });

  test('goes on at the right place when a VM comes in between', async () => {
    const series = [...fleet];
    const monitoring = service(series);
    const pages = await readAll(monitoring, { pageSize: '4' }, async () => {
      series.unshift(cpuSeries(`0${series.length}`, NOON, [9]));
    });
    assert.deepEqual(flat(pages), flat([await list(service(fleet), {})]));
  });

  test('a token of another query is refused', async () => {
    const { nextPageToken = '' } = await list(service(fleet), { pageSize: '2' });
    const { status } = await list(service(fleet), {
      pageSize: '2',
      pageToken: nextPageToken,
      view: 'HEADERS',
    });
    assert.equal(status, 400);
  });

  test('a page has at most 100,000 points', async () => {
    const many = cpuSeries('1', NOON, [1]);
    const week: Series = {
      ...many,
      *points(fromMs, toMs): Iterable<Sample> {
        for (let atMs = fromMs + 1; atMs <= toMs && atMs <= fromMs + 100_001; atMs += 1)
          yield { atMs, value: 1 };
      },
    };
    const { timeSeries, nextPageToken } = await list(service([week]), { pageSize: '200000' });
    assert.equal(timeSeries[0]?.points?.length, 100_000);
    assert.notEqual(nextPageToken, undefined);
  });
});

test('a query for a hundred VMs names them to the source, and later pages read no earlier series', async () => {
  const ids = Array.from({ length: 100 }, (_, index) => String(1000 + index));
  const queries: SeriesQuery[] = [];
  let read = 0;
  const monitoring = service([], {
    seriesOf: (_, query) => {
      queries.push(query);
      return ids.map((id) => ({
        ...cpuSeries(id, NOON, []),
        points: () => {
          read += 1;
          return [{ atMs: NOON, value: 1 }];
        },
      }));
    },
  });
  const filter = `metric.type = "${CPU}" AND resource.labels.instance_id = one_of(${ids.map((id) => `"${id}"`).join(', ')})`;
  const first = await list(monitoring, { filter, pageSize: '90' });
  assert.deepEqual(queries, [{ metricType: CPU, resourceLabels: { instance_id: ids } }]);
  assert.equal(read, 91);
  await list(monitoring, { filter, pageSize: '90', pageToken: first.nextPageToken ?? '' });
  assert.equal(read, 91 + 10);
});

describe('descriptors', () => {
  const get = async (
    monitoring: ReturnType<typeof service>,
    path: string,
  ): Promise<Readonly<Record<string, unknown>>> => {
    const { body } = await answer(
      monitoring.routes,
      `https://monitoring.googleapis.com/v3/projects/ml-dev/${path}`,
    );
    return body as Record<string, unknown>;
  };
  const typesOf = ({ metricDescriptors }: Readonly<Record<string, unknown>>): string[] =>
    (metricDescriptors as readonly { readonly type: string }[]).map(({ type }) => type);

  test('lists the metrics that a filter matches', async () => {
    const filter = encodeURIComponent('metric.type = starts_with("agent.googleapis.com/")');
    assert.deepEqual(typesOf(await get(service([]), `metricDescriptors?filter=${filter}`)), [
      'agent.googleapis.com/gpu/utilization',
      'agent.googleapis.com/gpu/memory/bytes_used',
    ]);
  });

  test('says how a metric is sampled', async () => {
    const filter = encodeURIComponent(`metric.type = "${CPU}"`);
    assert.deepEqual(await get(service([]), `metricDescriptors?filter=${filter}`), {
      metricDescriptors: [
        {
          name: `projects/ml-dev/metricDescriptors/${CPU}`,
          type: CPU,
          labels: [{ key: 'instance_name' }],
          metricKind: 'GAUGE',
          valueType: 'DOUBLE',
          unit: '10^2.%',
          metadata: { samplePeriod: '60s', ingestDelay: '240s' },
          monitoredResourceTypes: ['gce_instance'],
        },
      ],
    });
  });

  test('activeOnly leaves those with data of the last day', async () => {
    const old = sentSeries('1', NOON - 3 * 86_400_000, [1]);
    const listed = await get(service([cpuSeries('1', NOON, [1]), old]), 'metricDescriptors?activeOnly=true');
    assert.deepEqual(typesOf(listed), [CPU]);
  });

  test('pages', async () => {
    const whole = typesOf(await get(service([]), 'metricDescriptors'));
    const first = await get(service([]), 'metricDescriptors?pageSize=4');
    const rest = await get(service([]), `metricDescriptors?pageToken=${String(first['nextPageToken'])}`);
    assert.equal(typesOf(first).length, 4);
    assert.deepEqual([...typesOf(first), ...typesOf(rest)], whole);
  });

  test('lists the monitored resources', async () => {
    const filter = encodeURIComponent('resource.type = "gcs_bucket"');
    assert.deepEqual(await get(service([]), `monitoredResourceDescriptors?filter=${filter}`), {
      resourceDescriptors: [
        {
          name: 'projects/ml-dev/monitoredResourceDescriptors/gcs_bucket',
          type: 'gcs_bucket',
          labels: [{ key: 'project_id' }, { key: 'bucket_name' }, { key: 'location' }],
        },
      ],
    });
  });
});

describe("Google's own client", () => {
  const clientOf = ({ routes }: ReturnType<typeof service>): v3.MetricServiceClient => {
    const auth = {
      getClient: async () => ({ universeDomain: 'googleapis.com' }),
      getUniverseDomain: async () => 'googleapis.com',
      async fetch(url: string) {
        const { status, body } = await answer(routes, url);
        return Response.json(body, { status });
      },
    };
    return new v3.MetricServiceClient({ auth: auth as never, fallback: true });
  };
  const request = {
    name: 'projects/ml-dev',
    filter: `metric.type = "${SENT}" AND resource.labels.instance_id = one_of("1", "2")`,
    interval: { startTime: { seconds: NOON / 1000 - 3600 }, endTime: { seconds: NOON / 1000 } },
  };
  const monitoring = service([1, 2, 3].map((id) => sentSeries(String(id), NOON, [id, 20, 30])));

  test('reads and pages raw points', async () => {
    const read: unknown[] = [];
    const pages = clientOf(monitoring).listTimeSeriesAsync(
      { ...request, view: 'FULL', pageSize: 2 },
      { autoPaginate: false },
    );
    for await (const { resource, points } of pages)
      read.push([resource?.labels?.['instance_id'], points?.map(({ value }) => Number(value?.int64Value))]);
    assert.deepEqual(read, [
      ['1', [30, 20]],
      ['1', [1]],
      ['2', [30]],
      ['2', [20, 2]],
    ]);
  });

  test('aggregates', async () => {
    const [series] = await clientOf(monitoring).listTimeSeries({
      ...request,
      view: 'FULL',
      aggregation: {
        alignmentPeriod: { seconds: 3600 },
        perSeriesAligner: 'ALIGN_RATE',
        crossSeriesReducer: 'REDUCE_MAX',
        groupByFields: ['resource.labels.instance_id'],
      },
    });
    assert.deepEqual(
      series.map(({ points }) => points?.map(({ value }) => value?.doubleValue)),
      [[51 / 3600], [52 / 3600]],
    );
  });

  test('sees an error as one', async () => {
    await assert.rejects(clientOf(monitoring).listTimeSeries({ ...request, view: 'FULL', filter: 'x' }), {
      code: 3,
      message: /Could not parse filter/,
    });
  });
});
