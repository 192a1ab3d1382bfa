import { metricOf } from '../services/monitoring/metric-catalog.ts';
import type { Series, SeriesQuery } from '../services/monitoring/series.ts';
import type { Projects } from '../services/resource-manager/projects.ts';
import { presentOf, type Vertex } from '../services/vertex/state.ts';

const PREDICTIONS = 'aiplatform.googleapis.com/prediction/online/prediction_count';
const DAY_MS = 86_400_000;

export function isEndpointMetric(metricType: string): boolean {
  return metricType === PREDICTIONS;
}

/** The calls of deployed models, evenly over the day. A model that no one calls has no series. */
export function endpointSeries(
  vertex: Vertex,
  projects: Projects,
): (projectId: string, query: SeriesQuery) => Iterable<Series> | undefined {
  return (projectId) => {
    const project = projects.all.find((known) => known.id === projectId || known.number === projectId);
    if (project === undefined) return undefined;
    const { metricKind, valueType, unit, samplePeriodMs } = metricOf(PREDICTIONS);
    return [...vertex.endpoints.values()]
      .filter(({ projectId: own }) => own === project.id)
      .flatMap((endpoint) =>
        presentOf(endpoint).flatMap(({ model: { id = '' } }): Series[] => {
          const perDay = endpoint.predictionsPerDay[id] ?? 0;
          if (perDay === 0) return [];
          const perSample = Math.max(1, Math.round((perDay * samplePeriodMs) / DAY_MS));
          return [
            {
              metric: { type: PREDICTIONS, labels: { deployed_model_id: id } },
              resource: {
                type: 'aiplatform.googleapis.com/Endpoint',
                labels: {
                  resource_container: project.number,
                  location: endpoint.name.split('/')[3] ?? '',
                  endpoint_id: endpoint.name.split('/').at(-1) ?? '',
                },
              },
              metricKind,
              valueType,
              unit,
              *points(fromMs, toMs) {
                const first = Math.ceil((fromMs + 1) / samplePeriodMs) * samplePeriodMs;
                for (let atMs = first; atMs <= toMs; atMs += samplePeriodMs) yield { atMs, value: perSample };
              },
              sum: (fromMs, toMs) => {
                const samples = Math.floor((toMs - fromMs) / samplePeriodMs);
                return samples < 1 ? undefined : samples * perSample;
              },
            },
          ];
        }),
      );
  };
}
