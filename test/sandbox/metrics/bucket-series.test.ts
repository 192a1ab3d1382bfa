import assert from 'node:assert/strict';
import { beforeAll, describe, it } from 'vitest';
import { bucketSeries } from './bucket-series.ts';
import { createClock, type Clock } from '../clock/clock.ts';
import { parseScenario } from '../scenario.ts';
import { answer } from '../services/monitoring/in-process.ts';
import { createMonitoringService } from '../services/monitoring/service.ts';
import { createProjects } from '../services/resource-manager/projects.ts';
import { createStorageService } from '../services/storage/service.ts';

const START = '2026-11-18T09:00:00Z';
const DAY_MS = 86_400_000;

type Labels = Readonly<Record<string, string>>;
interface Listed {
  readonly timeSeries?: readonly {
    readonly metric: { readonly labels: Labels };
    readonly resource: { readonly labels: Labels };
    readonly points: readonly {
      readonly interval: { readonly endTime: string };
      readonly value: { readonly doubleValue?: number; readonly int64Value?: string };
    }[];
  }[];
}

describe('storage metrics', () => {
  let clock: Clock;
  let service: ReturnType<typeof createMonitoringService>;

  beforeAll(() => {
    clock = createClock({ startMs: Date.parse(START), frozen: true });
    const storage = createStorageService({
      clock,
      projectNumberOf: () => '100000000001',
      seed: {
        buckets: [
          {
            name: 'mixed',
            project: 'ml-dev',
            location: 'us-central1',
            versioning: { enabled: true },
            lifecycle: {
              rule: [
                { action: { type: 'SetStorageClass', storageClass: 'NEARLINE' }, condition: { age: 30 } },
                { action: { type: 'Delete' }, condition: { isLive: false } },
              ],
            },
            objects: [
              { name: 'model', size: 100, timeCreated: '-30d' },
              {
                name: 'run',
                size: 20,
                timeCreated: '-2d',
                noncurrent: [{ size: 10, timeCreated: '-9d', timeDeleted: '-2d' }],
              },
            ],
            manyUploads: [{ count: 2, prefix: 'parts/', size: 7, started: '-40d' }],
          },
          { name: 'empty', project: 'ml-dev' },
          { name: 'elsewhere', project: 'other', objects: [{ name: 'x', size: 1, timeCreated: '-9d' }] },
        ],
      },
    });
    const scenario = parseScenario({
      name: 'metrics',
      clock: START,
      projects: [
        { id: 'ml-dev', number: '100000000001' },
        { id: 'other', number: '100000000002' },
      ],
    });
    service = createMonitoringService({ clock, seriesOf: bucketSeries(storage, createProjects(scenario)) });
  });

  const list = async (metric: string, daysBack: number, more = '') => {
    const url = new URL('https://monitoring.googleapis.com/v3/projects/ml-dev/timeSeries');
    const filter = `metric.type = "storage.googleapis.com/storage/${metric}"${more}`;
    url.searchParams.set('filter', filter);
    url.searchParams.set('interval.startTime', new Date(clock.now() - daysBack * DAY_MS).toISOString());
    url.searchParams.set('interval.endTime', new Date(clock.now()).toISOString());
    const { status, body } = await answer(service.routes, url);
    assert.equal(status, 200);
    return (body as Listed).timeSeries ?? [];
  };
  /** The latest value of each line of the bucket `mixed`. */
  const latest = async (metric: string): Promise<Record<string, number>> =>
    Object.fromEntries(
      (await list(metric, 26 / 24)).map(({ metric: { labels }, points: [point] }) => [
        Object.values(labels).join(' '),
        point?.value.doubleValue ?? Number(point?.value.int64Value),
      ]),
    );

  it('has one point a day of every class and type, and none where nothing is', async () => {
    const series = await list('v2/total_bytes', 5);
    assert.deepEqual(
      new Set(series.map(({ resource }) => JSON.stringify(resource.labels))),
      new Set([JSON.stringify({ project_id: 'ml-dev', bucket_name: 'mixed', location: 'us-central1' })]),
    );
    const valuesOf = (type: string) =>
      series
        .find(({ metric }) => metric.labels['type'] === type)
        ?.points.map(({ value }) => value.doubleValue);
    // `run` replaced its older version two days ago.
    assert.deepEqual(valuesOf('live-object'), [120, 120, 110, 110, 110]);
    assert.deepEqual(valuesOf('noncurrent-object'), [10, 10]);
    assert.deepEqual(valuesOf('multipart-upload'), [14, 14, 14, 14, 14]);
    const times = series[0]?.points.map(({ interval }) => Date.parse(interval.endTime)) ?? [];
    assert.deepEqual(
      times.slice(1).map((time, at) => (times[at] ?? 0) - time),
      [DAY_MS, DAY_MS, DAY_MS, DAY_MS],
    );
  });

  it('tells types apart, counts them, and leaves soft-deleted ones out of the older metrics', async () => {
    await clock.advance(1.1 * DAY_MS);
    assert.deepEqual(await latest('v2/total_bytes'), {
      'NEARLINE live-object': 100,
      'STANDARD live-object': 20,
      'STANDARD multipart-upload': 14,
      'STANDARD soft-deleted-object': 10,
    });
    assert.deepEqual(await latest('v2/total_count'), {
      'NEARLINE live-object': 1,
      'STANDARD live-object': 1,
      'STANDARD multipart-upload': 2,
      'STANDARD soft-deleted-object': 1,
    });
    assert.deepEqual(await latest('total_bytes'), { NEARLINE: 100, STANDARD: 20 });
    assert.deepEqual(await latest('object_count'), { NEARLINE: 1, STANDARD: 1 });
  });

  it('finds a bucket by its name', async () => {
    const named = (name: string) => list('total_bytes', 2, ` AND resource.labels.bucket_name = "${name}"`);
    assert.equal((await named('mixed')).length > 0, true);
    assert.deepEqual(await named('empty'), []);
    assert.deepEqual(await named('elsewhere'), []);
  });
});
