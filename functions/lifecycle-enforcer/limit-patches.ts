import type { Decision } from '../../shared/run/receipt.ts';
import type { Plan } from '../../shared/run/sweep.ts';
import type { Config } from './config.ts';
import type { Facts } from './facts.ts';

export function isPatch({ action }: Decision): boolean {
  return action === 'patch';
}

/** Turns patches over `maxPatches` into reports, in the order of the listing. `used` were written by pages and parts before. */
export function limitPatches(
  plans: readonly Plan<Facts>[],
  { maxPatches }: Pick<Config, 'maxPatches'>,
  used: number,
): readonly Plan<Facts>[] {
  let left = Math.max(0, maxPatches - used);
  return plans.map((plan) => {
    const { decision } = plan;
    if (!isPatch(decision) || left-- > 0) return plan;
    const evidence = { ...decision.evidence, wouldPatch: decision.reason, maxPatches };
    return { ...plan, decision: { ...decision, action: 'report', reason: 'over-max-patches', evidence } };
  });
}
