import type { Bucket } from '../../../shared/google/buckets.ts';
import { ABORT_CONDITIONS } from '../../../shared/policy/lifecycle-rules.ts';
import type { Config } from '../config.ts';
import type { Merge } from '../rules/merge.ts';
import { describeRule, noncurrentOnly, readRule, type ReadRule } from '../rules/condition.ts';
import { isWarmer } from '../rules/storage-class.ts';

/** Why a bucket's rules are left as they are although they differ from the policy. */
export interface Refusal {
  readonly reason: string;
  readonly why: string;
}

/** Limits of Cloud Storage; the second is documented as 1,000, once was 50, and the API has the last word. */
const MAX_RULES = 100;
const MAX_PREFIXES_AND_SUFFIXES = 1_000;

const DAY_SECONDS = 86_400;

/** What speaks against writing these rules, whatever the bucket holds; undefined when nothing does. */
export function refusalOf(bucket: Bucket, merge: Merge, config: Config): Refusal | undefined {
  if (bucket.labels['goog-terraform-provisioned'] === 'true' && config.terraformManaged === 'report')
    return { reason: 'terraform-managed', why: 'Terraform made this bucket and would undo the change' };
  if (merge.rules.length > MAX_RULES)
    return {
      reason: 'too-many-rules',
      why: `${merge.rules.length} rules together; a bucket takes ${MAX_RULES}`,
    };
  const names = merge.rules.map(readRule).reduce((sum, { condition }) => sum + namesIn(condition), 0);
  if (names > MAX_PREFIXES_AND_SUFFIXES)
    return {
      reason: 'too-many-prefixes',
      why: `${names} prefixes and suffixes together; a bucket takes ${MAX_PREFIXES_AND_SUFFIXES}`,
    };
  for (const rule of merge.added.map(readRule)) {
    const refusal = refusalOfRule(bucket, rule);
    if (refusal !== undefined) return { ...refusal, why: `${describeRule(rule.rule)}: ${refusal.why}` };
  }
  return undefined;
}

function namesIn({ matchesPrefix = [], matchesSuffix = [] }: ReadRule['condition']): number {
  return matchesPrefix.length + matchesSuffix.length;
}

function refusalOfRule(bucket: Bucket, read: ReadRule): Refusal | undefined {
  const { type, condition, rule } = read;
  if (bucket.autoclass && (type === 'SetStorageClass' || condition.matchesStorageClass !== undefined))
    return { reason: 'autoclass', why: 'Autoclass moves the objects of this bucket itself' };
  if (type === 'AbortIncompleteMultipartUpload') {
    const bad = Object.keys(rule.condition ?? {}).filter((key) => !ABORT_CONDITIONS.includes(key));
    if (bad.length > 0)
      return { reason: 'condition-not-allowed', why: `${bad.join(', ')} cannot be used with this action` };
  }
  if (type === 'SetStorageClass') return warmer(read);
  if (type === 'Delete') return deletesAtOnce(read) ?? retained(bucket, read);
  return undefined;
}

function warmer({ condition, to }: ReadRule): Refusal | undefined {
  // Without a list of classes STANDARD is what objects of every colder class would have to come back to.
  const sources = condition.matchesStorageClass ?? (to === 'STANDARD' ? ['NEARLINE'] : []);
  const from = sources.find((source) => isWarmer(source, to));
  return from === undefined
    ? undefined
    : { reason: 'warmer-class', why: `lifecycle rules never move an object from ${from} to ${to}` };
}

/** A Delete that every new object meets at once, or that says so with `age: 0`. */
function deletesAtOnce(read: ReadRule): Refusal | undefined {
  const { condition, unknown } = read;
  if (condition.age === 0)
    return { reason: 'deletes-at-once', why: 'age 0 matches every object immediately' };
  const waits =
    condition.age !== undefined ||
    condition.createdBefore !== undefined ||
    condition.customTimeBefore !== undefined ||
    condition.daysSinceCustomTime !== undefined;
  if (waits || noncurrentOnly(condition) || unknown.length > 0) return undefined;
  return { reason: 'deletes-at-once', why: 'no condition makes it wait: it matches immediately' };
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
