import { expect, it } from 'vitest';
import type { Claim } from '../../../functions/idle-notebook-stopper/memory/claims.ts';
import { inTurn } from '../../../functions/idle-notebook-stopper/memory/in-turn.ts';
import type { NotebookFacts } from '../../../functions/idle-notebook-stopper/facts.ts';
import type { Plan } from '../../../shared/run/sweep.ts';
import { notebook } from './facts-builder.ts';

it('inTurn: what another run holds comes last, else the order stays', () => {
  const plans = ['a', 'b', 'c', 'd'].map((name): Plan<NotebookFacts> => {
    const decision = { resource: name, action: 'stop', reason: 'idle', evidence: {}, usdPerHour: 1 };
    return { facts: notebook({ name }), decision };
  });
  const [a, b, c] = plans;
  if (a === undefined || b === undefined || c === undefined) throw new Error('There are no plans');
  const claims = new Map<Plan<NotebookFacts>, Claim>([
    [a, { kind: 'held', runId: 'other' }],
    [b, { kind: 'ours', claimedAtMs: 0 }],
    [c, { kind: 'requested', runId: 'other' }],
  ]);
  expect(inTurn(plans, claims).map(({ facts }) => facts.name)).toEqual(['b', 'c', 'd', 'a']);
});
