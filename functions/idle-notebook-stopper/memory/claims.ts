import type { Plan, Run, Work } from '../../../shared/run/sweep.ts';
import { SETTLE_MINUTES } from '../decide.ts';
import { startedSince } from '../verdict/moments.ts';
import { START_SETTLE_MINUTES } from '../verdict/start.ts';
import type { Config } from '../config.ts';
import type { NotebookFacts } from '../facts.ts';
import { updateMemory, type NotebookMemory } from './memory.ts';
import { tidy, type Untold } from './tidy.ts';

const MINUTE_MS = 60_000;

/**
 * How long a claim holds that has not become a request yet. A run that died in between is taken over after this; a run
 * that lives requests its stop long before.
 */
export const LEASE_MS = 90_000;

/** After a request that had no effect within this long it may be made again. */
const SETTLE = { stop: SETTLE_MINUTES, start: START_SETTLE_MINUTES } as const;

/**
 * Instances' clocks agree within seconds. A claim or a request from further ahead was written by a wrong one: it holds for no longer
 * than one from now would.
 */
const CLOCK_SKEW_MS = 60_000;

/** Who may carry a plan out. */
export type Claim =
  | {
      readonly kind: 'ours';
      readonly claimedAtMs: number;
      /** The run that had it before, and may have sent its request. */
      readonly takenFrom?: string;
    }
  /** Requested already, by an earlier or parallel run. */
  | { readonly kind: 'requested'; readonly runId: string }
  /** Another run has it and has not sent its request yet: it is at work, or it died. */
  | { readonly kind: 'held'; readonly runId: string }
  /** An earlier delivery of the same tick has used `maxStops` up. */
  | { readonly kind: 'over-max-stops' };

export interface Claimed {
  readonly claims: ReadonlyMap<string, Claim>;
  /** What runs before this one did and could not say: this one says it. */
  readonly untold: readonly Untold[];
}

/**
 * Remembers in one write what this run found and what it is about to do: claims on stops and starts, new warnings; and
 * forgets what is over. Claims make sure that of many parallel runs one alone acts on a notebook.
 */
export async function claimPlans(run: Run, config: Config, work: Work<NotebookFacts>): Promise<Claimed> {
  const claims = new Map<string, Claim>();
  let untold: readonly Untold[] = [];
  const nowMs = run.runtime.now().getTime();
  await updateMemory(run, (before) => {
    claims.clear();
    const tidied = tidy(before, run, config, work);
    const { after } = tidied;
    untold = tidied.untold;
    let stopsLeft = config.maxStops - stopsOf(run, before);
    for (const { decision, facts } of work.plans) {
      const known = after[facts.name] ?? {};
      if (decision.action === 'warn') {
        // A parallel run may have warned meanwhile: then it tells.
        claims.set(
          facts.name,
          known.warnedAtMs === undefined
            ? { kind: 'ours', claimedAtMs: nowMs }
            : { kind: 'requested', runId: 'an earlier run' },
        );
        if (known.warnedAtMs === undefined)
          after[facts.name] = { ...known, warnedAtMs: run.startedAt.getTime() };
      }
      if (decision.action !== 'stop' && decision.action !== 'start') continue;
      const judged = judgeClaim(known, decision.action, facts, run.runId, nowMs);
      // What this tick claimed before counts already, so that taking it over uses nothing up.
      const fresh =
        decision.action === 'stop' && judged.kind === 'ours' && known.stop?.messageId !== run.messageId;
      const claim: Claim = fresh && stopsLeft <= 0 ? { kind: 'over-max-stops' } : judged;
      if (fresh && claim.kind === 'ours') stopsLeft -= 1;
      claims.set(facts.name, claim);
      if (claim.kind === 'ours') after[facts.name] = withClaim(known, decision, run, claim);
    }
    return after;
  });
  if (run.state === undefined)
    for (const { facts } of work.plans) claims.set(facts.name, { kind: 'ours', claimedAtMs: nowMs });
  return { claims, untold };
}

/** Stops that deliveries of this tick have claimed so far. */
function stopsOf(run: Run, notebooks: Readonly<Record<string, NotebookMemory>>): number {
  return Object.values(notebooks).filter(({ stop }) => stop?.messageId === run.messageId).length;
}

function judgeClaim(
  known: NotebookMemory,
  action: 'stop' | 'start',
  facts: NotebookFacts,
  runId: string,
  nowMs: number,
): Claim {
  const record = known[action];
  if (record === undefined) return { kind: 'ours', claimedAtMs: nowMs };
  // Written by this run, whose write got no answer.
  if (record.runId === runId)
    return { kind: 'ours', claimedAtMs: nowMs, ...(record.sent === true ? { takenFrom: runId } : {}) };
  const { requestedAtMs, claimedAtMs } = record;
  // A stop from before a user started the notebook again has nothing to do with this one.
  const outdated = startedSince(facts, claimedAtMs) || claimedAtMs > nowMs + CLOCK_SKEW_MS;
  if (!outdated && requestedAtMs !== undefined && nowMs - requestedAtMs < SETTLE[action] * MINUTE_MS)
    return { kind: 'requested', runId: record.runId };
  if (!outdated && requestedAtMs === undefined && nowMs - claimedAtMs < LEASE_MS)
    return { kind: 'held', runId: record.runId };
  const mayBeRequested = !outdated && requestedAtMs === undefined && record.sent !== false;
  return { kind: 'ours', claimedAtMs: nowMs, ...(mayBeRequested ? { takenFrom: record.runId } : {}) };
}

function withClaim(
  known: NotebookMemory,
  decision: Plan<NotebookFacts>['decision'],
  run: Run,
  { claimedAtMs, takenFrom }: Extract<Claim, { kind: 'ours' }>,
): NotebookMemory {
  // What the run before may have sent stays so until a look settles it.
  const claim = { claimedAtMs, runId: run.runId, sent: takenFrom !== undefined };
  if (decision.action === 'start')
    return { ...known, start: { ...claim, attempts: attemptsOf(known, decision) + 1 } };
  const { warnedAtMs, repair } = known;
  const kept = {
    ...(warnedAtMs === undefined ? {} : { warnedAtMs }),
    ...(repair === undefined ? {} : { repair }),
  };
  return { ...kept, stop: { ...claim, messageId: run.messageId, reason: decision.reason } };
}

/** Starts that were tried since the working hours opened. */
function attemptsOf({ start }: NotebookMemory, { evidence }: Plan<NotebookFacts>['decision']): number {
  const opensMs = Date.parse(String(evidence['opensAt']));
  return start === undefined || start.claimedAtMs < opensMs ? 0 : (start.attempts ?? 1);
}

/** A stop or start that is with Google. */
export interface Requested {
  readonly action: 'stop' | 'start';
  readonly operation: string | undefined;
  readonly atMs: number;
}

/** `said`: what became of a repair is told by this run. */
export type Settlement = Requested | 'given-up' | 'said';

/** Notes what became of this run's claims, by notebook: requested, or given up. */
export async function settleClaims(run: Run, settlements: ReadonlyMap<string, Settlement>): Promise<void> {
  if (settlements.size === 0) return;
  await updateMemory(run, (before) => {
    const after = { ...before };
    for (const [name, result] of settlements) {
      const { stop, start, repair, ...others } = before[name] ?? {};
      const rest = {
        ...others,
        ...(repair === undefined || repair.runId === run.runId ? {} : { repair }),
      };
      const ours = (record: { runId: string } | undefined): boolean => record?.runId === run.runId;
      if (result === 'given-up' || result === 'said') {
        const left = {
          ...rest,
          ...(stop !== undefined && (result === 'said' || !ours(stop)) ? { stop } : {}),
          ...(start !== undefined && (result === 'said' || !ours(start)) ? { start } : {}),
        };
        if (Object.keys(left).length > 0) after[name] = left;
        else Reflect.deleteProperty(after, name);
        continue;
      }
      const done = {
        requestedAtMs: result.atMs,
        ...(result.operation === undefined ? {} : { operation: result.operation }),
      };
      if (result.action === 'stop' && stop !== undefined && ours(stop))
        after[name] = { ...rest, stop: { ...stop, ...done, untold: undefined } };
      if (result.action === 'start' && start !== undefined && ours(start))
        after[name] = {
          ...rest,
          ...(stop === undefined ? {} : { stop }),
          start: { ...start, requestedAtMs: result.atMs },
        };
    }
    return after;
  });
}
