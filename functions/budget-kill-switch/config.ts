import { requireSection, type BudgetsPolicy, type Policy } from '../../shared/policy/policy.ts';

/** What this function reads of the policy. */
export type Config = BudgetsPolicy;

/** Throws `PermanentError` where the switch is neither armed nor disarmed: silence would pass for safety. */
export function configureSwitch(policy: Policy): Config {
  return requireSection(policy, 'budgets');
}
