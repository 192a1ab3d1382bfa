import { PermanentError } from '../../shared/errors.ts';
import type { BudgetsPolicy, Policy } from '../../shared/policy.ts';

/** What this function reads of the policy. */
export type Config = BudgetsPolicy;

/** Throws {@link PermanentError} where nobody armed or disarmed the switch: silence would pass for safety. */
export function configureSwitch(policy: Policy): Config {
  if (policy.budgets === undefined)
    throw new PermanentError(
      'Cannot guard any budget: the policy has no section "budgets"; set budgets.mode to observe or enforce',
    );
  return policy.budgets;
}
