import { messageOf } from '../../../shared/errors.ts';
import { GoogleApiError, isRefused } from '../../../shared/google/google-api-error.ts';
import type { Run } from '../../../shared/run/sweep.ts';
import { METRICS, type MetricPoint } from './points.ts';

/** https://docs.cloud.google.com/monitoring/quotas: "Time series included in a request". */
const MAX_SERIES = 200;

/** Nothing waits for a chart: the next look comes in minutes. */
const TIMEOUT_MS = 10_000;

/**
 * Writes points of one moment to Cloud Monitoring of the project that the function runs in, each at most once. What keeps them from being
 * written is a warning, and the look counts all the same. Needs monitoring.timeSeries.create there.
 */
export async function writePoints(run: Run, points: readonly MetricPoint[], atMs: number): Promise<void> {
  const { runtime, log, runId } = run;
  try {
    const project = await runtime.ownProject();
    for (let from = 0; from < points.length; from += MAX_SERIES)
      await writeSome(run, project, points.slice(from, from + MAX_SERIES), atMs);
  } catch (error) {
    log('WARNING', `Cannot write the metrics of "${run.projectId}": ${messageOf(error)}`, { runId });
  }
}

async function writeSome(
  { api }: Run,
  project: string,
  points: readonly MetricPoint[],
  atMs: number,
): Promise<void> {
  try {
    await api.exchangeUnpermitted(
      'monitoring.timeSeries.create',
      {
        method: 'POST',
        url: `https://monitoring.googleapis.com/v3/projects/${project}/timeSeries`,
        body: { timeSeries: points.map((point) => seriesOf(point, project, atMs)) },
      },
      // A second attempt would tell nothing that the next look does not.
      { retry: false, timeoutMs: TIMEOUT_MS },
    );
  } catch (error) {
    if (isWritten(error)) return;
    // Without an answer they may have been written, and billed.
    if (!isRefused(error)) api.countPoints(points.length);
    throw error;
  }
  api.countPoints(points.length);
}

function seriesOf({ metric, labels, value }: MetricPoint, project: string, atMs: number): object {
  const { unit, description } = METRICS[metric];
  return {
    metric: { type: `custom.googleapis.com/costguard/${metric}`, labels },
    resource: { type: 'global', labels: { project_id: project } },
    metricKind: 'GAUGE',
    valueType: 'DOUBLE',
    unit,
    description,
    points: [{ interval: { endTime: new Date(atMs).toISOString() }, value: { doubleValue: value } }],
  };
}

/** How Monitoring refuses a point that is not newer than the last one of its series. */
const NOT_NEWER =
  /written more frequently than the maximum sampling period|older (?:start|end) time than the most recent point/g;

/**
 * Whether all that was refused is there already, from this look or a later one. A refusal names the series of each reason as
 * `timeSeries[0-3]`, and the others are written.
 */
function isWritten(error: unknown): boolean {
  if (!(error instanceof GoogleApiError) || error.status !== 400) return false;
  const reasons = error.message.match(/timeSeries\[/g)?.length ?? 0;
  return (error.message.match(NOT_NEWER)?.length ?? 0) >= Math.max(1, reasons);
}
