import pMap from 'p-map';
import { getBudget, type Budget } from '../../shared/budgets.ts';
import { messageOf, PermanentError } from '../../shared/errors.ts';
import { keepPoison, type EventContext } from '../../shared/handle-event.ts';
import { handOnReceipt, newRunId } from '../../shared/hand-on-receipt.ts';
import type { LeftAlone, ManifestItem, ManifestKey } from '../../shared/manifest.ts';
import type { Message } from '../../shared/message.ts';
import { Held, isRetryable, OutsideError } from '../../shared/outside-error.ts';
import { policyDigest, type Rung } from '../../shared/policy.ts';
import { startReceipt, type Decision, type OutcomeKind, type ReceiptBuilder } from '../../shared/receipt.ts';
import type { State } from '../../shared/state.ts';
import { collectTroubles, type Troubles } from '../../shared/troubles.ts';
import { takeAway } from './act.ts';
import { alertText } from './alert-text.ts';
import { configureSwitch, type Config } from './config.ts';
import { judgeNotification, judgeSender, planRung, protection, type Verdict } from './decide.ts';
import { gatherInventory, resolveProjects } from './gather.ts';
import { claimRung, followProgress, recordPlan, releaseRung, settleRung, type RungPlan } from './ladder.ts';
import { noteSpend } from './spend-rate.ts';
import { parseNotification, type Anomaly, type Notification } from './notification.ts';
import { periodEndMs, periodKey } from './period.ts';
import type { SwitchRun } from './run.ts';

/** Projects of one budget that are worked on side by side. */
const PROJECTS_AT_ONCE = 4;

/** The notify rung is the budget's, not a project's; it keeps its state under this name. */
const WHOLE_BUDGET = '_budget';

/** Handles one message of the budget topic. */
export async function guardBudget(context: EventContext, message: Message): Promise<void> {
  const config = configureSwitch(context.policy);
  const notification = await read(context, message);
  const sender = judgeSender(notification, config);
  if (sender !== undefined || notification.kind === 'anomaly') {
    say(context, notification, sender);
    return;
  }
  const budget = await lookUp(context, notification);
  if (budget === undefined) return;
  const verdict = judgeNotification(notification, budget, config, context.runtime.now());
  const rate = verdict.kind === 'ignore' ? undefined : await presentRate(context, notification, message);
  if (verdict.kind === 'due') await climb({ context, config, notification, budget, verdict, rate });
  else say(context, notification, verdict);
}

/** Per hour, for the texts. Without a state bucket, or when that cannot be had, nobody knows. */
async function presentRate(
  { state, runtime, log }: EventContext,
  notification: Notification,
  message: Message,
): Promise<number | undefined> {
  try {
    return state === undefined
      ? undefined
      : await noteSpend(state, notification, message.publishedMs ?? runtime.now().getTime());
  } catch (error) {
    log('WARNING', `Cannot tell the present rate of spending: ${messageOf(error)}`);
    return undefined;
  }
}

async function read(context: EventContext, message: Message): Promise<Notification | Anomaly> {
  try {
    return parseNotification(message);
  } catch (error) {
    if (error instanceof PermanentError) await keepPoison(context, message, error.message);
    throw error;
  }
}

/** One line for a message that nothing follows from. */
function say({ log }: EventContext, message: Notification | Anomaly, verdict: Verdict | undefined): void {
  if (verdict === undefined || verdict.kind === 'due') return;
  const what = message.kind === 'anomaly' ? 'Cost anomaly' : `Budget "${message.displayName}"`;
  const reason = verdict.kind === 'heartbeat' ? 'heartbeat' : verdict.reason;
  log(verdict.severity, `${what}: ${reason}: ${verdict.why}`, { reason });
}

/** Undefined for a budget that does not exist (any more): then nothing may be done in its name. */
async function lookUp(
  { api, runtime, log }: EventContext,
  { budget }: Notification,
): Promise<Budget | undefined> {
  try {
    return await getBudget(api, runtime.auth, budget);
  } catch (error) {
    if (!(error instanceof OutsideError) || error.status !== 404) throw error;
    log('WARNING', `Budget ${budget}: unknown-budget: it does not exist`, { reason: 'unknown-budget' });
    return undefined;
  }
}

interface Climb {
  readonly context: EventContext;
  readonly config: Config;
  readonly notification: Notification;
  readonly budget: Budget;
  readonly verdict: Extract<Verdict, { kind: 'due' }>;
  /** Spent per hour; undefined when not known. */
  readonly rate: number | undefined;
}

/** Fires every due rung, in order, on every project of the budget, and ends in one receipt. */
async function climb(due: Climb): Promise<void> {
  const { context, config, notification, budget, verdict } = due;
  const { runtime, api, log, policy } = context;
  const startedAt = runtime.now();
  const runId = newRunId(startedAt, runtime.newId());
  const troubles = collectTroubles();
  const gaps: { where: string; why: string }[] = [];
  const gap = ({ where, why, cause }: { where: string; why: string; cause?: unknown }): void => {
    gaps.push({ where, why });
    if (isRetryable(cause)) troubles.note(cause);
  };
  const above = verdict.rungs.filter((rung) => rung.do !== 'notify');
  const [projects, ownProject] =
    above.length === 0
      ? [[], '']
      : await Promise.all([resolveProjects(api, budget.projects, gap), runtime.ownProject()]);

  const receipt = startReceipt(
    {
      functionName: runtime.functionName,
      runId,
      mode: config.mode,
      startedAt,
      policyDigest: policyDigest(policy),
      projects,
    },
    () => false,
  );
  const targets = projects.filter((id) => protection(id, config, ownProject) === undefined);
  const endMs = periodEndMs(budget.period, notification.periodStartMs);
  const text = alertText({
    message: notification,
    verdict,
    basis: config.basis,
    projects: targets,
    ratePerHour: due.rate,
    hoursLeft: endMs === undefined ? undefined : (endMs - startedAt.getTime()) / 3_600_000,
  });
  if (config.mode === 'observe')
    log('WARNING', `Would act (observe): ${text}`, { budget: budget.name, runId });
  const notify = verdict.rungs.find((rung) => rung.do === 'notify');
  if (notify !== undefined)
    await attempt(troubles, receipt, budget.name, () => fireNotify(due, runId, notify, text, receipt));

  await pMap(
    projects,
    async (projectId) => {
      const why = protection(projectId, config, ownProject);
      if (why !== undefined) {
        receipt.keep(decisionOn(`projects/${projectId}`, 'keep', 'protected', { why }));
        return;
      }
      const run: SwitchRun = {
        ...context,
        runId,
        projectId,
        failure(resource, error) {
          receipt.fail({ resource, error: messageOf(error) });
          troubles.note(error);
        },
      };
      for (const rung of above) {
        const error = await attempt(troubles, receipt, `projects/${projectId}`, () =>
          fireRung(due, run, rung, text, receipt, gap),
        );
        // One rung's failure does not keep the next from firing: the money is being spent meanwhile. Another run that is
        // at work on this rung goes on to the next by itself.
        if (error instanceof Held) break;
      }
    },
    { concurrency: PROJECTS_AT_ONCE },
  );
  for (const one of gaps) receipt.incomplete(one);
  const summary = receipt.summary(startedAt, {});
  // The same alert comes every half an hour for the rest of the period: a receipt each time would say nothing new.
  if (summary.decisions.length + summary.failures.length + summary.incomplete.length === 0) {
    log('INFO', `Budget "${budget.displayName}": all due rungs have fired before`, {
      kept: summary.kept,
      runId,
    });
    return;
  }
  await handOnReceipt(
    context,
    { runId, startedAt, title: `budget "${budget.displayName}"` },
    receipt,
    (error) => {
      troubles.note(error);
    },
  );
  troubles.throwIfAny(budget.name);
}

/** Runs a step whose failure belongs into the receipt and does not end the run. Returns what it threw. */
async function attempt(
  troubles: Troubles,
  receipt: ReceiptBuilder,
  resource: string,
  step: () => Promise<void>,
): Promise<unknown> {
  try {
    await step();
    return undefined;
  } catch (error) {
    receipt.fail({ resource, error: messageOf(error) });
    troubles.note(error);
    return error;
  }
}

async function fireNotify(
  { context, config, notification, budget }: Climb,
  runId: string,
  rung: Rung,
  text: string,
  receipt: ReceiptBuilder,
): Promise<void> {
  const { runtime, api, log, policy, state } = context;
  const decision = decisionOn(budget.name, 'notify', reasonOf(rung), { text });
  if (config.mode === 'observe') {
    receipt.add({ ...decision, outcome: 'planned' });
    return;
  }
  const run: SwitchRun = { ...context, runId, projectId: WHOLE_BUDGET, failure: () => undefined };
  const key = keyOf(notification, WHOLE_BUDGET);
  if (state !== undefined && (await claimRung(run, state, key, rung)).kind === 'fired-before') {
    receipt.keep({ ...decision, action: 'keep', reason: 'fired-before' });
    return;
  }
  // The field is what a log-based alert looks for.
  log('WARNING', text, { alert: 'budget-rung', budget: budget.name, rung: rung.do, runId });
  const topic = runtime.environment['NOTIFY_TOPIC'] ?? policy.receiptsTopic;
  try {
    if (topic !== undefined)
      await api.call('pubsub.topics.publish', () =>
        runtime.clients.publish(topic, JSON.stringify({ alert: 'budget-rung', budget: budget.name, text })),
      );
  } catch (error) {
    // Told twice is better than not at all: the next delivery may do it at once.
    if (state !== undefined) await releaseRung(run, state, key, rung);
    throw error;
  }
  if (state !== undefined) await settleRung(run, state, key, rung, []);
  receipt.add({ ...decision, outcome: 'done' });
}

/** Fires one rung on one project: claim, plan, write the manifest, and only then take away. */
async function fireRung(
  { context, config, notification, budget }: Climb,
  run: SwitchRun,
  rung: Rung,
  text: string,
  receipt: ReceiptBuilder,
  gap: Parameters<typeof resolveProjects>[2],
): Promise<void> {
  const { runtime, api, log, state } = context;
  const resource = `projects/${run.projectId}`;
  const plan = async (): Promise<RungPlan> => {
    let complete = true;
    const inventory = await gatherInventory(runtime, api, run.projectId, rung.do, (one) => {
      complete = false;
      gap(one);
    });
    return { ...planRung(rung.do, inventory, config, runtime.now()), complete };
  };
  if (config.mode === 'observe') {
    const { items, left } = await plan();
    report(receipt, rung, items, left, () => 'planned');
    receipt.add({
      ...decisionOn(resource, rung.do, reasonOf(rung), { items: items.length, left: left.length }),
      outcome: 'planned',
    });
    return;
  }
  const stored = requireState(state);
  const key = keyOf(notification, run.projectId);
  const claimed = await claimRung(run, stored, key, rung);
  if (claimed.kind === 'fired-before') {
    receipt.keep(decisionOn(resource, 'keep', 'fired-before', { rung: rung.do }));
    return;
  }
  const { earlier } = claimed;
  const resumed = earlier !== undefined;
  const present = earlier?.complete === true ? earlier : mergePlans(earlier, await plan());
  if (present !== earlier) await recordPlan(run, stored, key, rung, present);
  const { items, left } = present;
  log('WARNING', `${rung.do} ${resumed ? 'goes on' : 'fires'} on ${run.projectId}: ${text}`, {
    alert: 'budget-rung',
    budget: budget.name,
    rung: rung.do,
    runId: run.runId,
  });

  const progress = followProgress(run, stored, key, rung, items);
  const askedBefore = mayHaveBeenAsked(earlier);
  await takeAway(run, rung.do, items, (item) =>
    progress.done(
      item.status === 'already' && askedBefore.has(item.resource) ? { ...item, status: 'done' } : item,
    ),
  );
  const result = progress.items();
  await settleRung(run, stored, key, rung, result);
  report(receipt, rung, result, left, (item) => (item.status === 'planned' ? 'failed' : item.status));
  const failed = result.some((item) => item.status === 'failed' || item.status === 'planned');
  receipt.add({
    ...decisionOn(resource, rung.do, reasonOf(rung), { items: items.length, left: left.length, resumed }),
    outcome: failed ? 'failed' : 'done',
  });
}

/**
 * What an earlier delivery asked for is our doing as well: it may have died, or waited in vain for an answer, before it
 * could say so. What it was refused is not.
 */
function mayHaveBeenAsked(earlier: RungPlan | undefined): ReadonlySet<string> {
  const items = earlier?.items ?? [];
  return new Set(
    items.filter((item) => item.status === 'planned' || item.asked === true).map(({ resource }) => resource),
  );
}

/** What could not be seen the first time joins what was planned then; that stays as it is. */
function mergePlans(earlier: RungPlan | undefined, fresh: RungPlan): RungPlan {
  if (earlier === undefined) return fresh;
  // Unlinked is unlinked: whoever linked the project again since has seen to it.
  if (earlier.items.some((item) => item.kind === 'billing' && isDealtWith(item)))
    return { ...earlier, items: earlier.items.map(settleWithBilling), complete: true };
  const known = new Set(earlier.items.map((item) => item.resource));
  return { ...fresh, items: [...earlier.items, ...fresh.items.filter((item) => !known.has(item.resource))] };
}

function isDealtWith({ status }: ManifestItem): boolean {
  return status === 'done' || status === 'already';
}

function settleWithBilling(item: ManifestItem): ManifestItem {
  return isDealtWith(item) ? item : { ...item, status: 'done' };
}

function report(
  receipt: ReceiptBuilder,
  rung: Rung,
  items: readonly ManifestItem[],
  left: readonly LeftAlone[],
  outcomeOf: (item: ManifestItem) => OutcomeKind,
): void {
  for (const item of items)
    receipt.add({
      ...decisionOn(item.resource, ACTIONS[item.kind], reasonOf(rung), {
        ...(item.why === undefined ? {} : { why: item.why }),
      }),
      outcome: outcomeOf(item),
    });
  for (const { resource, reason } of left)
    receipt.keep(decisionOn(resource, 'keep', 'left-alone', { why: reason, rung: rung.do }));
}

const ACTIONS: Readonly<Record<ManifestItem['kind'], string>> = {
  notebook: 'stop',
  vm: 'stop',
  'custom-job': 'cancel',
  'hyperparameter-tuning-job': 'cancel',
  'tuning-job': 'cancel',
  endpoint: 'undeploy',
  billing: 'unlink',
};

/** What a stop of these saves is not priced: the budget's own figures say what they cost. */
function decisionOn(
  resource: string,
  action: string,
  reason: string,
  evidence: Readonly<Record<string, unknown>>,
): Decision {
  return { resource, action, reason, evidence, usdPerHour: 'unpriced' };
}

function reasonOf(rung: Rung): string {
  return `rung-${Number((rung.at * 100).toFixed(4))}-percent`;
}

function keyOf({ budget, periodStartMs }: Notification, project: string): ManifestKey {
  return { budget, period: periodKey(periodStartMs), project };
}

function requireState(state: State | undefined): State {
  if (state === undefined)
    throw new PermanentError(
      'Cannot take anything away: the policy names no "state" bucket for the restore manifest',
    );
  return state;
}
