import { type UsdPerHour } from '../../shared/prices/money.ts';
import { HOURS_PER_MONTH } from '../../shared/prices/quantities.ts';
import type { StoredRule } from '../../shared/google/buckets.ts';
import type { Decision } from '../../shared/run/receipt.ts';
import type { Config } from './config.ts';
import type { BucketFacts, Facts } from './facts.ts';
import { showForecast, type Forecast } from './forecast/forecast.ts';
import { lintRules, type Finding } from './lint/lint.ts';
import type { Merge } from './rules/merge.ts';
import { sameRecord, tidyRecord } from './rules/ownership.ts';
import { propose, type Proposal } from './proposal/propose.ts';
import type { Refusal } from './proposal/refuse.ts';
import { readRule, type ReadRule } from './rules/condition.ts';
import { ruleDigest } from './rules/identity.ts';

/** One decision for each bucket: keep, patch, refuse or report. */
export function judgeBucket(facts: Facts, config: Config, now: Date): readonly Decision[] {
  if (facts.kind === 'gone') return [];
  const proposal = propose(facts.bucket, facts.record, config, now);
  return [{ resource: resourceOf(facts.bucket.name), ...verdict(proposal, facts, config) }];
}

type Verdict = Omit<Decision, 'resource'>;

function verdict(proposal: Proposal, facts: BucketFacts, config: Config): Verdict {
  const { bucket } = facts;
  switch (proposal.kind) {
    case 'state-bucket':
      return { action: 'keep', reason: 'state-bucket', usdPerHour: 0, evidence: {} };
    case 'exempt':
      return { action: 'keep', reason: 'exempt', usdPerHour: 0, evidence: { why: proposal.why } };
    case 'no-policy':
      return {
        action: 'report',
        reason: 'no-policy',
        usdPerHour: 0,
        evidence: {
          location: bucket.location,
          rules: bucket.rules.length,
          ...lintOf(bucket.rules, facts),
          ...(proposal.owned > 0 ? { writtenByCostguard: proposal.owned } : {}),
        },
      };
    case 'in-force': {
      const { policy, merge } = proposal;
      const diff = { kept: merge.kept.length, equal: merge.equal.length };
      return {
        action: 'keep',
        reason: 'in-force',
        usdPerHour: 0,
        evidence: { policy: policy.name, diff, ...lintCodes(bucket.rules, facts) },
      };
    }
    case 'refused':
      return refuse(proposal, proposal.refusal, facts);
    case 'change': {
      const refusal = deletesTooMuch(proposal.merge, facts, config);
      if (refusal !== undefined) return refuse(proposal, refusal, facts);
      return {
        action: 'patch',
        reason: bucket.rules.length === 0 ? 'no-rules' : 'drift',
        usdPerHour: savedPerHour(facts.forecast),
        evidence: evidenceOf(proposal, facts),
      };
    }
  }
}

function refuse(
  proposal: Extract<Proposal, { merge: Merge }>,
  { reason, why }: Refusal,
  facts: BucketFacts,
): Verdict {
  return { action: 'refuse', reason, usdPerHour: 0, evidence: { why, ...evidenceOf(proposal, facts) } };
}

function evidenceOf(
  { policy, merge }: Extract<Proposal, { merge: Merge }>,
  facts: BucketFacts,
): Decision['evidence'] {
  const { bucket, usage, forecast } = facts;
  return {
    policy: policy.name,
    location: bucket.location,
    storageClass: bucket.storageClass,
    metageneration: bucket.metageneration,
    diff: diffOf(merge),
    ...lintOf(merge.rules, facts),
    ...(forecast !== undefined
      ? { forecast: showForecast(forecast) }
      : usage.kind === 'unread'
        ? {}
        : {
            forecast: {
              unknown:
                usage.kind === 'unreadable' ? usage.why : 'no metrics: empty, or filled since yesterday',
            },
          }),
  };
}

function lintOf(
  rules: readonly StoredRule[],
  { bucket, usage, forecast }: BucketFacts,
): { lint?: readonly Finding[] } {
  const lint = lintRules(rules.map(readRule), { bucket, usage, forecast });
  return lint.length === 0 ? {} : { lint };
}

/** The codes alone: a receipt holds one line for each of the many buckets that are kept. */
function lintCodes(rules: readonly StoredRule[], facts: BucketFacts): { lint?: readonly string[] } {
  const { lint = [] } = lintOf(rules, facts);
  return lint.length === 0 ? {} : { lint: [...new Set(lint.map(({ code }) => code))] };
}

/**
 * Why new rules are not written: they would at once delete more than the policy allows, or it is unknown whether they
 * would. With `maxDeletedShare: 1` there is nothing to tell.
 */
function deletesTooMuch(merge: Merge, { forecast }: BucketFacts, config: Config): Refusal | undefined {
  const { maxDeletedShare } = config;
  const guarded = guardedRules(merge);
  if (maxDeletedShare >= 1 || guarded.every(({ type }) => type !== 'Delete')) return undefined;
  const cannotRead = guarded.flatMap(({ type, unknown }) => (type === 'Delete' ? unknown : []));
  const hint = config.simulate === 'metrics' ? 'set simulate: objects' : 'see what is listed as incomplete';
  if (forecast === undefined || cannotRead.length > 0)
    return {
      reason: 'deleted-share-unknown',
      why: `how much the new rules would delete at once is unknown${cannotRead.length > 0 ? ` (${cannotRead.join(', ')})` : ''}; ${hint}, or maxDeletedShare: 1`,
    };
  const { min, max } = forecast.deletedShare;
  if (min > maxDeletedShare)
    return {
      reason: 'max-deleted-share',
      why: `the new rules would at once delete ${percent(min)} of its bytes; maxDeletedShare is ${percent(maxDeletedShare)}`,
    };
  if (max <= maxDeletedShare) return undefined;
  return {
    reason: 'deleted-share-unknown',
    why: `the new rules would at once delete ${percent(min)} to ${percent(max)} of its bytes, and maxDeletedShare is ${percent(maxDeletedShare)}; ${hint}, or maxDeletedShare: 1`,
  };
}

/** The new rules; and where moves come or go, all that wait for a class. */
function guardedRules({ rules, added, removed }: Merge): readonly ReadRule[] {
  const moves = [...added, ...removed].some(({ action }) => action.type === 'SetStorageClass');
  return rules
    .filter(
      (rule) => added.includes(rule) || (moves && rule.condition?.['matchesStorageClass'] !== undefined),
    )
    .map(readRule);
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}

/** What is saved at rest after a month, at least; unpriced when not even that is known. */
function savedPerHour(forecast: Forecast | undefined): UsdPerHour {
  const saved = forecast?.horizons.month.savesUsdPerMonth;
  if (saved === undefined || (saved.max > saved.min && saved.min === 0)) return 'unpriced';
  return saved.min / HOURS_PER_MONTH;
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
