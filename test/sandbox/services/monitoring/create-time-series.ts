import { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';
import type { Message } from '../../http/proto-service.ts';
import type { Sample, Series } from './series.ts';

const labels = z.record(z.string(), z.string()).default({});
const seriesSchema = z.object({
  metric: z.object({ type: z.string().default(''), labels }).default({ type: '', labels: {} }),
  resource: z.object({ type: z.string().default('global'), labels }).default({ type: 'global', labels: {} }),
  metricKind: z.string().default('GAUGE'),
  valueType: z.string().default('VALUE_TYPE_UNSPECIFIED'),
  unit: z.string().default(''),
  points: z
    .array(
      z.object({
        interval: z.object({ startTime: z.string().optional(), endTime: z.string().optional() }).default({}),
        value: z.record(z.string(), z.unknown()).default({}),
      }),
    )
    .default([]),
});
const requestSchema = z.object({ timeSeries: z.array(seriesSchema).default([]) });
type Given = z.output<typeof seriesSchema>;

/** https://docs.cloud.google.com/monitoring/quotas, limits of user-defined metrics. */
const MAX_SERIES = 200;
const MAX_LABELS = 30;
const MAX_LABEL_KEY = 100;
const MAX_LABEL_VALUE = 1_024;
const MIN_PERIOD_MS = 5_000;
/** Not stated there: see assumptions.yaml. */
const MAX_AGE_MS = 25 * 3_600_000;
const MAX_AHEAD_MS = 5 * 60_000;

/** https://docs.cloud.google.com/monitoring/custom-metrics/creating-metrics: some of the resources that user-defined metrics may have. */
const RESOURCES: Readonly<Record<string, readonly string[]>> = {
  global: ['project_id'],
  generic_node: ['project_id', 'location', 'namespace', 'node_id'],
  generic_task: ['project_id', 'location', 'namespace', 'job', 'task_id'],
};
const NOT_NEWER =
  'Points must be written in order. One or more of the points specified had an older end time than the most recent point.';
const TOO_OFTEN =
  'One or more points were written more frequently than the maximum sampling period configured for the metric.';

/** A series that someone wrote. */
export interface WrittenSeries extends Omit<Series, 'points' | 'sum'> {
  readonly samples: Sample[];
}

/** By project, then by what identifies a series. */
export type Written = Map<string, Map<string, WrittenSeries>>;

/**
 * Carries out `projects.timeSeries.create`. What is wrong with the request refuses all of it; a point that is not newer than the last
 * one of its series is refused alone, and the others are written. Errors: INVALID_ARGUMENT, PERMISSION_DENIED.
 */
export function createTimeSeries(
  message: Message,
  projectId: string,
  nowMs: number,
  written: Written,
): Message {
  const { timeSeries } = requestSchema.parse(message);
  if (timeSeries.length === 0) throw invalid('timeSeries', 'At least one TimeSeries must be specified.');
  if (timeSeries.length > MAX_SERIES)
    throw invalid('timeSeries', `At most ${MAX_SERIES} TimeSeries can be written in one request.`);
  const keys = timeSeries.map((one, index) => {
    check(one, `timeSeries[${index}]`, projectId, nowMs);
    return keyOf(one);
  });
  const twice = keys.findIndex((key, index) => keys.indexOf(key) !== index);
  if (twice >= 0)
    throw invalid(
      `timeSeries[${twice}]`,
      'Duplicate TimeSeries encountered. Only one point can be written per TimeSeries per request.',
    );
  const known = written.get(projectId) ?? new Map<string, WrittenSeries>();
  written.set(projectId, known);
  const refused = Map.groupBy(
    timeSeries.flatMap((one, index) => {
      const why = store(one, keyOf(one), known);
      return why === undefined ? [] : [{ why, index }];
    }),
    ({ why }) => why,
  );
  if (refused.size > 0) throw partial(refused, timeSeries);
  return {};
}

function check(
  { metric, resource, metricKind, valueType, points }: Given,
  at: string,
  projectId: string,
  nowMs: number,
): void {
  if (!/^(?:custom|workload)\.googleapis\.com\/./.test(metric.type))
    throw new ApiError(
      'PERMISSION_DENIED',
      `The caller does not have permission to write to metric ${metric.type}.`,
    );
  if (metricKind !== 'GAUGE')
    throw new ApiError('UNIMPLEMENTED', `The sandbox takes points of gauges only, not "${metricKind}".`);
  const wanted = RESOURCES[resource.type];
  if (wanted === undefined)
    throw new ApiError('UNIMPLEMENTED', `The sandbox does not know the resource "${resource.type}".`);
  const strange = Object.keys(resource.labels).find((label) => !wanted.includes(label));
  if (strange !== undefined) throw invalid(`${at}.resource.labels`, `Unrecognized label: ${strange}.`);
  if ((resource.labels['project_id'] ?? projectId) !== projectId)
    throw invalid(`${at}.resource.labels[project_id]`, 'It must be the project of the request.');
  checkLabels(metric.labels, at);
  const [point] = points;
  if (point === undefined || points.length > 1)
    throw invalid(`${at}.points`, 'Exactly one point must be specified.');
  const given = Object.keys(point.value);
  const type = valueType === 'VALUE_TYPE_UNSPECIFIED' ? 'DOUBLE' : valueType;
  if (given.length !== 1 || given[0] !== `${type.toLowerCase()}Value`)
    throw invalid(`${at}.points[0].value`, `The value must be a ${type}.`);
  const { startTime, endTime } = point.interval;
  if (endTime === undefined) throw invalid(`${at}.points[0].interval.endTime`, 'The end time is required.');
  // "For GAUGE metrics, the start time is optional, but if it is supplied, it must equal the end time": metric.proto, Point.
  if (startTime !== undefined && Date.parse(startTime) !== Date.parse(endTime))
    throw invalid(
      `${at}.points[0].interval.startTime`,
      'The start time must equal the end time for a gauge.',
    );
  const ageMs = nowMs - Date.parse(endTime);
  if (ageMs > MAX_AGE_MS || ageMs < -MAX_AHEAD_MS)
    throw invalid(`${at}.points[0].interval.endTime`, 'Data points cannot be written that far from now.');
}

function checkLabels(given: Given['metric']['labels'], at: string): void {
  const entries = Object.entries(given);
  if (entries.length > MAX_LABELS) throw invalid(`${at}.metric.labels`, `At most ${MAX_LABELS} labels.`);
  for (const [key, value] of entries) {
    if (!/^[a-zA-Z][a-zA-Z0-9_]*$/.test(key) || key.length > MAX_LABEL_KEY)
      throw invalid(`${at}.metric.labels`, `"${key}" is not a label's key.`);
    if (value.length > MAX_LABEL_VALUE)
      throw invalid(`${at}.metric.labels[${key}]`, `At most ${MAX_LABEL_VALUE} characters.`);
  }
}

/** Why it was not stored; undefined when it was. */
function store(given: Given, key: string, known: Map<string, WrittenSeries>): string | undefined {
  const [point] = given.points;
  const value = Number(Object.values(point?.value ?? {})[0]);
  const atMs = Date.parse(point?.interval.endTime ?? '');
  const series = known.get(key) ?? {
    metric: given.metric,
    resource: given.resource,
    metricKind: 'GAUGE',
    valueType: given.valueType === 'INT64' ? 'INT64' : 'DOUBLE',
    unit: given.unit,
    samples: [],
  };
  const last = series.samples.at(-1);
  if (last !== undefined && atMs < last.atMs) return NOT_NEWER;
  if (last !== undefined && atMs < last.atMs + MIN_PERIOD_MS) return TOO_OFTEN;
  series.samples.push({ atMs, value });
  known.set(key, series);
  return undefined;
}

function keyOf({ metric, resource }: Given): string {
  const sorted = (all: Readonly<Record<string, string>>): unknown =>
    Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([metric.type, sorted(metric.labels), resource.type, sorted(resource.labels)]);
}

/** The text as opentelemetry-operations-python#431 quotes it, and google.monitoring.v3.CreateTimeSeriesSummary beside it. */
function partial(
  refused: ReadonlyMap<string, readonly { readonly index: number }[]>,
  timeSeries: readonly Given[],
): ApiError {
  const parts = [...refused].map(([why, all]) => {
    const [first = { index: 0 }] = all;
    const type = timeSeries[first.index]?.metric.type ?? '';
    return `timeSeries[${all.map(({ index }) => index).join(',')}] (example metric.type="${type}"): write for resource=global{} failed with: ${why}`;
  });
  const errors = [...refused].map(([message, all]) => ({
    status: { code: 3, message },
    pointCount: all.length,
  }));
  const failed = errors.reduce((sum, { pointCount }) => sum + pointCount, 0);
  return new ApiError(
    'INVALID_ARGUMENT',
    `One or more TimeSeries could not be written: ${parts.join('; ')}`,
    [
      {
        '@type': 'type.googleapis.com/google.monitoring.v3.CreateTimeSeriesSummary',
        totalPointCount: timeSeries.length,
        successPointCount: timeSeries.length - failed,
        errors,
      },
    ],
  );
}

function invalid(field: string, why: string): ApiError {
  return new ApiError('INVALID_ARGUMENT', `Field ${field} had an invalid value: ${why}`);
}
