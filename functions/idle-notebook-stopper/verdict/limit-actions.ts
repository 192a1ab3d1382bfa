import type { Plan } from '../../../shared/run/sweep.ts';
import type { Config } from '../config.ts';
import type { NotebookFacts } from '../facts.ts';
import { limitStops } from './limit-stops.ts';

/** Puts the stops in order and turns what is over `maxStops` or `maxActions` into reports. */
export function limitPlans(
  plans: readonly Plan<NotebookFacts>[],
  config: Config,
): readonly Plan<NotebookFacts>[] {
  return limitActions(limitStops(plans, config), config);
}

/**
 * Of starts and repairs together, starts first, those over `maxActions` become reports. A start that was requested before and had no
 * effect takes no other's turn. The order stays.
 */
function limitActions(
  plans: readonly Plan<NotebookFacts>[],
  { maxActions }: Config,
): readonly Plan<NotebookFacts>[] {
  const of = (action: string): readonly Plan<NotebookFacts>[] =>
    plans.filter(({ decision }) => decision.action === action);
  const failedBefore = ({ facts }: Plan<NotebookFacts>): number =>
    facts.memory.start?.requestedAtMs === undefined ? 0 : 1;
  const starts = of('start').toSorted((a, b) => failedBefore(a) - failedBefore(b));
  const over = new Set([...starts, ...of('repair')].slice(maxActions));
  return plans.map((plan) => {
    if (!over.has(plan)) return plan;
    const { decision } = plan;
    const would = decision.action === 'start' ? 'wouldStart' : 'wouldRepair';
    const evidence = { ...decision.evidence, [would]: decision.reason, maxActions };
    return { ...plan, decision: { ...decision, action: 'report', reason: 'over-max-actions', evidence } };
  });
}
