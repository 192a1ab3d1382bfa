import pMap from 'p-map';
import { getMachineStart } from '../../shared/google/machines.ts';
import { BusyError, isRetryable, GoogleApiError } from '../../shared/google/google-api-error.ts';
import {
  getNotebook,
  replaceNotebookMetadata,
  requestNotebook,
  type NotebookInstance,
} from '../../shared/google/notebooks.ts';
import type { DecidedOutcome } from '../../shared/run/receipt.ts';
import type { Plan, Reporter, Run, Work } from '../../shared/run/sweep.ts';
import {
  claimPlans,
  LEASE_MS,
  settleClaims,
  THERE,
  type Claim,
  type Requested,
  type Settlement,
} from './memory/claims.ts';
import type { Config } from './config.ts';
import { changeBetween, settingsOf } from './changes.ts';
import { repairSeconds } from './native-idle-shutdown.ts';
import type { NotebookFacts } from './facts.ts';
import { keepsUntil } from '../../shared/policy/keep-label.ts';
import { TIMEOUT_KEY } from './native-idle-shutdown.ts';

type NotebookPlan = Plan<NotebookFacts>;

/** Writes at the same time. The API's rate quota is not documented, so few. */
const CONCURRENCY = 8;

/** How often, and how far apart, a notebook is looked at that another run holds. */
const HELD_LOOKS = 5;
const HELD_PAUSE_MS = 1_000;

/** How often a stop or start is asked for when no answer comes. */
const REQUEST_ATTEMPTS = 4;

/** Carries out the plans of one run. */
export async function actOnNotebooks(
  run: Run,
  config: Config,
  work: Work<NotebookFacts>,
  report: Reporter<NotebookFacts>,
): Promise<void> {
  const claims = await claimPlans(run, config, work);
  const settled = new Map<string, Settlement>();
  await pMap(
    work.plans,
    async (plan) => {
      const { decision, facts } = plan;
      const claim = claims.get(facts.name);
      try {
        if (decision.action === 'repair') {
          report.outcome(plan, await repairIdleShutdown(run, config, plan));
        } else if (decision.action === 'stop' || decision.action === 'start') {
          const result = await changeState(
            run,
            config,
            plan,
            decision.action,
            claim ?? { kind: 'ours', claimedAtMs: run.startedAt.getTime() },
          );
          report.outcome(plan, result.outcome);
          if (claim?.kind === 'ours') settled.set(facts.name, result.requested ?? 'given-up');
        } else report.outcome(plan, { ...decision, outcome: 'done' });
      } catch (error) {
        report.failure(plan, error);
        // A claim whose request may have got through stays: it runs out by itself.
        if (claim?.kind === 'ours' && !isRetryable(error)) settled.set(facts.name, 'given-up');
      }
    },
    { concurrency: CONCURRENCY },
  );
  await settleClaims(run, settled);
}

interface Change {
  readonly outcome: DecidedOutcome;
  /** Set when the request is with Google, by us. */
  readonly requested?: Requested;
}

const FROM = { stop: 'ACTIVE', start: 'STOPPED' } as const;

/** Stops or starts one notebook: looks at it, asks, and where no answer comes looks again before it asks again. */
async function changeState(
  run: Run,
  config: Config,
  plan: NotebookPlan,
  action: 'stop' | 'start',
  claim: Claim,
): Promise<Change> {
  const { decision, facts } = plan;
  if (claim.kind === 'over-max-stops')
    return { outcome: { ...decision, action: 'report', reason: 'over-max-stops', outcome: 'done' } };
  if (claim.kind === 'requested')
    return {
      outcome: {
        ...decision,
        outcome: 'already',
        evidence: { ...decision.evidence, requestedBy: claim.runId },
      },
    };
  if (claim.kind === 'held') return { outcome: await awaitOther(run, plan, action, claim.runId) };

  let mayBeOurs = false;
  for (let attempt = 1; ; attempt++) {
    const present = await look(run, facts.name);
    const state = present?.state ?? 'DELETED';
    // Seen on its way after an attempt of ours without an answer: that attempt got through.
    if (THERE[action].has(state))
      return !mayBeOurs
        ? {
            outcome: { ...decision, outcome: 'already', evidence: { ...decision.evidence, stateNow: state } },
          }
        : {
            outcome: { ...decision, outcome: 'done' },
            requested: { action, operation: undefined, atMs: run.runtime.now().getTime() },
          };
    const changed =
      present === undefined
        ? undefined
        : (changedSince(present, facts, config, action, run) ?? (await startedMeanwhile(run, facts)));
    if (changed !== undefined)
      return {
        outcome: {
          ...decision,
          action: 'keep',
          reason: 'changed-since',
          outcome: 'already',
          evidence: { ...decision.evidence, changed },
        },
      };
    if (run.runtime.now().getTime() >= claim.claimedAtMs + LEASE_MS)
      throw new BusyError(`Cannot ${action} "${facts.name}": this run's claim ran out before it could ask`);
    try {
      const operation = await requestNotebook(run.api, action, facts.name);
      return {
        outcome: { ...decision, outcome: 'done', evidence: { ...decision.evidence, operation } },
        requested: { action, operation, atMs: run.runtime.now().getTime() },
      };
    } catch (error) {
      if (!(await canRetryRequest(run, error, attempt))) throw error;
      mayBeOurs ||= isRetryable(error);
    }
  }
}

/** After a failure: wait, then look again. A refusal for the state it is in is worth one more look, nothing else is. */
async function canRetryRequest(run: Run, error: unknown, attempt: number): Promise<boolean> {
  const stateConflict =
    error instanceof GoogleApiError && (error.status === 400 || error.status === 404 || error.status === 409);
  if (stateConflict ? attempt > 1 : !isRetryable(error) || attempt >= REQUEST_ATTEMPTS) return false;
  await run.runtime.sleep(run.runtime.random() * 1_000 * 2 ** attempt);
  return true;
}

/** Undefined when the notebook is gone. */
async function look(run: Run, name: string): Promise<NotebookInstance | undefined> {
  try {
    return await getNotebook(run.api, name);
  } catch (error) {
    if (error instanceof GoogleApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** What speaks against the plan since it was made; undefined when nothing does. */
function changedSince(
  present: NotebookInstance,
  facts: NotebookFacts,
  config: Config,
  action: 'stop' | 'start',
  run: Run,
): string | undefined {
  if (present.state !== FROM[action]) return `its state is ${present.state ?? 'unknown'}`;
  const label = keepsUntil(present.labels?.[config.keepLabel], run.runtime.now());
  if (label.keeps) return `its label ${config.keepLabel} says ${label.why}`;
  return changeBetween(facts.settings, settingsOf(present));
}

/** Whether the VM was started since it was listed: the instance itself does not tell. */
async function startedMeanwhile(
  run: Run,
  { name, vm, settings }: NotebookFacts,
): Promise<string | undefined> {
  if (vm.kind !== 'found') return undefined;
  const [, project = '', , zone = ''] = name.split('/');
  try {
    // Its id names it as well, and no other VM that gets its name later.
    const resource = `projects/${project}/zones/${zone}/instances/${settings.vmId}`;
    const lastStartMs = await getMachineStart(run.api, resource);
    if (lastStartMs === vm.lastStartMs) return undefined;
    return `its VM was started at ${lastStartMs === undefined ? 'an unknown time' : new Date(lastStartMs).toISOString()}`;
  } catch (error) {
    if (error instanceof GoogleApiError && error.status === 404) return 'its VM is gone';
    throw error;
  }
}

/** Another run holds the notebook: see whether it gets there. If not, it died: this event is to come again later. */
async function awaitOther(
  run: Run,
  { decision, facts }: NotebookPlan,
  action: 'stop' | 'start',
  runId: string,
): Promise<DecidedOutcome> {
  for (let looks = 1; looks <= HELD_LOOKS; looks++) {
    const present = await look(run, facts.name);
    if (present === undefined || THERE[action].has(present.state ?? ''))
      return { ...decision, outcome: 'already', evidence: { ...decision.evidence, requestedBy: runId } };
    await run.runtime.sleep(HELD_PAUSE_MS);
  }
  throw new BusyError(`Cannot ${action} "${facts.name}": run ${runId} claimed it and has not acted yet`);
}

/**
 * Turns Workbench's own idle shutdown on. The API replaces the whole map, so it is read right before and merged; what
 * somebody, or a parallel run, has set there meanwhile stays.
 */
async function repairIdleShutdown(
  run: Run,
  config: Config,
  { decision, facts }: NotebookPlan,
): Promise<DecidedOutcome> {
  const present = await getNotebook(run.api, facts.name);
  const metadata = present.gceSetup?.metadata ?? {};
  const timeout = metadata[TIMEOUT_KEY];
  if (timeout !== facts.metadata[TIMEOUT_KEY])
    return {
      ...decision,
      outcome: 'already',
      evidence: { ...decision.evidence, setMeanwhile: timeout ?? null },
    };
  await replaceNotebookMetadata(run.api, facts.name, {
    ...metadata,
    [TIMEOUT_KEY]: String(repairSeconds(config)),
  });
  return { ...decision, outcome: 'done' };
}
