import type { Plan } from '../../../shared/run/sweep.ts';
import type { Config } from '../config.ts';
import type { NotebookFacts } from '../facts.ts';

/**
 * Puts the stops in order, most expensive first, and turns those over `maxStops` into reports. A GPU machine without a
 * price counts as the most expensive, other machines without a price come last; equals go by name.
 */
export function limitStops(
  plans: readonly Plan<NotebookFacts>[],
  config: Config,
): readonly Plan<NotebookFacts>[] {
  const stops = plans
    .filter((plan) => plan.decision.action === 'stop')
    .sort((a, b) => rank(b) - rank(a) || compare(a.facts.name, b.facts.name));
  const over = stops.slice(config.maxStops).map(({ facts, decision }): Plan<NotebookFacts> => ({
    facts,
    decision: {
      ...decision,
      action: 'report',
      reason: 'over-max-stops',
      evidence: { ...decision.evidence, wouldStop: decision.reason, maxStops: config.maxStops },
    },
  }));
  return [
    ...stops.slice(0, config.maxStops),
    ...over,
    ...plans.filter((plan) => plan.decision.action !== 'stop'),
  ];
}

function rank({ facts, decision }: Plan<NotebookFacts>): number {
  if (decision.usdPerHour !== 'unpriced') return decision.usdPerHour;
  return facts.gpus.kind === 'none' ? -1 : Infinity;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
