import { describe, expect, it } from 'vitest';
import type { Bucket, StoredRule } from '../../../../shared/google/buckets.ts';
import { ABORT, deleteAfter, moveTo, notWrittenOf, reasonsOf } from '../../../support/bucket-lab.ts';
import { daysAgo, judge, objectOf } from '../judge.ts';

const abortAfter = (age: number, more: object = {}): StoredRule => ({
  action: ABORT.action,
  condition: { age, ...more },
});
const below = (...matchesPrefix: string[]): object => ({ matchesPrefix });
const AUDIT = deleteAfter(2_555, below('audit/'));

interface Case {
  readonly name: string;
  readonly bucket?: Partial<Bucket>;
  readonly foreign: readonly StoredRule[];
  readonly ours: StoredRule;
  readonly dead: boolean;
}

const CASES: readonly Case[] = [
  { name: 'Delete of everything before a longer Delete below a prefix (L12)', foreign: [AUDIT], ours: deleteAfter(365), dead: true },
  { name: 'of the class that the bucket gives', foreign: [AUDIT], ours: deleteAfter(365, { matchesStorageClass: ['STANDARD'] }), dead: true },
  { name: 'of another class', foreign: [AUDIT], ours: deleteAfter(365, { matchesStorageClass: ['NEARLINE'] }), dead: false },
  { name: 'of live objects', foreign: [AUDIT], ours: deleteAfter(365, { isLive: true }), dead: true },
  { name: 'of noncurrent versions', foreign: [AUDIT], ours: deleteAfter(365, { isLive: false }), dead: false },
  { name: 'of a part of what the others name', foreign: [AUDIT], ours: deleteAfter(30, below('audit/tmp/')), dead: true },
  { name: 'of one of several prefixes', foreign: [deleteAfter(2_555, below('legal/', 'audit/'))], ours: deleteAfter(365, below('audit/', 'tmp/')), dead: true },
  { name: 'of another prefix', foreign: [AUDIT], ours: deleteAfter(30, below('tmp/')), dead: false },
  { name: 'of a prefix, where the others name none', foreign: [deleteAfter(2_555)], ours: deleteAfter(30, below('tmp/')), dead: false },
  { name: 'later than theirs', foreign: [deleteAfter(30, below('audit/'))], ours: deleteAfter(365), dead: false },
  { name: 'at the same time as theirs', foreign: [deleteAfter(365, below('audit/'))], ours: deleteAfter(365), dead: false },
  { name: 'at the same age, where theirs waits for more', foreign: [deleteAfter(365, { ...below('audit/'), daysSinceCustomTime: 90 })], ours: deleteAfter(365), dead: true },
  { name: 'what another rule of theirs deletes earlier already', foreign: [AUDIT, deleteAfter(90)], ours: deleteAfter(365), dead: false },
  { name: 'Delete before a later move', foreign: [moveTo('COLDLINE', 400)], ours: deleteAfter(365), dead: true },
  { name: 'Delete at the age of a move', foreign: [moveTo('COLDLINE', 365)], ours: deleteAfter(365), dead: true },
  { name: 'Delete after an earlier move', foreign: [moveTo('COLDLINE', 30)], ours: deleteAfter(365), dead: false },
  { name: 'a colder move before theirs', foreign: [moveTo('NEARLINE', 60)], ours: moveTo('COLDLINE', 30), dead: true },
  { name: 'the same move, earlier', foreign: [moveTo('NEARLINE', 60)], ours: moveTo('NEARLINE', 30), dead: true },
  { name: 'a warmer move before theirs', foreign: [moveTo('COLDLINE', 60)], ours: moveTo('NEARLINE', 30), dead: false },
  { name: 'a move out of the class that their Delete names', foreign: [deleteAfter(60, { matchesStorageClass: ['STANDARD'] })], ours: moveTo('NEARLINE', 30), dead: true },
  { name: 'the same by an older name', foreign: [deleteAfter(60, { matchesStorageClass: ['REGIONAL'] })], ours: moveTo('NEARLINE', 30), dead: true },
  { name: 'a move into a class that their Delete names', foreign: [deleteAfter(60, { matchesStorageClass: ['STANDARD', 'NEARLINE'] })], ours: moveTo('NEARLINE', 30), dead: false },
  { name: 'an abort before a longer one', foreign: [abortAfter(30, below('big/'))], ours: abortAfter(7), dead: true },
  { name: 'an abort after theirs', foreign: [abortAfter(3)], ours: abortAfter(7), dead: false },
  { name: 'an abort beside a Delete', foreign: [AUDIT], ours: abortAfter(7), dead: false },
]; // prettier-ignore

describe('a new rule that leaves another team’s rule without effect', () => {
  for (const { name, bucket, foreign, ours, dead } of CASES)
    it(`${dead ? 'is refused' : 'is written'}: ${name}`, async () => {
      const situation = {
        bucket: { ...bucket, createdMs: daysAgo(20), rules: foreign },
        objects: [objectOf(10)],
        maxDeletedShare: 1,
        rules: [ours],
      };
      expect(reasonsOf(await judge(situation))).toBe(dead ? 'foreign-made-dead' : 'drift');
      expect(reasonsOf(await judge({ ...situation, foreignRules: 'overrule' }))).toBe('drift');
    });

  it('is named with both rules and what would be gone earlier, and the others are written', async () => {
    const decision = await judge({
      bucket: { rules: [AUDIT] },
      objects: [objectOf(10)],
      rules: [deleteAfter(365), ABORT],
    });
    expect(reasonsOf(decision)).toBe('in-part (foreign-made-dead)');
    const [blocked] = notWrittenOf(decision.evidence);
    expect(blocked?.rule).toEqual(deleteAfter(365));
    expect(blocked?.why).toBe(
      'it leaves a rule of others without effect, "Delete: age 2555, matchesPrefix audit/": objects of audit/ would be gone after 365 days instead of after 2,555 days; foreignRules: overrule permits it',
    );
  });
});
