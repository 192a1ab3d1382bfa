import type { EventContext } from '../../../shared/run/handle-event.ts';
import { formatAmount } from '../../../shared/prices/money.ts';
import type { Verdict } from '../decide.ts';
import { reachedBy, type Latest, type Told } from './latest.ts';

/**
 * Says of a message that came after a newer one of its period that the newer one counts, at WARNING where it would do more than that one.
 * Returns what it makes due all the same: `notify` alone, for that it was reached is true whatever came after. Undefined for nothing.
 */
export function sayLate(
  { log }: Pick<EventContext, 'log'>,
  { notification, verdict }: Told,
  publishedMs: number,
  newer: Latest,
): Extract<Verdict, { kind: 'due' }> | undefined {
  const { displayName, currencyCode, costAmount, budget } = notification;
  const more = reachedBy(verdict).filter((action) => !newer.reached.includes(action));
  const at = (ms: number): string => new Date(ms).toISOString();
  const fires = more.length === 0 ? 'nothing follows from it' : `it does not fire ${more.join(', ')}`;
  const text = `a message published at ${at(publishedMs)} (${formatAmount(costAmount)} ${currencyCode}) came after one published at ${at(newer.atMs)} (${formatAmount(newer.cost)} ${currencyCode}), which counts: ${fires}.`;
  log(more.length === 0 ? 'INFO' : 'WARNING', `Budget "${displayName}": late-message: ${text}`, {
    reason: 'late-message',
    budget,
  });
  if (verdict.kind !== 'due') return undefined;
  const notify = verdict.rungs.filter((rung) => rung.do === 'notify');
  if (notify.length === 0) return undefined;
  const [next = verdict.next] = verdict.rungs.filter((rung) => rung.do !== 'notify');
  return { ...verdict, rungs: notify, next, doubt: `Late: ${text}` };
}
