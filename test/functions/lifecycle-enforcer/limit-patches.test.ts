import { describe, expect, it } from 'vitest';
import { limitPatches } from '../../../functions/lifecycle-enforcer/limit-patches.ts';
import type { Facts } from '../../../functions/lifecycle-enforcer/facts.ts';
import type { Plan } from '../../../shared/run/sweep.ts';

const record = { createdMs: 0, rules: [], intents: {} };

function plan(name: string, action: string): Plan<Facts> {
  const decision = { resource: name, action, reason: 'drift', evidence: { diff: name }, usdPerHour: 1 };
  return { decision, facts: { kind: 'gone', name, record } };
}

function actionsOf(maxPatches: number, used: number): readonly string[] {
  const plans = [plan('a', 'patch'), plan('b', 'refuse'), plan('c', 'patch'), plan('d', 'patch')];
  return limitPatches(plans, { maxPatches }, used).map(({ decision: { action, reason } }) =>
    action === 'report' ? reason : action,
  );
}

describe('limitPatches', () => {
  it.each([
    [3, 0, ['patch', 'refuse', 'patch', 'patch']],
    [2, 0, ['patch', 'refuse', 'patch', 'over-max-patches']],
    [2, 1, ['patch', 'refuse', 'over-max-patches', 'over-max-patches']],
    [2, 5, ['over-max-patches', 'refuse', 'over-max-patches', 'over-max-patches']],
    [0, 0, ['over-max-patches', 'refuse', 'over-max-patches', 'over-max-patches']],
  ])('%i, with %i used before', (maxPatches, used, expected) => {
    expect(actionsOf(maxPatches, used)).toEqual(expected);
  });

  it('names what is over, with the cap and what would have been written', () => {
    const [over] = limitPatches([plan('a', 'patch')], { maxPatches: 0 }, 0);
    expect(over?.decision).toMatchObject({
      resource: 'a',
      evidence: { diff: 'a', wouldPatch: 'drift', maxPatches: 0 },
    });
  });
});
