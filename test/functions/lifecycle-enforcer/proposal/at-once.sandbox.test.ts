import { describe, expect, it } from 'vitest';
import { deleteAllProblems, lintPolicy } from '../../../../functions/lifecycle-enforcer/lint/policy.ts';
import type { StoredRule } from '../../../../shared/google/buckets.ts';
import { ABORT, deleteAfter, moveTo, reasonsOf } from '../../../support/bucket-lab.ts';
import { cellOf, configOf, daysAgo, judge, NOW, objectOf, type Situation } from '../judge.ts';

const del = (condition: Record<string, unknown>): StoredRule => ({ action: { type: 'Delete' }, condition });
const abort = (condition: Record<string, unknown>): StoredRule => ({ action: ABORT.action, condition });

/** A bucket of yesterday: whatever waits for a day or more is written. */
const YOUNG = { bucket: { createdMs: daysAgo(1) }, objects: [objectOf(0.5)] };

const RULES: readonly (readonly [string, StoredRule, string])[] = [
  ['a date in the future below a prefix (L02)', del({ createdBefore: '2099-01-01', matchesPrefix: ['scratch/'] }), 'deletes-at-once'],
  ['createdBefore tomorrow', del({ createdBefore: '2026-11-19' }), 'deletes-at-once'],
  ['createdBefore today', del({ createdBefore: '2026-11-18' }), 'no-rules'],
  ['customTimeBefore in the future', del({ customTimeBefore: '2099-01-01' }), 'deletes-at-once'],
  ['customTimeBefore in the past', del({ customTimeBefore: '2020-01-01' }), 'no-rules'],
  ['a future date beside an age', del({ createdBefore: '2099-01-01', age: 3 }), 'no-rules'],
  ['a date that is none', del({ createdBefore: 'tomorrow' }), 'deletes-at-once'],
  ['age 0', del({ age: 0 }), 'deletes-at-once'],
  ['daysSinceCustomTime 0', del({ daysSinceCustomTime: 0 }), 'deletes-at-once'],
  ['a pattern of names alone', del({ matchesPattern: '.*' }), 'deletes-at-once'],
  ['age 0 adds nothing to noncurrent versions', del({ age: 0, daysSinceNoncurrentTime: 7 }), 'no-rules'],
  ['age 0 adds nothing to a date in the past', del({ age: 0, createdBefore: '2020-01-01' }), 'no-rules'],
  ['age 0 adds nothing to daysSinceCustomTime', del({ age: 0, daysSinceCustomTime: 30 }), 'no-rules'],
  ['daysSinceCustomTime 0 adds nothing to an age', del({ age: 3, daysSinceCustomTime: 0 }), 'no-rules'],
  ['a move at age 0 deletes nothing', moveTo('NEARLINE', 0), 'no-rules'],
  ['an abort with a prefix alone (L03)', abort({ matchesPrefix: ['ckpt/'] }), 'aborts-at-once'],
  ['an abort at age 0', abort({ age: 0 }), 'aborts-at-once'],
  ['an abort at age 0 below a prefix', abort({ age: 0, matchesPrefix: ['ckpt/'] }), 'aborts-at-once'],
  ['an abort after a day', abort({ age: 1 }), 'no-rules'],
]; // prettier-ignore

describe('a rule that waits for nothing', () => {
  for (const [name, rule, reason] of RULES)
    it(name, async () => {
      expect(reasonsOf(await judge({ ...YOUNG, maxDeletedShare: 1, rules: [rule] }))).toBe(reason);
    });

  it('is written where the policy permits it, as far as the share that it deletes is permitted', async () => {
    const situation = { rules: [deleteAfter(0)], allowDeleteAll: true, objects: [objectOf(3)] };
    expect(reasonsOf(await judge({ ...situation, maxDeletedShare: 1 }))).toBe('no-rules');
    expect(reasonsOf(await judge({ ...situation, maxDeletedShare: 0.9 }))).toBe('max-deleted-share');
  });
});

const EVERYTHING: readonly (readonly [string, StoredRule, boolean])[] = [
  ['age 0', del({ age: 0 }), true],
  ['live objects', del({ isLive: true }), true],
  ['a date in the future', del({ createdBefore: '2099-01-01' }), true],
  ['every class', del({ matchesStorageClass: ['REGIONAL', 'NEARLINE', 'COLDLINE', 'ARCHIVE'] }), true],
  ['an empty prefix', del({ age: 0, matchesPrefix: [''] }), true],
  ['a prefix', del({ age: 0, matchesPrefix: ['tmp/'] }), false],
  ['a suffix', del({ age: 0, matchesSuffix: ['.tmp'] }), false],
  ['a day', del({ age: 1 }), false],
  ['noncurrent versions', del({ isLive: false }), false],
  ['objects with a custom time', del({ daysSinceCustomTime: 0 }), false],
]; // prettier-ignore

describe('a rule that deletes everything at once', () => {
  for (const [name, rule, everything] of EVERYTHING)
    it(`npm run policy ${everything ? 'refuses' : 'takes'} ${name}`, () => {
      const { policies } = configOf({ rules: [ABORT, rule] });
      const paths = deleteAllProblems(policies, NOW).map(({ path }) => path);
      expect(paths).toEqual(everything ? ['lifecycle.policies[0].rules[1]'] : []);
      const permitted = configOf({ rules: [rule], allowDeleteAll: true }).policies;
      expect(deleteAllProblems(permitted, NOW)).toEqual([]);
    });

  it('is the first thing that the lint says', () => {
    const [policy] = configOf({
      rules: [moveTo('ARCHIVE', 1), deleteAfter(5), del({ isLive: true })],
    }).policies;
    const codes = policy === undefined ? [] : lintPolicy(policy, NOW).map(({ code }) => code);
    expect(codes[0]).toBe('deletes-everything');
    expect(codes.length).toBeGreaterThan(1);
  });

  const FOUND: readonly (readonly [string, Situation, string])[] = [
    ['in force beside ours', { bucket: { rules: [deleteAfter(0), ABORT] }, rules: [ABORT] }, 'report: deletes-everything'],
    ['of the class that the bucket gives', { bucket: { rules: [del({ matchesStorageClass: ['STANDARD'] }), ABORT] }, rules: [ABORT] }, 'report: deletes-everything'],
    ['of another class', { bucket: { rules: [del({ matchesStorageClass: ['NEARLINE'] }), ABORT] }, rules: [ABORT] }, 'keep: in-force'],
    ['on a bucket that is changed', { bucket: { rules: [deleteAfter(0)] }, rules: [ABORT], cells: [cellOf()] }, 'patch: drift'],
    ['meant by the policy and there', { bucket: { rules: [deleteAfter(0)] }, rules: [deleteAfter(0)], allowDeleteAll: true }, 'keep: in-force'],
    ['not what the policy means', { bucket: { rules: [deleteAfter(0), ABORT] }, rules: [ABORT], allowDeleteAll: true }, 'report: deletes-everything'],
  ]; // prettier-ignore
  for (const [name, situation, verdict] of FOUND)
    it(`found on a bucket, ${name}: ${verdict}`, async () => {
      const { action, reason, evidence } = await judge(situation);
      expect(`${action}: ${reason}`).toBe(verdict);
      if (action !== 'keep') expect(Object.keys(evidence)[0]).toBe('deletesEverything');
    });
});
