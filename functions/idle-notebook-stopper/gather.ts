import { pMapIterable } from 'p-map';
import { priceInstance, type InstancePrice, type PricedInstance } from '../../shared/prices/compute-price.ts';
import { messageOf } from '../../shared/errors.ts';
import { resourceId } from '../../shared/google/resource-name.ts';
import { gpusOf } from '../../shared/prices/machine-type.ts';
import { vcpusOf } from '../../shared/prices/vcpus.ts';
import {
  indexMachines,
  listDiskTypes,
  type Machine,
  type MachineIndex,
} from '../../shared/google/machines.ts';
import { listNotebooks, type NotebookInstance, type NotebookPage } from '../../shared/google/notebooks.ts';
import { noteStrange, textField } from '../../shared/google/read-items.ts';
import type { Run } from '../../shared/run/sweep.ts';
import { batchesOf } from './signals/batches.ts';
import { settingsOf } from './changes.ts';
import type { Config } from './config.ts';
import { readBatch, type Found } from './signals/batch.ts';
import type { JobsFacts, NotebookFacts, VmFacts } from './facts.ts';
import { readJobs } from './signals/jobs.ts';
import { machineOf } from './signals/machine.ts';
import { readMemory } from './memory/memory.ts';

/** Notebooks that are judged without a pause. */
const JUDGED_AT_ONCE = 20;

/** Batches whose signals are read at the same time: eight queries each, so few. */
const BATCHES_AT_ONCE = 4;

/**
 * Pages that may be listed before the first is worked on: signals and VMs are read meanwhile, and the listing, whose pages come
 * one after the other, should not wait for them. 64 pages of 100 instances are about 20 MB.
 */
const PAGES_AHEAD = 64;

/**
 * All notebooks of the run's project, page by page, each with its VM, its signals and what is remembered of it. Nothing
 * waits for what it does not need: the next page is listed while signals and VMs are read.
 */
export async function* gatherNotebooks(run: Run, config: Config): AsyncGenerator<readonly NotebookFacts[]> {
  let machines: Promise<Machines> | undefined;
  const askForMachines = (): Promise<Machines> => (machines ??= readMachines(run));
  let jobs: Promise<JobsFacts> | undefined;
  const askForJobs = (): Promise<JobsFacts> => (jobs ??= readJobs(run));
  const memory = readMemory(run);
  const priceOf = priceOnce();
  // When the listing fails first, the memory is not awaited any more.
  memory.catch(() => undefined);
  const listed = pMapIterable(
    listNotebooks(run.api, run.projectId),
    (page) => {
      noteGaps(run, page);
      return page;
    },
    { concurrency: 1, backpressure: PAGES_AHEAD },
  );
  const batches = pMapIterable(
    batchesOf(listed),
    async (batch) => {
      const found = readBatch(run, config, batch, (await memory).notebooks, askForJobs);
      // The VMs are needed last. Of a large project they are read after the signals, in the pauses between two pages.
      if (!batch.only) await found;
      void askForMachines();
      return found;
    },
    { concurrency: BATCHES_AT_ONCE },
  );
  try {
    for await (const batch of batches) {
      const machines = await askForMachines();
      // Many batches may be waiting by now; the listing goes on in between.
      for (let from = 0; from < batch.length; from += JUDGED_AT_ONCE) {
        yield batch
          .slice(from, from + JUDGED_AT_ONCE)
          .map((found) => toFacts(found, machines, priceOf, run.policy.notify?.ownerLabel));
        await run.api.nextTurn();
      }
    }
  } finally {
    // Their gaps belong to this run, also when the listing failed.
    await machines;
  }
}

function noteGaps(run: Run, page: NotebookPage): void {
  run.keepStrange(`projects/${run.projectId} notebooks`, page.strange);
  for (const location of page.unreachable)
    run.gap({ where: location, why: 'unreachable: notebooks there were not seen' });
  if (page.failed !== undefined)
    run.gap({
      where: page.failed.location,
      why: messageOf(page.failed.error),
      cause: page.failed.error,
    });
}

type Machines =
  | { readonly index: MachineIndex; readonly diskTypes: ReadonlyMap<string, string> }
  | { readonly failed: string };

async function readMachines(run: Run): Promise<Machines> {
  const diskTypes = readDiskTypes(run);
  try {
    const index = await indexMachines(run.api, run.projectId);
    for (const zone of index.unreachable)
      run.gap({ where: `projects/${run.projectId} ${zone}`, why: 'unreachable: VMs there were not seen' });
    noteStrange(run.gap, `projects/${run.projectId} VMs`, index.strange);
    return { index, diskTypes: await diskTypes };
  } catch (error) {
    await diskTypes;
    run.gap({ where: `projects/${run.projectId} VMs`, why: messageOf(error), cause: error });
    return { failed: messageOf(error) };
  }
}

/** Prices need them, verdicts do not. */
async function readDiskTypes(run: Run): Promise<ReadonlyMap<string, string>> {
  const where = `projects/${run.projectId} disks`;
  try {
    const { types, strange } = await listDiskTypes(run.api, run.projectId);
    noteStrange(run.gap, where, strange);
    return types;
  } catch (error) {
    run.gap({ where, why: `unpriced: ${messageOf(error)}`, cause: error });
    return new Map();
  }
}

type PriceOf = (instance: PricedInstance) => InstancePrice;

/** Prices each kind of instance once: a fleet has few kinds, and its many prices need not be held one by one. */
function priceOnce(): PriceOf {
  const known = new Map<string, InstancePrice>();
  return (instance) => {
    const kind = JSON.stringify(instance);
    const price = known.get(kind) ?? priceInstance(instance);
    known.set(kind, price);
    return price;
  };
}

function toFacts(
  { instance, ...found }: Found,
  machines: Machines,
  priceOf: PriceOf,
  ownerLabel: string | undefined,
): NotebookFacts {
  const setup = instance.gceSetup ?? {};
  const [zone = ''] = instance.name.split('/').slice(3, 4);
  const { machineType, accelerators } = machineOf(instance);
  const machine = 'failed' in machines ? undefined : machines.index.byId.get(setup.instanceId ?? '');
  const createdMs = Date.parse(instance.createTime ?? '');
  return {
    name: instance.name,
    state: instance.state ?? 'STATE_UNSPECIFIED',
    healthState: instance.healthState ?? 'HEALTH_STATE_UNSPECIFIED',
    createdMs: Number.isNaN(createdMs) ? undefined : createdMs,
    settings: settingsOf(instance),
    labels: instance.labels ?? {},
    metadata: setup.metadata ?? {},
    owner: ownerOf(instance, ownerLabel),
    machineType: resourceId(machineType),
    vcpus: vcpusOf(machineType),
    gpus: gpusOf({ machineType, accelerators }),
    price: priceOf({
      machineType,
      accelerators,
      zone,
      disks: disksOf(machine, machines),
      usage: machine?.spot === true ? 'spot' : 'on-demand',
      billsOn: machine?.billsOn !== undefined,
    }),
    billsOn: [
      ...(machine?.billsOn === undefined ? [] : [machine.billsOn]),
      ...(machine?.externalIp === undefined ? [] : [`the address ${machine.externalIp}, if it is reserved`]),
    ],
    vm: vmFacts(setup.instanceId, zone, machines, machine),
    serviceAccounts: (setup.serviceAccounts ?? []).flatMap(({ email }) => email ?? []),
    ...found,
  };
}

function ownerOf(
  { labels, instanceOwners, creator }: NotebookInstance,
  ownerLabel: string | undefined,
): string | undefined {
  const labelled = ownerLabel === undefined ? '' : (labels?.[ownerLabel] ?? '');
  const named = [labelled, instanceOwners?.join(', ') ?? '', creator ?? ''];
  return named.find((text) => text !== '');
}

/** Without its VM a notebook's disks are unknown; priceInstance then has no boot disk to price and says so. */
function disksOf(
  machine: Machine | undefined,
  machines: Machines,
): { kind: 'boot' | 'data'; type: string | undefined; sizeGb: number | undefined }[] {
  const types = 'failed' in machines ? undefined : machines.diskTypes;
  return (machine?.disks ?? [])
    .filter((disk) => !disk.scratch)
    .map(({ boot, key, sizeGb }) => ({ kind: boot ? 'boot' : 'data', type: types?.get(key), sizeGb }));
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
  if (machines.index.unreachable.some((scope) => scope.endsWith(`/${zone}`) || scope === zone))
    return { kind: 'unknown', why: `${zone} was unreachable` };
  // One that has no readable id may be any.
  const unread = machines.index.strange.find(
    ({ raw }) => (textField(raw, 'id') ?? instanceId) === instanceId,
  );
  if (unread !== undefined)
    return { kind: 'unknown', why: `it may be the one at ${unread.path}: ${unread.why}` };
  return { kind: 'absent' };
}
