import { getBillingLink, setBillingLink } from '../../shared/billing.ts';
import { backoff, changeState, type Changed } from '../../shared/change-state.ts';
import type { EventContext } from '../../shared/handle-event.ts';
import { Held } from '../../shared/outside-error.ts';
import type { ManifestItem } from '../../shared/manifest.ts';
import { getNotebook, requestNotebook } from '../../shared/notebooks.ts';
import { awaitModel, deployModel, getEndpoint } from '../../shared/vertex.ts';
import { getVm, requestVm } from '../../shared/vms.ts';
import type { RestoreStep } from './decide.ts';

/** What became of one step. */
export type Restored =
  { readonly kind: 'done' | 'already' } | { readonly kind: 'left'; readonly why: string };

/** Brings one thing back. Throws `OutsideError`, `Held` where it takes longer than this request may. */
export async function restoreItem(context: EventContext, step: RestoreStep): Promise<Restored> {
  const { item } = step;
  switch (item.kind) {
    case 'billing':
      return relink(context, step.project, item.account);
    case 'notebook':
      return startNotebook(context, item);
    case 'vm':
      return startVm(context, item);
    case 'endpoint':
      return deployAll(context, item);
    case 'custom-job':
    case 'hyperparameter-tuning-job':
    case 'tuning-job':
      return { kind: 'left', why: step.why ?? 'a cancelled job cannot go on' };
  }
}

const LINK_LOOKS = 60;
const LINK_PAUSE_MS = 2_000;

/** Links the project to the account that it had, and waits until that is in force. */
async function relink({ api, runtime }: EventContext, projectId: string, account: string): Promise<Restored> {
  const before = await getBillingLink(api, runtime.auth, projectId);
  if (before.account !== undefined && before.account !== account)
    return { kind: 'left', why: `somebody linked it to ${before.account} meanwhile` };
  if (before.enabled) return { kind: 'already' };
  if (before.account === undefined) await setBillingLink(api, runtime.auth, projectId, account);
  for (let looks = 1; looks <= LINK_LOOKS; looks++) {
    if ((await getBillingLink(api, runtime.auth, projectId)).enabled) return { kind: 'done' };
    await runtime.sleep(LINK_PAUSE_MS);
  }
  throw new Held(`Cannot confirm that billing of "${projectId}" is on: ${account} may be closed`);
}

type Startable = Extract<ManifestItem, { kind: 'notebook' | 'vm' }>;

/** A later start than ours, and then a stop: somebody stopped it by hand, and that is respected. */
function stoppedByHand(item: Startable, lastStartMs: number | undefined): string | undefined {
  if (lastStartMs === undefined)
    return 'when it was last started cannot be told, so whether somebody stopped it by hand cannot either';
  return lastStartMs > (item.atMs ?? 0)
    ? 'somebody started it since and stopped it again by hand'
    : undefined;
}

async function startNotebook(context: EventContext, item: Startable): Promise<Restored> {
  const { api, runtime } = context;
  return outcomeOf(
    await changeState(
      {
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
        objection: ({ state, lastStartMs }) =>
          stoppedByHand(item, lastStartMs) ?? (state === 'STOPPED' ? undefined : `it is ${state}`),
        ask: () => requestNotebook(api, 'start', item.resource),
      },
      backoff(runtime.sleep, runtime.random, 1_000, 8_000),
    ),
  );
}

async function startVm(
  context: EventContext,
  item: Extract<ManifestItem, { kind: 'vm' }>,
): Promise<Restored> {
  const { api, runtime } = context;
  return outcomeOf(
    await changeState(
      {
        resource: item.resource,
        look: () => getVm(api, item.resource),
        isThere: ({ status }) => ['RUNNING', 'STAGING', 'PROVISIONING'].includes(status),
        objection: ({ status, lastStartMs }) =>
          stoppedByHand(item, lastStartMs) ??
          (status === 'TERMINATED' || status === 'STOPPED' ? undefined : `it is ${status}`),
        ask: () => requestVm(api, 'start', item),
      },
      backoff(runtime.sleep, runtime.random, 1_000, 8_000),
    ),
  );
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

/** Deploys each model that the endpoint had, one after the other; the last one brings the old traffic split back. */
async function deployAll(
  context: EventContext,
  item: Extract<ManifestItem, { kind: 'endpoint' }>,
): Promise<Restored> {
  const { api, runtime } = context;
  let asked = false;
  for (const model of item.models) {
    const changed = await changeState(
      {
        resource: item.resource,
        look: () => getEndpoint(api, item.resource),
        isThere: ({ models }) => models.some(({ id }) => id === model.id),
        objection: () => undefined,
        async ask() {
          const present = await getEndpoint(api, item.resource);
          return deployModel(
            api,
            item.resource,
            model,
            splitFor(
              item,
              model.id,
              present.models.map(({ id }) => id),
            ),
          );
        },
      },
      backoff(runtime.sleep, runtime.random, 1_000, 8_000),
    );
    if (changed.kind === 'gone') return { kind: 'left', why: 'its endpoint does not exist any more' };
    asked ||= changed.kind === 'asked';
    if (changed.kind === 'asked') await awaitModel(api, runtime.sleep, item.resource, model.id, 'deployed');
  }
  return { kind: asked ? 'done' : 'already' };
}

/** The traffic split to deploy with, where `0` is the model being deployed: the old one once all its models are there. */
function splitFor(
  item: Extract<ManifestItem, { kind: 'endpoint' }>,
  id: string,
  present: readonly string[],
): Record<string, number> {
  const own = (model: string): string => (model === id ? '0' : model);
  const there = new Set([...present, id]);
  if (Object.keys(item.trafficSplit).every((model) => there.has(model)))
    return Object.fromEntries(Object.entries(item.trafficSplit).map(([model, share]) => [own(model), share]));
  const [first = id] = present;
  return { [own(first)]: 100 };
}
