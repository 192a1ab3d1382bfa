import { pMapIterable } from 'p-map';
import { priceInstance, type InstancePrice, type PricedInstance } from '../../shared/prices/compute-price.ts';
import { messageOf } from '../../shared/errors.ts';
import { resourceId } from '../../shared/google/resource-name.ts';
import { gpusOf } from '../../shared/prices/machine-type.ts';
import { vcpusOf } from '../../shared/prices/vcpus.ts';
import { listNotebooks, type NotebookInstance, type NotebookPage } from '../../shared/google/notebooks.ts';
import type { Run } from '../../shared/run/sweep.ts';
import { batchesOf } from './signals/batches.ts';
import { createMeters } from './signals/meters.ts';
import { chooseWidth } from './signals/width.ts';
import { notebookRungInForce, type RungInForce } from '../../shared/state/rungs-in-force.ts';
import { settingsOf } from './changes.ts';
import type { Config } from './config.ts';
import { readBatch, type Found } from './signals/batch.ts';
import type { JobsFacts, NotebookFacts } from './facts.ts';
import { readJobs } from './signals/jobs.ts';
import { machineOf } from './signals/machine.ts';
import { disksOf, readMachines, runningVms, vmFacts, type Machines } from './signals/machines.ts';
import { readMemory } from './memory/memory.ts';

/** Notebooks that are judged without a pause. */
const JUDGED_AT_ONCE = 20;

/** Batches whose signals are read at the same time: eight queries each, so few. */
const BATCHES_AT_ONCE = 4;

/**
 * Pages that may be listed before the first is worked on: signals and VMs are read meanwhile, and the listing, whose pages come
 * one after the other, should not wait for them. 128 pages of 100 instances are about 40 MB.
 */
const PAGES_AHEAD = 128;

/**
 * All notebooks of the run's project, page by page, each with its VM, its signals and what is remembered of it. Nothing
 * waits for what it does not need: the next page is listed while signals and VMs are read.
 */
export async function* gatherNotebooks(run: Run, config: Config): AsyncGenerator<readonly NotebookFacts[]> {
  let machines: Promise<Machines> | undefined;
  const askForMachines = (): Promise<Machines> => (machines ??= readMachines(run));
  let jobs: Promise<JobsFacts> | undefined;
  const askForJobs = (): Promise<JobsFacts> => (jobs ??= readJobs(run));
  const width = chooseWidth(async () => runningVms(await askForMachines()));
  const meters = createMeters(run, config, () => width.isWide());
  const memory = readMemory(run);
  const rung = readRung(run, config);
  const priceOf = priceOnce();
  // When the listing fails first, the memory is not awaited any more.
  memory.catch(() => undefined);
  rung.catch(() => undefined);
  const listed = pMapIterable(
    endsWith(listNotebooks(run.api, run.projectId), () => {
      width.end();
    }),
    (page) => {
      noteGaps(run, page);
      width.note(page);
      return page;
    },
    { concurrency: 1, backpressure: PAGES_AHEAD },
  );
  const batches = pMapIterable(
    batchesOf(listed),
    async (batch) => {
      void askForMachines();
      return readBatch(run, config, batch, { memories: (await memory).notebooks, meters, askForJobs });
    },
    { concurrency: BATCHES_AT_ONCE },
  );
  try {
    for await (const batch of batches) {
      const machines = await askForMachines();
      const rungInForce = await rung;
      // Many batches may be waiting by now; the listing goes on in between.
      for (let from = 0; from < batch.length; from += JUDGED_AT_ONCE) {
        yield batch.slice(from, from + JUDGED_AT_ONCE).map((found) => ({
          ...toFacts(found, machines, priceOf, run.policy.notify?.ownerLabel),
          rungInForce,
        }));
        await run.api.nextTurn();
      }
    }
  } finally {
    // Their gaps belong to this run, also when the listing failed.
    await machines;
  }
}

/** What the budgets' ladder forbids to start. Only the hours start anything. */
async function readRung(
  { state, runtime, projectId }: Run,
  { hours }: Config,
): Promise<RungInForce | undefined> {
  return state === undefined || hours?.start !== true
    ? undefined
    : notebookRungInForce(state, projectId, runtime.now().getTime());
}

/** Calls back when there is no more to come, or the source failed. */
async function* endsWith<Item>(items: AsyncIterable<Item>, ended: () => void): AsyncGenerator<Item> {
  try {
    yield* items;
  } finally {
    ended();
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
    accounts: accountsOf(instance),
    ...found,
  };
}

function accountsOf({ gceSetup, instanceOwners = [], creator }: NotebookInstance): readonly string[] {
  const runsAs = (gceSetup?.serviceAccounts ?? []).map(({ email }) => email);
  return [...runsAs, ...instanceOwners, creator].flatMap((email) => email || []);
}

function ownerOf(
  { labels, instanceOwners, creator }: NotebookInstance,
  ownerLabel: string | undefined,
): string | undefined {
  const labelled = ownerLabel === undefined ? '' : (labels?.[ownerLabel] ?? '');
  const named = [labelled, instanceOwners?.join(', ') ?? '', creator ?? ''];
  return named.find((text) => text !== '');
}
