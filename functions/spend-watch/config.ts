import {
  requireSection,
  type Mode,
  type Policy,
  type Rung,
  type WatchPolicy,
} from '../../shared/policy/policy.ts';

/** What this function reads of the policy. */
export interface Config extends WatchPolicy {
  /** It changes nothing but its own ledgers, which it keeps in either mode. */
  readonly mode: Mode;
  /** `billingAccounts/A/budgets/B`: those whose ladder is compared with. */
  readonly budgets: readonly string[];
  readonly ladder: readonly Rung[];
  readonly ownerLabel: string | undefined;
}

export function configureWatch(policy: Policy): Config {
  return {
    ...requireSection(policy, 'watch'),
    mode: 'enforce',
    budgets: policy.budgets?.allow ?? [],
    ladder: policy.budgets?.ladder ?? [],
    ownerLabel: policy.notify?.ownerLabel,
  };
}
