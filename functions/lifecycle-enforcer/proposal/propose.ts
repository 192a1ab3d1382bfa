import type { Bucket } from '../../../shared/google/buckets.ts';
import { keepsUntil } from '../../../shared/policy/keep-label.ts';
import type { BucketPolicy } from '../../../shared/policy/policy.ts';
import type { Config } from '../config.ts';
import { policyFor } from './match.ts';
import type { BucketRecord } from '../memory.ts';
import { changes, mergeRules, type Merge } from '../rules/merge.ts';
import { ownedRules } from '../rules/ownership.ts';
import { refusalOf, type Refusal } from './refuse.ts';

/** What the policy makes of a bucket, before anyone looks at what is in it. */
export type Proposal =
  | { readonly kind: 'state-bucket' }
  | { readonly kind: 'exempt'; readonly why: string }
  | { readonly kind: 'no-policy'; readonly owned: number }
  | { readonly kind: 'in-force'; readonly policy: BucketPolicy; readonly merge: Merge }
  | {
      readonly kind: 'refused';
      readonly policy: BucketPolicy;
      readonly merge: Merge;
      readonly refusal: Refusal;
    }
  | { readonly kind: 'change'; readonly policy: BucketPolicy; readonly merge: Merge };

export function propose(
  bucket: Bucket,
  record: BucketRecord | undefined,
  config: Config,
  now: Date,
): Proposal {
  if (bucket.name === config.stateBucket) return { kind: 'state-bucket' };
  const label = keepsUntil(bucket.labels[config.exemptLabel], now);
  if (label.keeps) return { kind: 'exempt', why: `label ${config.exemptLabel}: ${label.why}` };
  const owned = ownedRules(bucket, record);
  const policy = policyFor(bucket, config.policies);
  if (policy === undefined) return { kind: 'no-policy', owned: owned.length };
  const merge = mergeRules({
    present: bucket.rules,
    wanted: policy.rules,
    owned,
    foreignRules: policy.foreignRules,
  });
  if (!changes(merge)) return { kind: 'in-force', policy, merge };
  const refusal = refusalOf(bucket, merge, config);
  return refusal === undefined
    ? { kind: 'change', policy, merge }
    : { kind: 'refused', policy, merge, refusal };
}
