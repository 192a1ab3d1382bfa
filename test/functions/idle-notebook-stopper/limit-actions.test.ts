import { describe, expect, it } from 'vitest';
import { limitPlans } from '../../../functions/idle-notebook-stopper/verdict/limit-actions.ts';
import type { NotebookFacts } from '../../../functions/idle-notebook-stopper/facts.ts';
import type { Plan } from '../../../shared/run/sweep.ts';
import { config, deepFreeze, notebook } from './facts-builder.ts';

function plan(name: string, action: string): Plan<NotebookFacts> {
  const decision = {
    resource: name,
    action,
    reason: 'because',
    evidence: { state: 'STOPPED' },
    usdPerHour: 1,
  };
  return deepFreeze({ facts: notebook({ name }), decision });
}

const PLANS = deepFreeze([
  plan('a', 'repair'),
  plan('b', 'warn'),
  plan('c', 'start'),
  plan('d', 'repair'),
  plan('e', 'stop'),
  plan('f', 'start'),
]);

function actionsOf(maxActions: number, maxStops = 20): string {
  return limitPlans(PLANS, config({ maxActions, maxStops }))
    .map(
      ({ facts, decision: { action, reason } }) => `${facts.name} ${action === 'report' ? reason : action}`,
    )
    .join(', ');
}

describe('limitPlans: maxActions', () => {
  it.each([
    [4, 'e stop, a repair, b warn, c start, d repair, f start'],
    [3, 'e stop, a repair, b warn, c start, d over-max-actions, f start'],
    [2, 'e stop, a over-max-actions, b warn, c start, d over-max-actions, f start'],
    [1, 'e stop, a over-max-actions, b warn, c start, d over-max-actions, f over-max-actions'],
    [0, 'e stop, a over-max-actions, b warn, c over-max-actions, d over-max-actions, f over-max-actions'],
  ])('%i: starts before repairs, in their order, and what warns or stops is not counted', (max, expected) => {
    expect(actionsOf(max)).toBe(expected);
  });

  it('a start that had no effect before takes no other start its turn', () => {
    const start = { claimedAtMs: 1, runId: 'earlier', requestedAtMs: 2 };
    const plans = PLANS.map((one) =>
      one.facts.name === 'c' ? { ...one, facts: notebook({ name: 'c', memory: { start } }) } : one,
    );
    const of = (maxActions: number): readonly string[] =>
      limitPlans(plans, config({ maxActions }))
        .filter(({ decision }) => decision.reason === 'over-max-actions')
        .map(({ facts }) => facts.name);
    expect(of(1)).toEqual(['a', 'c', 'd']);
    expect(of(2)).toEqual(['a', 'd']);
  });

  it('leaves the stops to maxStops', () => {
    expect(actionsOf(4, 0)).toBe('e over-max-stops, a repair, b warn, c start, d repair, f start');
  });

  it('names what is over, with the cap and what would have been done', () => {
    const over = limitPlans(PLANS, config({ maxActions: 0 })).map(({ decision }) => decision);
    const evidence = { state: 'STOPPED', maxActions: 0 };
    expect(over.find(({ resource }) => resource === 'a')).toMatchObject({
      action: 'report',
      evidence: { ...evidence, wouldRepair: 'because' },
    });
    expect(over.find(({ resource }) => resource === 'c')).toMatchObject({
      action: 'report',
      evidence: { ...evidence, wouldStart: 'because' },
    });
  });
});
