import type { Plan } from '../../../shared/run/sweep.ts';
import type { NotebookFacts } from '../facts.ts';
import type { Claim } from './claims.ts';

/** What another run holds comes last: waiting for it takes time, in which this run's own claims run out. */
export function inTurn(
  plans: readonly Plan<NotebookFacts>[],
  claims: ReadonlyMap<Plan<NotebookFacts>, Claim>,
): readonly Plan<NotebookFacts>[] {
  const isHeld = (plan: Plan<NotebookFacts>): boolean => claims.get(plan)?.kind === 'held';
  return [...plans.filter((plan) => !isHeld(plan)), ...plans.filter(isHeld)];
}
