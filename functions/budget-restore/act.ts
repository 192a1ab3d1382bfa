import { getBillingLink, setBillingLink } from '../../shared/google/billing.ts';
import { changeState, poll, type Changed, type StateChange } from '../../shared/google/change-state.ts';
import type { EventContext } from '../../shared/run/handle-event.ts';
import { BusyError } from '../../shared/google/google-api-error.ts';
import type { ManifestItem } from '../../shared/state/manifest.ts';
import { getNotebook, requestNotebook } from '../../shared/google/notebooks.ts';
import {
  getVm,
  requestVm,
  VM_STARTING,
  VM_STOPPED,
  VM_STOPPING,
  VM_WAITING,
} from '../../shared/google/vms.ts';
import type { RestoreStep } from './decide.ts';
import { restoreEndpoint, type DeploymentJournal } from './endpoint.ts';

/** What became of one step. */
export type Restored =
  | { readonly kind: 'done' | 'already'; readonly why?: string }
  | { readonly kind: 'left'; readonly why: string };

/** Brings one thing back. Throws `GoogleApiError`, `BusyError` where it takes longer than this request may. */
export async function restoreItem(
  context: EventContext,
  step: RestoreStep,
  journal: DeploymentJournal,
): Promise<Restored> {
  const { item } = step;
  switch (item.kind) {
    case 'billing':
      return relink(context, step.project, item.account);
    case 'notebook':
      return startNotebook(context, item);
    case 'vm':
      return startVm(context, item);
    case 'endpoint':
      return restoreEndpoint(context, item, journal);
    case 'custom-job':
    case 'hyperparameter-tuning-job':
    case 'tuning-job':
      return { kind: 'left', why: step.why ?? 'a cancelled job cannot go on' };
  }
}

/** How long what was requested may take to show: a link in force, a machine on its way up. */
const LINKED_MS = 120_000;
const STARTS_MS = 30_000;

/** Links the project to the account that it had, and waits until that is in force. */
async function relink(context: EventContext, projectId: string, account: string): Promise<Restored> {
  const { api, runtime } = context;
  const link = (): ReturnType<typeof getBillingLink> => getBillingLink(api, runtime.auth, projectId);
  const changed = await change(context, {
    resource: `projects/${projectId}`,
    look: link,
    isThere: (present) => present.account === account,
    objection: (present) =>
      present.account === undefined ? undefined : `somebody linked it to ${present.account} meanwhile`,
    ask: () => setBillingLink(api, runtime.auth, projectId, account),
  });
  if (changed.kind === 'left') return changed;
  const on = await poll(
    (milliseconds) => runtime.sleep(milliseconds),
    LINKED_MS,
    async () => (await link()).enabled,
  );
  if (!on)
    throw new BusyError(`Cannot confirm that billing of "${projectId}" is on: ${account} may be closed`);
  return changed;
}

type Startable = Extract<ManifestItem, { kind: 'notebook' | 'vm' }>;

/** Started after the switch had stopped it, and off again: somebody stopped it by hand, and that is respected. */
function stoppedByHand(item: Startable, lastStartMs: number | undefined): string | undefined {
  if (lastStartMs === undefined)
    return 'when it was last started cannot be told, so whether somebody stopped it by hand cannot either';
  return lastStartMs > (item.atMs ?? 0)
    ? 'somebody started it since and stopped it again by hand'
    : undefined;
}

async function startNotebook(context: EventContext, item: Startable): Promise<Restored> {
  const { api } = context;
  return change(context, {
    resource: item.resource,
    async look() {
      const { state = '', gceSetup } = await getNotebook(api, item.resource);
      const [, project = '', , zone = ''] = item.resource.split('/');
      const vm = await getVm(
        api,
        `projects/${project}/zones/${zone}/instances/${gceSetup?.instanceId ?? ''}`,
      );
      return { state, lastStartMs: vm.lastStartMs };
    },
    isThere: ({ state }) => ['ACTIVE', 'STARTING', 'PROVISIONING', 'INITIALIZING'].includes(state),
    isInTransit: ({ state }) => state === 'STOPPING' || state === 'SUSPENDING',
    objection: ({ state, lastStartMs }) =>
      stoppedByHand(item, lastStartMs) ?? (state === 'STOPPED' ? undefined : `it is ${state}`),
    ask: () => requestNotebook(api, 'start', item.resource),
  });
}

async function startVm(
  context: EventContext,
  item: Extract<ManifestItem, { kind: 'vm' }>,
): Promise<Restored> {
  const { api } = context;
  return change(context, {
    resource: item.resource,
    look: () => getVm(api, item.resource),
    isThere: ({ status }) => status === 'RUNNING' || status === VM_WAITING || VM_STARTING.has(status),
    isInTransit: ({ status }) => VM_STOPPING.has(status),
    objection: ({ status, lastStartMs }) =>
      stoppedByHand(item, lastStartMs) ?? (VM_STOPPED.has(status) ? undefined : `it is ${status}`),
    ask: () => requestVm(api, 'start', item),
  });
}

async function change<Present>(
  { runtime }: EventContext,
  wanted: StateChange<Present>,
  confirmMs = STARTS_MS,
): Promise<Restored> {
  const { sleep, random } = runtime;
  return outcomeOf(await changeState(wanted, { sleep, random, confirmMs }));
}

function outcomeOf(changed: Changed): Restored {
  switch (changed.kind) {
    case 'asked':
      return { kind: 'done' };
    case 'already':
      return { kind: 'already' };
    case 'gone':
      return { kind: 'left', why: 'it does not exist any more' };
    case 'objection':
      return { kind: 'left', why: changed.why };
  }
}
