import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Policy } from '../../shared/policy/policy.ts';
import { BUILD_ACCOUNT, emailOf, TRIGGER_ACCOUNT, type BillingRoles } from './names.ts';
import { partOf, type FunctionSettings } from './settings.ts';

/** What is to be there. */
export interface Desired {
  /** Id of the operations project. */
  readonly project: string;
  readonly region: string;
  readonly policy: Policy;
  /** Those that this run is about. */
  readonly functions: readonly DesiredFunction[];
  /** IAM members that may call the functions with an HTTP trigger, such as `group:ml-ops@example.com`. */
  readonly invokers: readonly string[];
  /** `projects/P/notificationChannels/N` */
  readonly alertChannels: readonly string[];
  /** What `--billing-roles` says; undefined: what it said at an earlier deployment, else custom. */
  readonly billingRoles: BillingRoles | undefined;
}

export interface DesiredFunction extends FunctionSettings {
  /** Of the bundle without the policy. */
  readonly sourceDigest: string;
  /** Of the part of the policy that it reads. */
  readonly policyDigest: string;
}

/** Adds the digests to a function whose bundle lies in `dist/<name>`. */
export async function withDigests(
  settings: FunctionSettings,
  policy: Policy,
  distDir: string,
): Promise<DesiredFunction> {
  const hash = createHash('sha256');
  for (const file of ['index.js', 'package.json', 'package-lock.json', 'compile-cache.mjs'])
    hash.update(await readFile(join(distDir, settings.name, file))).update('\0');
  return {
    ...settings,
    sourceDigest: hash.digest('hex').slice(0, 12),
    policyDigest: digestOf(partOf(policy, settings.settings)),
  };
}

function digestOf(value: unknown): string {
  const text = JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

export function runtimeAccountOf({ project }: Pick<Desired, 'project'>, name: string): string {
  return emailOf(name, project);
}

export function triggerAccountOf({ project }: Pick<Desired, 'project'>): string {
  return emailOf(TRIGGER_ACCOUNT, project);
}

export function buildAccountOf({ project }: Pick<Desired, 'project'>): string {
  return emailOf(BUILD_ACCOUNT, project);
}

/** `billingAccounts/A` of the budgets that may trip the switch. */
export function billingAccountsOf(policy: Policy): readonly string[] {
  return [...new Set((policy.budgets?.allow ?? []).map((budget) => budget.replace(/\/budgets\/.*$/, '')))];
}
