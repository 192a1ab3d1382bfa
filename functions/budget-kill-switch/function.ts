import { getBudget, type Budget } from '../../shared/google/budgets.ts';
import { PermanentError } from '../../shared/errors.ts';
import { storePoisonMessage, type EventContext } from '../../shared/run/handle-event.ts';
import type { Rung } from '../../shared/policy/policy.ts';
import type { Message } from '../../shared/run/message.ts';
import { undefinedIfMissing } from '../../shared/google/google-api-error.ts';
import { holdAtTick, isTick } from './message/hold-at-tick.ts';
import { sayMadeAnew } from './message/made-anew.ts';
import { configureSwitch, type Config } from './config.ts';
import { judgeNotification, judgeSender, type Verdict } from './decide.ts';
import { withEstimate } from './estimate/with-estimate.ts';
import { believeFigure, type Believed } from './jump/believe-figure.ts';
import type { Due } from './ladder/hold.ts';
import { fireDueRungs } from './ladder/volley.ts';
import { noteMessage } from './message/note-message.ts';
import { NOT_KNOWN, noteHeld, noteNotAllowed } from './settle/held-since.ts';
import { sayLate } from './message/say-late.ts';
import { parseNotification, type Anomaly, type Notification } from './message/notification.ts';
import { rememberMessage } from './message/remember.ts';
import { releaseProjects } from './message/release.ts';
import { noteHeard, noteOver } from './message/silence.ts';

/** Handles one message of the budget topic, or the switch's own tick. */
export async function guardBudget(context: EventContext, message: Message): Promise<void> {
  const config = configureSwitch(context.policy);
  if (isTick(message)) {
    await holdAtTick(context, config, message, {
      lookUp: (notification) => lookUp(context, notification),
      fire: (due) => fireDueRungs({ context, config, ...due }),
    });
    return;
  }
  const received = await read(context, message);
  const sender = judgeSender(received, config);
  if (sender !== undefined || received.kind === 'anomaly') {
    const isSaid =
      received.kind === 'budget' &&
      sender?.kind === 'ignore' &&
      (await sayMadeAnew(context, config, received, sender));
    if (!isSaid) say(context, received, sender);
    if (received.kind === 'budget') await noteNotAllowed(context, received.budget);
    return;
  }
  const receivedMs = context.runtime.now().getTime();
  const budget = await lookUp(context, received);
  if (budget === undefined) return;
  const publishedMs = message.publishedMs ?? context.runtime.now().getTime();
  const believed = await believeFigure(context, config, {
    ...{ message, notification: received, budget, publishedMs },
    verdict: judgeNotification(received, budget, config, context.runtime.now()),
  });
  try {
    await answer(context, config, budget, believed, { receivedMs, publishedMs: message.publishedMs });
  } finally {
    // Last: a channel that does not answer delays no rung.
    await believed.announce();
  }
}

/** Does what a notification calls for, as far as it is believed. */
async function answer(
  context: EventContext,
  config: Config,
  budget: Budget,
  { notification, verdict: told, isDoubted, asOfMs }: Believed,
  { receivedMs, publishedMs }: { readonly receivedMs: number; readonly publishedMs: number | undefined },
): Promise<void> {
  if (told.kind === 'ignore') {
    if (told.reason === 'period-over') await noteOver(context, notification, asOfMs);
    if (told.notify === undefined) say(context, notification, told);
    else {
      await noteHeard(context, notification, asOfMs);
      await fireWithoutShare({ context, config, notification, budget, publishedMs }, told.notify);
    }
    return;
  }
  // An estimate is compared with what is believed alone.
  if (!isDoubted) await noteMessage(context, notification, budget, asOfMs);
  const sentMs = publishedMs ?? receivedMs;
  await noteHeard(context, notification, Math.max(asOfMs, sentMs));
  const message = { notification, verdict: told };
  const {
    newer,
    told: taken,
    rate,
    releases,
    ...remembered
  } = await rememberMessage(context, config, budget, message, asOfMs, sentMs);
  const taking = { notification: taken.notification, rate, publishedMs, asOfMs: remembered.asOfMs };
  const due = { context, config, budget, ...taking };
  if (newer !== undefined) {
    const verdict = sayLate(context, message, { publishedMs: sentMs, asOfMs, isDoubted }, newer);
    if (verdict !== undefined) await fireDueRungs({ ...due, verdict, ...NOT_KNOWN });
    return;
  }
  if (taken.why !== undefined)
    context.log('WARNING', `Budget "${notification.displayName}": ${taken.why}`, {
      reason: 'no-threshold',
      budget: budget.name,
    });
  const about = { ...taken.notification, budget };
  const { verdict, ...estimated } = await withEstimate(context, config, about, taken.verdict);
  const judgedBy = { publishedMs: remembered.asOfMs, unheldMs: remembered.unheldMs };
  const lostBreaks: unknown[] = [];
  const heldSince = await noteHeld(context, config, budget, verdict, judgedBy, (error) =>
    lostBreaks.push(error),
  );
  if (verdict.kind === 'due') await fireDueRungs({ ...due, verdict, ...heldSince });
  else say(context, notification, verdict);
  if (releases || estimated.releases) await releaseProjects(context, config, budget, verdict, receivedMs);
  if (lostBreaks.length > 0) throw lostBreaks[0];
}

/** Fires `notify` alone: what is spent has no share of an amount of 0. */
async function fireWithoutShare(
  due: Pick<Due, 'context' | 'config' | 'notification' | 'budget' | 'publishedMs'>,
  notify: Rung,
): Promise<void> {
  const shares = { actual: 0, forecast: 0 };
  const rungs = [notify];
  await fireDueRungs({
    ...due,
    verdict: { kind: 'due', shares, budgetAmount: 0, ladder: rungs, rungs, next: undefined },
    rate: undefined,
    ...NOT_KNOWN,
  });
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
  const found = await undefinedIfMissing(getBudget(api, runtime.auth, budget));
  if (found === undefined)
    log('WARNING', `Budget ${budget}: unknown-budget: it does not exist`, { reason: 'unknown-budget' });
  return found;
}
