import type { Bucket, StoredRule } from '../../../shared/google/buckets.ts';
import { ABORT_CONDITIONS } from '../../../shared/policy/lifecycle-rules.ts';
import type { BucketPolicy } from '../../../shared/policy/policy.ts';
import { takesEffectAtOnce } from '../rules/at-once.ts';
import { describeRule, readRule, type ReadRule } from '../rules/condition.ts';
import type { Merge } from '../rules/merge.ts';
import { isWarmer } from '../rules/storage-class.ts';
import { outranksForeign } from './foreign.ts';

/** Why rules are left as they are although they differ from the policy. */
export interface Refusal {
  readonly reason: string;
  readonly why: string;
}

/** A rule of the policy that is not written; the others are. */
export interface BlockedRule extends Refusal {
  readonly rule: StoredRule;
}

/** What a new rule is judged by. */
export interface RuleContext {
  readonly bucket: Bucket;
  readonly merge: Merge;
  readonly policy: BucketPolicy;
  readonly now: Date;
}

/** Limits of Cloud Storage; the second is documented as 1,000, once was 50, and the API has the last word. */
const MAX_RULES = 100;
const MAX_PREFIXES_AND_SUFFIXES = 1_000;

const DAY_SECONDS = 86_400;

/** New rules that cannot be written, whatever the bucket holds, each with its reason. */
export function blockedRules(context: RuleContext): readonly BlockedRule[] {
  const blocked = context.merge.added.flatMap((rule): BlockedRule[] => {
    const refusal = refusalOfRule(context, readRule(rule));
    return refusal === undefined ? [] : [{ rule, ...refusal }];
  });
  const all = [...blocked, ...dependents(context.merge, blocked)];
  return [...all, ...beyondLimits(context.merge, all)];
}

/** Without a move that goes before it, a Delete by class takes more than the policy means. */
function dependents(merge: Merge, blocked: readonly BlockedRule[]): readonly BlockedRule[] {
  const move = blocked.find(({ rule }) => rule.action.type === 'SetStorageClass');
  if (move === undefined) return [];
  const why = `what it deletes depends on a rule that is not written, "${describeRule(move.rule)}"`;
  return merge.added
    .filter((rule) => rule.action.type === 'Delete' && rule.condition?.['matchesStorageClass'] !== undefined)
    .filter((rule) => blocked.every((one) => one.rule !== rule))
    .map((rule) => ({ rule, reason: 'needs-blocked-rule', why }));
}

/** Those for which there is no room any more, in the policy's order. */
function beyondLimits(merge: Merge, blocked: readonly BlockedRule[]): readonly BlockedRule[] {
  const open = merge.added.filter((rule) => blocked.every((one) => one.rule !== rule));
  const present = merge.rules.filter((rule) => !merge.added.includes(rule));
  let rules = present.length;
  let names = present.reduce((sum, rule) => sum + namesIn(rule), 0);
  return open.flatMap((rule): BlockedRule[] => {
    const more = namesIn(rule);
    if (rules + 1 > MAX_RULES)
      return [
        { rule, reason: 'too-many-rules', why: `the bucket has ${rules} rules and takes ${MAX_RULES}` },
      ];
    if (names + more > MAX_PREFIXES_AND_SUFFIXES) {
      const why = `${names + more} prefixes and suffixes together; a bucket takes ${MAX_PREFIXES_AND_SUFFIXES}`;
      return [{ rule, reason: 'too-many-prefixes', why }];
    }
    rules += 1;
    names += more;
    return [];
  });
}

function namesIn(rule: StoredRule): number {
  const { matchesPrefix = [], matchesSuffix = [] } = readRule(rule).condition;
  return matchesPrefix.length + matchesSuffix.length;
}

function refusalOfRule(context: RuleContext, read: ReadRule): Refusal | undefined {
  const { bucket, merge, policy, now } = context;
  const { type, condition } = read;
  if (bucket.autoclass && (type === 'SetStorageClass' || condition.matchesStorageClass !== undefined))
    return { reason: 'autoclass', why: 'Autoclass moves the objects of this bucket itself' };
  const refusal =
    type === 'AbortIncompleteMultipartUpload'
      ? (notForAbort(read) ?? abortsAtOnce(read, now))
      : type === 'SetStorageClass'
        ? warmer(read)
        : ((policy.allowDeleteAll ? undefined : deletesAtOnce(read, now)) ?? retained(bucket, read));
  if (refusal !== undefined || policy.foreignRules !== 'keep') return refusal;
  const why = outranksForeign(bucket, read, merge);
  return why === undefined
    ? undefined
    : { reason: 'foreign-made-dead', why: `${why}; foreignRules: overrule permits it` };
}

function notForAbort({ rule }: ReadRule): Refusal | undefined {
  const bad = Object.keys(rule.condition ?? {}).filter((key) => !ABORT_CONDITIONS.includes(key));
  if (bad.length === 0) return undefined;
  return { reason: 'condition-not-allowed', why: `${bad.join(', ')} cannot be used with this action` };
}

function abortsAtOnce(read: ReadRule, now: Date): Refusal | undefined {
  const why = takesEffectAtOnce(read, now);
  return why === undefined ? undefined : { reason: 'aborts-at-once', why: `${why}, uploads in progress too` };
}

function warmer({ condition, to }: ReadRule): Refusal | undefined {
  // Without a list of classes STANDARD is what objects of every colder class would have to come back to.
  const sources = condition.matchesStorageClass ?? (to === 'STANDARD' ? ['NEARLINE'] : []);
  const from = sources.find((source) => isWarmer(source, to));
  return from === undefined
    ? undefined
    : { reason: 'warmer-class', why: `lifecycle rules never move an object from ${from} to ${to}` };
}

function deletesAtOnce(read: ReadRule, now: Date): Refusal | undefined {
  const why = takesEffectAtOnce(read, now);
  return why === undefined
    ? undefined
    : { reason: 'deletes-at-once', why: `${why}; allowDeleteAll: true permits it` };
}

/** A locked retention cannot be shortened by anyone, so that the rule would not do what it says. */
function retained({ retention }: Bucket, { condition }: ReadRule): Refusal | undefined {
  if (retention?.locked !== true || condition.age === undefined) return undefined;
  const days = Math.ceil(retention.seconds / DAY_SECONDS);
  if (days <= condition.age) return undefined;
  return {
    reason: 'locked-retention',
    why: `the bucket's locked retention keeps every object for ${days} days`,
  };
}
