import { messageOf } from '../../../shared/errors.ts';
import type { Budget } from '../../../shared/google/budgets.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import type { Message } from '../../../shared/run/message.ts';
import { isStale } from '../../../shared/run/tick.ts';
import type { Config } from '../config.ts';
import { judgeNotification, type Verdict } from '../decide.ts';
import { recallInForce } from './in-force.ts';
import type { Notification } from './notification.ts';
import { tellSilence } from './silence.ts';

type DueVerdict = Extract<Verdict, { kind: 'due' }>;

/** What a tick does with a budget whose rungs are in force. */
export interface AtTick {
  readonly lookUp: (notification: Notification) => Promise<Budget | undefined>;
  readonly fire: (notification: Notification, budget: Budget, verdict: DueVerdict) => Promise<void>;
}

const ATTRIBUTES = ['billingAccountId', 'budgetId', 'schemaVersion', 'SchemaVersion'];

/** Whether a message is the switch's own tick and not one of Cloud Billing's. */
export function isTick({ text, attributes }: Message): boolean {
  return text.trim() === '{}' && ATTRIBUTES.every((name) => attributes[name] === undefined);
}

/**
 * Holds what is in force between two messages: each budget's latest message is judged once more, against the budget as it is now. A
 * rung that no message has reached does not fire, and observing plans with messages alone. One budget's failure does not keep the
 * others from being looked at.
 */
export async function holdAtTick(
  context: EventContext,
  config: Config,
  message: Message,
  atTick: AtTick,
): Promise<void> {
  if (config.mode === 'observe' || isStale(message.publishedMs, context.runtime.now().getTime())) return;
  const failures: unknown[] = [];
  for (const budget of config.allow)
    try {
      await holdBudget(context, config, budget, atTick);
      await tellSilence(context, config, budget);
    } catch (error) {
      context.log('ERROR', `Cannot hold the rungs of ${budget} at this tick: ${messageOf(error)}`);
      failures.push(error);
    }
  if (failures.length > 0) throw failures[0];
}

async function holdBudget(
  context: EventContext,
  config: Config,
  name: string,
  { lookUp, fire }: AtTick,
): Promise<void> {
  const inForce = await recallInForce(context, name);
  if (inForce === undefined) return;
  const { notification, reached } = inForce;
  const budget = await lookUp(notification);
  if (budget === undefined) return;
  const verdict = judgeNotification(notification, budget, config, context.runtime.now());
  if (verdict.kind !== 'due') return;
  const rungs = verdict.rungs.filter((rung) => reached.includes(rung.do));
  if (rungs.length > 0) await fire(notification, budget, { ...verdict, rungs });
}
