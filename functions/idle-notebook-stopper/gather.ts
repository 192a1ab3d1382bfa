import { priceInstance } from '../../shared/compute-price.ts';
import { messageOf } from '../../shared/errors.ts';
import { gpusOf } from '../../shared/machine-type.ts';
import { indexMachines, listDiskTypes, type Machine, type MachineIndex } from '../../shared/machines.ts';
import { listNotebooks, type NotebookInstance } from '../../shared/notebooks.ts';
import type { Run } from '../../shared/sweep.ts';
import type { Config } from './config.ts';
import { observationStartMs } from './decide.ts';
import type { NotebookFacts, Signals, VmFacts } from './facts.ts';
import { readMemory, type NotebookMemory, type ProjectMemory } from './memory.ts';
import { readSignals } from './signals.ts';

const NOT_READ: Signals = {
  cpu: { kind: 'absent' },
  gpu: { kind: 'absent' },
  network: { kind: 'absent' },
};

/** All notebooks of the run's project, page by page, each with its VM, its signals and what is remembered of it. */
export async function* gatherNotebooks(run: Run, config: Config): AsyncGenerator<readonly NotebookFacts[]> {
  const [machines, memory] = await Promise.all([readMachines(run), readMemory(run)]);
  for await (const page of listNotebooks(run.api, run.projectId)) {
    for (const location of page.unreachable)
      run.gap({ where: location, why: 'unreachable: notebooks there were not seen' });
    if (page.failed !== undefined)
      run.gap({
        where: page.failed.location,
        why: messageOf(page.failed.error),
        cause: page.failed.error,
      });
    yield await gatherPage(run, config, page.instances, machines, memory.notebooks);
  }
}

type Machines = MachineIndex | { readonly failed: string };

async function readMachines(run: Run): Promise<Machines> {
  try {
    const diskTypes = await listDiskTypes(run.api, run.projectId).catch((error: unknown) => {
      run.gap({
        where: `projects/${run.projectId} disks`,
        why: `unpriced: ${messageOf(error)}`,
        cause: error,
      });
      return new Map<string, string>();
    });
    const index = await indexMachines(run.api, run.projectId, diskTypes);
    for (const zone of index.unreachable)
      run.gap({ where: `projects/${run.projectId} ${zone}`, why: 'unreachable: VMs there were not seen' });
    return index;
  } catch (error) {
    run.gap({ where: `projects/${run.projectId} VMs`, why: messageOf(error), cause: error });
    return { failed: messageOf(error) };
  }
}

async function gatherPage(
  run: Run,
  config: Config,
  instances: readonly NotebookInstance[],
  machines: Machines,
  memories: ProjectMemory['notebooks'],
): Promise<readonly NotebookFacts[]> {
  const found = instances.map((instance) => ({ instance, memory: memories[instance.name] ?? {} }));
  const groups = new Map<number, string[]>();
  for (const { instance, memory } of found) {
    const instanceId = instance.gceSetup?.instanceId;
    if (instance.state !== 'ACTIVE' || instanceId === undefined) continue;
    const startMs = observationStartMs(config, run.startedAt, memory.warnedAtMs);
    groups.set(startMs, [...(groups.get(startMs) ?? []), instanceId]);
  }
  // One window for all, and one more for each earlier run whose warnings still stand.
  const signals = new Map<number, (instanceId: string) => Signals>();
  await Promise.all(
    [...groups].map(async ([startMs, ids]) => {
      signals.set(startMs, await readSignals(run, config, ids, { startMs, endMs: run.startedAt.getTime() }));
    }),
  );
  return found.map(({ instance, memory }) => {
    const observedFromMs = observationStartMs(config, run.startedAt, memory.warnedAtMs);
    const read = signals.get(observedFromMs);
    const instanceId = instance.gceSetup?.instanceId;
    return toFacts(
      instance,
      machines,
      memory,
      observedFromMs,
      instanceId === undefined || read === undefined ? NOT_READ : read(instanceId),
    );
  });
}

function toFacts(
  instance: NotebookInstance,
  machines: Machines,
  memory: NotebookMemory,
  observedFromMs: number,
  signals: Signals,
): NotebookFacts {
  const setup = instance.gceSetup ?? {};
  const [zone = ''] = instance.name.split('/').slice(3, 4);
  const machineType = setup.machineType ?? '';
  const accelerators = (setup.acceleratorConfigs ?? []).map(({ type, coreCount }) => ({
    type: type ?? '',
    count: Number(coreCount ?? 0),
  }));
  const machine = 'failed' in machines ? undefined : machines.byId.get(setup.instanceId ?? '');
  const createdMs = Date.parse(instance.createTime ?? '');
  return {
    name: instance.name,
    state: instance.state ?? 'STATE_UNSPECIFIED',
    healthState: instance.healthState ?? 'HEALTH_STATE_UNSPECIFIED',
    createdMs: Number.isNaN(createdMs) ? undefined : createdMs,
    updateTime: instance.updateTime ?? '',
    labels: instance.labels ?? {},
    metadata: setup.metadata ?? {},
    machineType: machineType.slice(machineType.lastIndexOf('/') + 1),
    gpus: gpusOf({ machineType, accelerators }),
    price: priceInstance({ machineType, accelerators, zone, disks: disksOf(machine) }),
    vm: vmFacts(setup.instanceId, zone, machines, machine),
    observedFromMs,
    signals,
    memory,
  };
}

/** Without its VM a notebook's disks are unknown; priceInstance then has no boot disk to price and says so. */
function disksOf(
  machine: Machine | undefined,
): { kind: 'boot' | 'data'; type: string | undefined; sizeGb: number | undefined }[] {
  return (machine?.disks ?? [])
    .filter((disk) => !disk.scratch)
    .map(({ boot, type, sizeGb }) => ({ kind: boot ? 'boot' : 'data', type, sizeGb }));
}

function vmFacts(
  instanceId: string | undefined,
  zone: string,
  machines: Machines,
  machine: Machine | undefined,
): VmFacts {
  if (machine !== undefined)
    return { kind: 'found', status: machine.status, lastStartMs: machine.lastStartMs };
  if ('failed' in machines) return { kind: 'unknown', why: machines.failed };
  if (instanceId === undefined)
    return { kind: 'unknown', why: 'the instance names no VM (gceSetup.instanceId)' };
  if (machines.unreachable.some((scope) => scope.endsWith(`/${zone}`) || scope === zone))
    return { kind: 'unknown', why: `${zone} was unreachable` };
  return { kind: 'absent' };
}
