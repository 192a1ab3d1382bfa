import { describe, expect, it } from 'vitest';
import { BUCKET } from '../../support/lab.ts';
import { lastReceipt } from '../../support/observe.ts';
import { ABORT, lifecyclePolicy, moveTo, rulesOf, withEnforcer } from '../../support/bucket-lab.ts';

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
