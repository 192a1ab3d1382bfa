import pMap from 'p-map';
import { changeState, type StateChange } from '../../shared/google/change/change-state.ts';
import { messageOf } from '../../shared/errors.ts';
import { isBelow, type ManifestItem } from '../../shared/state/manifest.ts';
import { getNotebook, requestNotebook } from '../../shared/google/notebooks.ts';
import type { RungAction } from '../../shared/policy/policy.ts';
import { undeployModel } from '../../shared/google/vertex/deployment.ts';
import { cancelJob, getEndpoint, getJobState } from '../../shared/google/vertex/vertex.ts';
import { getVm, requestVm, VM_STARTING, VM_STOPPED, VM_STOPPING } from '../../shared/google/vms.ts';
import type { Config } from './config.ts';
import { isOpen, settled, statusAfter } from './ladder/items.ts';
import { keptBy } from './ladder/kept-by.ts';
import type { Work } from './ladder/ladder.ts';
import { unlinkBilling } from './ladder/unlink.ts';
import type { SwitchRun } from './run.ts';

/** Requests to one project at the same time. */
const CONCURRENCY = 8;

/** How long what was requested may take to show: a state that changes, a model that leaves its endpoint. */
const SHOWS_MS = 30_000;
const UNDEPLOYED_MS = 240_000;

const NOTEBOOK_DOWN: ReadonlySet<string> = new Set([
  'STOPPING',
  'STOPPED',
  'SUSPENDING',
  'SUSPENDED',
  'DELETED',
]);
const NOTEBOOK_STARTING: ReadonlySet<string> = new Set(['STARTING', 'PROVISIONING', 'INITIALIZING']);

const JOB_ENDED = /_(?:CANCELLING|CANCELLED|SUCCEEDED|FAILED|EXPIRED|PARTIALLY_SUCCEEDED)$/;

type KeepLabel = Pick<Config, 'keepLabel'>;

/** Takes away what a rung planned and is not done yet, and reports each item to `work` as it is dealt with. */
export async function stopResources(
  run: SwitchRun,
  config: KeepLabel,
  action: RungAction,
  work: Work,
): Promise<void> {
  const open = work.items().filter(isOpen);
  if (action === 'unlink-billing') {
    await unlinkBilling(run, work, open);
    return;
  }
  await pMap(
    open,
    async (item) => {
      await work.done(await takeItem(run, config, work, item));
    },
    { concurrency: CONCURRENCY },
  );
}

async function takeItem(
  run: SwitchRun,
  config: KeepLabel,
  work: Work,
  item: ManifestItem,
): Promise<ManifestItem> {
  const parts = { taken: false };
  const { projectId, projectNumber: number } = run;
  if (!isBelow(item.resource, { projectId, number })) {
    const why = `it does not lie below projects/${projectId}: the manifest was changed by another process`;
    run.log('ERROR', `Left alone "${item.resource}": ${why}`, { runId: run.runId });
    return settled(item, { status: 'already', why });
  }
  try {
    const taken = await takeOne({ run, config, work, item, onTaken: () => (parts.taken = true) });
    return settled(item, { ...taken, atMs: run.runtime.now().getTime() });
  } catch (error) {
    run.failure(item.resource, error);
    return settled(item, { status: parts.taken ? 'planned' : statusAfter(error), why: messageOf(error) });
  }
}

/** `done`: it was this switch that took the item away. */
interface Taken {
  readonly status: 'done' | 'already';
  /** Why it was left as it is. */
  readonly why?: string;
}

interface Take<Item extends ManifestItem = ManifestItem> {
  readonly run: SwitchRun;
  readonly config: KeepLabel;
  readonly work: Work;
  readonly item: Item;
  /** Told when a part of the item was taken away. */
  readonly onTaken: () => void;
}

async function takeOne(take: Take): Promise<Taken> {
  const { run, item } = take;
  const { api } = run;
  const { resource } = item;
  switch (item.kind) {
    case 'notebook':
      return change(take, {
        look: () => getNotebook(api, resource),
        isThere: ({ state = '' }) => NOTEBOOK_DOWN.has(state),
        isInTransit: ({ state = '' }) => NOTEBOOK_STARTING.has(state),
        blocker: ({ labels }) => keptNow(take, labels),
        request: (permit) => requestNotebook(api, permit, 'stop', resource),
      });
    case 'vm':
      return change(take, {
        look: () => getVm(api, resource),
        isThere: ({ status }) => VM_STOPPING.has(status) || VM_STOPPED.has(status) || status === 'SUSPENDED',
        isInTransit: ({ status }) => VM_STARTING.has(status),
        blocker: ({ labels }) => keptNow(take, labels),
        request: (permit) => requestVm(api, permit, 'stop', item),
      });
    case 'custom-job':
    case 'hyperparameter-tuning-job':
    case 'tuning-job':
      return change(take, {
        look: () => getJobState(api, resource),
        isThere: (state) => JOB_ENDED.test(state),
        blocker: () => undefined,
        request: (permit) => cancelJob(api, permit, resource),
      });
    case 'endpoint':
      return undeployAll({ ...take, item });
    case 'billing':
      throw new Error(`Cannot take away "${resource}": billing is unlinked by its own rung`);
  }
}

/** Since it was planned, perhaps by an earlier delivery, an operator may have labelled it. */
function keptNow({ run, config }: Take, labels: Readonly<Record<string, string>> = {}): string | undefined {
  return keptBy(labels, config, run.runtime.now());
}

/** One after the other: an endpoint takes one operation at a time. */
async function undeployAll(take: Take<Extract<ManifestItem, { kind: 'endpoint' }>>): Promise<Taken> {
  const { run, item, onTaken } = take;
  const { api } = run;
  const { resource } = item;
  let status: Taken['status'] = 'already';
  for (const { id } of item.models) {
    const taken = await change(
      take,
      {
        look: () => getEndpoint(api, resource, id),
        isThere: ({ models }) => !models.some((model) => model.id === id),
        blocker: () => undefined,
        async request(permit, { models }) {
          // The traffic goes to a model that stays, until only one is left.
          const remainingModel = models.find((model) => model.id !== id);
          const split = remainingModel === undefined ? {} : { [remainingModel.id]: 100 };
          await undeployModel(api, permit, resource, id, split);
          onTaken();
        },
      },
      UNDEPLOYED_MS,
    );
    if (taken.status === 'done') status = 'done';
  }
  return { status };
}

async function change<Present>(
  { run, work, item }: Take,
  of: Omit<StateChange<Present>, 'resource' | 'alreadyRequested'>,
  confirmMs = SHOWS_MS,
): Promise<Taken> {
  const { runtime } = run;
  const changed = await changeState(
    { resource: item.resource, alreadyRequested: work.mayBeRequested(item), ...of },
    { sleep: work.pause, random: runtime.random, nowMs: () => runtime.now().getTime(), confirmMs },
    work.lease,
  );
  // What was requested and does not show yet must come back if it takes effect after all.
  if (changed.kind === 'blocked') return { status: changed.mayBeOurs ? 'done' : 'already', why: changed.why };
  return { status: changed.kind === 'done' ? 'done' : 'already' };
}
