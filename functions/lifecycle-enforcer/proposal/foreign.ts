import type { Bucket } from '../../../shared/google/buckets.ts';
import { describeRule, readRule, type Condition, type ReadRule } from '../rules/condition.ts';
import { implies } from '../rules/implication.ts';
import type { Merge } from '../rules/merge.ts';
import { canMove, coldness, mayBeSameClass } from '../rules/storage-class.ts';

/** Why a new rule of ours leaves a rule of others without effect; undefined when it leaves them all theirs. */
export function outranksForeign(bucket: Bucket, added: ReadRule, merge: Merge): string | undefined {
  const present = bucket.rules.map(readRule);
  for (const foreign of merge.kept.map(readRule))
    for (const part of partsOf(foreign, added)) {
      if (!endsEarlier(added, part, bucket)) continue;
      const others = present.filter(({ rule }) => rule !== foreign.rule);
      if (others.some((other) => endsEarlier(other, part, bucket))) continue;
      return `it leaves a rule of others without effect, "${describeRule(foreign.rule)}": ${lost(added, part)}`;
    }
  return undefined;
}

/** What of a foreign rule counts by itself: each prefix that it names, and what of ours lies below one of them. */
function partsOf(foreign: ReadRule, added: ReadRule): readonly ReadRule[] {
  const { matchesPrefix: prefixes, matchesSuffix: suffixes } = foreign.condition;
  const below = (prefixes ?? []).flatMap((prefix) =>
    (added.condition.matchesPrefix ?? []).filter((ours) => ours.startsWith(prefix)),
  );
  const byPrefix =
    prefixes === undefined
      ? [foreign.condition]
      : [...prefixes, ...below].map((prefix) => ({ ...foreign.condition, matchesPrefix: [prefix] }));
  return byPrefix
    .flatMap((condition) =>
      suffixes === undefined
        ? [condition]
        : suffixes.map((suffix) => ({ ...condition, matchesSuffix: [suffix] })),
    )
    .map((condition) => ({ ...foreign, condition }));
}

/** Whether `one` always comes before `other`, and changes something by it. */
function endsEarlier(one: ReadRule, other: ReadRule, bucket: Bucket): boolean {
  return outlasts(one, other, bucket) || movesAway(one, other, bucket);
}

/** Delete beats SetStorageClass, and of several classes the coldest wins. */
function outlasts(one: ReadRule, other: ReadRule, bucket: Bucket): boolean {
  const wins =
    one.type === 'Delete'
      ? other.type !== 'AbortIncompleteMultipartUpload'
      : one.type === other.type && (coldness(one.to) ?? -1) >= (coldness(other.to) ?? -1);
  if (!wins || !implies(other.condition, asWide(one, other, bucket), 'by-meaning')) return false;
  const same = one.type === other.type && one.to === other.to;
  return !same || !implies({ ...other.condition, ...waitOf(one.condition) }, other, 'by-meaning');
}

/** A move that takes all objects out of the classes that the other rule names. */
function movesAway(one: ReadRule, other: ReadRule, bucket: Bucket): boolean {
  const classes = other.condition.matchesStorageClass;
  if (one.type !== 'SetStorageClass' || classes === undefined) return false;
  if (classes.some((from) => mayBeSameClass(from, one.to) || !canMove(from, one.to))) return false;
  return implies(other.condition, asWide(one, other, bucket), 'by-meaning');
}

/** A rule without what restricts it only in name: live objects, and the class that the bucket gives them all. */
function asWide(one: ReadRule, other: ReadRule, bucket: Bucket): ReadRule {
  const { isLive, matchesStorageClass: classes, ...rest } = one.condition;
  const usual =
    other.condition.matchesStorageClass === undefined &&
    classes?.some((name) => mayBeSameClass(name, bucket.storageClass)) === true;
  return {
    ...one,
    condition: {
      ...rest,
      ...(classes === undefined || usual ? {} : { matchesStorageClass: classes }),
      ...(isLive === false ? { isLive } : {}),
    },
  };
}

/** The part of a condition that says when. */
function waitOf(condition: Condition): Condition {
  const { age, daysSinceCustomTime, daysSinceNoncurrentTime, numNewerVersions } = condition;
  const { createdBefore, customTimeBefore, noncurrentTimeBefore } = condition;
  return {
    age,
    daysSinceCustomTime,
    daysSinceNoncurrentTime,
    numNewerVersions,
    createdBefore,
    customTimeBefore,
    noncurrentTimeBefore,
  };
}

function lost(added: ReadRule, part: ReadRule): string {
  const what = part.type === 'AbortIncompleteMultipartUpload' ? 'uploads' : 'objects';
  const where = [...(part.condition.matchesPrefix ?? []), ...(part.condition.matchesSuffix ?? [])];
  const subject = where.length === 0 ? `all ${what} that it matches` : `${what} of ${where.join(' and ')}`;
  const change =
    added.type === 'SetStorageClass'
      ? `would be moved to ${added.to}`
      : added.type === 'Delete'
        ? 'would be gone'
        : 'would be aborted';
  return `${subject} ${change} ${when(added.condition)} instead of ${when(part.condition)}`;
}

function when({ age }: Condition): string {
  return age === undefined ? 'when its conditions hold' : `after ${age.toLocaleString('en-US')} days`;
}
