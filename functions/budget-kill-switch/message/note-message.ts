import { messageOf, PermanentError } from '../../../shared/errors.ts';
import type { Budget } from '../../../shared/google/budgets.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import {
  addMessage,
  MAX_BUDGET_PROJECTS,
  messagesObject,
  parseMessages,
  whyNoMessages,
  type BudgetMessages,
} from '../../../shared/spend/messages.ts';
import { updateStateObject, type StateObject } from '../../../shared/state/compare-and-swap.ts';
import { resolveProjects } from '../gather.ts';
import type { Notification } from './notification.ts';
import { periodBeginMs, periodEndMs } from './period.ts';

/**
 * Keeps what a message reports for spend-watch, where the policy has that. A memory: when it cannot be kept, nothing else
 * suffers. It is kept in observe mode too, which the section `watch` needs.
 */
export async function noteMessage(
  { state, runtime, api, log, policy }: EventContext,
  notification: Notification,
  budget: Budget,
  publishedMs: number,
): Promise<void> {
  if (policy.watch === undefined || state === undefined) return;
  const unread: string[] = [];
  try {
    const isMany = budget.projects.length > MAX_BUDGET_PROJECTS;
    const projects = isMany
      ? []
      : await resolveProjects(api, budget.projects, ({ where }) => void unread.push(where));
    const { costAmount: cost, currencyCode, displayName } = notification;
    const startMs = periodBeginMs(notification.periodStartMs, budget.period);
    const { amount } = budget;
    const message = {
      ...{ budget: budget.name, displayName, currencyCode, publishedMs, cost, startMs },
      amount: amount.kind === 'specified' ? amount.units : notification.budgetAmount,
      projects: projects.map(({ projectId }) => projectId),
      filter: [...budget.projects],
      narrowed: [...budget.narrowed],
      // Limited by something else as well, its cost is not that of its projects.
      complete: unread.length === 0 && projects.length > 0 && budget.narrowed.length === 0,
      endMs: periodEndMs(budget.period, startMs),
    };
    await updateStateObject(state, runtime, memoryOf(budget.name, log), (before) =>
      addMessage(before, message, runtime.now().getTime()),
    );
  } catch (error) {
    log('WARNING', `Cannot note the cost of ${budget.name} for spend-watch: ${messageOf(error)}`);
  }
}

/** What is damaged begins anew, which the log says; what has a later version is left alone. */
function memoryOf(budget: string, log: EventContext['log']): StateObject<BudgetMessages | undefined> {
  return {
    name: messagesObject(budget),
    parse(text) {
      const messages = parseMessages(text);
      if (messages !== undefined) return messages;
      const { kind, why } = whyNoMessages(budget, text);
      if (kind === 'newer') throw new PermanentError(why);
      if (kind === 'damaged')
        log(
          'WARNING',
          `Begins anew what ${budget} reported: ${why}; its reports until now are in no estimate`,
        );
      return undefined;
    },
    print: (messages) => (messages === undefined ? '' : JSON.stringify(messages)),
  };
}
