import pMap from 'p-map';
import { getBillingLink, setBillingLink } from '../../shared/billing.ts';
import { backoff, changeState } from '../../shared/change-state.ts';
import { messageOf } from '../../shared/errors.ts';
import type { ManifestItem } from '../../shared/manifest.ts';
import { getNotebook, requestNotebook } from '../../shared/notebooks.ts';
import { Held, isRetryable } from '../../shared/outside-error.ts';
import type { RungAction } from '../../shared/policy.ts';
import { awaitModel, cancelJob, getEndpoint, getJobState, undeployModel } from '../../shared/vertex.ts';
import { getVm, requestVm } from '../../shared/vms.ts';
import type { SwitchRun } from './run.ts';

/** Requests to one project at the same time. */
const CONCURRENCY = 8;

/** Takes away what a rung planned. Items are changed in place of their copies: `done` reports each as it is dealt with. */
export async function takeAway(
  run: SwitchRun,
  action: RungAction,
  items: readonly ManifestItem[],
  done: (item: ManifestItem) => Promise<void>,
): Promise<void> {
  const open = items.filter((item) => item.status === 'planned' || item.status === 'failed');
  if (action === 'unlink-billing') {
    await unlinkBilling(run, open, done);
    return;
  }
  await pMap(
    open,
    async (item) => {
      await done(await takeItem(run, item));
    },
    { concurrency: CONCURRENCY },
  );
}

async function takeItem(run: SwitchRun, item: ManifestItem): Promise<ManifestItem> {
  let asked = item.asked === true;
  try {
    const status = await takeOne(run, item, () => {
      asked = true;
    });
    return settled(item, { status, atMs: run.runtime.now().getTime() });
  } catch (error) {
    run.failure(item.resource, error);
    // No answer: the request may have got through.
    asked ||= isRetryable(error);
    return settled(item, {
      status: 'failed',
      why: messageOf(error),
      ...(asked ? { asked, atMs: run.runtime.now().getTime() } : {}),
    });
  }
}

/** An item with its outcome, without what an earlier attempt said. */
function settled(
  item: ManifestItem,
  outcome: Pick<ManifestItem, 'status' | 'atMs' | 'why' | 'asked'>,
): ManifestItem {
  const settledItem = { ...item, ...outcome };
  if (outcome.why === undefined) delete settledItem.why;
  if (outcome.asked === undefined) delete settledItem.asked;
  return settledItem;
}

/** `noteAsked`: part of it is taken away by now, whatever comes next. */
async function takeOne(
  run: SwitchRun,
  item: ManifestItem,
  noteAsked: () => void,
): Promise<'done' | 'already'> {
  const { api, runtime } = run;
  const pause = backoff(runtime.sleep, runtime.random, 1_000, 8_000);
  const { resource } = item;
  switch (item.kind) {
    case 'notebook': {
      const changed = await changeState(
        {
          resource,
          look: async () => (await getNotebook(api, resource)).state ?? '',
          isThere: (state) => ['STOPPING', 'STOPPED', 'SUSPENDING', 'SUSPENDED', 'DELETED'].includes(state),
          objection: () => undefined,
          ask: () => requestNotebook(api, 'stop', resource),
        },
        pause,
      );
      return changed.kind === 'asked' ? 'done' : 'already';
    }
    case 'vm': {
      const changed = await changeState(
        {
          resource,
          look: async () => (await getVm(api, resource)).status,
          isThere: (status) =>
            ['STOPPING', 'STOPPED', 'TERMINATED', 'SUSPENDING', 'SUSPENDED'].includes(status),
          objection: () => undefined,
          ask: () => requestVm(api, 'stop', item),
        },
        pause,
      );
      return changed.kind === 'asked' ? 'done' : 'already';
    }
    case 'custom-job':
    case 'hyperparameter-tuning-job':
    case 'tuning-job': {
      const changed = await changeState(
        {
          resource,
          look: () => getJobState(api, resource),
          isThere: (state) =>
            /_(?:CANCELLING|CANCELLED|SUCCEEDED|FAILED|EXPIRED|PARTIALLY_SUCCEEDED)$/.test(state),
          objection: () => undefined,
          ask: async () => {
            await cancelJob(api, resource);
            return resource;
          },
        },
        pause,
      );
      return changed.kind === 'asked' ? 'done' : 'already';
    }
    case 'endpoint':
      return undeployAll(run, item, noteAsked);
    case 'billing':
      throw new Error(`Cannot take away "${resource}": billing is unlinked by its own rung`);
  }
}

/**
 * Takes all models off an endpoint, one after the other, since an endpoint takes one operation at a time. The traffic goes
 * to a model that stays until only one is left.
 */
async function undeployAll(
  run: SwitchRun,
  item: Extract<ManifestItem, { kind: 'endpoint' }>,
  noteAsked: () => void,
): Promise<'done' | 'already'> {
  const { api, runtime } = run;
  let asked = false;
  for (const { id } of item.models) {
    const changed = await changeState(
      {
        resource: item.resource,
        look: () => getEndpoint(api, item.resource),
        isThere: ({ models }) => !models.some((model) => model.id === id),
        objection: () => undefined,
        ask: async () => {
          const { models } = await getEndpoint(api, item.resource);
          const heir = models.find((model) => model.id !== id);
          return undeployModel(api, item.resource, id, heir === undefined ? {} : { [heir.id]: 100 });
        },
      },
      backoff(runtime.sleep, runtime.random, 1_000, 8_000),
    );
    if (changed.kind !== 'asked') continue;
    asked = true;
    noteAsked();
    await awaitModel(api, runtime.sleep, item.resource, id, 'gone');
  }
  return asked ? 'done' : 'already';
}

/** How often, and how far apart, the link is read back after it was cut. */
const UNLINK_LOOKS = 30;
const UNLINK_PAUSE_MS = 2_000;

/** Cuts the link and reads it back until billing is off; then Google stops whatever ran. */
async function unlinkBilling(
  run: SwitchRun,
  items: readonly ManifestItem[],
  done: (item: ManifestItem) => Promise<void>,
): Promise<void> {
  const link = items.find((item) => item.kind === 'billing');
  if (link === undefined) return;
  const { api, runtime, projectId } = run;
  try {
    const before = await getBillingLink(api, runtime.auth, projectId);
    const wasOff = before.account === undefined && !before.enabled;
    if (before.account !== undefined && before.account !== link.account) {
      // The manifest would bring back the account that it had when this was planned.
      const why = `somebody linked it to ${before.account} meanwhile`;
      for (const item of items) await done(settled(item, { status: 'already', why }));
      return;
    }
    if (!wasOff) await setBillingLink(api, runtime.auth, projectId, undefined);
    await untilOff(run);
    const status = wasOff ? 'already' : 'done';
    const atMs = runtime.now().getTime();
    for (const item of items) await done(settled(item, { status, atMs }));
  } catch (error) {
    run.failure(link.resource, error);
    await done(settled(link, { status: 'failed', why: messageOf(error), asked: isRetryable(error) }));
  }
}

async function untilOff(run: SwitchRun): Promise<void> {
  for (let looks = 1; looks <= UNLINK_LOOKS; looks++) {
    const { enabled } = await getBillingLink(run.api, run.runtime.auth, run.projectId);
    if (!enabled) return;
    await run.runtime.sleep(UNLINK_PAUSE_MS);
  }
  throw new Held(
    `Cannot confirm that billing of "${run.projectId}" is off: it was unlinked and still reads as enabled`,
  );
}
