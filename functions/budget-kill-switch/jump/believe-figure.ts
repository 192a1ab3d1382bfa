import * as z from 'zod/mini';
import { messageOf } from '../../../shared/errors.ts';
import type { Budget } from '../../../shared/google/budgets.ts';
import { sendNotice } from '../../../shared/notify/send.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import type { Message } from '../../../shared/run/message.ts';
import { budgetPath } from '../../../shared/spend/budget-path.ts';
import { updateStateObject, type StateObject } from '../../../shared/state/compare-and-swap.ts';
import { expendableObject } from '../../../shared/state/expendable-object.ts';
import type { Config } from '../config.ts';
import { judgeNotification, type Verdict } from '../decide.ts';
import type { Notification } from '../message/notification.ts';
import { doubtText } from './doubt-text.ts';
import { figuresSchema, type Figures } from './figures.ts';
import { judgeFigure, type JudgedFigure } from './judge-figure.ts';
import { withoutDoubted } from './without-doubted.ts';

/** What a message is taken for. */
export interface Believed {
  /** With the last known cost instead of the reported one where that is not believed yet. */
  readonly notification: Notification;
  readonly verdict: Verdict;
  readonly isDoubted: boolean;
  /** The moment that its figures are of: that of the later message where one that came late confirms it. */
  readonly asOfMs: number;
  /** Tells the policy's channels of a figure that is doubted; to be called when everything else is done. */
  readonly announce: () => Promise<void>;
}

/** A message, and what follows from it where it is believed. */
export interface ToBelieve {
  readonly message: Pick<Message, 'id'>;
  readonly notification: Notification;
  readonly budget: Budget;
  readonly verdict: Verdict;
  readonly publishedMs: number;
}

/**
 * Takes a cost far beyond the last known one for an alert alone, until a second message reports as much (`budgets.jump`). What the last
 * known figure reaches goes on. Kept in observe mode too: without it observing could not plan what enforcing would do. Where it cannot
 * be kept, each message is believed.
 */
export async function believeFigure(
  context: EventContext,
  config: Config,
  told: ToBelieve,
): Promise<Believed> {
  const { notification, verdict, budget } = told;
  const judged = verdict.kind === 'ignore' ? undefined : await compare(context, config, told, verdict);
  const asOfMs = judged?.atMs ?? told.publishedMs;
  if (verdict.kind === 'ignore' || judged?.kind !== 'jump')
    return { notification, verdict, isDoubted: false, asOfMs, announce: () => Promise.resolve() };
  const believed = withCertain(notification, judged);
  // What was exceeded before need not be a threshold of the budget any more.
  const asKnown = { ...budget, thresholds: [] };
  const certain = judgeNotification(believed, asKnown, config, context.runtime.now());
  const knownMs = judged.certain.atMs;
  const doubt = { reported: notification, known: believed, knownMs, judged: verdict, certain };
  const text = doubtText(doubt, config);
  const enforces = config.mode === 'enforce';
  // Nothing above a rung is ever silent.
  if (text !== undefined)
    context.log(enforces ? 'ERROR' : 'WARNING', text, { alert: 'budget-jump', budget: budget.name });
  return {
    notification: believed,
    verdict: withoutDoubted(doubt, text),
    isDoubted: true,
    asOfMs,
    announce: async () => {
      if (text !== undefined && enforces && judged.isNew) await announce(context, budget, text);
    },
  };
}

/** A message with the last known figures. What else it claims is no more certain than its cost: of its forecast what was known before counts. */
function withCertain(notification: Notification, { certain, figures }: JudgedFigure): Notification {
  return {
    ...notification,
    costAmount: certain.cost,
    budgetAmount: certain.amount ?? notification.budgetAmount,
    currencyCode: figures.currencyCode,
    forecastExceeded: lower(notification.forecastExceeded, figures.known.forecast),
  };
}

/** The lower of two thresholds; undefined where one of them is not exceeded. */
function lower(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : Math.min(one, other);
}

/** Undefined where nothing is compared. */
async function compare(
  { state, runtime, log }: EventContext,
  { jump }: Config,
  { message, notification, publishedMs, budget }: ToBelieve,
  { budgetAmount }: Exclude<Verdict, { kind: 'ignore' }>,
): Promise<JudgedFigure | undefined> {
  if (state === undefined || jump === 0) return undefined;
  const { costAmount: cost, forecastExceeded: forecast, periodStartMs, currencyCode } = notification;
  const told = { cost, forecast, ...(budget.amount.kind === 'last-period' ? { amount: budgetAmount } : {}) };
  const reported = { ...told, id: message.id, publishedMs, periodStartMs, currencyCode };
  const growth = { jump, amount: budgetAmount };
  let judged: JudgedFigure | undefined;
  try {
    await updateStateObject(state, runtime, memoryOf(budget.name), (before) => {
      judged = judgeFigure(before, reported, growth, runtime.now().getTime());
      return judged.figures;
    });
    return judged;
  } catch (error) {
    log(
      'WARNING',
      `Budget "${budget.displayName}": its message is believed, for the last known figure cannot be kept: ${messageOf(error)}`,
    );
    return undefined;
  }
}

/** Once for each jump. */
async function announce(context: EventContext, budget: Budget, text: string): Promise<void> {
  const channels = context.policy.notify?.channels ?? [];
  if (channels.length === 0) return;
  await sendNotice(context, channels, {
    id: `budget-kill-switch/jump/${budget.name}/${context.runtime.now().getTime()}`,
    functionName: 'budget-kill-switch',
    title: `The cost of budget "${budget.displayName}" jumped`,
    items: [{ resource: budget.name, action: 'notify', owner: undefined, text }],
  });
}

/** `spend/A/B/figures.json`. A damaged one begins anew: the next message is then believed. */
function memoryOf(budget: string): StateObject<Figures | undefined> {
  return expendableObject(`spend/${budgetPath(budget)}/figures.json`, z.optional(figuresSchema), undefined);
}
