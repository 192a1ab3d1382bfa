import assert from 'node:assert/strict';
import { describe, it, test } from 'vitest';
import fc from 'fast-check';
import {
  changes,
  mergeRules,
  type MergeInput,
} from '../../../../functions/lifecycle-enforcer/rules/merge.ts';
import { settled } from '../../../../functions/lifecycle-enforcer/rules/ownership.ts';
import { ruleDigest } from '../../../../functions/lifecycle-enforcer/rules/identity.ts';
import type { StoredRule } from '../../../../shared/google/buckets.ts';
import { anyRule, respelled } from '../rule-arbitraries.ts';

const rule = (age: number, prefix?: string): StoredRule => ({
  action: { type: 'Delete' },
  condition: { age, ...(prefix === undefined ? {} : { matchesPrefix: [prefix] }) },
});
const [A, B, C, OLD] = [rule(1), rule(2), rule(3), rule(9)];

interface Case extends Partial<MergeInput> {
  readonly name: string;
  readonly rules: readonly StoredRule[];
  readonly added?: readonly StoredRule[];
  readonly removed?: readonly StoredRule[];
  readonly kept?: readonly StoredRule[];
  readonly equal?: readonly StoredRule[];
}

const CASES: readonly Case[] = [
  { name: 'nothing there', desired: [A, B], rules: [A, B], added: [A, B] },
  { name: 'all there in another order', present: [B, A], desired: [A, B], rules: [B, A], equal: [B, A] },
  { name: 'foreign rules stay where they are', present: [C, A], desired: [A, B], rules: [C, A, B], added: [B], kept: [C], equal: [A] },
  { name: 'an old rule of ours goes', present: [C, OLD], desired: [A], owned: [ruleDigest(OLD)], rules: [C, A], added: [A], removed: [OLD], kept: [C] },
  { name: 'the same rule of another user stays', present: [OLD], desired: [A], rules: [OLD, A], added: [A], kept: [OLD] },
  { name: 'of two equal ones only the one that we wrote goes', present: [OLD, OLD], desired: [], owned: [ruleDigest(OLD)], rules: [OLD], removed: [OLD], kept: [OLD] },
  { name: 'foreign rules go when requested', present: [C, A], desired: [A], foreignRules: 'remove', rules: [A], removed: [C], equal: [A] },
  { name: 'ours and desired stays, whatever its owner', present: [A], desired: [A], owned: [ruleDigest(A)], rules: [A], equal: [A] },
  { name: 'an empty policy takes ours away', present: [A, C], desired: [], owned: [ruleDigest(A)], rules: [C], removed: [A], kept: [C] },
  { name: 'a rule that the policy has twice is written once', desired: [A, A], rules: [A], added: [A] },
]; // prettier-ignore

describe('mergeRules', () => {
  for (const { name, present = [], desired = [], owned = [], foreignRules = 'keep', ...expected } of CASES)
    it(name, () => {
      assert.deepEqual(mergeRules({ present, desired, owned, foreignRules }), {
        added: [],
        removed: [],
        kept: [],
        equal: [],
        ...expected,
      });
    });
});

const anyInput = fc.record({
  present: fc.array(anyRule, { maxLength: 6 }),
  desired: fc.array(anyRule, { maxLength: 4 }),
  ownedAt: fc.array(fc.nat(5), { maxLength: 4 }),
  foreignRules: fc.constantFrom('keep' as const, 'keep' as const, 'remove' as const),
});

type AnyInput = typeof anyInput extends fc.Arbitrary<infer T> ? T : never;

function inputOf({ present, desired, ownedAt, foreignRules }: AnyInput): MergeInput {
  const owned = present.filter((_, index) => ownedAt.includes(index)).map(ruleDigest);
  return { present, desired, owned, foreignRules };
}

const digests = (rules: readonly StoredRule[]): readonly string[] => rules.map(ruleDigest);

test('mergeRules: merging twice changes nothing', () => {
  fc.assert(
    fc.property(anyInput, (any) => {
      const input = inputOf(any);
      const once = mergeRules(input);
      const owned = settled(input.owned, { added: digests(once.added), removed: digests(once.removed) });
      const twice = mergeRules({ ...input, present: once.rules, owned });
      assert.ok(!changes(twice));
      assert.deepEqual(twice.rules, once.rules);
    }),
    { numRuns: 2_000 },
  );
});

test('mergeRules: foreign rules are never lost, respelled or reordered', () => {
  fc.assert(
    fc.property(anyInput, (any) => {
      const input = { ...inputOf(any), foreignRules: 'keep' as const };
      const owned = new Set(input.owned);
      const foreign = input.present.filter((one) => !owned.has(ruleDigest(one)));
      const left = mergeRules(input).rules.filter((one) => foreign.includes(one));
      assert.deepEqual(left, foreign);
    }),
    { numRuns: 2_000 },
  );
});

test('mergeRules: every desired rule is there in the end, and each rule is told of once', () => {
  fc.assert(
    fc.property(anyInput, (any) => {
      const input = inputOf(any);
      const { rules, added, removed, kept, equal } = mergeRules(input);
      const present = new Set(digests(rules));
      for (const desired of input.desired) assert.ok(present.has(ruleDigest(desired)));
      assert.equal(kept.length + equal.length + removed.length, input.present.length);
      assert.equal(kept.length + equal.length + added.length, rules.length);
    }),
    { numRuns: 2_000 },
  );
});

test('mergeRules: spelling and order of what is there do not matter', () => {
  fc.assert(
    fc.property(
      fc.array(anyRule, { minLength: 1, maxLength: 5 }),
      fc.infiniteStream(fc.nat()),
      (desired, random) => {
        const present = desired.map((one) => respelled(one, random)).reverse();
        assert.ok(!changes(mergeRules({ present, desired, owned: [], foreignRules: 'remove' })));
      },
    ),
    { numRuns: 1_000 },
  );
});
