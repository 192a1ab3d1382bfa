import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { lintRules, type LintContext } from '../../../../functions/lifecycle-enforcer/lint/lint.ts';
import { readRule } from '../../../../functions/lifecycle-enforcer/rules/condition.ts';
import { economyOf } from '../../../../functions/lifecycle-enforcer/lint/economy.ts';
import type { Usage } from '../../../../functions/lifecycle-enforcer/forecast/usage.ts';
import type { StoredRule } from '../../../../shared/google/buckets.ts';
import { forecastObjects } from '../../../../functions/lifecycle-enforcer/forecast/objects.ts';
import { objectOf } from '../judge.ts';
import { ABORT, bucketOf, deleteAfter, moveTo } from '../../../support/bucket-lab.ts';

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
  { name: 'unpriced location: no statement about money', rules: [moveTo('NEARLINE', 30), deleteAfter(60), ABORT], context: { bucket: bucketOf({ location: 'MARS1', locationType: 'dual-region' }), usage: objects(1_000, 1_000) }, codes: [] },
  { name: 'L06: a chain by class, deleted so early that the move costs more', rules: [moveTo('NEARLINE', 5, { matchesStorageClass: ['STANDARD'] }), deleteAfter(12, { matchesStorageClass: ['NEARLINE'] }), ABORT], context: { bucket: bucketOf() }, codes: ['costs-more-than-it-saves'] },
  { name: 'the same for a policy alone', rules: [moveTo('NEARLINE', 5, { matchesStorageClass: ['STANDARD'] }), deleteAfter(12, { matchesStorageClass: ['NEARLINE'] }), ABORT], codes: ['costs-more-than-it-saves'] },
  { name: 'a chain of three by class, worth it', rules: [moveTo('NEARLINE', 30, { matchesStorageClass: ['STANDARD'] }), moveTo('COLDLINE', 90, { matchesStorageClass: ['NEARLINE'] }), deleteAfter(365, { matchesStorageClass: ['COLDLINE'] }), ABORT], context: { bucket: bucketOf() }, codes: [] },
  { name: 'the last link of a chain that is deleted too early', rules: [moveTo('NEARLINE', 30, { matchesStorageClass: ['STANDARD'] }), moveTo('ARCHIVE', 90, { matchesStorageClass: ['NEARLINE'] }), deleteAfter(95, { matchesStorageClass: ['ARCHIVE'] }), ABORT], context: { bucket: bucketOf() }, codes: ['costs-more-than-it-saves'] },
  { name: 'a Delete of a class that the move leaves behind does not end it', rules: [moveTo('NEARLINE', 5), deleteAfter(12, { matchesStorageClass: ['STANDARD'] }), ABORT], context: { bucket: bucketOf() }, codes: [] },
  { name: 'L05: a Delete in a cold default class', rules: [deleteAfter(30), ABORT], context: { bucket: bucketOf({ storageClass: 'ARCHIVE' }) }, codes: ['early-deletion'] },
  { name: 'a Delete where objects of a cold class are', rules: [deleteAfter(30), ABORT], context: { bucket: bucketOf(), usage: objects(2 ** 40, 10, { storageClass: 'COLDLINE' }) }, codes: ['early-deletion'] },
  { name: 'a Delete after the minimum duration', rules: [deleteAfter(30), ABORT], context: { bucket: bucketOf({ storageClass: 'NEARLINE' }) }, codes: [] },
  { name: 'L09: live versions with newer ones', rules: [{ action: { type: 'Delete' }, condition: { isLive: true, numNewerVersions: 3 } }, deleteAfter(1, { isLive: false }), ABORT], context: { bucket: bucketOf({ versioned: true }) }, codes: ['never-fires'] },
  { name: 'the same for a policy alone, and by days', rules: [{ action: { type: 'Delete' }, condition: { isLive: true, daysSinceNoncurrentTime: 3 } }, ABORT], codes: ['never-fires'] },
  { name: 'live versions, 0 newer ones', rules: [deleteAfter(9, { isLive: true, numNewerVersions: 0 }), ABORT], codes: [] },
  { name: 'L09: a class of old', rules: [moveTo('NEARLINE', 30, { matchesStorageClass: ['REGIONAL'] }), ABORT], context: { bucket: bucketOf(), usage: objects(2 ** 40, 10) }, codes: ['class-unreachable'] },
  { name: 'a Delete of a class of old, for a policy alone', rules: [deleteAfter(30, { matchesStorageClass: ['REGIONAL', 'DURABLE_REDUCED_AVAILABILITY'] }), ABORT], codes: ['class-unreachable'] },
  { name: 'a class of old beside one of today', rules: [deleteAfter(30, { matchesStorageClass: ['REGIONAL', 'STANDARD'] }), ABORT], context: { bucket: bucketOf() }, codes: [] },
  { name: 'a class of old that metrics name', rules: [deleteAfter(30, { matchesStorageClass: ['REGIONAL'] }), ABORT], context: { bucket: bucketOf(), usage: objects(5, 1, { storageClass: 'MULTI_REGIONAL' }) }, codes: [] },
  { name: 'what is left of a class of old goes to STANDARD', rules: [moveTo('STANDARD', 1, { matchesStorageClass: ['REGIONAL'] }), ABORT], codes: [] },
  { name: 'a Delete of a class that nothing has', rules: [deleteAfter(400, { matchesStorageClass: ['ARCHIVE'] }), ABORT], context: { bucket: bucketOf(), usage: objects(2 ** 40, 10) }, codes: ['class-unreachable'] },
  { name: 'the same under Autoclass', rules: [deleteAfter(400, { matchesStorageClass: ['ARCHIVE'] }), ABORT], context: { bucket: bucketOf({ autoclass: true }), usage: objects(2 ** 40, 10) }, codes: [] },
  { name: 'L09: a date before the bucket', rules: [{ action: { type: 'Delete' }, condition: { createdBefore: '2019-01-01' } }, ABORT], context: { bucket: bucketOf() }, codes: ['never-fires'] },
  { name: 'the day of its creation', rules: [{ action: { type: 'Delete' }, condition: { createdBefore: '2025-01-01' } }, ABORT], context: { bucket: bucketOf() }, codes: ['never-fires'] },
  { name: 'the day after', rules: [{ action: { type: 'Delete' }, condition: { createdBefore: '2025-01-02' } }, ABORT], context: { bucket: bucketOf() }, codes: [] },
  { name: 'noncurrent before the bucket was', rules: [{ action: { type: 'Delete' }, condition: { noncurrentTimeBefore: '2019-01-01' } }, ABORT], context: { bucket: bucketOf({ versioned: true }) }, codes: ['never-fires'] },
  { name: 'L09: a leading slash', rules: [deleteAfter(400, { matchesPrefix: ['/tmp/'] }), ABORT], codes: ['leading-slash'] },
  { name: 'an event-based hold by default', rules: [deleteAfter(30), ABORT], context: { bucket: bucketOf({ defaultHold: true }) }, codes: ['hold-delays'] },
  { name: 'objects with a retention of their own', rules: [deleteAfter(30), ABORT], context: { bucket: bucketOf({ objectRetention: true }) }, codes: ['retention-delays'] },
  { name: 'a hierarchical namespace', rules: [deleteAfter(30), ABORT], context: { bucket: bucketOf({ hierarchicalNamespace: true }) }, codes: ['folders-stay'] },
  { name: 'versions for ever', rules: [ABORT, deleteAfter(30, { isLive: true })], context: { bucket: bucketOf({ versioned: true }) }, codes: ['no-noncurrent-rule'] },
  { name: 'soft delete', rules: [deleteAfter(30), ABORT], context: { bucket: bucketOf({ softDeleteSeconds: 7 * DAY }) }, codes: ['soft-delete-bills'] },
  { name: 'retention longer than the age', rules: [deleteAfter(30), ABORT], context: { bucket: bucketOf({ retention: { seconds: 31 * DAY, locked: false } }) }, codes: ['retention-delays'] },
  { name: 'retention as long as the age', rules: [deleteAfter(30), ABORT], context: { bucket: bucketOf({ retention: { seconds: 30 * DAY, locked: false } }) }, codes: [] },
  { name: 'nothing is judged by a condition that no one understands', rules: [{ action: { type: 'Delete' }, condition: { age: 1, matchesPattern: 'x' } }, moveTo('NEARLINE', 60), ABORT], codes: [] },
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

describe('what the lint says', () => {
  const whyOf = (rules: readonly StoredRule[], context: Omit<LintContext, 'now'>): string =>
    lintRules(rules.map(readRule), { now: NOW, ...context })
      .map(({ why }) => why)
      .join('\n');

  it('prices what is softly deleted already', () => {
    const usage = objects(100 * 2 ** 30, 10, { type: 'soft-deleted-object' });
    const why = whyOf([deleteAfter(30), ABORT], {
      bucket: bucketOf({ softDeleteSeconds: 7 * DAY }),
      usage,
    });
    assert.match(why, /7 days; 100\.0 GiB are deleted so already: 2\.00 USD a month/);
  });

  it('tells the days that an early deletion is billed for', () => {
    const why = whyOf([deleteAfter(30), ABORT], { bucket: bucketOf({ storageClass: 'ARCHIVE' }) });
    assert.match(why, /after 30 days in ARCHIVE is billed for 335 days more/);
  });

  it('knows a slash to be meant where objects have it', () => {
    const rules = [deleteAfter(400, { matchesPrefix: ['/tmp/', '/x/'], matchesSuffix: ['.bak'] }), ABORT];
    const forecaster = forecastObjects(bucketOf(), { before: [], after: rules.map(readRule) }, NOW);
    forecaster.add([objectOf(3, { name: '/tmp/a' })]);
    const why = whyOf(rules, { bucket: bucketOf(), forecast: forecaster.finish() });
    assert.match(why, /"\/x\/" matches nothing/);
    assert.doesNotMatch(why, /"\/tmp\/" matches nothing/);
    assert.match(why, /no object's name ends with "\.bak"/);
  });
});

describe('economyOf', () => {
  const economy = (rules: readonly StoredRule[]): object => {
    const [move, ...others] = rules.map(readRule);
    assert.ok(move !== undefined);
    return economyOf(move, [move, ...others], bucketOf(), NOW) ?? {};
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
