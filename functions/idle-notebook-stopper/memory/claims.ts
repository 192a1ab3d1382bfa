import type { Plan, Run, Work } from '../../../shared/run/sweep.ts';
import { SETTLE_MINUTES } from '../decide.ts';
import { startedSince, startsSince } from '../verdict/moments.ts';
import { START_SETTLE_MINUTES } from '../verdict/start.ts';
import type { Config } from '../config.ts';
import type { NotebookFacts } from '../facts.ts';
import { repairSeconds } from '../native-idle-shutdown.ts';
import { updateMemory, type NotebookMemory } from './memory.ts';
import { tidy, type Untold } from './tidy.ts';

const MINUTE_MS = 60_000;

/**
 * How long a claim holds that has not become a request yet. A run that died in between is taken over after this; a run
 * that lives requests its stop long before.
 */
export const LEASE_MS = 90_000;

/** After a request that had no effect within this long it may be made again. A repair that was done holds nothing up. */
const SETTLE = { stop: SETTLE_MINUTES, start: START_SETTLE_MINUTES, repair: 0 } as const;

/**
 * Instances' clocks agree within seconds. A claim or a request from further ahead was written by a wrong one: it holds for no longer
 * than one from now would.
 */
const CLOCK_SKEW_MS = 60_000;

/** What changes a notebook. */
export type Action = 'stop' | 'start' | 'repair';

export function isChange(action: string): action is Action {
  return action === 'stop' || action === 'start' || action === 'repair';
}

/** Who may carry a plan out. */
export type Claim =
  | {
      readonly kind: 'ours';
      readonly claimedAtMs: number;
      /** The run that had it before, and may have sent its request. */
      readonly takenFrom?: string;
      /** Of a start: how many of its working period it is. */
      readonly attempts?: number;
      /** Of a start: the one before, which the claim takes the place of. */
      readonly earlier?: NotebookMemory['start'];
    }
  /** Requested already, by an earlier or parallel run. */
  | { readonly kind: 'requested'; readonly runId: string }
  /** Another run has it and has not sent its request yet: it is at work, or it died. */
  | { readonly kind: 'held'; readonly runId: string }
  /** An earlier delivery of the same tick has used `maxStops` up. */
  | { readonly kind: 'over-max-stops' };

type Ours = Extract<Claim, { kind: 'ours' }>;

export interface Claimed {
  /** Of all plans that warn or change something. */
  readonly claims: ReadonlyMap<Plan<NotebookFacts>, Claim>;
  /** What runs before this one did and could not say: this one says it. */
  readonly untold: readonly Untold[];
}

/**
 * Remembers in one write what this run found and what it is about to do: claims on stops, starts and repairs, new warnings; and
 * forgets what is over. Claims make sure that of many parallel runs one alone acts on a notebook.
 */
export async function claimPlans(run: Run, config: Config, work: Work<NotebookFacts>): Promise<Claimed> {
  const claims = new Map<Plan<NotebookFacts>, Claim>();
  let untold: readonly Untold[] = [];
  const nowMs = run.runtime.now().getTime();
  await updateMemory(run, (before) => {
    claims.clear();
    const tidied = tidy(before, run, config, work);
    const { after } = tidied;
    untold = tidied.untold;
    let stopsLeft = config.maxStops - stopsOf(run, before);
    for (const plan of work.plans) {
      const { decision, facts } = plan;
      const { action } = decision;
      const known = after[facts.name] ?? {};
      if (action === 'warn') {
        // A parallel run may have warned meanwhile: then it tells.
        const isFirst = known.warnedAtMs === undefined;
        claims.set(
          plan,
          isFirst ? { kind: 'ours', claimedAtMs: nowMs } : { kind: 'requested', runId: 'an earlier run' },
        );
        if (isFirst) after[facts.name] = { ...known, warnedAtMs: run.startedAt.getTime() };
      }
      if (!isChange(action)) continue;
      const judged = judgeClaim(known, action, plan, config, run.runId, nowMs);
      // What this tick claimed before counts already, so that taking it over uses nothing up.
      const fresh = action === 'stop' && judged.kind === 'ours' && known.stop?.messageId !== run.messageId;
      const claim: Claim = fresh && stopsLeft <= 0 ? { kind: 'over-max-stops' } : judged;
      if (fresh && claim.kind === 'ours') stopsLeft -= 1;
      claims.set(plan, claim);
      if (claim.kind === 'ours') after[facts.name] = withClaim(known, plan, config, run, claim);
    }
    return after;
  });
  if (run.state === undefined)
    for (const plan of work.plans) claims.set(plan, { kind: 'ours', claimedAtMs: nowMs });
  return { claims, untold };
}

/** Stops that deliveries of this tick have claimed so far. */
function stopsOf(run: Run, notebooks: Readonly<Record<string, NotebookMemory>>): number {
  return Object.values(notebooks).filter(({ stop }) => stop?.messageId === run.messageId).length;
}

interface ClaimRecord {
  readonly claimedAtMs: number;
  readonly runId: string;
  readonly sent?: boolean | undefined;
  readonly requestedAtMs?: number | undefined;
  readonly desired?: string | undefined;
}

function judgeClaim(
  known: NotebookMemory,
  action: Action,
  { decision, facts }: Plan<NotebookFacts>,
  config: Config,
  runId: string,
  nowMs: number,
): Claim {
  const record: ClaimRecord | undefined = known[action];
  const ours: Ours = {
    kind: 'ours',
    claimedAtMs: nowMs,
    ...(action === 'start'
      ? { attempts: startsSince(known.start, opensMsOf(decision)) + 1, earlier: known.start }
      : {}),
  };
  if (record === undefined) return ours;
  // Written by this run, whose write got no answer.
  if (record.runId === runId) return { ...ours, ...(record.sent === true ? { takenFrom: runId } : {}) };
  const { requestedAtMs, claimedAtMs } = record;
  // A stop from before a user started the notebook again has nothing to do with this one.
  const outdated =
    (action !== 'repair' && startedSince(facts, claimedAtMs)) || claimedAtMs > nowMs + CLOCK_SKEW_MS;
  if (!outdated && requestedAtMs !== undefined && nowMs - requestedAtMs < SETTLE[action] * MINUTE_MS)
    return { kind: 'requested', runId: record.runId };
  if (!outdated && requestedAtMs === undefined && nowMs - claimedAtMs < LEASE_MS)
    return { kind: 'held', runId: record.runId };
  const isSame = action !== 'repair' || record.desired === String(repairSeconds(config));
  const mayBeRequested = !outdated && isSame && requestedAtMs === undefined && record.sent !== false;
  return { ...ours, ...(mayBeRequested ? { takenFrom: record.runId } : {}) };
}

function opensMsOf({ evidence }: Plan<NotebookFacts>['decision']): number {
  return Date.parse(String(evidence['opensAt']));
}

function withClaim(
  known: NotebookMemory,
  { decision }: Plan<NotebookFacts>,
  config: Config,
  run: Run,
  { claimedAtMs, takenFrom, attempts = 1 }: Ours,
): NotebookMemory {
  // What the run before may have sent stays so until a look settles it.
  const claim = { claimedAtMs, runId: run.runId, sent: takenFrom !== undefined };
  const { reason } = decision;
  if (decision.action === 'repair')
    return { ...known, repair: { ...claim, reason, desired: String(repairSeconds(config)) } };
  // One that is taken over is another attempt when its own request leaves.
  if (decision.action === 'start')
    return { ...known, start: { ...claim, attempts: takenFrom === undefined ? attempts : attempts - 1 } };
  const { warnedAtMs, repair } = known;
  const kept = {
    ...(warnedAtMs === undefined ? {} : { warnedAtMs }),
    ...(repair === undefined ? {} : { repair }),
  };
  return { ...kept, stop: { ...claim, messageId: run.messageId, reason } };
}

/** A change that is with Google. */
export interface Requested {
  readonly action: Action;
  readonly operation: string | undefined;
  readonly atMs: number;
}

/** Nothing was requested. `earlier`: the start before, whose attempts count on. */
export interface Forgotten {
  readonly action: 'forget';
  readonly earlier: NotebookMemory['start'];
}

export type Settlement = Requested | Forgotten;

/** Notes what became of this run's claims, by notebook. */
export async function settleClaims(run: Run, settlements: ReadonlyMap<string, Settlement>): Promise<void> {
  if (settlements.size === 0) return;
  await updateMemory(run, (before) => {
    const after = { ...before };
    for (const [name, result] of settlements) {
      const known = before[name] ?? {};
      const left =
        result.action === 'forget' ? withoutClaims(known, result, run) : withRequest(known, result, run);
      if (Object.values(left).some((one) => one !== undefined)) after[name] = left;
      else Reflect.deleteProperty(after, name);
    }
    return after;
  });
}

function withoutClaims(
  { stop, start, repair, ...rest }: NotebookMemory,
  { earlier }: Forgotten,
  { runId }: Run,
): NotebookMemory {
  const isOurs = (record: { readonly runId: string } | undefined): boolean => record?.runId === runId;
  return {
    ...rest,
    stop: isOurs(stop) ? undefined : stop,
    start: isOurs(start) ? earlier : start,
    repair: isOurs(repair) ? undefined : repair,
  };
}

function withRequest(
  known: NotebookMemory,
  { action, atMs, operation }: Requested,
  { runId }: Run,
): NotebookMemory {
  const { stop, start, repair } = known;
  if (action === 'stop' && stop?.runId === runId) {
    const done = { requestedAtMs: atMs, ...(operation === undefined ? {} : { operation }) };
    // It may die before it says so.
    return { ...known, stop: { ...stop, ...done, untold: true } };
  }
  if (action === 'repair' && repair?.runId === runId)
    return { ...known, repair: { ...repair, requestedAtMs: atMs } };
  if (action === 'start' && start?.runId === runId)
    return { ...known, start: { ...start, requestedAtMs: atMs } };
  return known;
}
