import { changeState, UnsettledError } from '../../../shared/google/change/change-state.ts';
import { lookTwice } from '../../../shared/google/change/waits.ts';
import { messageOf } from '../../../shared/errors.ts';
import type { ProjectRef } from '../../../shared/google/projects.ts';
import { isBelow, type DeploymentRequest } from '../../../shared/state/manifest.ts';
import type { ManifestItem } from '../../../shared/state/manifest-item.ts';
import { BusyError, isRefused, GoogleApiError } from '../../../shared/google/google-api-error.ts';
import { deployModel, readDeployedModel } from '../../../shared/google/vertex/deployment.ts';
import { getEndpoint, type DeployedModel } from '../../../shared/google/vertex/vertex.ts';
import { matchModels, splitFor } from '../../../shared/google/vertex/match-models.ts';
import { withRemedy } from '../model-accounts.ts';
import type { Restored } from '../act.ts';
import type { RestoreRun } from '../run.ts';
import { awaitDeployment, KEEP_FREE_MS } from './await-deployment.ts';
import { deployCommands, nameOf } from './deploy-command.ts';
import type { ElsewhereRequest } from './deployments-elsewhere.ts';

export type EndpointItem = Extract<ManifestItem, { kind: 'endpoint' }>;

/**
 * What was requested for a model and is not known to be done: kept in the manifest, so that a request that got lost, or whose
 * sender died, is not sent a second time while it may still be carried out. Each copy of a model costs its machines.
 */
export interface DeploymentJournal {
  read(modelId: string): DeploymentRequest | undefined;
  write(modelId: string, request: DeploymentRequest | undefined): Promise<void>;
  /** What restores of other budgets and periods that hold the endpoint as well requested of a model, as it is noted now. */
  elsewhere(model: DeployedModel): Promise<readonly ElsewhereRequest[]>;
}

/** Looks again this soon where Google refuses for the state that the endpoint is in. */
const LOOK_AGAIN_MS = 10_000;

const GONE = { kind: 'left', why: 'it does not exist any more' } as const;

/**
 * Deploys each model that the endpoint had and that is not on it, one after the other; the one that completes the old traffic
 * split brings it back. A model that cannot be deployed does not keep the next one away. Throws what the first one failed with.
 */
export async function restoreEndpoint(
  run: RestoreRun,
  item: EndpointItem,
  journal: DeploymentJournal,
): Promise<Restored> {
  let done = false;
  let beside = false;
  let pending: string | undefined;
  const errors: unknown[] = [];
  const elsewhere = item.models.filter((model) => !isOfProject(model, run));
  for (const model of item.models.filter((one) => !elsewhere.includes(one)))
    try {
      const restored = await restoreModel(run, item, model, journal);
      if (restored === 'gone') return GONE;
      done ||= restored !== 'already';
      beside ||= restored === 'beside-foreign';
    } catch (error) {
      if (error instanceof StillPending) pending = error.message;
      else errors.push(await withRemedy(error, readDeployedModel(model).serviceAccount, run));
    }
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, errors.map(messageOf).join('; '));
  if (pending !== undefined) return { kind: 'pending', why: pending };
  if (elsewhere.length > 0) return { kind: 'left', why: elsewhereText(item, elsewhere, run) };
  const why = [
    ...(beside ? ['an operator deployed another model meanwhile: the traffic stays as it is'] : []),
    ...awayText(item, run.project),
  ].join('; ');
  return { kind: done ? 'done' : 'already', ...(why === '' ? {} : { why }) };
}

/** What is said of models that may have been removed by an operator; empty where there are none. */
export function awayText(item: EndpointItem, project: Pick<ProjectRef, 'projectId'>): readonly string[] {
  const { away = [] } = item;
  if (away.length === 0) return [];
  return [
    `not deployed: ${away.map(nameOf).join(', ')}, which an earlier stop took off and which was not there at the last one: an operator may have removed it; where it is to run, run: ${deployCommands(item, away, project)}`,
  ];
}

/** A model of another project may be anyone's: a writer to the state bucket could have put it there. */
function isOfProject({ model }: DeployedModel, { project }: RestoreRun): boolean {
  return typeof model !== 'string' || isBelow(model, project);
}

function elsewhereText(
  item: EndpointItem,
  models: readonly DeployedModel[],
  { project }: Pick<RestoreRun, 'project'>,
): string {
  return `models of other projects are not deployed by costguard; where they are right, run: ${deployCommands(item, models, project)}`;
}

/** What was requested is still under way when this request has no more time for it. */
class StillPending extends BusyError {}

type ModelRestored = 'done' | 'beside-foreign' | 'already' | 'gone';

const MAX_REQUESTS = 2;

async function restoreModel(
  run: RestoreRun,
  item: EndpointItem,
  model: DeployedModel,
  journal: DeploymentJournal,
): Promise<ModelRestored> {
  for (let requests = 1; ; requests++) {
    const endpoint = await lookTwice(run.pause, () => getEndpoint(run.api, item.resource));
    if (endpoint === undefined) return 'gone';
    const match = matchModels(item.models, endpoint.models);
    const earlier = journal.read(model.id);
    if (match.present.has(model.id)) {
      if (earlier === undefined) return 'already';
      await journal.write(model.id, undefined);
      return 'done';
    }
    if (earlier !== undefined) {
      const outcome = await awaitDeployment(run, item, model, earlier);
      if (outcome.kind === 'shows') continue;
      if (outcome.kind === 'goes-on') throw new StillPending(unshownText(item, model));
      await journal.write(model.id, undefined);
    }
    const others = await journal.elsewhere(model);
    if (await showsElsewhere(run, item, model, others)) continue;
    try {
      await deploy(run, item, model, journal, others);
      return match.foreign.length > 0 ? 'beside-foreign' : 'done';
    } catch (error) {
      if (requests >= MAX_REQUESTS || !canHelp(error)) throw error;
      await run.pause(LOOK_AGAIN_MS);
    }
  }
}

/** Waits for what others requested. Throws `StillPending` where that goes on. Whether it shows. */
async function showsElsewhere(
  run: RestoreRun,
  item: EndpointItem,
  model: DeployedModel,
  others: readonly ElsewhereRequest[],
): Promise<boolean> {
  for (const { request, whose } of others) {
    const { kind } = await awaitDeployment(run, item, model, request);
    if (kind === 'shows') return true;
    if (kind === 'goes-on') throw new StillPending(`${unshownText(item, model)}, by a restore of ${whose}`);
  }
  return false;
}

/** Requests a deployment and waits until it shows. Throws what it is refused with or ends with, `BusyError` when it takes too long. */
async function deploy(
  run: RestoreRun,
  item: EndpointItem,
  model: DeployedModel,
  journal: DeploymentJournal,
  others: readonly ElsewhereRequest[],
): Promise<void> {
  const what = whatOf(item, model);
  if (run.api.timeLeftMs() < KEEP_FREE_MS)
    throw new StillPending(`${what} is not deployed yet: too little of this request's time is left`);
  const requested = await requestDeployment(run, item, model, journal, others);
  if (requested === undefined) return;
  await journal.write(model.id, requested);
  const outcome = await awaitDeployment(run, item, model, requested);
  if (outcome.kind === 'late' || outcome.kind === 'goes-on') throw new StillPending(unshownText(item, model));
  await journal.write(model.id, undefined);
  if (outcome.kind === 'failed')
    throw new Error(`Cannot deploy ${what}: Vertex AI gave it up: ${outcome.why}`);
}

function unshownText(item: EndpointItem, model: DeployedModel): string {
  return `The deployment of ${whatOf(item, model)} was requested and does not show yet`;
}

function whatOf({ resource }: EndpointItem, model: DeployedModel): string {
  return `"${nameOf(model)}" on "${resource}"`;
}

/** Sends the request, once: a second copy of a model costs its machines. Undefined where the model is there by now. */
async function requestDeployment(
  { api, runtime, pause, lease }: RestoreRun,
  item: EndpointItem,
  model: DeployedModel,
  journal: DeploymentJournal,
  others: readonly ElsewhereRequest[],
): Promise<DeploymentRequest | undefined> {
  const nowMs = (): number => runtime.now().getTime();
  const atMs = nowMs();
  try {
    const changed = await changeState(
      {
        resource: item.resource,
        attempts: 1,
        answerSettles: true,
        look: async () => matchModels(item.models, (await getEndpoint(api, item.resource)).models),
        isThere: ({ present }) => present.has(model.id),
        blocker: () => undefined,
        // A process that dies with the request on its way leaves word of it. Of two restores at the same time one at least sees the other's.
        intend: async () => {
          await journal.write(model.id, { atMs });
          const known = new Set(others.map(({ request }) => request.atMs));
          const other = (await journal.elsewhere(model)).find(({ request }) => !known.has(request.atMs));
          if (other !== undefined)
            throw new StillPending(`${whatOf(item, model)} is deployed by a restore of ${other.whose} now`);
        },
        request: (permit, match) =>
          deployModel(api, permit, item.resource, model, splitFor(item.trafficSplit, model.id, match)),
      },
      { sleep: pause, random: runtime.random, nowMs, confirmMs: 0 },
      lease,
    );
    return changed.kind === 'done' && changed.answer !== undefined
      ? { atMs, operation: changed.answer }
      : undefined;
  } catch (error) {
    // What Google refused is not under way; what got no answer may be.
    if (isRefused(error) || error instanceof StillPending) await journal.write(model.id, undefined);
    throw error;
  }
}

/** Whether looking once more and asking again can help within this request. */
function canHelp(error: unknown): boolean {
  if (error instanceof UnsettledError) return true;
  if (!(error instanceof GoogleApiError)) return false;
  // Another operation on the endpoint may be going on; whatever else is refused stays refused.
  return error.retryable || [400, 404, 409, 412].includes(error.status ?? 0);
}
