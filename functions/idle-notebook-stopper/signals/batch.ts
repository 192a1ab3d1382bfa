import type { NotebookInstance } from '../../../shared/google/notebooks.ts';
import { gpusOf, type Gpus } from '../../../shared/prices/machine-type.ts';
import { vcpusOf } from '../../../shared/prices/vcpus.ts';
import type { Run } from '../../../shared/run/sweep.ts';
import type { Config } from '../config.ts';
import type { JobsFacts, LongerLook, NotebookFacts, Signals, StrayMinutes } from '../facts.ts';
import type { NotebookMemory, ProjectMemory } from '../memory/memory.ts';
import { isBusy, isBusyLonger, rests } from '../verdict/activity.ts';
import type { Batch } from './batches.ts';
import { missingSignal, turnsMigOn } from './gpu-signal.ts';
import { promisesKernels } from './kernels.ts';
import { readLongerLook } from './longer-look.ts';
import { machineOf } from './machine.ts';
import type { Window } from './measure.ts';
import type { Meters } from './meters.ts';
import { longerLookStartMs, observationStartMs } from './observation-window.ts';
import { NOT_PROMISED, readSignals } from './signals.ts';
import { readStrayMinutes, type StrayVm } from './stray-minutes.ts';

/** A notebook with all that is read of it but its VM. */
export interface Found extends Pick<
  NotebookFacts,
  'observedFromMs' | 'signals' | 'stray' | 'longerLook' | 'jobs' | 'memory'
> {
  readonly instance: NotebookInstance;
}

const NOT_READ: Signals = {
  cpu: { kind: 'absent' },
  gpu: { kind: 'absent' },
  network: { kind: 'absent' },
  migMode: false,
  kernels: NOT_PROMISED,
};

const NO_JOBS: JobsFacts = { kind: 'not-read' };

/** One whose signals are to be read. */
interface Observed {
  readonly id: string;
  readonly name: string;
  readonly observedFromMs: number;
  readonly longerFromMs: number;
  readonly gpus: Gpus;
  readonly vcpus: number | undefined;
  readonly migOn: boolean;
  readonly hasKernels: boolean;
}

/** What all batches of a run share. */
export interface BatchContext {
  readonly memories: ProjectMemory['notebooks'];
  readonly meters: Meters;
  readonly askForJobs: () => Promise<JobsFacts>;
}

/** Reads the signals of some notebooks: those of running ones, and of each over its own window. */
export async function readBatch(
  run: Run,
  config: Config,
  { instances }: Batch,
  { memories, meters, askForJobs }: BatchContext,
): Promise<readonly Found[]> {
  const memoryOf = ({ name }: NotebookInstance): NotebookMemory => memories[name] ?? {};
  const observed = instances.flatMap((instance) => observe(run, config, instance, memoryOf(instance)));
  const signals = await readAll(run, config, meters, observed);
  const seen = observed.flatMap((one) => {
    const found = signals.get(one.name);
    return found === undefined ? [] : [{ ...one, signals: found }];
  });
  const strays = await readStrays(run, config, seen);
  const resting = seen.filter((one) => rests({ ...one, stray: strays.get(one.id) }, config));
  const needsJobs = config.keepWhileJobsRun && resting.length > 0;
  const [longer, jobs] = await Promise.all([
    lookLonger(run, config, meters, resting),
    needsJobs ? askForJobs() : NO_JOBS,
  ]);
  return instances.map((instance) => {
    const found = signals.get(instance.name) ?? NOT_READ;
    return {
      instance,
      memory: memoryOf(instance),
      observedFromMs: observationStartMs(config, run.startedAt, memoryOf(instance).warnedAtMs),
      signals: found,
      stray: strays.get(instance.gceSetup?.instanceId ?? ''),
      longerLook: longer.get(instance.name),
      jobs,
    };
  });
}

function observe(
  run: Run,
  config: Config,
  instance: NotebookInstance,
  { warnedAtMs }: NotebookMemory,
): readonly Observed[] {
  const id = instance.gceSetup?.instanceId;
  if (instance.state !== 'ACTIVE' || id === undefined) return [];
  const machine = machineOf(instance);
  return [
    {
      id,
      name: instance.name,
      observedFromMs: observationStartMs(config, run.startedAt, warnedAtMs),
      longerFromMs: longerLookStartMs(config, run.startedAt, warnedAtMs),
      gpus: gpusOf(machine),
      vcpus: vcpusOf(machine.machineType),
      migOn: turnsMigOn(instance.gceSetup?.metadata ?? {}),
      hasKernels: promisesKernels(instance.gceSetup?.metadata ?? {}),
    },
  ];
}

/** By name. One window for all, and one more for each earlier run whose warnings still stand. */
async function readAll(
  run: Run,
  config: Config,
  meters: Meters,
  observed: readonly Observed[],
): Promise<ReadonlyMap<string, Signals>> {
  const signals = new Map<string, Signals>();
  await Promise.all(
    [...Map.groupBy(observed, ({ observedFromMs }) => observedFromMs)].map(async ([startMs, group]) => {
      const withGpu = group.filter(({ gpus }) => gpus.kind !== 'none');
      const vms = {
        ids: group.map(({ id }) => id),
        gpus: new Map(withGpu.map(({ id, gpus }) => [id, gpus])),
        withKernels: group.filter(({ hasKernels }) => hasKernels).map(({ id }) => id),
      };
      const window = windowFrom(run, startMs);
      const meter = await meters.forSignals(window, group.length);
      const read = await readSignals(run, config, meter, vms, window);
      for (const { id, name, migOn } of group) {
        const found = read(id);
        signals.set(name, { ...found, migMode: found.migMode || migOn });
      }
    }),
  );
  return signals;
}

/** One whose signals were read. */
interface Seen extends Observed {
  readonly signals: Signals;
}

/** The busy minutes of those that are busy, where the policy tolerates some; by VM id. */
async function readStrays(
  run: Run,
  config: Config,
  seen: readonly Seen[],
): Promise<ReadonlyMap<string, StrayMinutes>> {
  if (config.toleratedMinutesPerDay === 0) return new Map();
  const busy = seen.filter((one) => isBusy(one, config));
  const strays = await Promise.all(
    [...Map.groupBy(busy, ({ observedFromMs }) => observedFromMs)].map(([startMs, group]) =>
      readStrayMinutes(run, config, group.map(strayVm), windowFrom(run, startMs), { disks: false }),
    ),
  );
  return new Map(strays.flatMap((found) => [...found]));
}

function strayVm({ id, vcpus, gpus }: Observed): StrayVm {
  return { id, vcpus, hasGpu: gpus.kind !== 'none' };
}

function windowFrom(run: Run, startMs: number): Window {
  return { startMs, endMs: run.startedAt.getTime() };
}

/** A look further back at those that rest and whose GPUs no metric tells of: few, so that the others cost nothing. */
async function lookLonger(
  run: Run,
  config: Config,
  meters: Meters,
  resting: readonly Seen[],
): Promise<ReadonlyMap<string, LongerLook>> {
  const looks = new Map<string, LongerLook>();
  if (config.gpuSignalMissing !== 'infer') return looks;
  const untold = resting.filter(({ gpus, signals }) => missingSignal(gpus, signals) !== undefined);
  await Promise.all(
    [...Map.groupBy(untold, ({ longerFromMs }) => longerFromMs)].map(async ([startMs, group]) => {
      const window = windowFrom(run, startMs);
      const ids = group.map(({ id }) => id);
      const meter = await meters.forLongerLook(window);
      const read = await readLongerLook(run, config, meter, ids, window);
      const busy = group.filter((one) => isBusyLonger(one, read(one.id), config));
      const strays = await readStrayMinutes(run, config, busy.map(strayVm), window, { disks: true });
      for (const { id, name } of group) looks.set(name, { ...read(id), stray: strays.get(id) });
    }),
  );
  return looks;
}
