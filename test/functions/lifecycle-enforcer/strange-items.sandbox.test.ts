import { describe, expect, it } from 'vitest';
import { writePageToken } from '../../sandbox/services/storage/paging.ts';
import { BUCKET } from '../../support/lab.ts';
import { lastReceipt } from '../../support/observe.ts';
import {
  ABORT,
  deleteAfter,
  lifecyclePolicy,
  moveTo,
  rulesOf,
  withEnforcer,
} from '../../support/bucket-lab.ts';

const RULES = [moveTo('NEARLINE', 30), ABORT];

describe('one bucket of the listing in another form than documented', () => {
  for (const [what, at, value, named, why] of [
    ['labels', ['items', 1, 'labels'], { team: 7 }, 'b-strange', 'items[1].labels.team: it is 7'],
    [
      'rules',
      ['items', 1, 'lifecycle', 'rule'],
      'none',
      'b-strange',
      'items[1].lifecycle.rule: it is "none"',
    ],
    ['a name', ['items', 1, 'name'], 7, 'projects/ml-lab buckets', 'items[1].name: it is 7'],
  ] as const)
    it(`${what}: it is reported as not evaluable with path and value, left alone, and the others get their rules`, () =>
      withEnforcer(
        [
          { name: 'a-plain' },
          { name: 'b-strange', labels: { team: 'nlp' }, lifecycle: { rule: [ABORT] } },
          { name: 'c-plain' },
        ],
        lifecyclePolicy({ rules: RULES }),
        async ({ sandbox, deliver }) => {
          sandbox.faults.add({ route: 'storage.buckets.list', fault: { kind: 'field', at, value } });
          // Nothing is thrown: another delivery would see the same.
          await deliver();
          expect(rulesOf(sandbox, 'a-plain')).toEqual(RULES);
          expect(rulesOf(sandbox, 'c-plain')).toEqual(RULES);
          expect(rulesOf(sandbox, 'b-strange')).toEqual([ABORT]);
          const { incomplete, kept, decisions } = lastReceipt(sandbox, BUCKET);
          expect(incomplete.map((gap) => gap.where)).toEqual([named]);
          expect(incomplete[0]?.why).toContain('not evaluable: ');
          expect(incomplete[0]?.why).toContain(why);
          expect(kept['not-evaluable']).toBe(1);
          const onStrange = decisions.filter(({ resource }) => resource.includes('b-strange'));
          expect(
            onStrange.every(({ action, reason }) => action === 'keep' && reason === 'not-evaluable'),
          ).toBe(true);
        },
      ));
});

it('a listing of object versions whose page token never ends is an error that says so, and no plan', () =>
  withEnforcer(
    [
      {
        name: 'data',
        timeCreated: '-500d',
        versioning: { enabled: true },
        objects: [{ name: 'a', size: 5, timeCreated: '-400d' }],
      },
    ],
    lifecyclePolicy({ rules: [deleteAfter(365)], lifecycle: ['simulate: objects'] }),
    async ({ sandbox, deliver }) => {
      const value = writePageToken(['a', '1']);
      const fault = { kind: 'field', at: ['nextPageToken'], value } as const;
      sandbox.faults.add({ route: 'storage.objects.list', pathIncludes: '/b/data/', fault });
      await expect(deliver()).rejects.toThrow(/by a token that came before/);
      expect(sandbox.callLog.calls('storage.objects.list').length).toBeLessThan(5);
      expect(rulesOf(sandbox, 'data')).toEqual([]);
      const { incomplete } = lastReceipt(sandbox, BUCKET);
      expect(incomplete.map(({ where }) => where)).toEqual(['projects/_/buckets/data objects']);
      expect(incomplete[0]?.why).toMatch(
        /storage\.objects\.list.*names the page after it by a token that came before/,
      );
    },
  ));
