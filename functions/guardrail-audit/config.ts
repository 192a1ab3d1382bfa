import type { Job } from './iam/role-sets.ts';

/** What the audit takes from the policy and the request. */
export interface AuditConfig {
  readonly project: string;
  /** `projects/P/topics/T`: what the kill switch listens to; undefined where the policy arms none. */
  readonly switchTopic: string | undefined;
  readonly keepLabel: string;
  /** Of service account keys. */
  readonly maxKeyAgeDays: number;
  /** Share of the running hours that are busy, below which a notebook runs for nothing. */
  readonly minBusyShare: number;
  /** A GPU whose busiest hour stays below this needs a smaller one. */
  readonly maxIdlePeak: number;
  /** Smaller amounts of money are no finding, in USD a month. */
  readonly reportAboveUsdPerMonth: number;
  /** A model that nothing serves is old after so many days. */
  readonly modelAgeDays: number;
  /** Who does which job, as members of allow policies: `group:scientists@example.com`. */
  readonly jobs: Readonly<Record<Job, readonly string[]>>;
  /** The label that says what a project is for, and its values for production. */
  readonly environment: { readonly label: string; readonly production: readonly string[] };
}
