import type { Context } from '../service.ts';
import { compute } from '../services/compute/index.ts';
import { iam } from '../services/iam/index.ts';
import type { Series, SeriesQuery } from '../services/monitoring/series.ts';
import { resourceManager } from '../services/resource-manager/index.ts';
import { storage } from '../services/storage/index.ts';
import { vertex } from '../services/vertex/index.ts';
import { bucketSeries, isBucketGauge } from './bucket-series.ts';
import { endpointSeries, isEndpointMetric } from './endpoint-series.ts';
import { fleetSeries } from './fleet-series.ts';
import { isSteadyMetric, steadySeries } from './steady-series.ts';
import { isTrafficMetric, trafficSeries } from './traffic.ts';

type SeriesOf = (projectId: string, query: SeriesQuery) => Iterable<Series> | undefined;

/** All time series of a project, each metric from what has it. */
export function projectSeries({ of, startMs }: Context): SeriesOf {
  const { projects } = of(resourceManager);
  const { fleet } = of(compute);
  const { accounts, keys } = of(iam);
  const buckets = of(storage).storage;
  const sources: readonly (readonly [has: (metricType: string) => boolean, seriesOf: SeriesOf])[] = [
    [isBucketGauge, bucketSeries(buckets, projects)],
    [isTrafficMetric, trafficSeries(fleet, projects, (bucket) => buckets.bucket(bucket)?.location)],
    [isEndpointMetric, endpointSeries(of(vertex).vertex, projects)],
    [isSteadyMetric, steadySeries({ projects, accounts, keys })],
  ];
  const ofFleet: SeriesOf = fleetSeries(fleet, projects, startMs);
  return (projectId, query) => {
    const [, seriesOf] = sources.find(([has]) => has(query.metricType)) ?? [undefined, ofFleet];
    return seriesOf(projectId, query);
  };
}
