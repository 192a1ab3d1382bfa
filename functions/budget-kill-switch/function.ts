import { agedBooks } from '../../shared/prices/age/book-age.ts';
import { runningBookDates } from '../../shared/prices/age/running-book-dates.ts';
import pMap from 'p-map';
import { getBudget, type Budget } from '../../shared/google/budgets.ts';
import { messageOf, PermanentError } from '../../shared/errors.ts';
import { storePoisonMessage, type EventContext } from '../../shared/run/handle-event.ts';
import { deliverReceipt, newRunId } from '../../shared/run/deliver-receipt.ts';
import type { Message } from '../../shared/run/message.ts';
import type { ProjectRef } from '../../shared/google/projects.ts';
import { isRetryable, GoogleApiError } from '../../shared/google/google-api-error.ts';
import { policyDigest } from '../../shared/policy/policy.ts';
import { startReceipt, type DecidedOutcome, type ReceiptBuilder } from '../../shared/run/receipt.ts';
import { collectRunErrors, type RunErrors } from '../../shared/run/run-errors.ts';
import { sendNotice } from '../../shared/notify/send.ts';
import { alertNotice } from './message/alert-notice.ts';
import { alertText } from './message/alert-text.ts';
import { holdAtTick, isTick } from './message/hold-at-tick.ts';
import { noteInForce } from './message/in-force.ts';
import { sayMadeAnew } from './message/made-anew.ts';
import { configureSwitch } from './config.ts';
import { judgeNotification, judgeSender, protection, type Verdict } from './decide.ts';
import { withEstimate } from './estimate/with-estimate.ts';
import { fireRungs, type Firing } from './ladder/fire.ts';
import type { Due } from './ladder/hold.ts';
import { fireNotify } from './ladder/notify.ts';
import { resolveProjects, type NoteGap } from './gather.ts';
import { periodEndMs } from './message/period.ts';
import { noteMessage } from './message/note-message.ts';
import { parseNotification, type Anomaly, type Notification } from './message/notification.ts';
import { decisionOn } from './ladder/report-rung.ts';
import type { SwitchRun } from './run.ts';
import { readOthers } from './settle/others.ts';
import { noteHeard } from './message/silence.ts';
import { noteSpend } from './message/spend-rate.ts';

/** Projects of one budget that are worked on side by side. */
const PROJECTS_AT_ONCE = 4;

/** Handles one message of the budget topic, or the switch's own tick. */
export async function guardBudget(context: EventContext, message: Message): Promise<void> {
  const config = configureSwitch(context.policy);
  if (isTick(message)) {
    await holdAtTick(context, config, message, {
      lookUp: (notification) => lookUp(context, notification),
      fire: (notification, budget, verdict) =>
        fireDueRungs({ context, config, notification, budget, verdict, rate: undefined }),
    });
    return;
  }
  const notification = await read(context, message);
  const sender = judgeSender(notification, config);
  if (sender !== undefined || notification.kind === 'anomaly') {
    const isSaid =
      notification.kind === 'budget' &&
      sender?.kind === 'ignore' &&
      sender.reason === 'not-allowed' &&
      (await sayMadeAnew(context, config, notification));
    if (!isSaid) say(context, notification, sender);
    return;
  }
  const budget = await lookUp(context, notification);
  if (budget === undefined) return;
  const told = judgeNotification(notification, budget, config, context.runtime.now());
  const publishedMs = message.publishedMs ?? context.runtime.now().getTime();
  if (told.kind !== 'ignore') {
    await noteMessage(context, notification, budget, publishedMs);
    await noteHeard(context, config, notification.budget, publishedMs);
  }
  await noteInForce(context, config, notification, told, publishedMs);
  const verdict = await withEstimate(context, config, { ...notification, budget }, told);
  // Observing changes nothing, not even what is remembered.
  const rate =
    verdict.kind === 'ignore' || config.mode === 'observe'
      ? undefined
      : await presentRate(context, notification, message);
  if (verdict.kind === 'due') await fireDueRungs({ context, config, notification, budget, verdict, rate });
  else say(context, notification, verdict);
}

/** Per hour, for the texts. Without a state bucket, or when that cannot be had, it is unknown. */
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
    if (error instanceof PermanentError) await storePoisonMessage(context, message, error.message);
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
    if (!(error instanceof GoogleApiError) || error.status !== 404) throw error;
    log('WARNING', `Budget ${budget}: unknown-budget: it does not exist`, { reason: 'unknown-budget' });
    return undefined;
  }
}

/** Fires every due rung, in order, on every project of the budget, and ends in one receipt. */
async function fireDueRungs(due: Due): Promise<void> {
  const { context, config, budget, verdict } = due;
  const { runtime, api, log, policy } = context;
  const startedAt = runtime.now();
  const runId = newRunId(startedAt, runtime.newId());
  const runErrors = collectRunErrors();
  const gaps: { where: string; why: string }[] = [];
  const gap: NoteGap = ({ where, why, cause }) => {
    gaps.push({ where, why });
    if (isRetryable(cause)) runErrors.note(cause);
  };
  const actsOnProjects = verdict.rungs.some((rung) => rung.do !== 'notify');
  const [projects, ownProject] = actsOnProjects
    ? await Promise.all([resolveProjects(api, budget.projects, gap), runtime.ownProject()])
    : [[], ''];
  const ids = projects.map(({ projectId }) => projectId);
  const receipt = startReceipt(
    {
      functionName: runtime.functionName,
      runId,
      mode: config.mode,
      startedAt,
      policyDigest: policyDigest(policy),
      projects: ids,
      books: agedBooks(runningBookDates(), startedAt),
    },
    () => false,
  );
  const text = textOf(
    due,
    startedAt,
    ids.filter((id) => protection(id, config, ownProject) === undefined),
  );
  if (config.mode === 'observe')
    log('WARNING', `Would act (observe): ${text}`, { budget: budget.name, runId });
  await fireAll({ due, runId, runErrors, receipt, gap, text }, projects, ownProject);
  for (const one of gaps) receipt.incomplete(one);
  await deliver(due, runId, startedAt, receipt, runErrors);
}

function textOf(
  { config, notification, budget, verdict, rate }: Due,
  now: Date,
  targets: readonly string[],
): string {
  const endMs = periodEndMs(budget.period, notification.periodStartMs);
  return alertText({
    message: notification,
    verdict,
    basis: config.basis,
    projects: targets,
    ratePerHour: rate,
    hoursLeft: endMs === undefined ? undefined : (endMs - now.getTime()) / 3_600_000,
  });
}

/** What one message's rungs fire with. */
interface Volley {
  readonly due: Due;
  readonly runId: string;
  readonly runErrors: RunErrors;
  readonly receipt: ReceiptBuilder;
  readonly gap: NoteGap;
  readonly text: string;
}

async function fireAll(volley: Volley, projects: readonly ProjectRef[], ownProject: string): Promise<void> {
  const { due, runId, runErrors, receipt, gap, text } = volley;
  const { context, config, verdict, budget } = due;
  const attempt: Firing['attempt'] = (resource, step) => attemptStep(runErrors, receipt, resource, step);
  const notify = verdict.rungs.find((rung) => rung.do === 'notify');
  const alerted: DecidedOutcome[] = [];
  const noting: ReceiptBuilder = {
    ...receipt,
    add(outcome) {
      if (outcome.outcome === 'done') alerted.push(outcome);
      receipt.add(outcome);
    },
  };
  if (notify !== undefined) await attempt(budget.name, () => fireNotify(due, runId, notify, text, noting));
  const allowance = { maxActions: config.maxActions, taken: new Set<string>() };
  const others = readOthers(due, projects, ownProject);
  const above = verdict.rungs.filter((rung) => rung.do !== 'notify');
  await pMap(
    projects,
    async ({ projectId, number, isDeleted }) => {
      const why = protection(projectId, config, ownProject);
      if (why !== undefined) {
        receipt.keep(decisionOn(`projects/${projectId}`, 'keep', 'protected', { why }));
        return;
      }
      const run: SwitchRun = {
        ...context,
        runId,
        projectId,
        projectNumber: number,
        isDeleted,
        failure(resource, error) {
          receipt.fail({ resource, error: messageOf(error) });
          runErrors.noteFailedAction(error);
        },
      };
      await attempt(`projects/${projectId}`, () =>
        fireRungs({ due, run, text, receipt, gap, attempt, allowance, others }, above),
      );
    },
    { concurrency: PROJECTS_AT_ONCE },
  );
  // Last: a channel that does not answer delays no rung.
  const channels = context.policy.notify?.channels ?? [];
  if (alerted.length > 0 && channels.length > 0)
    await sendNotice(context, channels, alertNotice(runId, budget, text));
}

async function deliver(
  { context, budget }: Due,
  runId: string,
  startedAt: Date,
  receipt: ReceiptBuilder,
  runErrors: RunErrors,
): Promise<void> {
  const summary = receipt.summary(startedAt, {});
  // The same alert comes every half an hour for the rest of the period: a receipt each time would say nothing new.
  if (summary.decisions.length + summary.failures.length + summary.incomplete.length === 0) {
    const { kept } = summary;
    const waits = (kept['settling'] ?? kept['no-reason-to-unlink']) !== undefined;
    const others = waits ? 'unlinking waits, all other due rungs' : 'all due rungs';
    context.log('INFO', `Budget "${budget.displayName}": ${others} have fired before`, {
      kept,
      runId,
    });
    return;
  }
  await deliverReceipt(
    context,
    { runId, startedAt, title: `budget "${budget.displayName}"` },
    receipt,
    (error) => {
      runErrors.noteLostReceipt(error);
    },
  );
  runErrors.throwIfAny(budget.name);
}

/** Runs a step whose failure belongs into the receipt and does not end the run. Returns what it threw. */
async function attemptStep(
  runErrors: RunErrors,
  receipt: ReceiptBuilder,
  resource: string,
  step: () => Promise<void>,
): Promise<unknown> {
  try {
    await step();
    return undefined;
  } catch (error) {
    receipt.fail({ resource, error: messageOf(error) });
    runErrors.noteFailedAction(error);
    return error;
  }
}
