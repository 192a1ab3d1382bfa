import { querySeries } from '../../../shared/google/monitoring.ts';
import { isPriced, timesPrice } from '../../../shared/prices/price.ts';
import { HOURS_PER_MONTH } from '../../../shared/prices/quantities.ts';
import { startLook } from '../../../shared/resources/look.ts';
import { TPUS } from '../../../shared/resources/machines/tpu.ts';
import type { AuditFacts, TpuFacts, TpuWorker } from '../facts.ts';
import { both, gapOf, mapReading, type Gap, type Reading } from '../reading.ts';
import { attempt, unreadBy, type Look } from './attempt.ts';

const HOUR_MS = 3_600_000;
/** A week: a TPU that trains at weekends alone is none that idles. */
const WINDOW_HOURS = 7 * 24;

/** TPUs that run, and how busy Monitoring saw their workers. Needs tpu.nodes.list, tpu.locations.list and monitoring.timeSeries.list. */
export async function readTpus(look: Look): Promise<AuditFacts['tpus']> {
  const nodes = await readNodes(look);
  // Most projects have none: then there is nothing to ask Monitoring for.
  if ('value' in nodes && nodes.value.length === 0)
    return mapReading(nodes, () => ({ nodes: [], workers: [] }));
  return mapReading(both(nodes, await readWorkers(look)), ([all, workers]) => ({ nodes: all, workers }));
}

function readNodes(look: Look): Promise<Reading<readonly TpuFacts[]>> {
  const { api, projectId, failed } = look;
  return attempt(look, 'the TPUs', async () => {
    const gaps: Gap[] = [];
    const nodes = await TPUS.list(
      startLook({
        api,
        projectId,
        now: look.now,
        gap: ({ where, why, cause }) => {
          gaps.push(gapOf(unreadBy(cause, `${where}: ${why}`, look)));
          if (cause !== undefined) failed(cause);
        },
        notOffered: () => undefined,
        skip: () => false,
      }),
    );
    const value = nodes.map(({ resource, description, labels, cost, fate, command }): TpuFacts => {
      const month = timesPrice(cost, HOURS_PER_MONTH);
      return {
        resource,
        zone: resource.split('/')[3] ?? '',
        description,
        labels,
        oneHost: fate.kind === 'stoppable',
        usdPerMonth: isPriced(month) ? month.usd : 'unpriced',
        command,
      };
    });
    return { value, gaps };
  });
}

/** The metric names the worker by an id of its own, and no node: only zones can be compared. */
function readWorkers(look: Look): Promise<Reading<readonly TpuWorker[]>> {
  return attempt(look, 'the duty cycle of TPUs', async () => {
    const endMs = Math.floor(look.now.getTime() / HOUR_MS) * HOUR_MS;
    const { series, partial } = await querySeries(look.api, {
      projectId: look.projectId,
      metricType: 'tpu.googleapis.com/accelerator/duty_cycle',
      filter: 'resource.type = "tpu.googleapis.com/GceTpuWorker"',
      startMs: endMs - WINDOW_HOURS * HOUR_MS,
      endMs,
      aligner: 'ALIGN_MAX',
      alignmentSeconds: HOUR_MS / 1000,
    });
    const workers = new Map<string, TpuWorker>();
    for (const { resourceLabels, points } of series) {
      const { location: zone = '', worker_id: id = '' } = resourceLabels;
      const known = workers.get(`${zone}/${id}`);
      workers.set(`${zone}/${id}`, {
        zone,
        peakPercent: Math.max(known?.peakPercent ?? 0, ...points.map(({ value }) => value)),
        // Of several chips the one that was seen least says for how long all of them were.
        hours: Math.min(known?.hours ?? WINDOW_HOURS, points.length),
      });
    }
    return { value: [...workers.values()], gaps: partial };
  });
}
