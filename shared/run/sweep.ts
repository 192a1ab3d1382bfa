import { messageOf } from '../errors.ts';
import { policyDigest, type Mode, type Policy, type PolicySection } from '../policy/policy.ts';
import { startReceipt, type DecidedOutcome, type Decision, type Gap } from './receipt.ts';
import { noteStrange, textField, type StrangeItem } from '../google/read-items.ts';
import type { PartEnd, SweepPart } from './sweep-chain.ts';
import { collectRunErrors, type RunErrors } from './run-errors.ts';
import { startDelivery } from './deliver-receipt.ts';
import type { EventContext } from './handle-event.ts';

/**
 * A function that goes through the resources of a project: gather pages of facts, decide on each, act on what is not to
 * be kept. `decide` and `limit` are pure.
 */
export interface Sweep<Config, Facts> {
  /**
   * `whole` (the default): one call of `act` after the listing, for functions whose limits need to see all plans. `page`:
   * one for each page as it comes, so that memory does not grow with the plans, and one at the end to tidy up. Only `page` goes
   * on in further events: the limits of a `whole` sweep (`maxStops`) bound what it does, and the next delivery or tick sees
   * the rest.
   */
  readonly actOn?: 'whole' | 'page';
  /**
   * For `page`: the place of a page's last resource in the order of the listing, undefined for a page without one. `gather`
   * leaves out what is not behind `run.after`. With it a run that does not fit into one event goes on in another.
   */
  placeOf?(page: readonly Facts[]): string | undefined;
  /** The sections of the policy that it reads; all when absent. */
  readonly sections?: readonly PolicySection[];
  /** What the function reads of the policy. Throws `PermanentError` where the policy does not have its section. */
  configure(policy: Policy): Config & { readonly mode: Mode };
  /** Yields the facts page by page; what cannot be read goes to `run.gap`. A throw ends the listing, not the run. */
  gather(run: Run, config: Config): AsyncIterable<readonly Facts[]>;
  decide(facts: Facts, config: Config, now: Date): readonly Decision[];
  /** Orders what is to be done and turns what is over the limits into reports. */
  limit(plans: readonly Plan<Facts>[], config: Config): readonly Plan<Facts>[];
  /** Whether `act` needs these facts although their resource is kept. */
  watches(facts: Facts, config: Config, now: Date): boolean;
  /** Carries the plans out and reports each outcome. Also called without plans, to tidy up what is remembered. */
  act(run: Run, config: Config, work: Work<Facts>, report: Reporter<Facts>): Promise<void>;
  /** Whether a decision, carried out, saves its `usdPerHour`. */
  saves(decision: Decision): boolean;
}

/** A decision that is not `keep`, with the facts behind it. */
export interface Plan<Facts> {
  readonly decision: Decision;
  readonly facts: Facts;
}

export interface Work<Facts> {
  readonly plans: readonly Plan<Facts>[];
  readonly watched: readonly Facts[];
  /** Whether every resource was seen: what is missing then does not exist. */
  readonly complete: boolean;
}

export interface Run extends EventContext {
  readonly runId: string;
  readonly projectId: string;
  /** The Pub/Sub message's id: the same in each delivery of one tick. */
  readonly messageId: string;
  readonly startedAt: Date;
  /** Resources up to this place in the order of the listing were dealt with in an earlier event. */
  readonly after: string;
  /**
   * Notes what could not be read. A `cause` that may pass, or a right that is missing, makes the event fail in the end, so that it
   * is read again.
   */
  readonly gap: (gap: Gap & { readonly cause?: unknown }) => void;
  /**
   * Keeps resources that are there and cannot be read, as `not-evaluable`, and notes that the run is not complete.
   * `where` names the listing.
   */
  readonly keepStrange: (where: string, strange: readonly StrangeItem[]) => void;
}

export interface Reporter<Facts> {
  outcome(plan: Plan<Facts>, outcome: DecidedOutcome): void;
  /** The action failed: the outcome is `failed`, and the event fails in the end when a retry can help. */
  failure(plan: Plan<Facts>, error: unknown): void;
}

export interface SweepStart {
  readonly messageId: string;
  readonly runId: string;
  readonly startedAt: Date;
  readonly part: SweepPart;
}

/** How a run ended. Where it throws nothing, `errors` holds what a redelivery may settle. */
export interface SweepEnd extends Omit<PartEnd, 'failed'> {
  readonly errors: RunErrors;
}

/** Sweeps one project, or the part of it that fits into one event, and ends in one receipt. */
export async function sweepProject<Config, Facts>(
  context: EventContext,
  sweep: Sweep<Config, Facts>,
  projectId: string,
  { messageId, runId, startedAt, part }: SweepStart,
): Promise<SweepEnd> {
  const { runtime, api, policy } = context;
  const config = sweep.configure(policy);
  let seen = 0;
  const receipt = startReceipt(
    {
      functionName: runtime.functionName,
      runId,
      mode: config.mode,
      startedAt,
      policyDigest: policyDigest(policy),
      projects: [projectId],
      seriesRead() {
        const total = api.seriesRead();
        return total === 0
          ? undefined
          : { total, perResource: Number((total / Math.max(1, seen)).toPrecision(3)) };
      },
    },
    (decision) => sweep.saves(decision),
  );
  const delivery = startDelivery(context, { runId, startedAt, title: projectId }, receipt);
  const runErrors = collectRunErrors();
  const run: Run = {
    ...context,
    runId,
    projectId,
    messageId,
    startedAt,
    after: part.after,
    gap({ where, why, cause }) {
      receipt.incomplete({ where, why });
      if (cause !== undefined) runErrors.noteUnread(cause);
    },
    keepStrange(where, strange) {
      noteStrange(
        (gap) => {
          receipt.incomplete(gap);
        },
        where,
        strange,
      );
      for (const { path, why, raw } of strange)
        receipt.keep({
          resource: textField(raw, 'name') ?? `${where} ${path}`,
          action: 'keep',
          reason: 'not-evaluable',
          evidence: { path, why },
          usdPerHour: 'unpriced',
        });
    },
  };

  const carryOut = async (plans: readonly Plan<Facts>[], watched: readonly Facts[], complete: boolean) => {
    const chosen = sweep.limit(plans, config);
    if (config.mode === 'observe') {
      for (const { decision } of chosen) receipt.add({ ...decision, outcome: 'planned' });
      return;
    }
    const open = new Set(chosen);
    const failure = (plan: Plan<Facts>, error: unknown): void => {
      open.delete(plan);
      receipt.add({ ...plan.decision, outcome: 'failed' });
      receipt.fail({ resource: plan.decision.resource, error: messageOf(error) });
      runErrors.noteFailedAction(error);
    };
    try {
      await sweep.act(
        run,
        config,
        { plans: chosen, watched, complete },
        {
          outcome(plan, outcome) {
            open.delete(plan);
            receipt.add(outcome);
          },
          failure,
        },
      );
    } catch (error) {
      if (open.size === 0) receipt.fail({ resource: `projects/${projectId}`, error: messageOf(error) });
      for (const plan of open) failure(plan, error);
      runErrors.noteFailedAction(error);
    }
  };

  let plans: Plan<Facts>[] = [];
  let watched: Facts[] = [];
  let unread = false;
  let reached = part.after;
  let next: string | undefined;
  let longestMs = MIN_RESERVE_MS;
  let pageStartMs = startedAt.getTime();
  try {
    for await (const page of sweep.gather(run, config)) {
      seen += page.length;
      for (const facts of page) {
        if (sweep.watches(facts, config, startedAt)) watched.push(facts);
        for (const decision of sweep.decide(facts, config, startedAt)) {
          if (decision.action === 'keep') receipt.keep(decision);
          else plans.push({ decision, facts });
        }
      }
      if (sweep.actOn === 'page' && plans.length + watched.length > 0) {
        await carryOut(plans, watched, false);
        plans = [];
        watched = [];
      }
      await delivery.flush();
      reached = sweep.placeOf?.(page) ?? reached;
      const nowMs = runtime.now().getTime();
      longestMs = Math.max(longestMs, (nowMs - pageStartMs) * PAGE_MARGIN);
      pageStartMs = nowMs;
      const isOver = api.timeLeftMs() < longestMs || receipt.isLong();
      if (!isOver || sweep.placeOf === undefined || reached === part.after) continue;
      next = reached;
      break;
    }
  } catch (error) {
    unread = true;
    receipt.incomplete({ where: `projects/${projectId}`, why: messageOf(error) });
    runErrors.noteUnread(error);
  }
  const isLast = next === undefined && !unread;
  if (plans.length > 0 || isLast) await carryOut(plans, watched, isLast && receipt.isComplete());
  if (part.part > 1 || next !== undefined)
    receipt.link({ id: part.id, part: part.part, previous: part.previous, goesOn: next !== undefined });

  await delivery.finish((error) => {
    runErrors.noteLostReceipt(error);
  });
  return { runId, next, reached, unread, stored: delivery.stored, errors: runErrors };
}

/** Time that a page is given at least, and how much longer than the longest so far the next one may take. */
const MIN_RESERVE_MS = 60_000;
const PAGE_MARGIN = 1.5;
