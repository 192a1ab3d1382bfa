import { requireSection, type NotebooksPolicy, type Policy } from '../../shared/policy/policy.ts';

/** What this function reads of the policy. */
export type Config = NotebooksPolicy;

export function configureNotebooks(policy: Policy): Config {
  return requireSection(policy, 'notebooks');
}
