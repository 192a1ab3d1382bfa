import { messageOf } from '../../../shared/errors.ts';
import { visitSeries, type Series, type SeriesQuery } from '../../../shared/google/monitoring.ts';
import { undefinedIfMissing } from '../../../shared/google/google-api-error.ts';
import type { Run } from '../../../shared/run/sweep.ts';
import type { Signal } from '../facts.ts';

export const MINUTE_MS = 60_000;

/** Points are up to 240 s late (Google's metric list), so that the last minutes of a window may not be there yet. */
export const LATE_MINUTES = 4;

/** A time in which VMs are observed, in milliseconds since the epoch. */
export interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

/** One metric by VM id. */
export interface Measured {
  readonly of: (instanceId: string) => Signal;
  /** Of each of its series; empty unless they are kept. */
  readonly labelsOf: (instanceId: string) => readonly Series['metricLabels'][];
}

export const NOT_MEASURED: Measured = { of: () => ({ kind: 'absent' }), labelsOf: () => [] };

/** Undefined once the query is read, else why it is not. */
export type ReadFailure = { readonly failed: string } | undefined;

/** Series of an answer to a query of all VMs, which would hold tens of thousands else. */
const PAGE_SIZE = 1_000;

/** Reads one metric of some VMs, or of all. A gap is noted. */
export async function query(
  run: Run,
  metricType: string,
  instanceIds: readonly string[] | 'all',
  rest: Pick<SeriesQuery, 'startMs' | 'endMs' | 'aligner' | 'alignmentSeconds' | 'reducer' | 'groupBy'>,
  visit: (series: Series) => void,
): Promise<ReadFailure> {
  const filter = ['resource.type = "gce_instance"', ...idFilter(instanceIds)].join(' AND ');
  const size = instanceIds === 'all' ? { pageSize: PAGE_SIZE } : {};
  try {
    const request = { projectId: run.projectId, metricType, filter, ...rest, ...size };
    // "Cannot find metric(s) that match type": nothing in this project ever wrote it, e.g. no VM has the Ops Agent.
    const [error] = (await undefinedIfMissing(visitSeries(run.api, request, visit))) ?? [];
    if (error === undefined) return undefined;
    run.gap({ where: `projects/${run.projectId} ${metricType}`, why: `partial answer: ${error}` });
    return { failed: `partial answer: ${error}` };
  } catch (error) {
    run.gap({ where: `projects/${run.projectId} ${metricType}`, why: messageOf(error), cause: error });
    return { failed: messageOf(error) };
  }
}

function idFilter(ids: readonly string[] | 'all'): readonly string[] {
  if (ids === 'all') return [];
  return [`resource.labels.instance_id = one_of(${ids.map((id) => `"${id}"`).join(',')})`];
}

/** One series of a VM: its busiest minute, and how many minutes have a point. */
interface Minutes {
  /** Its metric labels as text, which tells the series of one VM apart. */
  readonly key: string;
  peak: number;
  points: number;
  labels?: Series['metricLabels'];
}

export interface MeasureOptions {
  /** Of a VM's series the busiest counts (the default), or all together: an upper bound of their busiest minute. */
  readonly peaks?: 'busiest' | 'sum';
  readonly keepLabels?: boolean;
}

/** Reads peaks and point counts of one metric; the two are joined series by series. */
export async function measure(
  run: Run,
  metricType: string,
  instanceIds: readonly string[] | 'all',
  window: Window,
  { peaks: combine = 'busiest', keepLabels = false }: MeasureOptions = {},
): Promise<Measured> {
  const minutes = Math.max(1, Math.round((window.endMs - window.startMs) / MINUTE_MS));
  const byId: SeriesById = new Map();
  const read = (
    aligner: 'ALIGN_MAX' | 'ALIGN_COUNT',
    note: (minutes: Minutes, value: number) => void,
  ): Promise<ReadFailure> =>
    query(run, metricType, instanceIds, { ...window, aligner, alignmentSeconds: minutes * 60 }, (series) => {
      const found = minutesOf(byId, series);
      if (keepLabels) found.labels = series.metricLabels;
      for (const { value } of series.points) note(found, value);
    });
  const [peaks, counts] = await Promise.all([
    read('ALIGN_MAX', (found, value) => void (found.peak = Math.max(found.peak, value))),
    read('ALIGN_COUNT', (found, value) => void (found.points += value)),
  ]);
  const failure = peaks ?? counts;
  if (failure !== undefined)
    return { ...NOT_MEASURED, of: () => ({ kind: 'unreadable', why: failure.failed }) };
  const expectedPoints = Math.max(1, minutes - LATE_MINUTES);
  const signalOf = (id: string): Signal => {
    const series = (byId.get(id) ?? []).filter(({ peak }) => peak !== -Infinity);
    if (series.length === 0) return { kind: 'absent' };
    const each = series.map(({ peak }) => peak);
    return {
      kind: 'measured',
      peak: combine === 'sum' ? each.reduce((sum, peak) => sum + peak, 0) : Math.max(...each),
      coverage: Math.min(1, ...series.map(({ points }) => points / expectedPoints)),
      series: series.length,
    };
  };
  const labelsOf = (id: string): readonly Series['metricLabels'][] =>
    (byId.get(id) ?? []).flatMap(({ labels }) => (labels === undefined ? [] : [labels]));
  return { of: signalOf, labelsOf };
}

/** A list for each VM, which has one series of most metrics: of 10,000 VMs a map for each took 15 MB. */
type SeriesById = Map<string, Minutes[]>;

function minutesOf(byId: SeriesById, { resourceLabels, metricLabels }: Series): Minutes {
  const id = resourceLabels['instance_id'] ?? '';
  const key = JSON.stringify(
    Object.keys(metricLabels)
      .sort()
      .map((name) => [name, metricLabels[name]]),
  );
  const ofVm = byId.get(id) ?? [];
  if (ofVm.length === 0) byId.set(id, ofVm);
  const known = ofVm.find((minutes) => minutes.key === key);
  if (known !== undefined) return known;
  const found: Minutes = { key, peak: -Infinity, points: 0 };
  ofVm.push(found);
  return found;
}
