import { requireSection, type LifecyclePolicy, type Policy } from '../../shared/policy/policy.ts';

/** What this function reads of the policy. */
export type Config = LifecyclePolicy & {
  /** costguard's own bucket: no policy applies to it. */
  readonly stateBucket: string | undefined;
};

export function configureLifecycle(policy: Policy): Config {
  return { ...requireSection(policy, 'lifecycle'), stateBucket: policy.stateBucket };
}
