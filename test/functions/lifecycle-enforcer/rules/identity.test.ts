import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import {
  canonicalRule,
  ruleDigest,
  rulesDigest,
} from '../../../../functions/lifecycle-enforcer/rules/identity.ts';
import type { StoredRule } from '../../../../shared/google/buckets.ts';

const del = (condition: Record<string, unknown>): StoredRule => ({ action: { type: 'Delete' }, condition });

const SAME: readonly (readonly [name: string, one: StoredRule, other: StoredRule])[] = [
  ['keys in another order', del({ age: 30, isLive: true }), del({ isLive: true, age: 30 })],
  [
    'prefixes in another order, one twice',
    del({ age: 1, matchesPrefix: ['b/', 'a/', 'a/'] }),
    del({ age: 1, matchesPrefix: ['a/', 'b/'] }),
  ],
  [
    'a prefix below another one',
    del({ age: 1, matchesPrefix: ['a/', 'a/b/'] }),
    del({ age: 1, matchesPrefix: ['a/'] }),
  ],
  [
    'a suffix at the end of another one',
    del({ age: 1, matchesSuffix: ['.ckpt', 'model.ckpt'] }),
    del({ age: 1, matchesSuffix: ['.ckpt'] }),
  ],
  ['an empty list', del({ age: 1, matchesPrefix: [] }), del({ age: 1 })],
  ['a prefix that every name has', del({ age: 1, matchesPrefix: ['', 'a/'] }), del({ age: 1 })],
  ['null', del({ age: 1, isLive: null }), del({ age: 1 })],
  [
    'storage classes in another order',
    del({ age: 1, matchesStorageClass: ['NEARLINE', 'STANDARD'] }),
    del({ age: 1, matchesStorageClass: ['STANDARD', 'NEARLINE'] }),
  ],
  ['a count as text', del({ age: '30' }), del({ age: 30 })],
  [
    'a date with midnight',
    del({ createdBefore: '2026-01-01T00:00:00.000Z' }),
    del({ createdBefore: '2026-01-01' }),
  ],
  ['no condition and an empty one', { action: { type: 'Delete' } }, del({})],
  [
    'a storage class that the action does not use',
    { action: { type: 'Delete', storageClass: 'NEARLINE' }, condition: { age: 1 } },
    del({ age: 1 }),
  ],
  [
    'unknown keys in another order',
    del({ future: { b: 1, a: [{ d: 1, c: 2 }] }, age: 1 }),
    del({ age: 1, future: { a: [{ c: 2, d: 1 }], b: 1 } }),
  ],
];

const DIFFERENT: readonly (readonly [name: string, one: StoredRule, other: StoredRule])[] = [
  ['age 0 and no age', del({ age: 0, isLive: true }), del({ isLive: true })],
  ['isLive false and absent', del({ age: 1, isLive: false }), del({ age: 1 })],
  ['noncurrent days 0 and absent', del({ age: 1, daysSinceNoncurrentTime: 0 }), del({ age: 1 })],
  ['another age', del({ age: 30 }), del({ age: 31 })],
  ['a prefix more', del({ age: 1, matchesPrefix: ['a/'] }), del({ age: 1, matchesPrefix: ['a/', 'b/'] })],
  ['prefix and suffix', del({ age: 1, matchesPrefix: ['a'] }), del({ age: 1, matchesSuffix: ['a'] })],
  [
    'another target',
    { action: { type: 'SetStorageClass', storageClass: 'NEARLINE' }, condition: { age: 1 } },
    { action: { type: 'SetStorageClass', storageClass: 'COLDLINE' }, condition: { age: 1 } },
  ],
  ['letter case of a prefix', del({ age: 1, matchesPrefix: ['A/'] }), del({ age: 1, matchesPrefix: ['a/'] })],
  ['digits as pattern', del({ matchesPattern: '30' }), del({ matchesPattern: 30 })],
  [
    'an action with something unknown',
    { action: { type: 'Delete', softly: true }, condition: { age: 1 } },
    del({ age: 1 }),
  ],
];

describe('ruleDigest', () => {
  for (const [name, one, other] of SAME)
    test(`says the same: ${name}`, () => {
      assert.equal(canonicalRule(one), canonicalRule(other));
      assert.equal(ruleDigest(one), ruleDigest(other));
    });

  for (const [name, one, other] of DIFFERENT)
    test(`tells apart: ${name}`, () => {
      assert.notEqual(ruleDigest(one), ruleDigest(other));
    });
});

test('rulesDigest does not depend on the order, but on repetitions', () => {
  const [one, other] = [del({ age: 1 }), del({ age: 2 })];
  assert.equal(rulesDigest([one, other]), rulesDigest([other, one]));
  assert.notEqual(rulesDigest([one, one]), rulesDigest([one]));
});

test('the canonical form of a rule is made once, however often its digest is requested', () => {
  let reads = 0;
  const rule: StoredRule = {
    action: { type: 'Delete' },
    get condition() {
      reads += 1;
      return { age: 4_711 };
    },
  };
  const digests = new Set(Array.from({ length: 100 }, () => ruleDigest(rule)));
  assert.equal(digests.size, 1);
  assert.ok(reads <= 2, `its condition was read ${reads} times`);
});
