import type { Outcome } from '../checks/outcome.ts';
import { ruleOf, RULES } from '../rules/rules.ts';

/**
 * Whether more may be at stake than the findings say: of a rule whose findings have a cost, not all could be looked at. One that the score
 * leaves out, for its API is off in the project, counts only where none of them could be evaluated.
 */
export function isMoneyPartial(outcomes: readonly Outcome[]): boolean {
  const costs = outcomes.filter(({ rule }) => ruleOf(rule).hasCost === true);
  return (
    costs.some(({ gaps, isOffHere }) => gaps.length > 0 && isOffHere !== true) ||
    (costs.length > 0 && costs.every(({ status }) => status === 'not-evaluable'))
  );
}

const COSTS = Object.entries(RULES).flatMap(([id, rule]) => ('hasCost' in rule ? [`${id}: `] : []));

/** The same from what a receipt calls incomplete (`rule: why`), for one of before that does not say it. */
export function isIncompletePartial(incomplete: readonly string[]): boolean {
  return incomplete.some((one) => COSTS.some((rule) => one.startsWith(rule)));
}
