import protos from '@google-cloud/monitoring/build/protos/protos.json' with { type: 'json' };
import { ApiError } from '../../http/api-error.ts';
import type { Clock } from '../../clock/clock.ts';
import { protoRoutes, type Message, type MethodHandler } from '../../http/proto-service.ts';
import type { Route } from '../../http/route.ts';
import { listMetricDescriptors, listResourceDescriptors } from './descriptors.ts';
import { listTimeSeries, type OpenLists } from './list-time-series.ts';
import { createTimeSeries, type Written, type WrittenSeries } from './create-time-series.ts';
import type { Series, SeriesQuery } from './series.ts';

export interface MonitoringOptions {
  readonly clock: Clock;
  /**
   * The series of a project, at least those that `query` can match; undefined when there is no such project. It is
   * called for every request and should look the pinned resources up instead of going through all of them.
   */
  readonly seriesOf: (projectId: string, query: SeriesQuery) => Iterable<Series> | undefined;
  /** What the answer says went wrong: its data is then incomplete although the call succeeds. */
  readonly executionErrors?: (
    projectId: string,
    metricType: string,
  ) => readonly { readonly code: number; readonly message: string }[];
  /** Regions that do not answer, until {@link MonitoringService.setUnreachable} says otherwise. */
  readonly unreachable?: (projectId: string) => readonly string[];
}

export interface MonitoringService {
  readonly routes: readonly Route[];
  /** Time series that `timeSeries.list` returned so far, in all projects or in one. */
  seriesReturned(projectId?: string): number;
  /** What `timeSeries.create` wrote into a project. */
  written(projectId: string): readonly WrittenSeries[];
  /** From now on these regions of a project do not answer: their series are missing, and answers name them. */
  setUnreachable(projectId: string, regions: readonly string[]): void;
}

/**
 * "Cloud regions that were unreachable which may have caused incomplete data to be returned": in the discovery document
 * of Monitoring v3 since 2025, and not in the package's descriptor.
 */
const EXTRA_FIELDS = { 'google.monitoring.v3.ListTimeSeriesResponse': ['unreachable'] };

/** Cloud Monitoring v3: time series, which are read and written, and the descriptors of what is read. */
export function createMonitoringService(options: MonitoringOptions): MonitoringService {
  const seriesIn = (projectId: string, permission: string) => {
    return (query: SeriesQuery): Iterable<Series> => {
      const own = [...(written.get(projectId)?.values() ?? [])]
        .filter(({ metric }) => metric.type === query.metricType)
        .map(toSeries);
      const series = own.length > 0 ? own : options.seriesOf(projectId, query);
      // Google does not tell a caller without rights which projects exist.
      if (series === undefined)
        throw new ApiError(
          'PERMISSION_DENIED',
          `Permission ${permission} denied (or the resource may not exist).`,
        );
      return series;
    };
  };
  const openLists: OpenLists = new Map();
  const written: Written = new Map();
  const returned = new Map<string, number>();
  const unreachable = new Map<string, readonly string[]>();
  const method = (
    collection: string,
    handle: (request: Message, projectId: string, permission: string) => Message | Promise<Message>,
  ): MethodHandler => {
    const permission = `monitoring.${collection}.list`;
    return {
      id: `monitoring.projects.${collection}.list`,
      needs: (request) => [{ permission, on: String(request['name']) }],
      handle: (request) => handle(request, projectOf(request), permission),
    };
  };

  return {
    routes: protoRoutes({
      host: 'monitoring.googleapis.com',
      protos,
      service: 'google.monitoring.v3.MetricService',
      extraFields: EXTRA_FIELDS,
      methods: {
        ListTimeSeries: method('timeSeries', (request, projectId, permission) =>
          listTimeSeries(request, {
            nowMs: options.clock.now(),
            openLists,
            seriesOf: seriesIn(projectId, permission),
            executionErrors: (metricType) => options.executionErrors?.(projectId, metricType) ?? [],
            unreachable: unreachable.get(projectId) ?? options.unreachable?.(projectId) ?? [],
            countReturned: (series) => void returned.set(projectId, (returned.get(projectId) ?? 0) + series),
          }),
        ),
        CreateTimeSeries: {
          id: 'monitoring.projects.timeSeries.create',
          needs: (request) => [{ permission: 'monitoring.timeSeries.create', on: String(request['name']) }],
          handle: (request) => createTimeSeries(request, projectOf(request), options.clock.now(), written),
        },
        ListMetricDescriptors: method('metricDescriptors', (request, projectId, permission) =>
          listMetricDescriptors(request, projectId, options.clock.now(), seriesIn(projectId, permission)),
        ),
        ListMonitoredResourceDescriptors: method('monitoredResourceDescriptors', listResourceDescriptors),
      },
    }),
    seriesReturned: (projectId) =>
      projectId === undefined
        ? [...returned.values()].reduce((sum, series) => sum + series, 0)
        : (returned.get(projectId) ?? 0),
    written: (projectId) => [...(written.get(projectId)?.values() ?? [])],
    setUnreachable: (projectId, regions) => void unreachable.set(projectId, regions),
  };
}

function toSeries({ samples, ...series }: WrittenSeries): Series {
  return {
    ...series,
    points: (fromMs, toMs) => samples.filter(({ atMs }) => atMs > fromMs && atMs <= toMs),
  };
}

function projectOf(request: Message): string {
  const name = String(request['name']);
  const projectId = /^projects\/([^/]+)$/.exec(name)?.[1];
  if (projectId === undefined)
    throw new ApiError('UNIMPLEMENTED', `The sandbox serves time series of projects only, not of "${name}".`);
  return projectId;
}
