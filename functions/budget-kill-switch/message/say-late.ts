import type { EventContext } from '../../../shared/run/handle-event.ts';
import { formatAmount } from '../../../shared/prices/money.ts';
import type { Verdict } from '../decide.ts';
import { reachedBy, type Latest, type Told } from './latest.ts';

/** When a message was published that comes late, and of which moment the figures are that it is taken with. */
export interface Late {
  readonly publishedMs: number;
  readonly asOfMs: number;
  /** Whether its cost is doubted, so that these are the last known ones. */
  readonly isDoubted: boolean;
}

/**
 * Says of a message that came after a newer one of its period that the newer one counts, at WARNING where it would do more than that one.
 * Returns what it makes due all the same: `notify` alone, for that it was reached is true whatever came after. Undefined for nothing.
 */
export function sayLate(
  { log }: Pick<EventContext, 'log'>,
  { notification, verdict }: Told,
  { publishedMs, asOfMs, isDoubted }: Late,
  newer: Latest,
): Extract<Verdict, { kind: 'due' }> | undefined {
  const { displayName, currencyCode, costAmount, budget } = notification;
  const more = reachedBy(verdict).filter((action) => !newer.reached.includes(action));
  const at = (ms: number): string => new Date(ms).toISOString();
  const fires = more.length === 0 ? 'nothing follows from it' : `it does not fire ${more.join(', ')}`;
  const cost = `${formatAmount(costAmount)} ${currencyCode}`;
  const what = isDoubted
    ? `the cost of a message published at ${at(publishedMs)} is doubted, and the figures of ${at(asOfMs)} that count instead (${cost}) are older than those of one`
    : `a message published at ${at(publishedMs)} (${cost}) came after one`;
  const text = `${what} published at ${at(newer.atMs)} (${formatAmount(newer.cost)} ${currencyCode}), which counts: ${fires}.`;
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
