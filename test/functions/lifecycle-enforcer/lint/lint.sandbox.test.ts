import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { lintRules, type LintContext } from '../../../../functions/lifecycle-enforcer/lint/lint.ts';
import { readRule } from '../../../../functions/lifecycle-enforcer/rules/condition.ts';
import { economyOf } from '../../../../functions/lifecycle-enforcer/lint/economy.ts';
import type { Usage } from '../../../../functions/lifecycle-enforcer/forecast/usage.ts';
import type { StoredRule } from '../../../../shared/google/buckets.ts';
import { ABORT, bucketOf, deleteAfter, moveTo } from '../lab.ts';

const SEED: readonly StoredRule[] = [
  moveTo('NEARLINE', 30, { matchesPrefix: ['experiments/'] }),
  moveTo('COLDLINE', 90, { matchesPrefix: ['experiments/'] }),
  deleteAfter(365, { matchesPrefix: ['experiments/'] }),
  ABORT,
];

const objects = (bytes: number, count: number, more: object = {}): Usage => ({
  kind: 'measured',
  cells: [{ storageClass: 'STANDARD', type: 'live-object', bytes, count, ...more }],
});

const DAY = 86_400;
const NOW = new Date('2026-11-18T12:00:00Z');

interface Case {
  readonly name: string;
  readonly rules: readonly StoredRule[];
  readonly context?: Omit<LintContext, 'now'>;
  readonly codes: readonly string[];
}

const CASES: readonly Case[] = [
  { name: 'the seed policy is clean', rules: SEED, context: { bucket: bucketOf() }, codes: [] },
  { name: 'no rules at all', rules: [], codes: ['no-abort-multipart'] },
  { name: 'noncurrent rule without versioning', rules: [deleteAfter(1, { isLive: false }), ABORT], context: { bucket: bucketOf() }, codes: ['never-fires'] },
  { name: 'numNewerVersions without versioning', rules: [{ action: { type: 'Delete' }, condition: { numNewerVersions: 3 } }, ABORT], context: { bucket: bucketOf() }, codes: ['never-fires'] },
  { name: 'the same with noncurrent versions left over', rules: [deleteAfter(1, { isLive: false }), ABORT], context: { bucket: bucketOf(), usage: objects(5, 1, { type: 'noncurrent-object' }) }, codes: [] },
  { name: 'the same with versioning', rules: [deleteAfter(1, { isLive: false }), ABORT], context: { bucket: bucketOf({ versioned: true }) }, codes: [] },
  { name: 'the same for a policy alone, which may be for any bucket', rules: [deleteAfter(1, { isLive: false }), ABORT], codes: [] },
  { name: 'a move after the deletion', rules: [deleteAfter(30), moveTo('NEARLINE', 60), ABORT], codes: ['shadowed'] },
  { name: 'a move at the age of the deletion', rules: [deleteAfter(30), moveTo('NEARLINE', 30), ABORT], codes: ['shadowed'] },
  { name: 'a move after the deletion of another prefix', rules: [deleteAfter(30, { matchesPrefix: ['a/'] }), moveTo('NEARLINE', 60), ABORT], codes: [] },
  { name: 'a move below the deletion’s prefix', rules: [deleteAfter(30, { matchesPrefix: ['a/'] }), moveTo('NEARLINE', 60, { matchesPrefix: ['a/b/'] }), ABORT], codes: ['shadowed'] },
  { name: 'a warmer move after a colder one', rules: [moveTo('COLDLINE', 30), moveTo('NEARLINE', 60), ABORT], codes: ['shadowed'] },
  { name: 'a second Delete that is wider than the first', rules: [deleteAfter(60), deleteAfter(30), ABORT], codes: ['shadowed'] },
  { name: 'the same rule twice: one of them', rules: [deleteAfter(30), deleteAfter(30), ABORT], codes: ['shadowed'] },
  { name: 'a class that cannot move there', rules: [moveTo('NEARLINE', 1, { matchesStorageClass: ['COLDLINE', 'ARCHIVE'] }), ABORT], codes: ['class-unreachable'] },
  { name: 'a chain of which the first link is missing', rules: [moveTo('COLDLINE', 90, { matchesStorageClass: ['NEARLINE'] }), ABORT], context: { bucket: bucketOf(), usage: objects(2 ** 40, 1_000) }, codes: ['class-unreachable'] },
  { name: 'a whole chain', rules: [moveTo('NEARLINE', 30), moveTo('COLDLINE', 90, { matchesStorageClass: ['NEARLINE'] }), ABORT], context: { bucket: bucketOf(), usage: objects(2 ** 40, 1_000) }, codes: [] },
  { name: 'a move on an Autoclass bucket', rules: [moveTo('NEARLINE', 30), ABORT], context: { bucket: bucketOf({ autoclass: true }) }, codes: ['autoclass'] },
  { name: 'deleted within the minimum duration, but worth it', rules: [moveTo('COLDLINE', 1), deleteAfter(80), ABORT], codes: ['early-deletion'] },
  { name: 'deleted so early that the move costs more', rules: [moveTo('ARCHIVE', 1), deleteAfter(5), ABORT], codes: ['costs-more-than-it-saves'] },
  { name: 'objects too small to move', rules: [moveTo('NEARLINE', 30), deleteAfter(60), ABORT], context: { bucket: bucketOf(), usage: objects(1_000 * 4_096, 1_000) }, codes: ['small-objects'] },
  { name: 'objects large enough', rules: [moveTo('NEARLINE', 30), deleteAfter(60), ABORT], context: { bucket: bucketOf(), usage: objects(1_000 * 2 ** 30, 1_000) }, codes: [] },
  { name: 'unpriced location: no statement about money', rules: [moveTo('NEARLINE', 30), deleteAfter(60), ABORT], context: { bucket: bucketOf({ location: 'NAM4' }), usage: objects(1_000, 1_000) }, codes: [] },
  { name: 'versions for ever', rules: [ABORT, deleteAfter(30, { isLive: true })], context: { bucket: bucketOf({ versioned: true }) }, codes: ['no-noncurrent-rule'] },
  { name: 'soft delete', rules: [deleteAfter(30), ABORT], context: { bucket: bucketOf({ softDeleteSeconds: 7 * DAY }) }, codes: ['soft-delete-bills'] },
  { name: 'retention longer than the age', rules: [deleteAfter(30), ABORT], context: { bucket: bucketOf({ retention: { seconds: 31 * DAY, locked: false } }) }, codes: ['retention-delays'] },
  { name: 'retention as long as the age', rules: [deleteAfter(30), ABORT], context: { bucket: bucketOf({ retention: { seconds: 30 * DAY, locked: false } }) }, codes: [] },
  { name: 'nothing is judged by a condition that nobody understands', rules: [{ action: { type: 'Delete' }, condition: { age: 1, matchesPattern: 'x' } }, moveTo('NEARLINE', 60), ABORT], codes: [] },
]; // prettier-ignore

describe('lintRules', () => {
  for (const { name, rules, context = {}, codes } of CASES)
    it(name, () => {
      assert.deepEqual(
        lintRules(rules.map(readRule), { now: NOW, ...context }).map(({ code }) => code),
        codes,
      );
    });
});

describe('economyOf', () => {
  const economy = (rules: readonly StoredRule[]): object => {
    const [move, ...others] = rules.map(readRule);
    assert.ok(move !== undefined);
    return economyOf(move, [move, ...others], bucketOf()) ?? {};
  };

  it('breaks even at about 1 MiB for a month in NEARLINE (facts: 0.01 per 1,000 against 0.01 per GiB-month)', () => {
    const { breakEvenBytes } = economy([moveTo('NEARLINE', 30), deleteAfter(60)]) as {
      breakEvenBytes: number;
    };
    assert.ok(Math.abs(breakEvenBytes / 2 ** 20 - 1.04) < 0.01, String(breakEvenBytes));
  });

  it('counts until the next colder move', () => {
    const { days } = economy([moveTo('NEARLINE', 30), moveTo('COLDLINE', 90), deleteAfter(365)]) as {
      days: number;
    };
    assert.equal(days, 60);
  });
});
