import { querySeries } from '../../../shared/google/monitoring.ts';
import type { Reading } from '../reading.ts';
import { attempt, type Look } from './attempt.ts';
import { WINDOW_DAYS } from './use.ts';

/**
 * Authentications with each key of a service account in the window, by the key's id; a key without any has no series. Counts are
 * some three hours late. Needs monitoring.timeSeries.list. Source: https://docs.cloud.google.com/monitoring/api/metrics_gcp_i_o
 */
export function readKeyUse(look: Look): Promise<Reading<ReadonlyMap<string, number>>> {
  return attempt(look, 'the use of service account keys', async () => {
    const endMs = look.now.getTime();
    const windowMs = WINDOW_DAYS * 86_400_000;
    const { series, partial } = await querySeries(look.api, {
      projectId: look.projectId,
      metricType: 'iam.googleapis.com/service_account/key/authn_events_count',
      filter: 'resource.type = "iam_service_account"',
      startMs: endMs - windowMs,
      endMs,
      aligner: 'ALIGN_SUM',
      alignmentSeconds: windowMs / 1000,
    });
    const uses = new Map<string, number>();
    for (const { metricLabels, points } of series) {
      const { key_id: id = '' } = metricLabels;
      uses.set(id, (uses.get(id) ?? 0) + points.reduce((sum, { value }) => sum + value, 0));
    }
    return { value: uses, gaps: partial };
  });
}
