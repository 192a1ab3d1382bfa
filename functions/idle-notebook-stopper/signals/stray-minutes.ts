import type { Run } from '../../../shared/run/sweep.ts';
import type { Config } from '../config.ts';
import type { StrayMinutes } from '../facts.ts';
import { cpuShare } from '../verdict/threshold.ts';
import { AGENT, LEGACY } from './gpu.ts';
import { READ, WRITTEN } from './longer-look.ts';
import { MINUTE_MS, query, type ReadFailure, type Window } from './measure.ts';
import { rate, RECEIVED, SENT } from './network.ts';
import { CPU } from './signals.ts';

/** A VM of which something was busy. */
export interface StrayVm {
  readonly id: string;
  readonly vcpus: number | undefined;
  readonly hasGpu: boolean;
}

/** The minutes of a week of so many VMs are the points that one answer holds. */
const VMS_AT_ONCE = 10;

const HOUR = 60;
const DAY = 24 * HOUR;

/**
 * In how many minutes of a window something was at or above its threshold: cores, GPUs, network, and disks where `disks` says
 * so. Undefined for a VM that was busy in the last hour, as those at work are, and where something could not be read.
 */
export async function readStrayMinutes(
  run: Run,
  config: Config,
  vms: readonly StrayVm[],
  window: Window,
  { disks }: { readonly disks: boolean },
): Promise<ReadonlyMap<string, StrayMinutes>> {
  const found = new Map<string, StrayMinutes>();
  const lastHour = {
    startMs: Math.max(window.startMs, window.endMs - HOUR * MINUTE_MS),
    endMs: window.endMs,
  };
  // Nothing of an hour is tolerated.
  if (config.toleratedMinutesPerDay === 0 || lastHour.startMs === window.startMs) return found;
  const read = (some: readonly StrayVm[], within: Window): Promise<ReadonlyMap<string, StrayMinutes>> =>
    readMinutes(run, config, some, within, disks);
  const quiet = await read(vms, lastHour);
  const candidates = vms.filter(({ id }) => quiet.get(id)?.total === 0);
  for (let from = 0; from < candidates.length; from += VMS_AT_ONCE)
    for (const [id, stray] of await read(candidates.slice(from, from + VMS_AT_ONCE), window))
      found.set(id, stray);
  return found;
}

/** Nothing where one query failed. */
async function readMinutes(
  run: Run,
  config: Config,
  vms: readonly StrayVm[],
  window: Window,
  disks: boolean,
): Promise<ReadonlyMap<string, StrayMinutes>> {
  if (vms.length === 0) return new Map();
  const busy = new Map(vms.map(({ id }) => [id, new Set<number>()]));
  const note = (id: string, minute: number): void => void busy.get(id)?.add(minute);
  const ids = vms.map(({ id }) => id);
  const gpus = vms.filter(({ hasGpu }) => hasGpu).map(({ id }) => id);
  // Where the threshold cannot be told, each minute counts.
  const shares = new Map(vms.map(({ id, vcpus }) => [id, cpuShare(config.cpuBelow, vcpus) ?? 0]));
  const seeGpu: SeeMinute = (id, minute, value) => {
    if (value >= config.gpuBelowPercent) note(id, minute);
  };
  const failures = await Promise.all([
    eachMinute(run, CPU, ids, window, (id, minute, value) => {
      if (value >= (shares.get(id) ?? 0)) note(id, minute);
    }),
    eachMinute(run, AGENT, gpus, window, seeGpu),
    eachMinute(run, LEGACY, gpus, window, seeGpu),
    busyTogether(run, [SENT, RECEIVED], ids, window, config.networkBelowBytesPerSecond, note),
    disks ? busyTogether(run, [READ, WRITTEN], ids, window, config.diskBelowBytesPerSecond, note) : undefined,
  ]);
  if (failures.some((failure) => failure !== undefined)) return new Map();
  return new Map([...busy].map(([id, found]) => [id, countMinutes(found)]));
}

/** A minute is counted back from the end of the window: 0 is the last one. */
type SeeMinute = (id: string, minute: number, value: number) => void;

function eachMinute(
  run: Run,
  metricType: string,
  ids: readonly string[],
  window: Window,
  see: SeeMinute,
): Promise<ReadFailure> {
  if (ids.length === 0) return Promise.resolve(undefined);
  const aligned = { ...window, aligner: 'ALIGN_MAX', alignmentSeconds: MINUTE_MS / 1_000 } as const;
  return query(run, metricType, ids, aligned, ({ resourceLabels, points }) => {
    for (const { endMs, value } of points)
      see(resourceLabels['instance_id'] ?? '', Math.round((window.endMs - endMs) / MINUTE_MS), value);
  });
}

/** Notes the minutes in which the bytes of some metrics together are a rate at or above a threshold. */
async function busyTogether(
  run: Run,
  metricTypes: readonly string[],
  ids: readonly string[],
  window: Window,
  below: number,
  note: (id: string, minute: number) => void,
): Promise<ReadFailure> {
  const minutes = Math.round((window.endMs - window.startMs) / MINUTE_MS);
  const sums = new Map(ids.map((id) => [id, new Float64Array(minutes + 1)]));
  const failures = await Promise.all(
    metricTypes.map((type) =>
      eachMinute(run, type, ids, window, (id, minute, value) => {
        const of = sums.get(id);
        if (of !== undefined) of[minute] = (of[minute] ?? 0) + value;
      }),
    ),
  );
  for (const [id, of] of sums)
    of.forEach((sum, minute) => {
      if (rate(sum) >= below) note(id, minute);
    });
  return failures.find((failure) => failure !== undefined);
}

/** Minutes are counted back from the end of the window. */
export function countMinutes(minutes: ReadonlySet<number>): StrayMinutes {
  const days = Map.groupBy(minutes, (minute) => Math.floor(minute / DAY));
  return {
    total: minutes.size,
    busiestDay: Math.max(0, ...[...days.values()].map((day) => day.length)),
    lastHour: [...minutes].filter((minute) => minute < HOUR).length,
  };
}
