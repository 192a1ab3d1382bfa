import type { Bucket } from '../../../shared/google/buckets.ts';
import { keepsUntil } from '../../../shared/policy/keep-label.ts';
import type { BucketPolicy } from '../../../shared/policy/policy.ts';
import type { Config } from '../config.ts';
import { policyFor } from './match.ts';
import type { BucketRecord } from '../memory.ts';
import { describeRule } from '../rules/condition.ts';
import { ruleDigest } from '../rules/identity.ts';
import { changes, mergeRules, type Merge } from '../rules/merge.ts';
import { ownedRules } from '../rules/ownership.ts';
import type { Guard } from './guard.ts';
import { blockedRules, type BlockedRule, type Refusal } from './refuse.ts';

/** What the policy makes of a bucket. */
export type Proposal =
  | { readonly kind: 'state-bucket' }
  | { readonly kind: 'exempt'; readonly why: string }
  | { readonly kind: 'no-policy'; readonly owned: number }
  | { readonly kind: 'in-force'; readonly policy: BucketPolicy; readonly merge: Merge }
  | ({ readonly kind: 'refused'; readonly refusal: Refusal } & Change)
  | ({ readonly kind: 'change' } & Change);

/** How a bucket's rules would change. */
export interface Change {
  readonly policy: BucketPolicy;
  readonly merge: Merge;
  /** Rules of the policy that are not written, and are not part of `merge`. */
  readonly blocked: readonly BlockedRule[];
}

/** `guard`: what the bucket's contents speak against; none before they were looked at. */
export function propose(
  bucket: Bucket,
  record: BucketRecord | undefined,
  config: Config,
  now: Date,
  guard?: Guard,
): Proposal {
  if (bucket.name === config.stateBucket) return { kind: 'state-bucket' };
  const label = keepsUntil(bucket.labels[config.exemptLabel], now);
  if (label.keeps) return { kind: 'exempt', why: `label ${config.exemptLabel}: ${label.why}` };
  const owned = ownedRules(bucket, record);
  const policy = policyFor(bucket, config.policies);
  if (policy === undefined) return { kind: 'no-policy', owned: owned.length };
  const { foreignRules } = policy;
  const input = {
    present: bucket.rules,
    owned,
    foreignRules: foreignRules === 'remove' ? foreignRules : 'keep',
  } as const;
  const whole = mergeRules({ ...input, desired: policy.rules });
  if (!changes(whole)) return { kind: 'in-force', policy, merge: whole };
  if (bucket.labels['goog-terraform-provisioned'] === 'true' && config.terraformManaged === 'report')
    return { kind: 'refused', policy, merge: whole, blocked: [], refusal: TERRAFORM };
  const blocked = [...blockedRules({ bucket, merge: whole, policy, now }), ...(guard?.held ?? [])];
  const digests = new Set(blocked.map(({ rule }) => ruleDigest(rule)));
  // Only what would be new is ever blocked: a rule that is there already stays desired, and so is never taken away.
  const merge = mergeRules({
    ...input,
    desired: policy.rules.filter((rule) => !digests.has(ruleDigest(rule))),
  });
  const [first] = blocked;
  if (guard?.refusal !== undefined)
    return { kind: 'refused', policy, merge: whole, blocked, refusal: guard.refusal };
  return first !== undefined && !changes(merge)
    ? { kind: 'refused', policy, merge: whole, blocked, refusal: refusalOf(first) }
    : { kind: 'change', policy, merge, blocked };
}

const TERRAFORM: Refusal = {
  reason: 'terraform-managed',
  why: 'Terraform made this bucket and would undo the change',
};

function refusalOf({ rule, reason, why }: BlockedRule): Refusal {
  return { reason, why: `${describeRule(rule)}: ${why}` };
}
