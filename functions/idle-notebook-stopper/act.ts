import pMap from 'p-map';
import { getMachineStart } from '../../shared/google/machines.ts';
import { changeState } from '../../shared/google/change/change-state.ts';
import { NotSent, type Claim as Lease } from '../../shared/google/change/permit.ts';
import { BusyError, isRetryable, undefinedIfMissing } from '../../shared/google/google-api-error.ts';
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
  isChange,
  LEASE_MS,
  settleClaims,
  type Claim,
  type Requested,
  type Settlement,
} from './memory/claims.ts';
import { noteLeaving, type NoteLeaving } from './memory/sent.ts';
import { inTurn } from './memory/in-turn.ts';
import { withoutReceipt } from './memory/said.ts';
import { THERE, type Untold } from './memory/tidy.ts';
import type { Config } from './config.ts';
import { changeBetween, settingsOf } from './changes.ts';
import type { NotebookFacts } from './facts.ts';
import { keepsUntil } from '../../shared/policy/keep-label.ts';
import { repairSeconds, TIMEOUT_KEY } from './native-idle-shutdown.ts';

type NotebookPlan = Plan<NotebookFacts>;

/** Writes at the same time. The API's rate quota is not documented, so few. */
const CONCURRENCY = 8;

/** How often, and how far apart, a notebook is looked at that another run holds. */
const HELD_LOOKS = 5;
const HELD_PAUSE_MS = 1_000;

/** What is under way when a claim runs out must have arrived by then. */
const MARGIN_MS = 10_000;

/** Carries out the plans of one run. */
export async function actOnNotebooks(
  run: Run,
  config: Config,
  work: Work<NotebookFacts>,
  report: Reporter<NotebookFacts>,
): Promise<void> {
  const { claims, untold } = await claimPlans(run, config, work);
  const settled = new Map<string, Settlement>();
  const note = noteLeaving(run);
  await pMap(
    inTurn(work.plans, claims),
    async (plan) => {
      const { decision, facts } = plan;
      const claim = claims.get(plan);
      const isOurs = isChange(decision.action) && claim?.kind === 'ours';
      try {
        const result = await carryOut(run, config, plan, claim, note);
        report.outcome(plan, result.outcome);
        if (isOurs && result.mayBeOurs !== true)
          settled.set(facts.name, result.requested ?? forgotten(claim));
      } catch (error) {
        report.failure(plan, error);
        // A claim whose request may have got through stays: it runs out by itself.
        if (isOurs && !isRetryable(error) && claim.takenFrom === undefined)
          settled.set(facts.name, forgotten(claim));
      }
    },
    { concurrency: CONCURRENCY },
  );
  for (const one of await withoutReceipt(run, untold)) sayUntold(one, report);
  await settleClaims(run, settled);
}

function forgotten({ earlier }: Extract<Claim, { kind: 'ours' }>): Settlement {
  return { action: 'forget', earlier };
}

const DONE = {
  stop: 'It was stopped',
  start: 'It was started',
  repair: 'Its native idle shutdown was set',
} as const;

/** What another run did and could not say is said once, as its own receipt would have. */
function sayUntold(
  { facts, action, reason, runId, claimedAtMs }: Untold,
  report: Reporter<NotebookFacts>,
): void {
  const decision = {
    resource: facts.name,
    action,
    reason,
    evidence: {
      says: `${DONE[action]} by run ${runId}, which ended before it could say so.`,
      requestedBy: runId,
      claimedAt: new Date(claimedAtMs).toISOString(),
    },
    usdPerHour: action === 'repair' ? 0 : facts.price.stoppableUsdPerHour,
  };
  report.outcome({ decision, facts }, { ...decision, outcome: 'done' });
}

interface Change {
  readonly outcome: DecidedOutcome;
  /** Set when the request is with Google, by us. */
  readonly requested?: Requested;
  /** A request of this run, or of the one before, may still take effect: the claim stays. */
  readonly mayBeOurs?: boolean;
}

const FROM = { stop: 'ACTIVE', start: 'STOPPED' } as const;

/** Carries one plan out, unless another run does. */
async function carryOut(
  run: Run,
  config: Config,
  plan: NotebookPlan,
  claim: Claim | undefined,
  note: NoteLeaving,
): Promise<Change> {
  const { decision } = plan;
  const { action } = decision;
  if (!isChange(action))
    return { outcome: { ...decision, outcome: claim?.kind === 'requested' ? 'already' : 'done' } };
  if (claim === undefined) throw new Error(`Cannot ${action} "${decision.resource}": nothing claimed it`);
  switch (claim.kind) {
    case 'over-max-stops':
      return { outcome: { ...decision, action: 'report', reason: 'over-max-stops', outcome: 'done' } };
    case 'requested':
      return { outcome: already(plan, { requestedBy: claim.runId }) };
    case 'held':
      return {
        outcome:
          action === 'repair'
            ? leftToNextTick(plan, `run ${claim.runId} has claimed it`)
            : await awaitOther(run, plan, action, claim.runId),
      };
    case 'ours':
      return action === 'repair'
        ? repairIdleShutdown(run, config, plan, claim, note)
        : requestChange(run, config, plan, action, claim, note);
  }
}

/** A repair can wait. */
function leftToNextTick({ decision }: NotebookPlan, why: string): DecidedOutcome {
  const notRepaired = `next time: ${why}`;
  const evidence = { ...decision.evidence, set: undefined, notRepaired };
  return { ...decision, action: 'report', outcome: 'done', evidence };
}

function already({ decision }: NotebookPlan, evidence: Readonly<Record<string, unknown>>): DecidedOutcome {
  return { ...decision, outcome: 'already', evidence: { ...decision.evidence, ...evidence } };
}

async function requestChange(
  run: Run,
  config: Config,
  plan: NotebookPlan,
  action: 'stop' | 'start',
  { claimedAtMs, takenFrom, attempts = 1 }: Extract<Claim, { kind: 'ours' }>,
  note: NoteLeaving,
): Promise<Change> {
  const { runtime, api } = run;
  const { decision, facts } = plan;
  const { name } = facts;
  let stateNow = 'DELETED';
  const changed = await changeState(
    {
      resource: name,
      async look() {
        stateNow = 'DELETED';
        const present = await getNotebook(api, name);
        stateNow = present.state ?? 'unknown';
        return present;
      },
      isThere: ({ state = '' }) => THERE[action].has(state),
      blocker: async (present) =>
        changedSince(present, facts, config, FROM[action], run) ?? (await startedMeanwhile(run, facts)),
      intend: () => note(name, action === 'start' ? { action, attempts } : { action }),
      request: (permit) => requestNotebook(api, permit, action, name),
      // It takes minutes; the next run sees whether it did.
      answerSettles: true,
      mustExist: action === 'start',
      alreadyRequested: takenFrom !== undefined,
    },
    {
      sleep: (ms) => runtime.sleep(ms),
      random: runtime.random,
      nowMs: () => runtime.now().getTime(),
      confirmMs: 0,
    },
    leaseOf(run, name, action, claimedAtMs),
  );
  if (changed.kind === 'already' || changed.kind === 'gone') return { outcome: already(plan, { stateNow }) };
  if (changed.kind === 'blocked')
    return {
      outcome: { ...already(plan, { changed: changed.why }), action: 'keep', reason: 'changed-since' },
      mayBeOurs: changed.mayBeOurs,
    };
  const { answer: operation } = changed;
  return {
    outcome: {
      ...decision,
      outcome: 'done',
      evidence: {
        ...decision.evidence,
        ...(operation === undefined ? {} : { operation }),
        ...(operation !== undefined || takenFrom === undefined ? {} : { requestedBy: takenFrom }),
      },
    },
    requested: { action, operation, atMs: runtime.now().getTime() },
  };
}

/** A claim on a notebook is not renewed: what it does not come to in time, a later run does. */
function leaseOf(run: Run, name: string, action: string, claimedAtMs: number): Lease {
  const check = (): void => {
    if (run.runtime.now().getTime() >= claimedAtMs + LEASE_MS - MARGIN_MS)
      throw new BusyError(`Cannot ${action} "${name}": this run's claim ran out`);
  };
  return {
    check,
    async confirm() {
      check();
      return Promise.resolve();
    },
  };
}

/** What speaks against the plan since it was made; undefined when nothing does. */
function changedSince(
  present: NotebookInstance,
  facts: NotebookFacts,
  config: Config,
  from: string,
  run: Run,
): string | undefined {
  if (present.state !== from) return `its state is ${present.state ?? 'unknown'}`;
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
  // Its id names it as well, and no other VM that gets its name later.
  const resource = `projects/${project}/zones/${zone}/instances/${settings.vmId}`;
  const start = await undefinedIfMissing(getMachineStart(run.api, resource));
  if (start === undefined) return 'its VM is gone';
  if (start.lastStartMs === vm.lastStartMs) return undefined;
  return `its VM was started at ${start.lastStartMs === undefined ? 'an unknown time' : new Date(start.lastStartMs).toISOString()}`;
}

/** Another run holds the notebook: see whether it gets there. If not, it died: this event is to come again later. */
async function awaitOther(
  run: Run,
  plan: NotebookPlan,
  action: 'stop' | 'start',
  runId: string,
): Promise<DecidedOutcome> {
  const { facts } = plan;
  for (let looks = 1; looks <= HELD_LOOKS; looks++) {
    const present = await undefinedIfMissing(getNotebook(run.api, facts.name));
    if (present === undefined || THERE[action].has(present.state ?? ''))
      return already(plan, { requestedBy: runId });
    await run.runtime.sleep(HELD_PAUSE_MS);
  }
  throw new BusyError(`Cannot ${action} "${facts.name}": run ${runId} claimed it and has not acted yet`);
}

/**
 * Turns Workbench's own idle shutdown on. The API replaces the whole map and knows no precondition (Instance has no etag), so it is read
 * once more as the request is made: what was changed since the listing is left as it is, and judged by the next tick.
 */
async function repairIdleShutdown(
  run: Run,
  config: Config,
  plan: NotebookPlan,
  { claimedAtMs, takenFrom }: Extract<Claim, { kind: 'ours' }>,
  note: NoteLeaving,
): Promise<Change> {
  const { runtime, api } = run;
  const { decision, facts } = plan;
  const { name } = facts;
  const desired = String(repairSeconds(config));
  const timeoutOf = ({ gceSetup }: NotebookInstance): string | undefined => gceSetup?.metadata?.[TIMEOUT_KEY];
  let setMeanwhile: string | undefined;
  const isThere = (present: NotebookInstance): boolean =>
    timeoutOf(present) === desired && facts.metadata[TIMEOUT_KEY] !== desired;
  const blocker = (present: NotebookInstance): string | undefined => {
    setMeanwhile = timeoutOf(present);
    return changedSince(present, facts, config, facts.state, run);
  };
  const changed = await changeState(
    {
      resource: name,
      look: () => getNotebook(api, name),
      isThere,
      blocker,
      intend: () => note(name, { action: 'repair' }),
      async request(permit) {
        const latest = await undefinedIfMissing(getNotebook(api, name));
        if (latest === undefined || isThere(latest) || blocker(latest) !== undefined)
          throw new NotSent('it was changed after the look before the request');
        const metadata = { ...latest.gceSetup?.metadata, [TIMEOUT_KEY]: desired };
        return replaceNotebookMetadata(api, permit, name, metadata);
      },
      answerSettles: true,
      mustExist: true,
      alreadyRequested: takenFrom !== undefined,
    },
    {
      sleep: (ms) => runtime.sleep(ms),
      random: runtime.random,
      nowMs: () => runtime.now().getTime(),
      confirmMs: 0,
    },
    leaseOf(run, name, 'repair', claimedAtMs),
  );
  if (changed.kind === 'done') {
    const { answer: operation } = changed;
    const by = operation === undefined && takenFrom !== undefined ? { requestedBy: takenFrom } : {};
    return {
      outcome: { ...decision, outcome: 'done', evidence: { ...decision.evidence, ...by } },
      requested: { action: 'repair', operation, atMs: runtime.now().getTime() },
    };
  }
  if (changed.kind === 'gone') return { outcome: already(plan, { stateNow: 'DELETED' }) };
  if (changed.kind === 'already') return { outcome: already(plan, { setMeanwhile: desired }) };
  const { why, mayBeOurs } = changed;
  return setMeanwhile === facts.metadata[TIMEOUT_KEY]
    ? { outcome: leftToNextTick(plan, why), mayBeOurs }
    : { outcome: already(plan, { setMeanwhile: setMeanwhile ?? null }), mayBeOurs };
}
