import { formatAmount } from '../../../shared/prices/money.ts';
import type { Rung } from '../../../shared/policy/policy.ts';
import { estimatedWhy } from '../estimate/evidence.ts';
import { readReported } from './spend-rate.ts';
import type { Firing } from '../ladder/fire.ts';
import { sayLeft } from '../ladder/report-rung.ts';

/**
 * Leaves a rung to a message that came while this one was at work, and says so: to one that does not reach it, and unlinking to any, for
 * that goes by figures. What an estimate alone makes due is no message's. Returns whether it does. Throws `GoogleApiError`.
 */
export async function leaveToNewer(firing: Firing, rung: Rung): Promise<boolean> {
  const { due, run } = firing;
  const { asOfMs, notification, verdict } = due;
  if (run.state === undefined || asOfMs === undefined || estimatedWhy(verdict, rung) !== undefined)
    return false;
  const { latest } = await readReported(run.state, notification, run.runtime.now().getTime());
  if (latest === undefined || latest.atMs <= asOfMs) return false;
  const isReached = latest.reached.includes(rung.do);
  if (isReached && rung.do !== 'unlink-billing') return false;
  const at = (ms: number): string => new Date(ms).toISOString();
  const why = `one published at ${at(latest.atMs)} (${formatAmount(latest.cost)} ${notification.currencyCode}) came while that of ${at(asOfMs)} was at work, ${isReached ? 'and decides' : 'and does not reach it'}`;
  const text = `${rung.do} is left on ${run.projectId} to the newer message: ${why}`;
  sayLeft(firing, rung, { reason: 'overtaken', why, text, severity: isReached ? 'INFO' : 'WARNING' });
  return true;
}
