import { describe, expect, it } from 'vitest';
import type { StoredRule } from '../../../../shared/google/buckets.ts';
import { ABORT, deleteAfter, moveTo, notWrittenOf, reasonsOf } from '../../../support/bucket-lab.ts';
import { cellOf, daysAgo, judge, objectOf, type Situation } from '../judge.ts';

const below = (prefix: string): object => ({ matchesPrefix: [prefix] });
const many = (count: number): StoredRule[] => Array.from({ length: count }, (_, at) => deleteAfter(900 + at));
/** Objects of 100 days: `tmp/` has a tenth of the bytes, `run/` a fifth, `data/` the rest. */
const OBJECTS = [...Array<string>(1).fill('tmp/'), ...Array<string>(2).fill('run/'), ...Array<string>(7).fill('data/')]
  .map((prefix, at) => objectOf(100, { name: `${prefix}${at}` })); // prettier-ignore

interface Case extends Situation {
  readonly name: string;
  readonly verdict: string;
  readonly written: readonly StoredRule[];
}

const [TMP, RUN, ALL] = [deleteAfter(30, below('tmp/')), deleteAfter(30, below('run/')), deleteAfter(30)];

const CASES: readonly Case[] = [
  { name: 'a Delete at once, an abort', rules: [deleteAfter(0), ABORT], verdict: 'in-part (deletes-at-once)', written: [ABORT] },
  { name: 'nothing but what is refused', rules: [deleteAfter(0)], verdict: 'deletes-at-once', written: [] },
  { name: 'Autoclass keeps the move out, not the abort', bucket: { autoclass: true }, rules: [moveTo('NEARLINE', 30), ABORT], verdict: 'in-part (autoclass)', written: [ABORT] },
  { name: 'one rule more than there is room for', bucket: { rules: many(99) }, rules: [ABORT, moveTo('NEARLINE', 3)], verdict: 'in-part (too-many-rules)', written: [ABORT] },
  { name: 'a Delete that takes too much, one that does not', objects: OBJECTS, rules: [ALL, TMP, ABORT], verdict: 'in-part (max-deleted-share)', written: [TMP, ABORT] },
  { name: 'two Deletes that each are within the share and together are too', objects: OBJECTS, rules: [ALL, TMP, RUN], verdict: 'in-part (max-deleted-share)', written: [TMP, RUN] },
  { name: 'two Deletes of which one alone is within the share', objects: OBJECTS, maxDeletedShare: 0.25, rules: [TMP, RUN], verdict: 'in-part (max-deleted-share)', written: [TMP] },
  { name: 'from metrics nothing tells them apart', cells: [cellOf()], rules: [ALL, TMP, ABORT], verdict: 'in-part (deleted-share-unknown, deleted-share-unknown)', written: [ABORT] },
  { name: 'a Delete by class needs the move before it', bucket: { rules: [deleteAfter(90, { matchesStorageClass: ['NEARLINE'] })] }, rules: [moveTo('NEARLINE', 3, { matchesStorageClass: ['COLDLINE'] }), deleteAfter(30, { matchesStorageClass: ['STANDARD'] }), ABORT], verdict: 'in-part (warmer-class, needs-blocked-rule)', written: [ABORT] },
  { name: 'a move that makes a Delete fire stays out, the abort does not', bucket: { rules: [deleteAfter(90, { matchesStorageClass: ['NEARLINE'] })] }, objects: OBJECTS, rules: [moveTo('NEARLINE', 3), ABORT], verdict: 'in-part (max-deleted-share)', written: [ABORT] },
]; // prettier-ignore

describe('one rule that cannot be applied does not block the others', () => {
  for (const { name, verdict, written, ...situation } of CASES)
    it(name, async () => {
      const decision = await judge(situation);
      expect(reasonsOf(decision)).toBe(verdict);
      const { diff, why } = decision.evidence as { diff: { added: readonly StoredRule[] }; why?: string };
      if (decision.action === 'patch') expect(diff.added).toEqual(written);
      expect(why).toBeTypeOf('string');
      for (const blocked of notWrittenOf(decision.evidence)) expect(blocked.why).not.toBe('');
    });

  it('a rule of ours that is there stays, whatever would speak against writing it today', async () => {
    const there = deleteAfter(0);
    const { evidence } = await judge({ bucket: { rules: [there] }, rules: [there, ABORT] });
    expect(evidence['diff']).toEqual({ added: [ABORT], removed: [], kept: [], equal: [there] });
  });

  it('the forecast is that of what is written', async () => {
    const { evidence } = await judge({
      bucket: { createdMs: daysAgo(400) },
      objects: OBJECTS,
      rules: [ALL, TMP],
    });
    expect((evidence['forecast'] as { deletedShare: number }).deletedShare).toBe(0.1);
  });
});
