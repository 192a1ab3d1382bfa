import { metricOf } from '../services/monitoring/metric-catalog.ts';
import type { Series, SeriesQuery } from '../services/monitoring/series.ts';
import type { Projects } from '../services/resource-manager/projects.ts';
import type { Sample } from '../services/storage/lifecycle/samples.ts';
import type { StoredBucket } from '../services/storage/model.ts';
import type { StorageService } from '../services/storage/service.ts';
import type { Total } from '../services/storage/totals.ts';

interface Gauge {
  readonly value: (total: Total) => number;
  /** Only the newer metrics tell types apart, and count what the older ones leave out. */
  readonly byType: boolean;
}

const GAUGES: ReadonlyMap<string, Gauge> = new Map([
  ['storage.googleapis.com/storage/v2/total_bytes', { value: ({ bytes }) => bytes, byType: true }],
  ['storage.googleapis.com/storage/v2/total_count', { value: ({ count }) => count, byType: true }],
  ['storage.googleapis.com/storage/total_bytes', { value: ({ bytes }) => bytes, byType: false }],
  ['storage.googleapis.com/storage/object_count', { value: ({ count }) => count, byType: false }],
]);

const OBJECT_TYPES: ReadonlySet<string> = new Set(['live-object', 'noncurrent-object']);

export function isBucketGauge(metricType: string): boolean {
  return GAUGES.has(metricType);
}

/** What the buckets of a project held at their daily measurements. Where nothing was, there is no point. */
export function bucketSeries(
  storage: Pick<StorageService, 'bucket' | 'bucketsOf'>,
  projects: Projects,
): (projectId: string, query: SeriesQuery) => Iterable<Series> | undefined {
  return (projectId, { metricType, resourceLabels }) => {
    const project = projects.all.find((known) => known.id === projectId || known.number === projectId);
    if (project === undefined) return undefined;
    const names = resourceLabels['bucket_name'];
    const buckets =
      names === undefined
        ? storage.bucketsOf(project.id)
        : names
            .flatMap((name) => storage.bucket(name) ?? [])
            .filter((bucket) => bucket.projectId === project.id);
    return buckets.flatMap((bucket) => [...seriesOf(bucket, metricType)]);
  };
}

function* seriesOf(bucket: StoredBucket, metricType: string): Generator<Series> {
  const gauge = GAUGES.get(metricType);
  const samples = bucket.timeline.samples ?? [];
  if (gauge === undefined) return;
  const { metricKind, valueType, unit } = metricOf(metricType);
  for (const { key, labels } of linesOf(samples, gauge))
    yield {
      metric: { type: metricType, labels },
      resource: {
        type: 'gcs_bucket',
        labels: {
          project_id: bucket.projectId,
          bucket_name: bucket.name,
          location: bucket.location.toLowerCase(),
        },
      },
      metricKind,
      valueType,
      unit,
      points: (fromMs, toMs) =>
        samples
          .filter(({ atMs }) => atMs > fromMs && atMs <= toMs)
          .flatMap(({ atMs, measured }) => {
            const parts = measured.filter((total) => keyOf(total, gauge) === key);
            if (parts.length === 0) return [];
            return [{ atMs, value: parts.reduce((sum, total) => sum + gauge.value(total), 0) }];
          }),
    };
}

/** One line for each combination of labels that was ever measured. */
function linesOf(
  samples: readonly Sample[],
  gauge: Gauge,
): readonly { readonly key: string; readonly labels: Readonly<Record<string, string>> }[] {
  const lines = new Map<string, Readonly<Record<string, string>>>();
  for (const { measured } of samples)
    for (const total of measured) {
      const key = keyOf(total, gauge);
      if (key === undefined || lines.has(key)) continue;
      const { storageClass: storage_class, type } = total;
      lines.set(key, gauge.byType ? { storage_class, type } : { storage_class });
    }
  return [...lines].map(([key, labels]) => ({ key, labels }));
}

function keyOf({ storageClass, type }: Total, { byType }: Gauge): string | undefined {
  if (byType) return `${storageClass} ${type}`;
  return OBJECT_TYPES.has(type) ? storageClass : undefined;
}
