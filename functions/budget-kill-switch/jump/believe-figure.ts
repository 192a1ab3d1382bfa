import type { Budget } from '../../../shared/google/budgets.ts';
import { sendNotice } from '../../../shared/notify/send.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import type { Message } from '../../../shared/run/message.ts';
import type { Config } from '../config.ts';
import { judgeNotification, type Verdict } from '../decide.ts';
import type { Notification } from '../message/notification.ts';
import { compareFigures, type Compared } from './compare-figures.ts';
import { doubtText } from './doubt-text.ts';
import type { JudgedFigure } from './judge-figure.ts';
import { withoutDoubted } from './without-doubted.ts';

/** What a message is taken for. */
export interface Believed {
  /** With the last known cost, or forecast, instead of the reported one where that is not believed yet. */
  readonly notification: Notification;
  readonly verdict: Verdict;
  /** Whether its cost is doubted. */
  readonly isDoubted: boolean;
  /** The moment that its figures are of: that of the later message where one that came late confirms it, and of the last known one where it is doubted. */
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
 * Takes a cost far beyond the last known one for an alert alone, until a second message reports as much (`budgets.jump`), and a forecast
 * where that counts. What the last known figure reaches goes on. Kept in observe mode too: without it observing could not plan what
 * enforcing would do. Where it cannot be kept, each message is believed.
 */
export async function believeFigure(
  context: EventContext,
  config: Config,
  told: ToBelieve,
): Promise<Believed> {
  const { notification, verdict, budget, publishedMs } = told;
  const compared =
    verdict.kind === 'ignore' ? {} : await compareFigures(context, config, told, verdict.budgetAmount);
  const judged = [compared.cost, compared.forecast].filter((one) => one !== undefined);
  const jumps = judged.filter(({ kind }) => kind === 'jump');
  const [jump] = jumps;
  const { cost } = compared;
  const isDoubted = cost?.kind === 'jump';
  const asOfMs = Math.max(publishedMs, ...judged.map(({ atMs }) => atMs));
  if (verdict.kind === 'ignore' || jump === undefined)
    return { notification, verdict, isDoubted, asOfMs, announce: () => Promise.resolve() };
  const known = withCertain(notification, compared);
  // What was exceeded before need not be a threshold of the budget any more.
  const asKnown = { ...budget, thresholds: [] };
  const certain = judgeNotification(known, asKnown, config, context.runtime.now());
  const doubt = { reported: notification, known, knownMs: jump.certain.atMs, judged: verdict, certain };
  const text = doubtText(doubt, config);
  const enforces = config.mode === 'enforce';
  // Nothing above a rung is ever silent.
  if (text !== undefined)
    context.log(enforces ? 'ERROR' : 'WARNING', text, { alert: 'budget-jump', budget: budget.name });
  // What a doubted message says is what was known before: a message from in between is no older than that.
  const certainMs = cost?.kind === 'jump' ? cost.figures.known.atMs : asOfMs;
  return {
    ...{ notification: known, verdict: withoutDoubted(doubt, text), isDoubted, asOfMs: certainMs },
    announce: async () => {
      if (text !== undefined && enforces && jumps.some(({ isNew }) => isNew))
        await announce(context, budget, text);
    },
  };
}

/** A message with what was known before instead of what is doubted. */
function withCertain(notification: Notification, { cost, forecast }: Compared): Notification {
  const known = cost?.kind === 'jump' ? withCertainCost(notification, cost) : notification;
  if (forecast?.kind !== 'jump') return known;
  const { certain } = forecast;
  const share = certain.cost / (certain.amount ?? known.budgetAmount);
  return { ...known, forecastExceeded: share > 0 && Number.isFinite(share) ? share : undefined };
}

/** What else it claims is no more certain than its cost: of its forecast what was known before counts. */
function withCertainCost(notification: Notification, { certain, figures }: JudgedFigure): Notification {
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

/** Once for each jump. */
async function announce(context: EventContext, budget: Budget, text: string): Promise<void> {
  const channels = context.policy.notify?.channels ?? [];
  if (channels.length === 0) return;
  await sendNotice(context, channels, {
    id: `budget-kill-switch/jump/${budget.name}/${context.runtime.now().getTime()}`,
    functionName: 'budget-kill-switch',
    title: `The cost or forecast of budget "${budget.displayName}" jumped`,
    items: [{ resource: budget.name, action: 'notify', owner: undefined, text }],
  });
}
