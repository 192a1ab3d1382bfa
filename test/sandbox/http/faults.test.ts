import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { createFaults, type FaultRule } from './faults.ts';

const FAULT = { kind: 'status', status: 503 } as const;
const ROUTE = 'notebooks.instances.stop';

/** Which of `calls` calls in a row fail, as 1 and 0. */
function pattern(rule: Omit<FaultRule, 'fault'>, calls: number, route = ROUTE, path = '/v2/a'): string {
  const faults = createFaults();
  faults.add({ ...rule, fault: FAULT });
  return Array.from({ length: calls }, () => (faults.draw(route, path) === undefined ? '0' : '1')).join('');
}

describe('createFaults', () => {
  const cases: readonly [string, Omit<FaultRule, 'fault'>, string][] = [
    ['always', { route: ROUTE }, '11111'],
    ['the first two', { route: ROUTE, count: 2 }, '11000'],
    ['all but the first two', { route: ROUTE, skip: 2 }, '00111'],
    ['the third only', { route: ROUTE, skip: 2, count: 1 }, '00100'],
    ['never with probability 0', { route: ROUTE, probability: 0 }, '00000'],
    ['always with probability 1', { route: ROUTE, probability: 1 }, '11111'],
    ['a pattern', { route: 'notebooks.*' }, '11111'],
    ['a pattern in the middle', { route: 'notebooks.*.stop' }, '11111'],
    ['another route', { route: 'notebooks.instances.start' }, '00000'],
    ['not a part of the route', { route: 'notebooks.instances' }, '00000'],
    ['a dot is a dot', { route: 'notebooks.instances?stop' }, '00000'],
    ['a path', { route: '*', pathIncludes: '/v2/a' }, '11111'],
    ['another path', { route: '*', pathIncludes: '/v2/b' }, '00000'],
  ];
  for (const [name, rule, expected] of cases)
    it(`fires: ${name}`, () => {
      assert.equal(pattern(rule, 5), expected);
    });

  it('repeats a random failure with the same seed and differs with another', () => {
    const half = (seed: number): string => pattern({ route: ROUTE, probability: 0.5, seed }, 64);
    assert.equal(half(7), half(7));
    assert.notEqual(half(7), half(8));
    const fired = pattern({ route: ROUTE, probability: 0.25, seed: 3 }, 10_000).replaceAll('0', '');
    assert.ok(Math.abs(fired.length - 2_500) < 150, `${fired.length} of 10,000`);
  });

  it('takes the first rule that fires and the next when that is used up', () => {
    const faults = createFaults();
    faults.add({ route: '*', fault: FAULT, count: 1 });
    faults.add({ route: ROUTE, fault: { kind: 'reset' } });
    assert.deepEqual([faults.draw(ROUTE, '')?.kind, faults.draw(ROUTE, '')?.kind], ['status', 'reset']);
    assert.equal(faults.rules.length, 2);
    faults.clear();
    assert.equal(faults.draw(ROUTE, ''), undefined);
  });
});
