import type { Bucket } from '../../../shared/google/buckets.ts';
import type { BucketRecord, Intent } from '../memory.ts';
import { ruleDigest, rulesDigest } from './identity.ts';

/** Longer than a run can live, so that an intent this old belongs to a run that died. */
const INTENT_MS = 900_000;

/**
 * Digests of the rules in a bucket that costguard wrote. A rule that merely equals one of ours is not ours: what counts is
 * what was remembered. An intent without its end counts when the bucket looks as that write would have left it.
 */
export function ownedRules(bucket: Bucket, record: BucketRecord | undefined): readonly string[] {
  if (record === undefined || record.createdMs !== bucket.createdMs) return [];
  const owned = Object.values(record.intents)
    .filter((intent) => gotThrough(intent, bucket))
    .reduce<readonly string[]>(settled, record.rules);
  const present = new Set(bucket.rules.map(ruleDigest));
  return owned.filter((digest) => present.has(digest));
}

/**
 * Whether a write without an answer was carried out: the bucket was changed once since and is as it would have left it, or more often,
 * and a rule is there that it added. Another change first would have had Google refuse the write; and a rule of ours that is taken for a
 * foreign one would go on deleting beside the one that replaces it.
 */
export function gotThrough({ metageneration, result, added }: Intent, bucket: Bucket): boolean {
  const changes = BigInt(bucket.metageneration) - BigInt(metageneration);
  if (changes <= 1n) return changes === 1n && rulesDigest(bucket.rules) === result;
  const present = new Set(bucket.rules.map(ruleDigest));
  return added.some((digest) => present.has(digest));
}

/** What is ours once a write got through. */
export function settled(
  owned: readonly string[],
  { added, removed }: Pick<Intent, 'added' | 'removed'>,
): readonly string[] {
  return [...new Set([...owned.filter((digest) => !removed.includes(digest)), ...added])].sort();
}

/**
 * The record as it should be now that the bucket was seen so; undefined to forget it. A digest of ours that is gone from
 * the bucket must be forgotten: an equal rule that is written later belongs to its author. `desired` ones stay, since a parallel
 * run may just be putting them back.
 */
export function tidyRecord(
  record: BucketRecord,
  bucket: Bucket,
  desired: ReadonlySet<string>,
  nowMs: number,
): BucketRecord | undefined {
  if (record.createdMs !== bucket.createdMs) return undefined;
  const owned = ownedRules(bucket, record);
  const awaited = record.rules.filter((digest) => desired.has(digest));
  const rules = [...new Set([...owned, ...awaited])].sort();
  const open = Object.entries(record.intents).filter(
    ([, intent]) => nowMs - intent.atMs < INTENT_MS && !gotThrough(intent, bucket),
  );
  if (rules.length === 0 && open.length === 0) return undefined;
  return { ...record, rules, intents: Object.fromEntries(open) };
}

/** Whether two records say the same. */
export function sameRecord(one: BucketRecord | undefined, other: BucketRecord | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
