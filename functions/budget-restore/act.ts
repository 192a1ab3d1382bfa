import { getBillingLink, setBillingLink } from '../../shared/google/billing.ts';
import { changeState, type Changed, type StateChange } from '../../shared/google/change/change-state.ts';
import { poll } from '../../shared/google/change/waits.ts';
import { BusyError } from '../../shared/google/google-api-error.ts';
import { bringBackOf, type ManifestItem, type ResourceItem } from '../../shared/state/manifest-item.ts';
import { getNotebook, requestNotebook } from '../../shared/google/notebooks.ts';
import {
  getVm,
  requestVm,
  VM_STARTING,
  VM_STOPPED,
  VM_STOPPING,
  VM_WAITING,
} from '../../shared/google/vms.ts';
import { stepChange } from '../../shared/resources/change.ts';
import type { RestoreStep } from './decide.ts';
import { restoreEndpoint, type DeploymentJournal } from './endpoint.ts';
import type { RestoreRun } from './run.ts';

/** What became of one step. */
export type Restored =
  | { readonly kind: 'done' | 'already'; readonly why?: string }
  | { readonly kind: 'left'; readonly why: string };

/** Brings one thing back. Throws `GoogleApiError`, `BusyError` where it takes longer than this request may. */
export async function restoreItem(
  run: RestoreRun,
  step: RestoreStep,
  journal: DeploymentJournal,
): Promise<Restored> {
  const { item } = step;
  switch (item.kind) {
    case 'billing':
      return isOfBudget(run, item.account)
        ? relink(run, step.project, item.account)
        : { kind: 'left', why: byHand(step.project, item.account) };
    case 'notebook':
      return startNotebook(run, item);
    case 'vm':
      return startVm(run, item);
    case 'endpoint':
      return restoreEndpoint(run, item, journal);
    case 'custom-job':
    case 'hyperparameter-tuning-job':
    case 'tuning-job':
      return { kind: 'left', why: step.why ?? 'a cancelled job cannot go on' };
    default:
      return startBySteps(run, item);
  }
}

/** The account that the budget belongs to; a manifest that names another one may not decide who pays. */
function isOfBudget({ lease }: RestoreRun, account: string): boolean {
  return lease.manifest().budget.startsWith(`${account}/budgets/`);
}

function byHand(projectId: string, account: string): string {
  return `${account} is not the account of the budget; if it is right, run: gcloud billing projects link ${projectId} --billing-account=${account.replace('billingAccounts/', '')}`;
}

/** How long what was requested may take to show: a link in force, a machine on its way up. */
const LINKED_MS = 120_000;
const STARTS_MS = 30_000;

/** Links the project to the account that it had, and waits until that is in force. */
async function relink(run: RestoreRun, projectId: string, account: string): Promise<Restored> {
  const { api, runtime } = run;
  const link = (): ReturnType<typeof getBillingLink> => getBillingLink(api, runtime.auth, projectId);
  const changed = await change(run, {
    resource: `projects/${projectId}`,
    look: link,
    isThere: (present) => present.account === account,
    blocker: (present) =>
      present.account === undefined ? undefined : `somebody linked it to ${present.account} meanwhile`,
    request: (permit) => setBillingLink(api, runtime.auth, permit, projectId, account),
  });
  if (changed.kind === 'left') return changed;
  const on = await poll(run.pause, LINKED_MS, async () => (await link()).enabled);
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

async function startNotebook(run: RestoreRun, item: Startable): Promise<Restored> {
  const { api } = run;
  return change(run, {
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
    blocker: ({ state, lastStartMs }) =>
      stoppedByHand(item, lastStartMs) ?? (state === 'STOPPED' ? undefined : `it is ${state}`),
    request: (permit) => requestNotebook(api, permit, 'start', item.resource),
  });
}

async function startVm(run: RestoreRun, item: Extract<ManifestItem, { kind: 'vm' }>): Promise<Restored> {
  const { api } = run;
  return change(run, {
    resource: item.resource,
    look: () => getVm(api, item.resource),
    isThere: ({ status }) => status === 'RUNNING' || status === VM_WAITING || VM_STARTING.has(status),
    isInTransit: ({ status }) => VM_STOPPING.has(status),
    blocker: ({ status, lastStartMs }) =>
      stoppedByHand(item, lastStartMs) ?? (VM_STOPPED.has(status) ? undefined : `it is ${status}`),
    request: (permit) => requestVm(api, permit, 'start', item),
  });
}

/** One step after the other; what speaks against one of them leaves the rest. */
async function startBySteps(run: RestoreRun, item: ResourceItem): Promise<Restored> {
  const back = bringBackOf(item);
  if (back.kind !== 'steps') return { kind: 'left', why: back.why };
  let kind: 'done' | 'already' = 'already';
  for (const step of back.steps) {
    const restored = await change(
      run,
      stepChange(run.api, item.resource, step, () => undefined),
    );
    if (restored.kind === 'left') return restored;
    if (restored.kind === 'done') kind = 'done';
  }
  return { kind };
}

async function change<Present>(
  { runtime, pause, lease }: RestoreRun,
  wanted: StateChange<Present>,
  confirmMs = STARTS_MS,
): Promise<Restored> {
  const nowMs = (): number => runtime.now().getTime();
  return outcomeOf(
    await changeState(wanted, { sleep: pause, random: runtime.random, nowMs, confirmMs }, lease),
  );
}

function outcomeOf(changed: Changed): Restored {
  switch (changed.kind) {
    case 'done':
      return { kind: 'done' };
    case 'already':
      return { kind: 'already' };
    case 'gone':
      return { kind: 'left', why: 'it does not exist any more' };
    case 'blocked':
      return { kind: 'left', why: changed.why };
  }
}
