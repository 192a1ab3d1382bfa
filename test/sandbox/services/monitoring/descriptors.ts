import { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';
import type { Message } from '../../http/proto-service.ts';
import { readDescriptorFilter } from './filter.ts';
import { METRICS, resourceLabelsOf, type Metric } from './metric-catalog.ts';
import type { Series, SeriesQuery } from './series.ts';

const requestSchema = z.object({
  filter: z.string().default(''),
  pageSize: z.number().default(0),
  pageToken: z.string().default(''),
  activeOnly: z.boolean().default(false),
});

const MAX_PAGE_SIZE = 10_000;
/** `active_only`: "recent data (within roughly 25 hours)". */
const ACTIVE_MS = 25 * 3_600_000;

/** Answers `projects.metricDescriptors.list` with the sandbox's catalogue. */
export function listMetricDescriptors(
  message: Message,
  projectId: string,
  nowMs: number,
  seriesOf: (query: SeriesQuery) => Iterable<Series>,
): Message {
  const request = requestSchema.parse(message);
  const matches = readDescriptorFilter(request.filter);
  const isActive = ({ type }: Metric): boolean => {
    for (const series of seriesOf({ metricType: type, resourceLabels: {} }))
      if (series.metric.type === type && !isEmpty(series.points(nowMs - ACTIVE_MS, nowMs))) return true;
    return false;
  };
  const found = METRICS.filter((metric) =>
    matches({
      metric: { type: metric.type, labels: {} },
      resource: { type: metric.resourceType, labels: { project_id: projectId } },
    }),
  ).filter((metric) => !request.activeOnly || isActive(metric));
  const { items, nextPageToken } = pageOf(found, request);
  return { metricDescriptors: items.map((metric) => descriptorOf(metric, projectId)), ...nextPageToken };
}

/** Answers `projects.monitoredResourceDescriptors.list`. */
export function listResourceDescriptors(message: Message, projectId: string): Message {
  const request = requestSchema.parse(message);
  const matches = readDescriptorFilter(request.filter);
  const found = (['gce_instance', 'gcs_bucket'] as const).filter((type) =>
    matches({ metric: { type: '', labels: {} }, resource: { type, labels: {} } }),
  );
  const { items, nextPageToken } = pageOf(found, request);
  return {
    resourceDescriptors: items.map((type) => ({
      name: `projects/${projectId}/monitoredResourceDescriptors/${type}`,
      type,
      labels: resourceLabelsOf(type).map((key) => ({ key })),
    })),
    ...nextPageToken,
  };
}

function isEmpty(iterable: Iterable<unknown>): boolean {
  for (const _ of iterable) return false;
  return true;
}

function descriptorOf(metric: Metric, projectId: string): object {
  return {
    name: `projects/${projectId}/metricDescriptors/${metric.type}`,
    type: metric.type,
    labels: metric.labels.map((key) => (key === 'loadbalanced' ? { key, valueType: 'BOOL' } : { key })),
    metricKind: metric.metricKind,
    valueType: metric.valueType,
    unit: metric.unit,
    metadata: { samplePeriod: `${metric.samplePeriodMs / 1000}s`, ingestDelay: `${metric.delayMs / 1000}s` },
    monitoredResourceTypes: [metric.resourceType],
  };
}

function pageOf<T>(
  all: readonly T[],
  { pageSize, pageToken }: { readonly pageSize: number; readonly pageToken: string },
): { items: readonly T[]; nextPageToken: { nextPageToken?: string } } {
  const from = pageToken === '' ? 0 : Number(Buffer.from(pageToken, 'base64url').toString());
  if (!Number.isInteger(from) || from < 0)
    throw new ApiError(
      'INVALID_ARGUMENT',
      `Field pageToken had an invalid value of "${pageToken}": It is not a page token.`,
    );
  const to = from + (pageSize > 0 ? Math.min(pageSize, MAX_PAGE_SIZE) : MAX_PAGE_SIZE);
  const nextPageToken =
    to < all.length ? { nextPageToken: Buffer.from(String(to)).toString('base64url') } : {};
  return { items: all.slice(from, to), nextPageToken };
}
