import pMap from 'p-map';
import { getBillingLink, setBillingLink } from '../../shared/google/billing.ts';
import { changeState, poll, type StateChange } from '../../shared/google/change-state.ts';
import { messageOf } from '../../shared/errors.ts';
import type { ManifestItem } from '../../shared/state/manifest.ts';
import { getNotebook, requestNotebook } from '../../shared/google/notebooks.ts';
import { BusyError, isRetryable } from '../../shared/google/google-api-error.ts';
import type { RungAction } from '../../shared/policy/policy.ts';
import { undeployModel } from '../../shared/google/vertex/deployment.ts';
import { cancelJob, getEndpoint, getJobState } from '../../shared/google/vertex/vertex.ts';
import { getVm, requestVm, VM_STARTING, VM_STOPPED, VM_STOPPING } from '../../shared/google/vms.ts';
import type { Config } from './config.ts';
import { keptBy } from './ladder/kept-by.ts';
import type { Work } from './ladder/ladder.ts';
import type { SwitchRun } from './run.ts';

/** Requests to one project at the same time. */
const CONCURRENCY = 8;

/** How long what was asked for may take to show: a state that changes, a model that leaves its endpoint. */
const SHOWS_MS = 30_000;
const UNDEPLOYED_MS = 240_000;
const BILLING_OFF_MS = 60_000;

const NOTEBOOK_DOWN: ReadonlySet<string> = new Set([
  'STOPPING',
  'STOPPED',
  'SUSPENDING',
  'SUSPENDED',
  'DELETED',
]);
const NOTEBOOK_STARTING: ReadonlySet<string> = new Set(['STARTING', 'PROVISIONING', 'INITIALIZING']);

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

/** Whether there is still something to do about an item. */
export function isOpen({ status }: ManifestItem): boolean {
  return status === 'planned' || status === 'failed';
}

async function takeItem(
  run: SwitchRun,
  config: KeepLabel,
  work: Work,
  item: ManifestItem,
): Promise<ManifestItem> {
  const parts = { asked: false };
  try {
    const taken = await takeOne(run, config, work, item, () => (parts.asked = true));
    return settled(item, { ...taken, atMs: run.runtime.now().getTime() });
  } catch (error) {
    run.failure(item.resource, error);
    // Without an answer, or with a part of it gone, it stays planned: it may be away, and then must come back.
    const status = parts.asked || isRetryable(error) ? 'planned' : 'failed';
    return settled(item, { status, why: messageOf(error) });
  }
}

/** An item with its outcome, without what an earlier attempt said. */
export function settled(
  item: ManifestItem,
  outcome: Pick<ManifestItem, 'status' | 'atMs' | 'why'>,
): ManifestItem {
  const result = { ...item, ...outcome };
  if (outcome.why === undefined) delete result.why;
  return result;
}

/** `done`: it was this switch that took the item away. */
interface Taken {
  readonly status: 'done' | 'already';
  /** Why it was left as it is. */
  readonly why?: string;
}

/** `onRequested` is told when a part of the item was taken away. */
async function takeOne(
  run: SwitchRun,
  config: KeepLabel,
  work: Work,
  item: ManifestItem,
  onRequested: () => void,
): Promise<Taken> {
  const { api, runtime } = run;
  const { resource } = item;
  const alreadyRequested = work.mayBeRequested(item);
  const change = async <Present>(
    of: Omit<StateChange<Present>, 'resource' | 'objection' | 'alreadyRequested'> &
      Partial<Pick<StateChange<Present>, 'objection'>>,
    confirmMs = SHOWS_MS,
  ): Promise<Taken> => {
    const changed = await changeState(
      { resource, objection: () => undefined, alreadyRequested, ...of },
      { sleep: work.pause, random: runtime.random, confirmMs },
    );
    // What was asked for and does not show yet must come back if it takes effect after all.
    if (changed.kind === 'objection')
      return { status: changed.mayBeOurs ? 'done' : 'already', why: changed.why };
    return { status: changed.kind === 'asked' ? 'done' : 'already' };
  };
  // Since it was planned, perhaps by an earlier delivery, somebody may have labelled it.
  const keptNow = (labels: Readonly<Record<string, string>> = {}): string | undefined =>
    keptBy(labels, config, runtime.now());
  switch (item.kind) {
    case 'notebook':
      return change({
        look: () => getNotebook(api, resource),
        isThere: ({ state = '' }) => NOTEBOOK_DOWN.has(state),
        isInTransit: ({ state = '' }) => NOTEBOOK_STARTING.has(state),
        objection: ({ labels }) => keptNow(labels),
        ask: () => requestNotebook(api, 'stop', resource),
      });
    case 'vm':
      return change({
        look: () => getVm(api, resource),
        isThere: ({ status }) => VM_STOPPING.has(status) || VM_STOPPED.has(status) || status === 'SUSPENDED',
        isInTransit: ({ status }) => VM_STARTING.has(status),
        objection: ({ labels }) => keptNow(labels),
        ask: () => requestVm(api, 'stop', item),
      });
    case 'custom-job':
    case 'hyperparameter-tuning-job':
    case 'tuning-job':
      return change({
        look: () => getJobState(api, resource),
        isThere: (state) =>
          /_(?:CANCELLING|CANCELLED|SUCCEEDED|FAILED|EXPIRED|PARTIALLY_SUCCEEDED)$/.test(state),
        ask: () => cancelJob(api, resource),
      });
    case 'endpoint': {
      let status: Taken['status'] = 'already';
      // One after the other: an endpoint takes one operation at a time.
      for (const { id } of item.models) {
        const taken = await change(
          {
            look: () => getEndpoint(api, resource, id),
            isThere: ({ models }) => !models.some((model) => model.id === id),
            async ask() {
              // The traffic goes to a model that stays, until only one is left.
              const { models } = await getEndpoint(api, resource, id);
              const remainingModel = models.find((model) => model.id !== id);
              await undeployModel(
                api,
                resource,
                id,
                remainingModel === undefined ? {} : { [remainingModel.id]: 100 },
              );
              onRequested();
            },
          },
          UNDEPLOYED_MS,
        );
        if (taken.status === 'done') status = 'done';
      }
      return { status };
    }
    case 'billing':
      throw new Error(`Cannot take away "${resource}": billing is unlinked by its own rung`);
  }
}

/** Cuts the link and reads it back until billing is off; then Google stops whatever ran. */
async function unlinkBilling(run: SwitchRun, work: Work, items: readonly ManifestItem[]): Promise<void> {
  const link = items.find((item) => item.kind === 'billing');
  if (link === undefined) return;
  const { api, runtime, projectId } = run;
  try {
    const changed = await changeState(
      {
        resource: link.resource,
        look: () => getBillingLink(api, runtime.auth, projectId),
        isThere: ({ account }) => account === undefined,
        // The manifest would bring back the account that it had when this was planned.
        objection: ({ account }) =>
          account === link.account ? undefined : `somebody linked it to ${account ?? 'none'} meanwhile`,
        ask: () => setBillingLink(api, runtime.auth, projectId, undefined),
        alreadyRequested: work.mayBeRequested(link),
      },
      { sleep: work.pause, random: runtime.random, confirmMs: SHOWS_MS },
    );
    if (changed.kind === 'objection') {
      for (const item of items) await work.done(settled(item, { status: 'already', why: changed.why }));
      return;
    }
    const off = await poll(
      work.pause,
      BILLING_OFF_MS,
      async () => !(await getBillingLink(api, runtime.auth, projectId)).enabled,
    );
    if (!off)
      throw new BusyError(
        `Cannot confirm that billing of "${projectId}" is off: it was unlinked and still reads as enabled`,
      );
    const atMs = runtime.now().getTime();
    const status = changed.kind === 'asked' ? 'done' : 'already';
    for (const item of items) await work.done(settled(item, { status, atMs }));
  } catch (error) {
    run.failure(link.resource, error);
    const status = isRetryable(error) ? 'planned' : 'failed';
    await work.done(settled(link, { status, why: messageOf(error) }));
  }
}
