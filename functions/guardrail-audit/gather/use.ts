import { visitSeries } from '../../../shared/google/monitoring.ts';
import { gpuModel } from '../../../shared/prices/machine-catalog.ts';
import { GIB } from '../../../shared/prices/quantities.ts';
import type { MachineFacts, MachineUse } from '../facts.ts';
import { isRead, type Reading } from '../reading.ts';
import { attempt, type Look } from './attempt.ts';

export const WINDOW_DAYS = 30;
const WINDOW_HOURS = WINDOW_DAYS * 24;
const HOUR_MS = 3_600_000;

/** A filter takes some 2,000 characters, and an id has 19. */
const IDS_PER_QUERY = 80;

/** An hour in which it was busy: its busiest minute used this share of all cores, or of a GPU. */
const BUSY = 0.05;

/** What is known of one VM, hour by hour. */
interface Hours {
  readonly running: Uint8Array;
  readonly busy: Uint8Array;
  cpuPeak: number | undefined;
  gpuPeak: number | undefined;
  gpuMemoryPeak: number | undefined;
}

/** Hours up and hours busy of notebooks and machines with GPUs. Needs monitoring.timeSeries.list. */
export async function readUse(
  look: Look,
  machines: Reading<readonly MachineFacts[]>,
): Promise<Reading<ReadonlyMap<string, MachineUse>>> {
  if (!isRead(machines)) return machines;
  const watched = machines.value.filter(({ kind, gpus }) => kind === 'notebook' || gpus.length > 0);
  return attempt(look, 'the load of machines', async () => {
    const hours = new Map<string, Hours>();
    const gaps: string[] = [];
    for (let from = 0; from < watched.length; from += IDS_PER_QUERY)
      gaps.push(...(await readBatch(look, watched.slice(from, from + IDS_PER_QUERY), hours)));
    return { value: new Map([...hours].map(([id, one]) => [id, useOf(one)])), gaps };
  });
}

async function readBatch(
  { api, projectId, now }: Look,
  batch: readonly MachineFacts[],
  hours: Map<string, Hours>,
): Promise<readonly string[]> {
  // Whole hours, the last one complete.
  const endMs = Math.floor(now.getTime() / HOUR_MS) * HOUR_MS;
  const ids = batch.map(({ id }) => `"${id}"`).join(',');
  const memoryGib = new Map(batch.map(({ id, gpus }) => [id, gpuModel(gpus[0]?.type ?? '')?.memoryGib]));
  const query = {
    projectId,
    startMs: endMs - WINDOW_HOURS * HOUR_MS,
    endMs,
    aligner: 'ALIGN_MAX',
    alignmentSeconds: 3_600,
  } as const;
  const where = `resource.labels.instance_id = one_of(${ids})`;
  const visit = (
    metricType: string,
    filter: string,
    note: (of: Hours, value: number, hour: number, id: string) => void,
  ) =>
    visitSeries(api, { ...query, metricType, filter }, ({ resourceLabels, points }) => {
      const id = resourceLabels['instance_id'];
      if (id === undefined) return;
      const known = hours.get(id) ?? startHours();
      hours.set(id, known);
      for (const { endMs: atMs, value } of points) {
        const hour = Math.round((atMs - query.startMs) / HOUR_MS) - 1;
        if (hour >= 0 && hour < WINDOW_HOURS) note(known, value, hour, id);
      }
    });
  const partial = await visit('compute.googleapis.com/instance/cpu/utilization', where, (of, value, hour) => {
    of.running[hour] = 1;
    if (value >= BUSY) of.busy[hour] = 1;
    of.cpuPeak = Math.max(of.cpuPeak ?? 0, value);
  });
  if (batch.every(({ gpus }) => gpus.length === 0)) return partial;
  const ofGpus = await visit('agent.googleapis.com/gpu/utilization', where, (of, value, hour) => {
    if (value / 100 >= BUSY) of.busy[hour] = 1;
    of.gpuPeak = Math.max(of.gpuPeak ?? 0, value / 100);
  });
  const ofMemory = await visit(
    'agent.googleapis.com/gpu/memory/bytes_used',
    `${where} AND metric.labels.memory_state = "used"`,
    (of, value, _, id) => {
      const total = memoryGib.get(id);
      if (total !== undefined) of.gpuMemoryPeak = Math.max(of.gpuMemoryPeak ?? 0, value / (total * GIB));
    },
  );
  return [...partial, ...ofGpus, ...ofMemory];
}

function startHours(): Hours {
  const { cpuPeak, gpuPeak, gpuMemoryPeak } = {
    cpuPeak: undefined,
    gpuPeak: undefined,
    gpuMemoryPeak: undefined,
  };
  return {
    running: new Uint8Array(WINDOW_HOURS),
    busy: new Uint8Array(WINDOW_HOURS),
    cpuPeak,
    gpuPeak,
    gpuMemoryPeak,
  };
}

function useOf({ running, busy, cpuPeak, gpuPeak, gpuMemoryPeak }: Hours): MachineUse {
  const count = (hours: Uint8Array): number => hours.reduce((sum, one) => sum + one, 0);
  return {
    windowHours: WINDOW_HOURS,
    runningHours: count(running),
    busyHours: count(busy),
    cpuPeak,
    gpuPeak,
    gpuMemoryPeak,
  };
}
