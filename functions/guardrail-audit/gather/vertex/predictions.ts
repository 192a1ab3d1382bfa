import { querySeries } from '../../../../shared/google/monitoring.ts';
import type { Reading } from '../../reading.ts';
import { attempt, type Look } from '../attempt.ts';
import { WINDOW_DAYS } from '../use.ts';

/** By the endpoint's id, then by the deployed model's. */
export type Predictions = Reading<ReadonlyMap<string, ReadonlyMap<string, number>>>;

/** Predictions of the window by endpoint and deployed model. Needs monitoring.timeSeries.list. */
export function readPredictions(look: Look): Promise<Predictions> {
  return attempt(look, 'the calls of endpoints', async () => {
    const endMs = look.now.getTime();
    const windowMs = WINDOW_DAYS * 86_400_000;
    const { series, partial } = await querySeries(look.api, {
      projectId: look.projectId,
      metricType: 'aiplatform.googleapis.com/prediction/online/prediction_count',
      filter: 'resource.type = "aiplatform.googleapis.com/Endpoint"',
      startMs: endMs - windowMs,
      endMs,
      aligner: 'ALIGN_SUM',
      alignmentSeconds: windowMs / 1000,
    });
    const counts = new Map<string, Map<string, number>>();
    for (const { resourceLabels, metricLabels, points } of series) {
      const { endpoint_id: endpoint = '' } = resourceLabels;
      const { deployed_model_id: model = '' } = metricLabels;
      const known = counts.get(endpoint) ?? new Map<string, number>();
      known.set(model, (known.get(model) ?? 0) + points.reduce((sum, { value }) => sum + value, 0));
      counts.set(endpoint, known);
    }
    return { value: counts, gaps: partial };
  });
}
