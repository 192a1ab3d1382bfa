import { messageOf } from '../../../shared/errors.ts';
import type { Budget } from '../../../shared/google/budgets.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import type { Policy } from '../../../shared/policy/policy.ts';
import type { Config } from '../config.ts';
import type { Verdict } from '../decide.ts';
import { periodBeginMs } from '../message/period.ts';
import { addEstimate, estimatedOf } from './add-estimate.ts';
import { gatherEstimate } from './gather-estimate.ts';
import { noteEstimate } from './memory.ts';

const UNKNOWN_DISCOUNT =
  '; low counts a fifth of list prices, for watch.discountAtMost does not say how much of them discounts take off (0: nothing)';

/** Whether what spend-watch estimates counts: where the policy says so by name, and has that function. */
export function countsEstimates({ basis }: Pick<Config, 'basis'>, { watch }: Pick<Policy, 'watch'>): boolean {
  return watch !== undefined && basis === 'live';
}

/**
 * Adds to what a message makes due what is due by spend-watch's estimate. Without one that holds, messages alone count, and the log
 * says why.
 */
export async function withEstimate(
  context: EventContext,
  config: Config,
  { budget, periodStartMs }: { readonly budget: Budget; readonly periodStartMs: number },
  verdict: Verdict,
): Promise<Verdict> {
  const { state, policy, log, runtime } = context;
  if (verdict.kind === 'ignore' || state === undefined || !countsEstimates(config, policy)) return verdict;
  const { discountAtMost = null } = policy.watch ?? {};
  const about = { budget: budget.name, reason: 'no-estimate' };
  const alone = (severity: 'WARNING' | 'ERROR', why: string): Verdict => {
    log(severity, `Budget "${budget.displayName}": messages alone count: ${why}`, about);
    return verdict;
  };
  try {
    const nowMs = runtime.now().getTime();
    const beginMs = periodBeginMs(periodStartMs, budget.period);
    const gathered = await gatherEstimate(state, budget, {
      periodStartMs: beginMs,
      discountAtMost,
      nowMs,
    });
    if (gathered.kind === 'none') return alone('WARNING', gathered.why);
    const { estimate, blocked, complete, oldestMs } = gathered;
    if (blocked !== undefined) return alone('ERROR', `nothing is done on the estimate: ${blocked}`);
    const before = await noteEstimate(context, budget.name, estimate, oldestMs);
    const estimated = estimatedOf(verdict, { estimate, complete, before });
    // Nothing above a rung is ever silent.
    if (estimated.unsure !== undefined)
      log(
        'WARNING',
        `Budget "${budget.displayName}": ${estimated.unsure.do} is expected to be reached and does not fire by the estimate yet: ${estimated.unsure.why}${discountAtMost === null ? UNKNOWN_DISCOUNT : ''}`,
        { ...about, reason: 'estimate-unsure' },
      );
    return addEstimate(verdict, estimated);
  } catch (error) {
    return alone('ERROR', `the estimate cannot be read: ${messageOf(error)}`);
  }
}
