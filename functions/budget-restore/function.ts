import pMap from 'p-map';
import { BadParameter } from '../../shared/report/bad-parameter.ts';
import { PermanentError } from '../../shared/errors.ts';
import { getProject, inDeletionText } from '../../shared/google/projects.ts';
import type { EventContext } from '../../shared/run/handle-event.ts';
import { Refusal, type HttpFunction } from '../../shared/run/handle-request.ts';
import { deliverReceipt, newRunId } from '../../shared/run/deliver-receipt.ts';
import { policyDigest } from '../../shared/policy/policy.ts';
import { startReceipt } from '../../shared/run/receipt.ts';
import { graceText } from '../../shared/state/grace-text.ts';
import type { Manifest } from '../../shared/state/manifest.ts';
import type { State } from '../../shared/state/state.ts';
import {
  readListRequest,
  readRequest,
  type GraceRequest,
  type ListRequest,
  type RestoreRequest,
} from './config.ts';
import { listRestorable } from './list-restorable.ts';
import { planRestore, unseenIn, type RestoreStep } from './decide.ts';
import { accountsOf, blockersOf } from './model-accounts.ts';
import { gatherManifests, type Gathered } from './gather.ts';
import { lineOf, type AnswerLine } from './answer-line.ts';
import { graceFrom } from './remember.ts';
import { CONCURRENCY } from './bring-back/bring-back.ts';
import { awayText } from './bring-back/endpoint.ts';
import { heldElsewhere, leaveHeld } from './bring-back/held-elsewhere.ts';
import { inForceOnProjects } from './bring-back/others-in-force.ts';
import { wayBackOf } from './bring-back/way-back.ts';
import { restoreProject } from './restore-project.ts';

/** An HTTP function may run for an hour (Functions v2 quota); models take minutes to deploy. */
const REQUEST_DEADLINE_MS = 50 * 60_000;

/** Projects that are restored at the same time, each under its own lease. */
const PROJECTS_AT_ONCE = 4;

type RestoreTask =
  | { readonly kind: 'list'; readonly requested: ListRequest }
  | { readonly kind: 'plan' | 'restore'; readonly requested: RestoreRequest };

/** `GET` is answered with the plan, without a period with what can be restored; `POST` carries it out. */
export const restoreFunction: HttpFunction<RestoreTask> = {
  methods: { GET: 'for the plan', POST: 'to restore' },
  // The way back stays open whatever an operator writes into a section.
  sections: [],
  lastValid: 'use',
  deadlineMs: REQUEST_DEADLINE_MS,
  read({ method, query, body }) {
    if (method === 'POST') return { kind: 'restore', requested: readRequest(body) };
    const list = readListRequest(query);
    return list === undefined
      ? { kind: 'plan', requested: readRequest(query) }
      : { kind: 'list', requested: list };
  },
  async answer(context, task) {
    const state = requireState(context);
    if (task.kind === 'list') return { body: await listRestorable(state, task.requested) };
    const { bucket, ...requested } = task.requested;
    if (bucket !== undefined && bucket !== state.bucket)
      throw new BadParameter('manifest', `gs://${bucket}/…`, `a manifest in gs://${state.bucket}`);
    const gathered = await gatherManifests(state, requested);
    requireManifests(gathered, requested);
    const said = await saidBeside(context, state, requested, gathered);
    if (task.kind === 'restore') {
      const { complete, results } = await carryOut(context, state, requested, gathered);
      // No success while something is missing that the same request may still bring back.
      return { status: complete ? 200 : 503, body: { ...requested, complete, ...said, results } };
    }
    const plans = await pMap(gathered.manifests, (manifest) => planProject(context, state, manifest), {
      concurrency: PROJECTS_AT_ONCE,
    });
    const inGrace = saidOfGrace(gathered, requested.grace, context.runtime.now().getTime());
    return { body: { ...requested, inGrace, ...said, plan: plans.flat() } };
  },
};

/** Throws where nothing was taken away, or nothing of it can be read. */
function requireManifests({ manifests, unread }: Gathered, requested: RestoreRequest): void {
  if (manifests.length > 0) return;
  if (unread.length > 0)
    throw new PermanentError(
      `Cannot restore: ${unread.map(({ where, why }) => `${where}: ${why}`).join('; ')}`,
    );
  throw new Refusal(
    404,
    `Cannot restore: nothing was taken away for ${requested.budget} in ${requested.period}${requested.project === undefined ? '' : ` from ${requested.project}`}`,
  );
}

/** What plan and answer name beside their lines. */
async function saidBeside(
  { runtime, log }: EventContext,
  state: State,
  { budget, period }: RestoreRequest,
  { manifests, unread }: Gathered,
): Promise<object> {
  const notRemembered = manifests.flatMap(unseenIn);
  const projects = manifests.map(({ project }) => project);
  const own = { budget, period };
  const { others, byEstimate } = await inForceOnProjects(state, own, projects, runtime.now().getTime());
  for (const { project, why } of [...others, ...byEstimate])
    log('WARNING', `Restore of ${project}: ${why}`, { budget });
  return {
    ...(others.length > 0 ? { othersInForce: others } : {}),
    ...(byEstimate.length > 0 ? { byEstimate } : {}),
    ...(unread.length > 0 ? { unread } : {}),
    ...(notRemembered.length > 0 ? { notRemembered } : {}),
  };
}

/** Until when the rungs of each project would not be in force. */
function saidOfGrace(
  { manifests }: Gathered,
  requested: GraceRequest,
  sinceMs: number,
): Readonly<Record<string, string>> {
  const textOf = (manifest: Manifest): string => {
    const grace = graceFrom(manifest, { runId: '', sinceMs }, requested);
    const { shareOf } = grace;
    const of =
      shareOf === undefined ? '' : ` (of ${shareOf} in its currency, or as much money of a raised one)`;
    return `its rungs are not in force ${graceText(grace)}${of}, or the budget is raised later, or its period ends`;
  };
  return Object.fromEntries(manifests.map((manifest) => [manifest.project, textOf(manifest)]));
}

/** The plan of a project: a line where it is in deletion. Where that cannot be looked up the steps are planned, and POST says why. */
async function planProject(
  context: EventContext,
  state: State,
  manifest: Manifest,
): Promise<readonly AnswerLine[]> {
  const { project } = manifest;
  const resource = `projects/${project}`;
  const found = await getProject(context.api, resource).catch(() => undefined);
  if (found?.isDeleted === true)
    return [{ project, resource, action: 'none', outcome: 'left', why: inDeletionText(project) }];
  const steps = leaveHeld(planRestore(manifest, wayBackOf), await heldElsewhere(context, state, manifest));
  return pMap(steps, (step) => planLine(context, step), { concurrency: CONCURRENCY });
}

/** A line of the plan: for an endpoint with the service accounts that its models run as, and which would not come back. */
async function planLine(context: EventContext, step: RestoreStep): Promise<AnswerLine> {
  const { item } = step;
  if (step.action === 'none') return lineOf(step, 'left', step.why);
  if (item.kind !== 'endpoint') return lineOf(step, 'planned', step.why);
  const accounts = accountsOf(item);
  const why = [...(await blockersOf(context, item)), ...awayText(item, { projectId: step.project })];
  return {
    ...lineOf(step, 'planned', why.length === 0 ? step.why : why.join('; ')),
    ...(accounts.length > 0 ? { serviceAccounts: accounts } : {}),
  };
}

function requireState({ state }: EventContext): State {
  if (state === undefined) throw new PermanentError('Cannot restore: the policy names no "state" bucket');
  return state;
}

/** Carries all steps out, project by project, and ends in one receipt. */
async function carryOut(
  context: EventContext,
  state: State,
  requested: RestoreRequest,
  { manifests, unread }: Gathered,
): Promise<{ complete: boolean; results: readonly AnswerLine[] }> {
  const { runtime, policy } = context;
  const startedAt = runtime.now();
  const runId = newRunId(startedAt, runtime.newId());
  const projects = manifests.map(({ project }) => project);
  const receipt = startReceipt(
    {
      functionName: runtime.functionName,
      runId,
      mode: 'enforce',
      startedAt,
      policyDigest: policyDigest(policy),
      projects,
      // What it brings back is in the manifest with no price.
      books: [],
    },
    () => false,
  );
  for (const gap of unread) receipt.incomplete(gap);
  // Side by side: what one project waits for takes nothing from the time of the next.
  const lines = await pMap(
    projects,
    (project) => restoreProject(context, state, { ...requested, project, runId }, receipt),
    { concurrency: PROJECTS_AT_ONCE },
  );
  const results = lines.flat();
  const lost: unknown[] = [];
  await deliverReceipt(
    context,
    { runId, startedAt, title: `restore of ${requested.budget}` },
    receipt,
    (error) => {
      lost.push(error);
    },
  );
  const isOpen = results.some(({ outcome }) => outcome === 'failed' || outcome === 'pending');
  return { complete: lost.length === 0 && unread.length === 0 && !isOpen, results };
}
