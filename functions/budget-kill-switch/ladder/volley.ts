import pMap from 'p-map';
import { messageOf } from '../../../shared/errors.ts';
import { BusyError, isRetryable } from '../../../shared/google/google-api-error.ts';
import type { ProjectRef } from '../../../shared/google/projects.ts';
import type { Rung } from '../../../shared/policy/policy.ts';
import { sendNotice } from '../../../shared/notify/send.ts';
import { policyDigest } from '../../../shared/policy/policy.ts';
import { agedBooks } from '../../../shared/prices/age/book-age.ts';
import { runningBookDates } from '../../../shared/prices/age/running-book-dates.ts';
import { deliverReceipt, newRunId } from '../../../shared/run/deliver-receipt.ts';
import { startReceipt, type DecidedOutcome, type ReceiptBuilder } from '../../../shared/run/receipt.ts';
import { collectRunErrors, type RunErrors } from '../../../shared/run/run-errors.ts';
import { protection } from '../decide.ts';
import { resolveProjects, type NoteGap } from '../gather.ts';
import { alertNotice } from '../message/alert-notice.ts';
import { alertText } from '../message/alert-text.ts';
import { nothingTakenText } from '../message/nothing-taken.ts';
import { periodEndMs } from '../message/period.ts';
import type { SwitchRun } from '../run.ts';
import { noteProtected } from '../settle/note-protected.ts';
import { readOthers } from '../settle/others.ts';
import { fireRungs, type Firing } from './fire.ts';
import type { Due } from './hold.ts';
import { fireNotify } from './notify.ts';
import { decisionOn } from './report-rung.ts';
import { PROJECTS_AT_ONCE, takeTurns } from '../turns.ts';

/** Fires every due rung, in order, on every project of the budget, and ends in one receipt. */
export async function fireDueRungs(due: Due): Promise<void> {
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
  const { due, runId, runErrors, receipt, text } = volley;
  const { context, config, verdict, budget } = due;
  const notify = verdict.rungs.find((rung) => rung.do === 'notify');
  const alerted: DecidedOutcome[] = [];
  const noting: ReceiptBuilder = {
    ...receipt,
    add(outcome) {
      if (outcome.outcome === 'done') alerted.push(outcome);
      receipt.add(outcome);
    },
  };
  if (notify !== undefined)
    await attemptStep(runErrors, receipt, budget.name, () => fireNotify(due, runId, notify, text, noting));
  const above = verdict.rungs.filter((rung) => rung.do !== 'notify');
  const turns = await takeTurns(due, projects);
  for (const { projectId } of turns.lookedAt)
    receipt.keep(decisionOn(`projects/${projectId}`, 'keep', 'looked-at-before', {}));
  const shared = {
    allowance: { maxActions: config.maxActions, taken: new Set<string>() },
    others: readOthers(due, projects, ownProject),
  };
  const unreached: string[] = [];
  await pMap(
    turns.projects,
    async (project) => {
      if (!turns.isNext()) unreached.push(project.projectId);
      else {
        const isFinished = await fireProject(volley, project, ownProject, above, shared);
        await turns.noteLook(project.projectId, isFinished);
      }
    },
    { concurrency: PROJECTS_AT_ONCE },
  );
  await turns.close();
  if (unreached.length > 0) sayUnreached(volley, unreached, projects.length, turns.isRemembered);
  // Last: a channel that does not answer delays no rung.
  const channels = context.policy.notify?.channels ?? [];
  if (alerted.length > 0 && channels.length > 0)
    await sendNotice(context, channels, alertNotice(runId, budget, text));
}

/**
 * Fires the rungs on one project. Whether another delivery of the message has nothing to do there: nothing was over the limit, and
 * nothing failed that a retry may help. What waits for an operator or the end of a grace waits for the next look.
 */
async function fireProject(
  { due, runId, runErrors, receipt, gap, text }: Volley,
  { projectId, number, isDeleted }: ProjectRef,
  ownProject: string,
  above: readonly Rung[],
  shared: Pick<Firing, 'allowance' | 'others'>,
): Promise<boolean> {
  const resource = `projects/${projectId}`;
  const why = protection(projectId, due.config, ownProject);
  if (why !== undefined) {
    receipt.keep(decisionOn(resource, 'keep', 'protected', { why }));
    return (
      (await attemptStep(runErrors, receipt, resource, () => noteProtected(due, projectId))) === undefined
    );
  }
  const own = collectRunErrors();
  let over = 0;
  const run: SwitchRun = {
    ...due.context,
    ...{ runId, projectId, projectNumber: number, isDeleted },
    failure(failed, error) {
      own.noteFailedAction(error);
      receipt.fail({ resource: failed, error: messageOf(error) });
      runErrors.noteFailedAction(error);
    },
  };
  const firing: Firing = {
    ...{ due, run, text, receipt, ...shared },
    gap(one) {
      if (isRetryable(one.cause)) own.note(one.cause);
      gap(one);
    },
    async attempt(what, step) {
      const error = await attemptStep(runErrors, receipt, what, step);
      if (error !== undefined) own.noteFailedAction(error);
      return error;
    },
  };
  await firing.attempt(resource, async () => {
    ({ over } = await fireRungs(firing, above));
  });
  return over === 0 && !own.any();
}

const MAX_NAMED = 20;

/** What there was no time for is not done: the message comes again for it, and a tick leaves it to the next one. */
function sayUnreached(
  { due, runId, runErrors, gap }: Volley,
  ids: readonly string[],
  inAll: number,
  isRemembered: boolean,
): void {
  const { context, budget, publishedMs } = due;
  for (const id of ids) gap({ where: `projects/${id}`, why: 'not reached within the time of this event' });
  const named = ids.slice(0, MAX_NAMED).join(', ');
  const more = ids.length > MAX_NAMED ? ` and ${ids.length - MAX_NAMED} more` : '';
  const text = `${ids.length} of ${inAll} projects of budget "${budget.displayName}" were not reached within the time of one event: ${named}${more}; the next event begins with ${isRemembered ? 'them' : 'any of the projects'}`;
  context.log('WARNING', text, { reason: 'not-reached', budget: budget.name, runId });
  // Observing stops nothing, so that nothing has to be caught up on before the next message.
  if (publishedMs !== undefined && due.config.mode === 'enforce')
    runErrors.note(new BusyError(`Cannot reach all projects of "${budget.name}" in one event`));
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
    context.log('INFO', `Budget "${budget.displayName}": ${nothingTakenText(kept)}`, { kept, runId });
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
