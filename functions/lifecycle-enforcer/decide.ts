import type { Decision } from '../../shared/receipt.ts';
import type { Config } from './config.ts';
import type { BucketFacts, Facts } from './facts.ts';
import type { Merge } from './merge.ts';
import { sameRecord, tidyRecord } from './ownership.ts';
import { propose, type Proposal } from './propose.ts';
import { ruleDigest } from './rule-identity.ts';

/** One decision for each bucket: keep, patch, refuse or report. */
export function judgeBucket(facts: Facts, config: Config, now: Date): readonly Decision[] {
  if (facts.kind === 'gone') return [];
  const proposal = propose(facts.bucket, facts.record, config, now);
  return [{ resource: resourceOf(facts.bucket.name), usdPerHour: 0, ...verdict(proposal, facts) }];
}

function verdict(
  proposal: Proposal,
  { bucket }: BucketFacts,
): Pick<Decision, 'action' | 'reason' | 'evidence'> {
  switch (proposal.kind) {
    case 'state-bucket':
      return { action: 'keep', reason: 'state-bucket', evidence: {} };
    case 'exempt':
      return { action: 'keep', reason: 'exempt', evidence: { why: proposal.why } };
    case 'no-policy':
      return {
        action: 'report',
        reason: 'no-policy',
        evidence: {
          location: bucket.location,
          rules: bucket.rules.length,
          ...(proposal.owned > 0 ? { writtenByCostguard: proposal.owned } : {}),
        },
      };
    case 'in-force': {
      const { policy, merge } = proposal;
      const diff = { kept: merge.kept.length, equal: merge.equal.length };
      return { action: 'keep', reason: 'in-force', evidence: { policy: policy.name, diff } };
    }
    case 'refused': {
      const { policy, merge, refusal } = proposal;
      return {
        action: 'refuse',
        reason: refusal.reason,
        evidence: { why: refusal.why, policy: policy.name, location: bucket.location, diff: diffOf(merge) },
      };
    }
    case 'change': {
      const { policy, merge } = proposal;
      return {
        action: 'patch',
        reason: bucket.rules.length === 0 ? 'no-rules' : 'drift',
        evidence: { policy: policy.name, location: bucket.location, diff: diffOf(merge) },
      };
    }
  }
}

/** The semantic difference, with every rule as the API spells it, so that it can be undone. */
function diffOf({ added, removed, kept, equal }: Merge): object {
  return { added, removed, kept, equal };
}

/** The name that Cloud Storage and IAM use for a bucket. */
export function resourceOf(bucket: string): string {
  return `projects/_/buckets/${bucket}`;
}

/** Whether what is remembered of the bucket has to change although its rules need not. */
export function needsTidying(facts: Facts, config: Config, now: Date): boolean {
  if (facts.kind === 'gone') return true;
  const { bucket, record } = facts;
  if (record === undefined) return false;
  const tidy = tidyRecord(record, bucket, wantedDigests(facts, config, now), now.getTime());
  return !sameRecord(tidy, record);
}

/** Digests of the rules that the policy wants in a bucket. */
export function wantedDigests(
  { bucket, record }: BucketFacts,
  config: Config,
  now: Date,
): ReadonlySet<string> {
  const proposal = propose(bucket, record, config, now);
  return new Set('policy' in proposal ? proposal.policy.rules.map(ruleDigest) : []);
}

export function savesMoney({ action }: Decision): boolean {
  return action === 'patch';
}
