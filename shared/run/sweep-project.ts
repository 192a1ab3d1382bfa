import { messageOf } from '../errors.ts';
import { noteStrange, textField } from '../google/read-items.ts';
import { agedBooks } from '../prices/age/book-age.ts';
import { policyDigest, type Mode } from '../policy/policy.ts';
import { carryOut } from './carry-out.ts';
import { startDelivery, type Delivery } from './deliver-receipt.ts';
import type { EventContext } from './handle-event.ts';
import { startReceipt, type ReceiptBuilder } from './receipt.ts';
import { collectRunErrors, type RunErrors } from './run-errors.ts';
import type { PartEnd, SweepPart } from './sweep-chain.ts';
import type { Plan, Run, Sweep } from './sweep.ts';

export interface SweepStart {
  readonly messageId: string;
  readonly runId: string;
  readonly startedAt: Date;
  readonly part: SweepPart;
  readonly earlier: readonly string[] | undefined;
}

/** How a run ended. Where it throws nothing, `errors` holds what a redelivery may settle. */
export interface SweepEnd extends Omit<PartEnd, 'failed'> {
  readonly errors: RunErrors;
}

/** A sweep of one project at work. */
export interface Sweeping<Config, Facts> {
  readonly sweep: Sweep<Config, Facts>;
  readonly config: Config & { readonly mode: Mode };
  readonly run: Run;
  readonly receipt: ReceiptBuilder;
  readonly runErrors: RunErrors;
  /** How much of the run's cap is used up, parts before this one included. */
  readonly cap: { used: number };
}

/** Sweeps one project, or the part of it that fits into one event, and ends in one receipt. */
export async function sweepProject<Config, Facts>(
  context: EventContext,
  sweep: Sweep<Config, Facts>,
  projectId: string,
  start: SweepStart,
): Promise<SweepEnd> {
  const { runId, startedAt, part } = start;
  const config = sweep.configure(context.policy);
  const seen = { resources: 0 };
  const receipt = startReceipt(
    {
      functionName: context.runtime.functionName,
      runId,
      mode: config.mode,
      startedAt,
      policyDigest: policyDigest(context.policy),
      projects: [projectId],
      books: agedBooks(sweep.books(), startedAt),
      seriesRead: () => seriesPerResource(context.api.seriesRead(), seen.resources),
      pointsWritten: () => context.api.pointsWritten(),
    },
    (decision) => sweep.saves(decision),
  );
  const delivery = startDelivery(context, { runId, startedAt, title: projectId }, receipt);
  const runErrors = collectRunErrors();
  const run = startRun(context, projectId, start, { receipt, runErrors });
  const cap = { used: part.used ?? 0 };
  const { next, reached, unread } = await sweepPages(
    { sweep, config, run, receipt, runErrors, cap },
    delivery,
    seen,
  );
  if (part.part > 1 || next !== undefined)
    receipt.link({ id: part.id, part: part.part, previous: part.previous, goesOn: next !== undefined });
  await delivery.finish((error) => {
    runErrors.noteLostReceipt(error);
  });
  return { runId, next, reached, unread, stored: delivery.stored, used: cap.used, errors: runErrors };
}

function seriesPerResource(
  total: number,
  resources: number,
): { readonly total: number; readonly perResource: number } | undefined {
  return total === 0
    ? undefined
    : { total, perResource: Number((total / Math.max(1, resources)).toPrecision(3)) };
}

/** The run as `gather` and `act` see it. */
function startRun(
  context: EventContext,
  projectId: string,
  { runId, messageId, startedAt, part, earlier }: SweepStart,
  { receipt, runErrors }: { readonly receipt: ReceiptBuilder; readonly runErrors: RunErrors },
): Run {
  return {
    ...context,
    runId,
    projectId,
    messageId,
    startedAt,
    earlier,
    after: part.after,
    gap({ where, why, cause }) {
      receipt.incomplete({ where, why });
      if (cause !== undefined) runErrors.noteUnread(cause);
    },
    keepStrange(where, strange) {
      const note: Parameters<typeof noteStrange>[0] = (gap) => {
        receipt.incomplete(gap);
      };
      noteStrange(note, where, strange);
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
}

/** Gathers page by page and decides; acts on each page or, where limits need to see all plans, once at the end. */
async function sweepPages<Config, Facts>(
  sweeping: Sweeping<Config, Facts>,
  delivery: Delivery,
  seen: { resources: number },
): Promise<Pick<SweepEnd, 'next' | 'reached' | 'unread'>> {
  const { sweep, config, run, receipt, runErrors } = sweeping;
  const fits = nextPageFits(run);
  let plans: Plan<Facts>[] = [];
  let watched: Facts[] = [];
  let unread = false;
  let reached = run.after;
  let next: string | undefined;
  try {
    for await (const page of sweep.gather(run, config)) {
      seen.resources += page.length;
      for (const facts of page) {
        if (sweep.watches(facts, config, run.startedAt)) watched.push(facts);
        plans.push(...plansFor(sweeping, facts));
      }
      if (sweep.actOn === 'page' && plans.length + watched.length > 0) {
        await carryOut(sweeping, { plans, watched, complete: false });
        plans = [];
        watched = [];
      }
      await delivery.flush();
      reached = sweep.placeOf?.(page) ?? reached;
      const isOver = !fits() || receipt.isLong();
      if (!isOver || sweep.placeOf === undefined || reached === run.after) continue;
      next = reached;
      break;
    }
  } catch (error) {
    unread = true;
    receipt.incomplete({ where: `projects/${run.projectId}`, why: messageOf(error) });
    runErrors.noteUnread(error);
  }
  const isLast = next === undefined && !unread;
  const complete = isLast && receipt.isComplete();
  if (plans.length > 0 || isLast) await carryOut(sweeping, { plans, watched, complete });
  return { next, reached, unread };
}

/** What is decided on one resource and is not to keep it; what keeps it goes to the receipt. */
function plansFor<Config, Facts>(
  { sweep, config, run, receipt }: Sweeping<Config, Facts>,
  facts: Facts,
): readonly Plan<Facts>[] {
  const plans: Plan<Facts>[] = [];
  for (const decision of sweep.decide(facts, config, run.startedAt))
    if (decision.action === 'keep') receipt.keep(decision);
    else plans.push({ decision, facts });
  return plans;
}

/** Time that a page is given at least, and how much longer than the longest so far the next one may take. */
const MIN_RESERVE_MS = 60_000;
const PAGE_MARGIN = 1.5;

/** To be called after each page: whether there is time for another. */
function nextPageFits({ runtime, api, startedAt }: Run): () => boolean {
  let longestMs = MIN_RESERVE_MS;
  let pageStartMs = startedAt.getTime();
  return () => {
    const nowMs = runtime.now().getTime();
    longestMs = Math.max(longestMs, (nowMs - pageStartMs) * PAGE_MARGIN);
    pageStartMs = nowMs;
    return api.timeLeftMs() >= longestMs;
  };
}
