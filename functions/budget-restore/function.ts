import pMap from 'p-map';
import { BadParameter } from '../../shared/report/bad-parameter.ts';
import { messageOf, PermanentError } from '../../shared/errors.ts';
import type { EventContext } from '../../shared/run/handle-event.ts';
import { Refusal, type HttpFunction } from '../../shared/run/handle-request.ts';
import { deliverReceipt, newRunId } from '../../shared/run/deliver-receipt.ts';
import { getProject } from '../../shared/google/projects.ts';
import { holdProject } from '../../shared/state/lease.ts';
import { isBelow } from '../../shared/state/manifest.ts';
import { policyDigest } from '../../shared/policy/policy.ts';
import { startReceipt, type OutcomeKind, type ReceiptBuilder } from '../../shared/run/receipt.ts';
import type { State } from '../../shared/state/state.ts';
import { restoreItem, type Restored } from './act.ts';
import { readRequest, type RestoreRequest } from './config.ts';
import { planRestore, unseenIn, type RestoreStep } from './decide.ts';
import type { DeploymentJournal } from './endpoint.ts';
import { accountsOf, blockersOf } from './model-accounts.ts';
import { gatherManifests, type Gathered } from './gather.ts';
import { openJournal, remember } from './remember.ts';
import type { RestoreRun } from './run.ts';

/** An HTTP function may run for an hour (Functions v2 quota); models take minutes to deploy. */
const REQUEST_DEADLINE_MS = 50 * 60_000;

/** Starts and deployments at the same time. */
const CONCURRENCY = 8;

interface Asked {
  readonly carriesOut: boolean;
  readonly wanted: RestoreRequest;
}

/** One line of the answer. */
interface AnswerLine {
  readonly project: string;
  readonly resource: string;
  readonly action: RestoreStep['action'];
  readonly outcome: OutcomeKind | 'left';
  readonly why?: string;
  readonly losses?: readonly string[];
  /** E-mail addresses of the accounts that an endpoint's models run as. */
  readonly serviceAccounts?: readonly string[];
}

/** `GET` is answered with the plan, `POST` carries it out. */
export const restoreFunction: HttpFunction<Asked> = {
  methods: { GET: 'for the plan', POST: 'to restore' },
  // The way back stays open whatever an operator writes into a section.
  sections: [],
  lastValid: 'use',
  deadlineMs: REQUEST_DEADLINE_MS,
  read: ({ method, query, body }) => ({
    carriesOut: method === 'POST',
    wanted: readRequest(method === 'GET' ? query : body),
  }),
  async answer(context, { carriesOut, wanted: { bucket, ...wanted } }) {
    const state = requireState(context);
    if (bucket !== undefined && bucket !== state.bucket)
      throw new BadParameter('manifest', `gs://${bucket}/…`, `a manifest in gs://${state.bucket}`);
    const gathered = await gatherManifests(state, wanted);
    const { manifests, unread } = gathered;
    if (manifests.length === 0 && unread[0] !== undefined)
      throw new PermanentError(
        `Cannot restore: ${unread.map(({ where, why }) => `${where}: ${why}`).join('; ')}`,
      );
    if (manifests.length === 0)
      throw new Refusal(
        404,
        `Cannot restore: nothing was taken away for ${wanted.budget} in ${wanted.period}${wanted.project === undefined ? '' : ` from ${wanted.project}`}`,
      );
    const notRemembered = manifests.flatMap(unseenIn);
    const said = {
      ...(unread.length > 0 ? { unread } : {}),
      ...(notRemembered.length > 0 ? { notRemembered } : {}),
    };
    if (carriesOut) {
      const { complete, results } = await carryOut(context, state, wanted, gathered);
      // No success while something is missing that the same request may still bring back.
      return { status: complete ? 200 : 503, body: { ...wanted, complete, ...said, results } };
    }
    const steps = manifests.flatMap((manifest) => planRestore(manifest));
    const plan = await pMap(steps, (step) => planLine(context, step), { concurrency: CONCURRENCY });
    return { body: { ...wanted, ...said, plan } };
  },
};

/** A line of the plan: for an endpoint with the service accounts that its models run as, and which would not come back. */
async function planLine(context: EventContext, step: RestoreStep): Promise<AnswerLine> {
  const { item } = step;
  if (step.action === 'none') return lineOf(step, 'left', step.why);
  if (item.kind !== 'endpoint') return lineOf(step, 'planned', step.why);
  const accounts = accountsOf(item);
  const blockers = await blockersOf(context, item);
  return {
    ...lineOf(step, 'planned', blockers.length === 0 ? step.why : blockers.join('; ')),
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
  wanted: RestoreRequest,
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
    },
    () => false,
  );
  for (const gap of unread) receipt.incomplete(gap);
  const results: AnswerLine[] = [];
  for (const project of projects)
    results.push(...(await restoreProject(context, state, { ...wanted, project, runId }, receipt)));
  const lost: unknown[] = [];
  await deliverReceipt(
    context,
    { runId, startedAt, title: `restore of ${wanted.budget}` },
    receipt,
    (error) => {
      lost.push(error);
    },
  );
  const failed = results.some(({ outcome }) => outcome === 'failed');
  return { complete: lost.length === 0 && unread.length === 0 && !failed, results };
}

/** One project of a request that is carried out. */
interface ProjectRestore extends RestoreRequest {
  readonly project: string;
  readonly runId: string;
}

/** Restores a project under the lease that it shares with the kill switch. */
async function restoreProject(
  context: EventContext,
  state: State,
  { budget, period, project, runId }: ProjectRestore,
  receipt: ReceiptBuilder,
): Promise<readonly AnswerLine[]> {
  const { runtime } = context;
  const { sleep, random } = runtime;
  const lines: AnswerLine[] = [];
  try {
    if (project === (await runtime.ownProject()))
      throw new PermanentError(`Cannot restore "${project}": costguard runs in it and takes nothing from it`);
    await holdProject(
      { state, sleep, random, nowMs: () => runtime.now().getTime() },
      { budget, period, project },
      { by: runtime.functionName, runId, doing: 'restore', isNeeded: () => true },
      async (lease) => {
        const pause = async (milliseconds: number): Promise<void> => {
          await sleep(milliseconds);
          await lease.confirm();
        };
        const ref = await getProject(context.api, `projects/${project}`);
        await restoreHeld({ ...context, project: ref, lease, pause }, receipt, lines);
      },
    );
  } catch (error) {
    const why = messageOf(error);
    receipt.fail({ resource: `projects/${project}`, error: why });
    lines.push({ project, resource: `projects/${project}`, action: 'none', outcome: 'failed', why });
  }
  return lines;
}

/** Carries out what the manifest says now: another run may have brought things back since the request came. */
async function restoreHeld(run: RestoreRun, receipt: ReceiptBuilder, lines: AnswerLine[]): Promise<void> {
  const steps = planRestore(run.lease.manifest());
  const journal = openJournal(run);
  const back: string[] = [];
  const carry = async (step: RestoreStep): Promise<AnswerLine> => {
    const line = await carryStep(run, step, journal(step.item.resource));
    lines.push(line);
    record(receipt, step, line);
    const isBack = line.outcome === 'done' || line.outcome === 'already';
    // What an unfinished run of the switch may still take away is looked at again next time.
    if (line.outcome === 'done' || (isBack && step.item.status === 'done')) back.push(step.item.resource);
    return line;
  };
  const links = steps.filter((step) => step.action === 'relink');
  const others = steps.filter((step) => step.action !== 'relink');
  const linked = await pMap(links, carry);
  // Without billing every start would be refused; the next request goes on from here. Linked to another account by an operator is
  // left so, and is billing too.
  if (linked.every(({ outcome }) => outcome !== 'failed'))
    await pMap(others, carry, { concurrency: CONCURRENCY });
  else
    for (const step of others)
      lines.push(lineOf(step, 'left', 'billing is not back yet: send the request again'));
  // What is back is back: where it cannot be noted, the next request finds it so.
  await remember(run, back);
}

async function carryStep(
  run: RestoreRun,
  step: RestoreStep,
  journal: DeploymentJournal,
): Promise<AnswerLine> {
  if (step.action === 'none') return lineOf(step, 'left', step.why);
  if (!isBelow(step.item.resource, run.project)) {
    const why = `it does not lie below projects/${step.project}: the manifest was changed by another process`;
    run.log('ERROR', `Left alone "${step.item.resource}": ${why}`);
    return lineOf(step, 'left', why);
  }
  try {
    const restored: Restored = await restoreItem(run, step, journal);
    return restored.kind === 'left'
      ? lineOf(step, 'left', restored.why)
      : lineOf(step, restored.kind, restored.why);
  } catch (error) {
    return lineOf(step, 'failed', messageOf(error));
  }
}

function lineOf(
  { project, item, action, losses }: RestoreStep,
  outcome: AnswerLine['outcome'],
  why: string | undefined,
): AnswerLine {
  return {
    project,
    resource: item.resource,
    action,
    outcome,
    ...(why === undefined ? {} : { why }),
    ...(losses.length > 0 ? { losses } : {}),
  };
}

function record(receipt: ReceiptBuilder, step: RestoreStep, { outcome, why }: AnswerLine): void {
  const decision = {
    resource: step.item.resource,
    action: step.action === 'none' || outcome === 'left' ? 'keep' : step.action,
    reason: outcome === 'left' ? 'left-away' : 'restore',
    evidence: {
      ...(why === undefined ? {} : { why }),
      ...(step.losses.length > 0 ? { losses: step.losses } : {}),
    },
    usdPerHour: 'unpriced' as const,
  };
  if (outcome === 'left') receipt.keep(decision);
  else receipt.add({ ...decision, outcome });
  if (outcome === 'failed') receipt.fail({ resource: step.item.resource, error: why ?? '' });
}
