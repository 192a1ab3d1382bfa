import type { NotebooksPolicy, Policy } from '../../shared/policy.ts';

/** What this function reads of the policy. */
export type Config = NotebooksPolicy;

export function configureNotebooks(policy: Policy): Config {
  return policy.notebooks;
}
