import type { Api } from '../../../shared/google/api.ts';
import { visitSeries, type Series, type SeriesQuery } from '../../../shared/google/monitoring.ts';
import type { Steps, Window } from './facts.ts';
import { hasPrevious, HOUR_MS } from './window.ts';

export const LABEL = 'metric.labels.';
export const TYPE = `${LABEL}remote_location_type`;
export const VM = 'resource.labels.instance_id';
export const ZONE = 'resource.labels.zone';
export const ON_VM = 'resource.type = "gce_instance"';
export const ON_BUCKET = 'resource.type = "gcs_bucket"';
export const SENT = 'networking.googleapis.com/vm_flow/egress_bytes_count';
export const RECEIVED = 'networking.googleapis.com/vm_flow/ingress_bytes_count';

/** A daily gauge: the last day may still be under way. */
const GAUGE_HOURS = 26;

/** Some 3 MB of JSON each: with all queries at once, memory stays far below an instance's. */
const PAGE_POINTS = 20_000;

/** Told why an answer may lack a part. */
export type NotePartial = (why: string) => void;

/** One query, less what all queries have in common. */
export interface Query {
  readonly metricType: string;
  readonly filter: string;
  readonly groupBy: readonly string[];
  /** One point for the whole window instead of one for each step. */
  readonly whole?: boolean;
  /** The window before as well, where Monitoring still has it: `previousOf` sums it up. */
  readonly previous?: boolean;
}

export interface Metrics {
  /** Calls `use` with each series of the answer, page by page. */
  sums(query: Query, partial: NotePartial, use: (series: Series) => void): Promise<void>;
  gauge(query: Query, partial: NotePartial, use: (series: Series) => void): Promise<void>;
  stepsOf(series: Series): Steps;
  /** Bytes of the window before; 0 where the query left it out. */
  previousOf(series: Series): number;
}

/** Metrics of a project over the report's window. */
export function createMetrics(api: Api, projectId: string, window: Window): Metrics {
  const stepMs = window.stepHours * HOUR_MS;
  const count = window.hours / window.stepHours;
  const run = async (
    series: SeriesQuery,
    partial: NotePartial,
    use: (series: Series) => void,
  ): Promise<void> => {
    (await visitSeries(api, series, use)).forEach(partial);
  };
  const base = { projectId, startMs: window.startMs, endMs: window.endMs, pageSize: PAGE_POINTS };
  return {
    sums: ({ whole = false, previous = false, ...query }, partial, use) =>
      run(
        {
          ...base,
          ...query,
          startMs: window.startMs - (previous && hasPrevious(window) ? window.hours * HOUR_MS : 0),
          aligner: 'ALIGN_SUM',
          alignmentSeconds: (whole ? window.hours : window.stepHours) * 3_600,
          reducer: 'REDUCE_SUM',
        },
        partial,
        use,
      ),
    gauge: (query, partial, use) =>
      run(
        {
          ...base,
          ...query,
          startMs: window.endMs - GAUGE_HOURS * HOUR_MS,
          aligner: 'ALIGN_NEXT_OLDER',
          alignmentSeconds: GAUGE_HOURS * 3_600,
          reducer: 'REDUCE_SUM',
        },
        partial,
        use,
      ),
    stepsOf(series) {
      const steps = Array<number>(count).fill(0);
      for (const { endMs, value } of series.points) {
        const index = Math.round((endMs - window.startMs) / stepMs) - 1;
        if (index >= 0 && index < count) steps[index] = (steps[index] ?? 0) + value;
      }
      return steps;
    },
    previousOf: ({ points }) =>
      points.reduce((bytes, { endMs, value }) => bytes + (endMs <= window.startMs ? value : 0), 0),
  };
}
