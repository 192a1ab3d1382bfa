import type { Plan } from '../../../shared/run/sweep.ts';
import type { Config } from '../config.ts';
import type { NotebookFacts } from '../facts.ts';
import { startedSince } from './moments.ts';

/**
 * Puts the stops in order, most expensive first, and turns those over `maxStops` into reports. A GPU machine without a
 * price counts as the most expensive, other machines without a price come last; equals go by name. One whose stop was requested before and
 * had no effect comes behind all others, so that it does not take their turn at each tick.
 */
export function limitStops(
  plans: readonly Plan<NotebookFacts>[],
  config: Config,
): readonly Plan<NotebookFacts>[] {
  const stops = plans
    .filter((plan) => plan.decision.action === 'stop')
    .sort(
      (a, b) =>
        failedBefore(a.facts) - failedBefore(b.facts) ||
        rank(b) - rank(a) ||
        compare(a.facts.name, b.facts.name),
    );
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

/** 1 where its stop had no effect since it was last started, else 0. */
function failedBefore(facts: NotebookFacts): number {
  const requestedAtMs = facts.memory.stop?.requestedAtMs;
  return requestedAtMs !== undefined && !startedSince(facts, requestedAtMs) ? 1 : 0;
}

function rank({ facts, decision }: Plan<NotebookFacts>): number {
  if (decision.usdPerHour !== 'unpriced') return decision.usdPerHour;
  return facts.gpus.kind === 'none' ? -1 : Infinity;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
