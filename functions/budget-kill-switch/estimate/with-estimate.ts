import { messageOf } from '../../../shared/errors.ts';
import type { Budget } from '../../../shared/google/budgets.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import type { Policy, RungAction } from '../../../shared/policy/policy.ts';
import type { Config } from '../config.ts';
import type { Verdict } from '../decide.ts';
import { periodBeginMs } from '../message/period.ts';
import { addEstimate, estimatedOf } from './add-estimate.ts';
import { gatherEstimate } from './gather-estimate.ts';
import type { Estimated } from './estimated.ts';
import { noteEstimate, noteReached, noteSure } from './memory.ts';

const UNKNOWN_DISCOUNT =
  '; low counts a fifth of list prices, for watch.discountAtMost does not say how much of them discounts take off (0: nothing)';

/** Whether what spend-watch estimates counts: where the policy says so by name, and has that function. */
export function countsEstimates({ basis }: Pick<Config, 'basis'>, { watch }: Pick<Policy, 'watch'>): boolean {
  return watch !== undefined && basis === 'live';
}

/** What a message and an estimate make due together. */
export interface Estimating {
  readonly verdict: Verdict;
  /** Whether rungs were in force by an estimate alone, and this one leaves none of them. Without an estimate that is not known. */
  readonly releases: boolean;
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
): Promise<Estimating> {
  const { state, policy, log, runtime } = context;
  if (verdict.kind === 'ignore' || state === undefined || !countsEstimates(config, policy))
    return { verdict, releases: false };
  const { discountAtMost = null, regions = [] } = policy.watch ?? {};
  const about = { budget: budget.name, reason: 'no-estimate' };
  const alone = (severity: 'WARNING' | 'ERROR', why: string): Estimating => {
    log(severity, `Budget "${budget.displayName}": messages alone count: ${why}`, about);
    return { verdict, releases: false };
  };
  try {
    const nowMs = runtime.now().getTime();
    const beginMs = periodBeginMs(periodStartMs, budget.period);
    const gathered = await gatherEstimate(state, budget, {
      periodStartMs: beginMs,
      discountAtMost,
      regions,
      nowMs,
    });
    if (gathered.kind === 'none') return alone('WARNING', gathered.why);
    const { estimate, blocked, complete, oldestMs } = gathered;
    if (blocked !== undefined) return alone('ERROR', `nothing is done on the estimate: ${blocked}`);
    const looked = { estimate, complete, oldestMs };
    const known = await noteEstimate(context, budget, looked);
    const estimated = estimatedOf(verdict, { estimate, complete, ...known });
    const { sureUsd } = estimated;
    if (sureUsd > known.sureUsd) await noteSure(context, budget, looked, sureUsd);
    // Nothing above a rung is ever silent.
    if (estimated.unsure !== undefined)
      log(
        'WARNING',
        `Budget "${budget.displayName}": ${estimated.unsure.do} is expected to be reached and does not fire by the estimate yet: ${estimated.unsure.why}${discountAtMost === null ? UNKNOWN_DISCOUNT : ''}`,
        { ...about, reason: 'estimate-unsure' },
      );
    const both = addEstimate(verdict, estimated);
    return {
      verdict: both,
      releases: await followReached(context, config, budget, known.reached, { estimated, both }),
    };
  } catch (error) {
    return alone('ERROR', `the estimate cannot be read: ${messageOf(error)}`);
  }
}

/**
 * What an estimate put in force by itself is released with the first one that leaves none of it. Where that cannot be kept, what was
 * said is forgotten half an hour after it was said last.
 */
async function followReached(
  context: EventContext,
  { mode }: Pick<Config, 'mode'>,
  { name, displayName }: Budget,
  before: readonly RungAction[],
  { estimated: { rungs, estimate }, both }: { readonly estimated: Estimated; readonly both: Verdict },
): Promise<boolean> {
  // Observing, no rung is in force.
  if (mode === 'observe') return false;
  const reached: readonly RungAction[] = rungs.map((rung) => rung.do).filter((action) => action !== 'notify');
  // A message may have reached them since.
  const due = both.kind === 'due' ? both.rungs : [];
  const left = before.filter((action) => due.every((rung) => rung.do !== action));
  if (left.length > 0)
    context.log(
      'INFO',
      `Budget "${displayName}": by the estimate alone ${left.join(', ')} ${left.length === 1 ? 'is' : 'are'} in force no longer: expected ${estimate.spend.expected.toFixed(2)} USD`,
      { budget: name, reason: 'estimate-released' },
    );
  try {
    if (reached.join() !== before.join()) await noteReached(context, name, reached);
  } catch (error) {
    context.log('WARNING', `Cannot keep what the estimate of ${name} puts in force: ${messageOf(error)}`);
  }
  return before.length > 0 && reached.length === 0;
}
