import { messageOf } from '../../../shared/errors.ts';
import { querySeries, type Series } from '../../../shared/google/monitoring.ts';
import { undefinedIfMissing } from '../../../shared/google/google-api-error.ts';
import type { Run } from '../../../shared/run/sweep.ts';
import type { Cell, Usage } from './usage.ts';

/** The metrics with `type`, and the older ones without, which leave out what is softly deleted. */
const METRICS = [
  {
    bytes: 'storage.googleapis.com/storage/v2/total_bytes',
    count: 'storage.googleapis.com/storage/v2/total_count',
  },
  {
    bytes: 'storage.googleapis.com/storage/total_bytes',
    count: 'storage.googleapis.com/storage/object_count',
  },
] as const;

/** They are measured once a day; the latest point of two days is there even when one is late. */
const WINDOW_SECONDS = 172_800;

/** Monitoring's `one_of` takes a hundred values. */
const BUCKETS_PER_QUERY = 100;

/** Reads what buckets hold: two calls for each hundred of them, two more where the newer metrics know nothing. */
export async function readUsage(run: Run, names: readonly string[]): Promise<(name: string) => Usage> {
  const found = new Map<string, Usage>();
  for (let at = 0; at < names.length; at += BUCKETS_PER_QUERY)
    await readSome(run, names.slice(at, at + BUCKETS_PER_QUERY), found);
  return (name) => found.get(name) ?? { kind: 'absent' };
}

async function readSome(run: Run, names: readonly string[], found: Map<string, Usage>): Promise<void> {
  let missing = names;
  try {
    for (const { bytes, count } of METRICS) {
      if (missing.length === 0) return;
      const [byteSeries, countSeries] = await Promise.all([
        latest(run, bytes, missing),
        latest(run, count, missing),
      ]);
      for (const [name, cells] of joinCells(byteSeries, countSeries))
        found.set(name, { kind: 'measured', cells });
      missing = missing.filter((name) => !found.has(name));
    }
  } catch (error) {
    run.gap({ where: `projects/${run.projectId} storage metrics`, why: messageOf(error), cause: error });
    for (const name of missing) found.set(name, { kind: 'unreadable', why: messageOf(error) });
  }
}

async function latest(run: Run, metricType: string, names: readonly string[]): Promise<readonly Series[]> {
  const list = names.map((name) => `"${name}"`).join(',');
  const endMs = run.startedAt.getTime();
  const found = await undefinedIfMissing(
    querySeries(run.api, {
      projectId: run.projectId,
      metricType,
      filter: `resource.type = "gcs_bucket" AND resource.labels.bucket_name = one_of(${list})`,
      startMs: endMs - WINDOW_SECONDS * 1_000,
      endMs,
      aligner: 'ALIGN_NEXT_OLDER',
      alignmentSeconds: WINDOW_SECONDS,
    }),
  );
  // Nothing in this project ever wrote the metric.
  if (found === undefined) return [];
  const [error] = found.partial;
  if (error !== undefined) throw new Error(`partial answer: ${error}`);
  return found.series;
}

function joinCells(bytes: readonly Series[], counts: readonly Series[]): Map<string, Cell[]> {
  const countOf = new Map(counts.map((series) => [keyOf(series), valueOf(series)]));
  const cells = new Map<string, Cell[]>();
  for (const series of bytes) {
    const name = series.resourceLabels['bucket_name'] ?? '';
    const known = cells.get(name) ?? [];
    known.push({
      storageClass: series.metricLabels['storage_class'] ?? '',
      type: series.metricLabels['type'],
      bytes: valueOf(series) ?? 0,
      count: countOf.get(keyOf(series)),
    });
    cells.set(name, known);
  }
  return cells;
}

/** The newest point; points come newest first, but a series may be cut in two by a page. */
function valueOf({ points }: Series): number | undefined {
  return points.reduce<Series['points'][number] | undefined>(
    (newest, point) => (newest === undefined || point.endMs > newest.endMs ? point : newest),
    undefined,
  )?.value;
}

function keyOf({ resourceLabels, metricLabels }: Series): string {
  return JSON.stringify([resourceLabels['bucket_name'], metricLabels['storage_class'], metricLabels['type']]);
}
