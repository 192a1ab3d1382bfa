import { formatUsdPerHour } from './compute-price.ts';
import { messageOf } from './errors.ts';
import { isRetryable, OutsideError } from './outside-error.ts';
import { policyDigest, type Mode, type Policy } from './policy.ts';
import {
  startReceipt,
  type DecidedOutcome,
  type Decision,
  type Gap,
  type Receipt,
  type ReceiptBuilder,
} from './receipt.ts';
import type { EventContext } from './run-tick.ts';

/**
 * A function that goes through the resources of a project: gather pages of facts, decide on each, act on what is not to
 * be kept. `decide` and `limit` are pure.
 */
export interface Sweep<Config, Facts> {
  configure(policy: Policy): Config & { readonly mode: Mode };
  /** Yields the facts page by page; what cannot be read goes to `run.gap`. A throw ends the listing, not the run. */
  gather(run: Run, config: Config): AsyncIterable<readonly Facts[]>;
  decide(facts: Facts, config: Config, now: Date): readonly Decision[];
  /** Orders what is to be done and turns what is over the limits into reports. */
  limit(plans: readonly Plan<Facts>[], config: Config): readonly Plan<Facts>[];
  /** Whether `act` needs these facts although their resource is kept. */
  watches(facts: Facts): boolean;
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
  readonly startedAt: Date;
  /** Notes what could not be read; a `cause` that may pass makes the event fail in the end, so that it is read again. */
  readonly gap: (gap: Gap & { readonly cause?: unknown }) => void;
}

export interface Reporter<Facts> {
  outcome(plan: Plan<Facts>, outcome: DecidedOutcome): void;
  /** The action failed: the outcome is `failed`, and the event fails in the end when a retry can help. */
  failure(plan: Plan<Facts>, error: unknown): void;
}

/** Sweeps one project and ends in one receipt. Throws when something failed that a redelivery can mend. */
export async function sweepProject<Config, Facts>(
  context: EventContext,
  sweep: Sweep<Config, Facts>,
  projectId: string,
): Promise<void> {
  const { runtime, policy } = context;
  const startedAt = runtime.now();
  const config = sweep.configure(policy);
  const runId = `${startedAt.toISOString().replace(/[-:]|\.\d+/g, '')}-${runtime.newId().slice(0, 8)}`;
  const receipt = startReceipt(
    {
      functionName: runtime.functionName,
      runId,
      mode: config.mode,
      startedAt,
      policyDigest: policyDigest(policy),
      projects: [projectId],
    },
    (decision) => sweep.saves(decision),
  );
  const retry: unknown[] = [];
  // What is neither to be retried nor Google's refusal: the run still ends in its receipt before this goes on.
  let broken: { readonly error: unknown } | undefined;
  const judge = (error: unknown): void => {
    if (isRetryable(error)) retry.push(error);
    else if (!(error instanceof OutsideError)) broken ??= { error };
  };
  const run: Run = {
    ...context,
    runId,
    projectId,
    startedAt,
    gap({ where, why, cause }) {
      receipt.incomplete({ where, why });
      if (isRetryable(cause)) retry.push(cause);
    },
  };

  const plans: Plan<Facts>[] = [];
  const watched: Facts[] = [];
  let unread = false;
  try {
    for await (const page of sweep.gather(run, config))
      for (const facts of page) {
        if (sweep.watches(facts)) watched.push(facts);
        for (const decision of sweep.decide(facts, config, startedAt)) {
          if (decision.action === 'keep') receipt.keep(decision);
          else plans.push({ decision, facts });
        }
      }
  } catch (error) {
    unread = true;
    receipt.incomplete({ where: `projects/${projectId}`, why: messageOf(error) });
    judge(error);
  }

  const chosen = sweep.limit(plans, config);
  if (config.mode === 'observe')
    for (const { decision } of chosen) receipt.add({ ...decision, outcome: 'planned' });
  else if (chosen.length > 0 || !unread) {
    const open = new Set(chosen);
    const failure = (plan: Plan<Facts>, error: unknown): void => {
      open.delete(plan);
      receipt.add({ ...plan.decision, outcome: 'failed' });
      receipt.fail({ resource: plan.decision.resource, error: messageOf(error) });
      judge(error);
    };
    try {
      await sweep.act(
        run,
        config,
        { plans: chosen, watched, complete: receipt.isComplete() },
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
      judge(error);
    }
  }

  await finish(run, receipt, judge);
  if (broken !== undefined) throw broken.error;
  if (retry.length > 0)
    throw new Error(`Cannot finish the run on "${projectId}": ${messageOf(retry[0])}`, { cause: retry[0] });
}

/**
 * Logs, stores and publishes the receipt, in this order: what is logged survives whatever comes after, and where one
 * way fails the others are still tried.
 */
async function finish(run: Run, receipt: ReceiptBuilder, judge: (error: unknown) => void): Promise<void> {
  const { runtime, api, log, policy, state } = run;
  const finishedAt = runtime.now();
  const summary = receipt.summary(finishedAt, { ...api.calls });
  for (const decision of summary.decisions)
    log(severityOf(decision), describe(decision), { runId: run.runId, decision });
  const { decisions, ...counts } = summary;
  const severity = summary.failures.length > 0 ? 'ERROR' : summary.incomplete.length > 0 ? 'WARNING' : 'INFO';
  log(severity, summarise(run.projectId, summary), {
    runId: run.runId,
    receipt: { ...counts, decisions: decisions.length },
  });

  const [day = ''] = run.startedAt.toISOString().split('T');
  const name = `receipts/${runtime.functionName}/${day.replaceAll('-', '/')}/${run.runId}.json`;
  const topic = policy.receiptsTopic;
  const ways = [
    () => state?.write(name, receipt.text(finishedAt, { ...api.calls })),
    () =>
      topic === undefined
        ? undefined
        : api.call('pubsub.topics.publish', () => runtime.clients.publish(topic, JSON.stringify(summary))),
  ];
  for (const way of ways)
    try {
      await way();
    } catch (error) {
      log('ERROR', `Cannot hand on the receipt of run ${run.runId}: ${messageOf(error)}`);
      judge(error);
    }
}

function severityOf(outcome: DecidedOutcome): 'ERROR' | 'WARNING' | 'NOTICE' {
  if (outcome.outcome === 'failed') return 'ERROR';
  return outcome.action === 'report' || outcome.action === 'warn' ? 'WARNING' : 'NOTICE';
}

/** One decision as a sentence, e.g. `stop (done) projects/…/nb-1: idle, $0.95/h`. What changes no cost names none. */
function describe(outcome: DecidedOutcome): string {
  const price = outcome.usdPerHour === 0 ? '' : `, ${formatUsdPerHour(outcome.usdPerHour)}`;
  return `${outcome.action} (${outcome.outcome}) ${outcome.resource}: ${outcome.reason}${price}`;
}

/** The run as one sentence. */
function summarise(projectId: string, receipt: Receipt): string {
  const counts = new Map<string, number>();
  for (const { action, outcome } of receipt.decisions) {
    const key = `${action} ${outcome}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const acted = [...counts].map(([key, count]) => `${key}: ${count}`);
  const kept = Object.entries(receipt.kept).map(([reason, count]) => `${reason}: ${count}`);
  const { usdPerHour, unpriced } = receipt.savings;
  const verb = receipt.mode === 'observe' ? 'would save' : 'saves';
  return [
    `${projectId} (${receipt.mode})`,
    acted.length > 0 ? acted.join(', ') : 'nothing to do',
    `kept ${kept.length > 0 ? kept.join(', ') : 'none'}`,
    `${verb} ${formatUsdPerHour(usdPerHour)}${unpriced > 0 ? ` and ${unpriced} unpriced` : ''}`,
    ...(receipt.incomplete.length > 0
      ? [
          `INCOMPLETE: ${receipt.incomplete
            .map((gap) => `${gap.where} (${gap.why})`)
            .slice(0, 5)
            .join('; ')}`,
        ]
      : []),
    ...(receipt.failures.length > 0 ? [`${receipt.failures.length} FAILED`] : []),
  ].join('; ');
}
