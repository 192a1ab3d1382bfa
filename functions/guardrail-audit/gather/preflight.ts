import type { Budget } from '../../../shared/google/budgets.ts';
import { judgeBudget } from '../../../shared/preflight/budget.ts';
import type { Check } from '../../../shared/preflight/check.ts';
import type { Policy } from '../../../shared/policy/policy.ts';
import type { BillingFacts } from '../facts.ts';
import { isRead, whole, type Reading } from '../reading.ts';

/**
 * The switch's readiness as far as the budgets tell it. What its own account may do, only a caller can ask who may act as that
 * account, and the audit may act as nobody: that part is what `npm run preflight` and `npm run audit` add.
 */
export function budgetPreflight(
  policy: Policy,
  switchTopic: string | undefined,
  billing: Reading<BillingFacts | undefined>,
): Reading<readonly Check[]> {
  const { budgets } = policy;
  if (budgets === undefined || switchTopic === undefined)
    return { why: 'the policy has no section "budgets": nobody armed or disarmed the switch' };
  if (!isRead(billing)) return billing;
  const guarded = (billing.value?.budgets ?? []).filter(({ name }) => budgets.allow.includes(name));
  return whole(guarded.flatMap((budget: Budget) => judgeBudget(budget, budgets, switchTopic)));
}
