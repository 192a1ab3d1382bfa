import { ApiError } from '../../http/api-error.ts';
import type { Shape } from './align.ts';
import type { Labelled, Sample } from './series.ts';
import { largest, mean, percentile, smallest, standardDeviation, sum } from './statistics.ts';

/** A series with its points computed; oldest first. */
export interface PointSeries {
  readonly metric: Labelled;
  readonly resource: Labelled;
  readonly points: readonly Sample[];
}

interface Reducer {
  readonly result: (input: Shape) => Shape;
  readonly compute: (values: readonly number[]) => number;
}

const same = (input: Shape): Shape => input;
const asDouble = (input: Shape): Shape => ({ ...input, valueType: 'DOUBLE' });
const asCount = (input: Shape): Shape => ({ ...input, valueType: 'INT64', unit: '1' });
const percentileReducer = (percent: number): Reducer => ({
  result: asDouble,
  compute: (values) => percentile(values, percent),
});

// As in google/monitoring/v3/common.proto. The reducers for BOOL values take none of the sandbox's series.
const REDUCERS: Readonly<Record<string, Reducer>> = {
  REDUCE_MEAN: { result: asDouble, compute: mean },
  REDUCE_MIN: { result: same, compute: smallest },
  REDUCE_MAX: { result: same, compute: largest },
  REDUCE_SUM: { result: same, compute: sum },
  REDUCE_STDDEV: { result: asDouble, compute: standardDeviation },
  REDUCE_COUNT: { result: asCount, compute: (values) => values.length },
  REDUCE_PERCENTILE_99: percentileReducer(99),
  REDUCE_PERCENTILE_95: percentileReducer(95),
  REDUCE_PERCENTILE_50: percentileReducer(50),
  REDUCE_PERCENTILE_05: percentileReducer(5),
};

/** The reducer of this name. Errors: INVALID_ARGUMENT when it does not take numeric values. */
export function reducerFor(name: string, input: Shape): Reducer {
  const reducer = REDUCERS[name];
  if (reducer === undefined)
    throw new ApiError(
      'INVALID_ARGUMENT',
      `Field aggregation.crossSeriesReducer had an invalid value of "${name}": The reducer cannot be applied to metrics with kind ${input.metricKind} and value type ${input.valueType}.`,
    );
  return reducer;
}

/** A grouping field: where its value stands. */
export interface GroupField {
  readonly of: 'metric' | 'resource' | 'type';
  readonly label: string;
}

/** Reads `groupByFields`. Errors: INVALID_ARGUMENT for a field that no series of the sandbox can have. */
export function readGroupFields(fields: readonly string[]): readonly GroupField[] {
  return fields.map((path, index): GroupField => {
    // Every series of one answer has the same metric type, and the resource type is always part of the group.
    if (path === 'metric.type' || path === 'resource.type') return { of: 'type', label: '' };
    if (path === 'project') return { of: 'resource', label: 'project_id' };
    const labels = /^(metric|resource)\.labels?\.(?:"(.+)"|(.+))$/.exec(path);
    const label = labels?.[2] ?? labels?.[3];
    if (label === undefined)
      throw new ApiError(
        'INVALID_ARGUMENT',
        `Field aggregation.groupByFields[${index}] had an invalid value of "${path}": The field is unknown.`,
      );
    return { of: labels?.[1] === 'metric' ? 'metric' : 'resource', label };
  });
}

/** One series per group. Labels that are not grouped by are gone, but for the project, which a result always names. */
export function reduceSeries(
  reducer: Reducer,
  fields: readonly GroupField[],
  series: Iterable<PointSeries>,
): PointSeries[] {
  // Half a million series may go into a few groups: of each only its values are kept.
  const groups = new Map<string, Group>();
  for (const one of series) {
    if (one.points.length === 0) continue;
    const key = JSON.stringify([one.resource.type, ...fields.map((field) => labelOf(field, one))]);
    const group = groups.get(key) ?? { first: one, oneProject: true, values: new Map<number, number[]>() };
    groups.set(key, group);
    group.oneProject &&= one.resource.labels['project_id'] === group.first.resource.labels['project_id'];
    for (const { atMs, value } of one.points) {
      const there = group.values.get(atMs);
      if (there === undefined) group.values.set(atMs, [value]);
      else there.push(value);
    }
  }
  return [...groups.values()].map(({ first, oneProject, values }) => {
    const resourceFields: readonly GroupField[] = oneProject
      ? [...fields, { of: 'resource', label: 'project_id' }]
      : fields;
    return {
      metric: { type: first.metric.type, labels: keep(first.metric, 'metric', fields) },
      resource: { type: first.resource.type, labels: keep(first.resource, 'resource', resourceFields) },
      points: [...values]
        .map(([atMs, all]): Sample => ({ atMs, value: reducer.compute(all) }))
        .sort((a, b) => a.atMs - b.atMs),
    };
  });
}

interface Group {
  readonly first: PointSeries;
  oneProject: boolean;
  readonly values: Map<number, number[]>;
}

function labelOf({ of, label }: GroupField, { metric, resource }: PointSeries): string {
  if (of === 'type') return '';
  return (of === 'metric' ? metric : resource).labels[label] ?? '';
}

function keep(
  { labels }: Labelled,
  of: GroupField['of'],
  fields: readonly GroupField[],
): Readonly<Record<string, string>> {
  const kept = new Set(fields.filter((field) => field.of === of).map(({ label }) => label));
  return Object.fromEntries(Object.entries(labels).filter(([name]) => kept.has(name)));
}
