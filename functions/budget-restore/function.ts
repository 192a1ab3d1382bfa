import pMap from 'p-map';
import { BadParameter } from '../../shared/report/bad-parameter.ts';
import { PermanentError } from '../../shared/errors.ts';
import type { EventContext } from '../../shared/run/handle-event.ts';
import { Refusal, type HttpFunction } from '../../shared/run/handle-request.ts';
import { deliverReceipt, newRunId } from '../../shared/run/deliver-receipt.ts';
import { policyDigest } from '../../shared/policy/policy.ts';
import { startReceipt } from '../../shared/run/receipt.ts';
import type { State } from '../../shared/state/state.ts';
import { readRequest, type RestoreRequest } from './config.ts';
import { planRestore, unseenIn, type RestoreStep } from './decide.ts';
import { accountsOf, blockersOf } from './model-accounts.ts';
import { gatherManifests, type Gathered } from './gather.ts';
import { lineOf, type AnswerLine } from './answer-line.ts';
import { CONCURRENCY } from './bring-back/bring-back.ts';
import { wayBackOf } from './bring-back/way-back.ts';
import { restoreProject } from './restore-project.ts';

/** An HTTP function may run for an hour (Functions v2 quota); models take minutes to deploy. */
const REQUEST_DEADLINE_MS = 50 * 60_000;

interface RestoreTask {
  readonly carriesOut: boolean;
  readonly wanted: RestoreRequest;
}

/** `GET` is answered with the plan, `POST` carries it out. */
export const restoreFunction: HttpFunction<RestoreTask> = {
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
    const steps = manifests.flatMap((manifest) => planRestore(manifest, wayBackOf));
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
  const isOpen = results.some(({ outcome }) => outcome === 'failed' || outcome === 'pending');
  return { complete: lost.length === 0 && unread.length === 0 && !isOpen, results };
}
