import { type UsdPerHour } from '../../shared/prices/money.ts';
import { HOURS_PER_MONTH } from '../../shared/prices/quantities.ts';
import type { Bucket, StoredRule } from '../../shared/google/buckets.ts';
import type { Decision } from '../../shared/run/receipt.ts';
import type { Config } from './config.ts';
import type { BucketFacts, Facts } from './facts.ts';
import { showForecast, type Forecast } from './forecast/forecast.ts';
import { lintRules, type Finding } from './lint/lint.ts';
import type { Merge } from './rules/merge.ts';
import { sameRecord, tidyRecord } from './rules/ownership.ts';
import { propose, type Change, type Proposal } from './proposal/propose.ts';
import type { BlockedRule } from './proposal/refuse.ts';
import { deletesEverything } from './rules/at-once.ts';
import { readRule } from './rules/condition.ts';
import { ruleDigest } from './rules/identity.ts';

/** One decision for each bucket: keep, patch, refuse or report. */
export function judgeBucket(facts: Facts, config: Config, now: Date): readonly Decision[] {
  if (facts.kind === 'gone') return [];
  const judged = verdict(proposalFor(facts, config, now), facts, now);
  return [{ resource: resourceOf(facts.bucket.name), ...judged }];
}

/** What the policy makes of a bucket, all that is known of it considered. */
export function proposalFor({ bucket, record, guard }: BucketFacts, config: Config, now: Date): Proposal {
  return propose(bucket, record, config, now, guard);
}

type Verdict = Omit<Decision, 'resource'>;

function verdict(proposal: Proposal, facts: BucketFacts, now: Date): Verdict {
  switch (proposal.kind) {
    case 'state-bucket':
      return { action: 'keep', reason: 'state-bucket', usdPerHour: 0, evidence: {} };
    case 'exempt':
      return { action: 'keep', reason: 'exempt', usdPerHour: 0, evidence: { why: proposal.why } };
    case 'no-policy':
      return withoutPolicy(proposal.owned, facts, now);
    case 'in-force':
      return inForce(proposal, facts, now);
    case 'refused': {
      const { reason, why } = proposal.refusal;
      const evidence = { ...evidenceOf(proposal, facts, now, why), ...notWritten(proposal.blocked) };
      return { action: 'refuse', reason, usdPerHour: 0, evidence };
    }
    case 'change': {
      const { blocked, merge, policy } = proposal;
      const all = blocked.length + merge.added.length;
      const why = `${blocked.length} of ${all} new rules of "${policy.name}" not written: ${[...new Set(blocked.map(({ reason }) => reason))].join(', ')}`;
      const whole = facts.bucket.rules.length === 0 ? 'no-rules' : 'drift';
      return {
        action: 'patch',
        reason: blocked.length === 0 ? whole : 'in-part',
        usdPerHour: savedPerHour(facts.forecast),
        evidence: {
          ...evidenceOf(proposal, facts, now, blocked.length === 0 ? undefined : why),
          ...notWritten(blocked),
        },
      };
    }
  }
}

/** Each rule that stays out, as the API spells it, and why. */
function notWritten(blocked: readonly BlockedRule[]): { readonly notWritten?: readonly BlockedRule[] } {
  return blocked.length === 0 ? {} : { notWritten: blocked };
}

function withoutPolicy(owned: number, facts: BucketFacts, now: Date): Verdict {
  const { bucket } = facts;
  const everything = everythingGoes(bucket, bucket.rules, now);
  return {
    action: 'report',
    reason: everything.length === 0 ? 'no-policy' : 'deletes-everything',
    usdPerHour: 0,
    evidence: {
      ...saidFirst(everything),
      location: bucket.location,
      rules: bucket.rules.length,
      ...lintOf(bucket.rules, facts, now),
      ...(owned > 0 ? { writtenByCostguard: owned } : {}),
    },
  };
}

/** A bucket as the policy wants it; what its rules delete at once is reported unless the policy permits it. */
function inForce(
  { policy, merge }: Extract<Proposal, { kind: 'in-force' }>,
  facts: BucketFacts,
  now: Date,
): Verdict {
  const { bucket } = facts;
  const permitted = policy.allowDeleteAll ? merge.equal : [];
  const everything = everythingGoes(
    bucket,
    bucket.rules.filter((rule) => !permitted.includes(rule)),
    now,
  );
  return {
    ...(everything.length === 0
      ? { action: 'keep', reason: 'in-force' }
      : { action: 'report', reason: 'deletes-everything' }),
    usdPerHour: 0,
    evidence: {
      ...saidFirst(everything),
      policy: policy.name,
      diff: { kept: merge.kept.length, equal: merge.equal.length },
      ...lintCodes(bucket.rules, facts, now),
    },
  };
}

function everythingGoes(bucket: Bucket, rules: readonly StoredRule[], now: Date): readonly string[] {
  return rules
    .map((rule) => deletesEverything(readRule(rule), now, bucket.storageClass))
    .filter((why) => why !== undefined);
}

function saidFirst(everything: readonly string[]): { readonly deletesEverything?: readonly string[] } {
  return everything.length === 0 ? {} : { deletesEverything: everything };
}

function evidenceOf(
  { policy, merge }: Change,
  facts: BucketFacts,
  now: Date,
  why: string | undefined,
): Decision['evidence'] {
  const { bucket, usage, forecast } = facts;
  return {
    ...saidFirst(everythingGoes(bucket, merge.rules, now)),
    ...(why === undefined ? {} : { why }),
    policy: policy.name,
    location: bucket.location,
    storageClass: bucket.storageClass,
    metageneration: bucket.metageneration,
    diff: diffOf(merge),
    ...lintOf(merge.rules, facts, now),
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
  { bucket, usage, forecast, reads }: BucketFacts,
  now: Date,
): { lint?: readonly Finding[] } {
  const lint = lintRules(rules.map(readRule), { now, bucket, usage, forecast, reads });
  return lint.length === 0 ? {} : { lint };
}

/** The codes alone: a receipt holds one line for each of the many buckets that are kept. */
function lintCodes(
  rules: readonly StoredRule[],
  facts: BucketFacts,
  now: Date,
): { lint?: readonly string[] } {
  const { lint = [] } = lintOf(rules, facts, now);
  return lint.length === 0 ? {} : { lint: [...new Set(lint.map(({ code }) => code))] };
}

/** What is saved at rest after a month, at least; unpriced when not even that is known. */
function savedPerHour(forecast: Forecast | undefined): UsdPerHour {
  const saved = forecast?.horizons.month.savesUsdPerMonth;
  if (saved === undefined || (saved.high > saved.low && saved.low === 0)) return 'unpriced';
  return saved.low / HOURS_PER_MONTH;
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
  const tidy = tidyRecord(record, bucket, desiredDigests(facts, config, now), now.getTime());
  return !sameRecord(tidy, record);
}

/** Digests of the rules that the policy wants in a bucket. */
export function desiredDigests(
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
