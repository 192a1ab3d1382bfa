import * as z from 'zod/mini';
import type { Api } from './api.ts';

/** The part of `projects.timeSeries.list` that costguard uses. */
export interface ListTimeSeriesRequest {
  readonly name: string;
  readonly filter: string;
  readonly interval: {
    readonly startTime: { readonly seconds: number };
    readonly endTime: { readonly seconds: number };
  };
  readonly aggregation: {
    readonly alignmentPeriod: { readonly seconds: number };
    readonly perSeriesAligner: Aligner;
    readonly crossSeriesReducer?: Reducer;
    readonly groupByFields?: string[];
  };
  readonly view: 'FULL';
  readonly pageToken?: string;
}

export type Aligner = 'ALIGN_MAX' | 'ALIGN_COUNT';
export type Reducer = 'REDUCE_SUM';

/** One page as the client returns it: unchecked. */
export type TimeSeriesPage = unknown;

export interface SeriesQuery {
  readonly projectId: string;
  readonly metricType: string;
  /** Monitoring's filter language, joined to the metric type with AND. */
  readonly filter: string;
  /** The interval (startMs, endMs], milliseconds since the epoch; whole seconds count. */
  readonly startMs: number;
  readonly endMs: number;
  readonly aligner: Aligner;
  readonly alignmentSeconds: number;
  readonly reducer?: Reducer;
  readonly groupBy?: readonly string[];
}

/** One aligned time series. */
export interface Series {
  readonly metricLabels: Readonly<Record<string, string>>;
  readonly resourceLabels: Readonly<Record<string, string>>;
  readonly points: readonly { readonly endMs: number; readonly value: number }[];
}

export interface SeriesResult {
  readonly series: readonly Series[];
  /** What Monitoring says it could not read. Where this is not empty, the series are partial. */
  readonly executionErrors: readonly string[];
}

const int64 = z.union([z.string(), z.number()]);
const labels = z.nullish(z.looseObject({ labels: z.nullish(z.record(z.string(), z.string())) }));
const timestamp = z.looseObject({ seconds: z.nullish(int64), nanos: z.nullish(z.number()) });

const pageSchema = z.looseObject({
  timeSeries: z.nullish(
    z.array(
      z.looseObject({
        metric: labels,
        resource: labels,
        points: z.nullish(
          z.array(
            z.looseObject({
              interval: z.looseObject({ endTime: timestamp }),
              value: z.looseObject({ doubleValue: z.nullish(z.number()), int64Value: z.nullish(int64) }),
            }),
          ),
        ),
      }),
    ),
  ),
  nextPageToken: z.nullish(z.string()),
  executionErrors: z.nullish(z.array(z.looseObject({ message: z.nullish(z.string()) }))),
});

/**
 * Reads all pages of one query. A series that continues on the next page comes as two entries.
 * Source: google/monitoring/v3/metric_service.proto. Throws `OutsideError`.
 */
export async function querySeries(
  api: Api,
  list: (request: ListTimeSeriesRequest) => Promise<TimeSeriesPage>,
  query: SeriesQuery,
): Promise<SeriesResult> {
  const series: Series[] = [];
  const executionErrors: string[] = [];
  let pageToken: string | undefined;
  do {
    const request = requestOf(query, pageToken);
    const page = pageSchema.parse(await api.call('monitoring.timeSeries.list', () => list(request)));
    for (const one of page.timeSeries ?? [])
      series.push({
        metricLabels: one.metric?.labels ?? {},
        resourceLabels: one.resource?.labels ?? {},
        points: (one.points ?? []).flatMap(({ interval, value }) => {
          const number = value.doubleValue ?? value.int64Value;
          if (number === null || number === undefined) return [];
          const endMs = Number(interval.endTime.seconds ?? 0) * 1000 + (interval.endTime.nanos ?? 0) / 1e6;
          return [{ endMs, value: Number(number) }];
        }),
      });
    for (const error of page.executionErrors ?? []) executionErrors.push(error.message ?? 'unnamed error');
    pageToken = page.nextPageToken === '' ? undefined : (page.nextPageToken ?? undefined);
  } while (pageToken !== undefined);
  return { series, executionErrors };
}

function requestOf(query: SeriesQuery, pageToken: string | undefined): ListTimeSeriesRequest {
  return {
    name: `projects/${query.projectId}`,
    filter: `metric.type = "${query.metricType}" AND ${query.filter}`,
    interval: {
      startTime: { seconds: Math.floor(query.startMs / 1000) },
      endTime: { seconds: Math.floor(query.endMs / 1000) },
    },
    aggregation: {
      alignmentPeriod: { seconds: query.alignmentSeconds },
      perSeriesAligner: query.aligner,
      ...(query.reducer === undefined ? {} : { crossSeriesReducer: query.reducer }),
      ...(query.groupBy === undefined ? {} : { groupByFields: [...query.groupBy] }),
    },
    view: 'FULL',
    ...(pageToken === undefined ? {} : { pageToken }),
  };
}
