import type { StoredRule } from '../../../shared/google/buckets.ts';
import { ruleDigest } from './identity.ts';

/** What becomes of a bucket's rules. Every rule, present or desired, is in exactly one of the four lists. */
export interface Merge {
  /** The rules that the bucket shall have. What stays keeps its place and its spelling. */
  readonly rules: readonly StoredRule[];
  readonly added: readonly StoredRule[];
  readonly removed: readonly StoredRule[];
  /** Rules of others, which stay. */
  readonly kept: readonly StoredRule[];
  /** Desired and already there, by any author. */
  readonly equal: readonly StoredRule[];
}

export interface MergeInput {
  readonly present: readonly StoredRule[];
  readonly desired: readonly StoredRule[];
  /** Digests of the rules that costguard itself wrote. */
  readonly owned: readonly string[];
  readonly foreignRules: 'keep' | 'remove';
}

/**
 * Merges by meaning. A rule of ours that the policy no longer has goes; a foreign one stays unless the policy removes
 * them. Of several equal rules only as many go as we wrote.
 */
export function mergeRules({ present, desired, owned, foreignRules }: MergeInput): Merge {
  const missing = new Map(desired.map((rule) => [ruleDigest(rule), rule]));
  const desiredDigests = new Set(missing.keys());
  const ours = [...owned];
  const rules: StoredRule[] = [];
  const removed: StoredRule[] = [];
  const kept: StoredRule[] = [];
  const equal: StoredRule[] = [];
  for (const rule of present) {
    const digest = ruleDigest(rule);
    if (desiredDigests.has(digest)) {
      missing.delete(digest);
      equal.push(rule);
      rules.push(rule);
      continue;
    }
    const at = ours.indexOf(digest);
    if (at >= 0) ours.splice(at, 1);
    if (at >= 0 || foreignRules === 'remove') removed.push(rule);
    else {
      kept.push(rule);
      rules.push(rule);
    }
  }
  const added = [...missing.values()];
  return { rules: [...rules, ...added], added, removed, kept, equal };
}

/** Whether there is anything to write. */
export function changes({ added, removed }: Merge): boolean {
  return added.length > 0 || removed.length > 0;
}
