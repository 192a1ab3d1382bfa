import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import fc from 'fast-check';
import { limitStops } from '../../../functions/idle-notebook-stopper/verdict/limit-stops.ts';
import type { NotebookFacts } from '../../../functions/idle-notebook-stopper/facts.ts';
import type { UsdPerHour } from '../../../shared/prices/money.ts';
import type { Gpus } from '../../../shared/prices/machine-type.ts';
import type { Plan } from '../../../shared/run/sweep.ts';
import { config, deepFreeze, gpus, NO_GPU, notebook } from './facts-builder.ts';

type NotebookPlan = Plan<NotebookFacts>;

const UNKNOWN_GPU: Gpus = { kind: 'unknown', why: 'unknown machine family q9' };

function plan(name: string, usdPerHour: UsdPerHour, has: Gpus = NO_GPU, action = 'stop'): NotebookPlan {
  return deepFreeze({
    facts: notebook({ name, gpus: has }),
    decision: {
      resource: name,
      action,
      reason: action === 'stop' ? 'idle' : 'because',
      evidence: { state: 'ACTIVE' },
      usdPerHour,
    },
  });
}

function limited(plans: readonly NotebookPlan[], maxStops = 20): readonly NotebookPlan[] {
  return limitStops(Object.freeze([...plans]), config({ maxStops }));
}

/** What became of each, in order: `name action`. */
function shown(plans: readonly NotebookPlan[]): string[] {
  return plans.map(({ facts, decision }) => `${facts.name} ${decision.action}`);
}

describe('limitStops: order', () => {
  it('puts the most expensive first', () => {
    const plans = [plan('cheap', 0.1), plan('dear', 30), plan('middle', 3)];
    assert.deepEqual(shown(limited(plans)), ['dear stop', 'middle stop', 'cheap stop']);
  });

  it('compares prices as numbers, not as text', () => {
    assert.deepEqual(shown(limited([plan('a', 9), plan('b', 10)])), ['b stop', 'a stop']);
  });

  it('orders equal prices by name, whatever the order they came in', () => {
    const plans = [plan('b', 1), plan('c', 1), plan('a', 1)];
    assert.deepEqual(shown(limited(plans)), ['a stop', 'b stop', 'c stop']);
    assert.deepEqual(shown(limited(plans.toReversed())), ['a stop', 'b stop', 'c stop']);
  });

  it('orders names by code unit, the same in every locale', () => {
    assert.deepEqual(shown(limited([plan('a', 1), plan('B', 1), plan('a-1', 1)])), [
      'B stop',
      'a stop',
      'a-1 stop',
    ]);
  });

  it('takes an unpriced GPU machine for the most expensive, by name among themselves', () => {
    const plans = [plan('z-gpu', 'unpriced', gpus(1)), plan('dear', 100), plan('a-gpu', 'unpriced', gpus(8))];
    assert.deepEqual(shown(limited(plans)), ['a-gpu stop', 'z-gpu stop', 'dear stop']);
  });

  it('takes a machine whose GPUs cannot be counted for a GPU machine', () => {
    const plans = [plan('dear', 100), plan('new', 'unpriced', UNKNOWN_GPU)];
    assert.deepEqual(shown(limited(plans)), ['new stop', 'dear stop']);
  });

  it('puts an unpriced CPU machine last, even after one that saves nothing, by name among themselves', () => {
    const plans = [
      plan('z-cpu', 'unpriced'),
      plan('free', 0),
      plan('a-cpu', 'unpriced'),
      plan('cheap', 0.01),
    ];
    assert.deepEqual(shown(limited(plans)), ['cheap stop', 'free stop', 'a-cpu stop', 'z-cpu stop']);
  });
});

describe('limitStops: maxStops', () => {
  const three = [plan('a', 1), plan('b', 2), plan('c', 3)];

  it('stops none at 0', () => {
    assert.deepEqual(shown(limited(three, 0)), ['c report', 'b report', 'a report']);
  });

  it('stops the most expensive at 1', () => {
    assert.deepEqual(shown(limited(three, 1)), ['c stop', 'b report', 'a report']);
  });

  it('stops all but one at one less than there are', () => {
    assert.deepEqual(shown(limited(three, 2)), ['c stop', 'b stop', 'a report']);
  });

  it('stops all at exactly as many as there are', () => {
    assert.deepEqual(shown(limited(three, 3)), ['c stop', 'b stop', 'a stop']);
  });

  it('stops all when there are fewer', () => {
    assert.deepEqual(shown(limited(three, 4)), ['c stop', 'b stop', 'a stop']);
  });

  it('says of what is over that and why it would be stopped, with its evidence and price', () => {
    const [, over] = limited(three, 1);
    assert.deepEqual(over?.decision, {
      resource: 'b',
      action: 'report',
      reason: 'over-max-stops',
      evidence: { state: 'ACTIVE', wouldStop: 'idle', maxStops: 1 },
      usdPerHour: 2,
    });
  });

  it('leaves what is stopped as it is', () => {
    assert.equal(limited(three, 1)[0], three[2]);
  });

  it('does not count what is no stop, and hands it on untouched in its order', () => {
    const others = [
      plan('a', 9, NO_GPU, 'warn'),
      plan('b', 8, NO_GPU, 'start'),
      plan('b', 0, NO_GPU, 'repair'),
      plan('a', 0, NO_GPU, 'report'),
    ];
    const [warn, start, repair, report] = others;
    assert.ok(warn && start && repair && report);
    const result = limited([warn, plan('x', 1), start, repair, plan('y', 2), report], 2);
    assert.deepEqual(shown(result.slice(0, 2)), ['y stop', 'x stop']);
    assert.deepEqual(result.slice(2), others);
    for (const [index, other] of others.entries()) assert.equal(result[index + 2], other);
  });

  it('gives the turn of one whose stop had no effect to the others, unless it was started since', () => {
    const stop = { claimedAtMs: Date.parse('2026-11-12T08:00:00Z'), runId: 'earlier', reason: 'idle' };
    const [a, b, c] = three;
    assert.ok(a && b && c);
    const requested = (atMs: number): NotebookPlan => {
      const memory = { stop: { ...stop, requestedAtMs: atMs } };
      return { ...c, facts: { ...c.facts, memory } };
    };
    const failed = requested(stop.claimedAtMs);
    assert.deepEqual(shown(limited([a, b, failed], 1)), ['b stop', 'a report', 'c report']);
    assert.deepEqual(shown(limited([a, failed], 2)), ['a stop', 'c stop']);
    const startedSince = requested(Date.parse('2026-11-09T08:00:00Z'));
    assert.deepEqual(shown(limited([a, b, startedSince], 1)), ['c stop', 'b report', 'a report']);
  });

  it('has nothing to do without plans', () => {
    assert.deepEqual(limited([]), []);
  });
});

describe('limitStops: any plans', () => {
  const anyPlan = fc
    .record({
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      usdPerHour: fc.oneof(fc.constant('unpriced' as const), fc.constantFrom(0, 0.5, 1, 1, 32)),
      has: fc.constantFrom(NO_GPU, gpus(1), UNKNOWN_GPU),
      action: fc.constantFrom('stop', 'stop', 'stop', 'warn', 'start', 'report', 'repair'),
    })
    .map(({ name, usdPerHour, has, action }) => plan(name, usdPerHour, has, action));

  /** What a plan is worth, written down a second time. */
  const worth = ({ facts, decision }: NotebookPlan): number =>
    typeof decision.usdPerHour === 'number' ? decision.usdPerHour : facts.gpus.kind === 'none' ? -1 : 1e9;

  it('loses none, adds none, keeps to the cap and never stops less before more', () => {
    fc.assert(
      fc.property(fc.array(anyPlan, { maxLength: 12 }), fc.nat({ max: 12 }), (plans, maxStops) => {
        const result = limited(plans, maxStops);
        const wanted = plans.filter(({ decision }) => decision.action === 'stop');
        const stopped = result.filter(({ decision }) => decision.action === 'stop');
        const over = result.filter(({ decision }) => decision.reason === 'over-max-stops');

        assert.equal(result.length, plans.length);
        assert.equal(stopped.length, Math.min(maxStops, wanted.length));
        assert.equal(over.length, wanted.length - stopped.length);
        const sortedNames = (list: readonly NotebookPlan[]): string[] =>
          list.map(({ facts }) => facts.name).sort();
        assert.deepEqual(sortedNames([...stopped, ...over]), sortedNames(wanted));
        assert.deepEqual(
          result.slice(wanted.length),
          plans.filter(({ decision }) => decision.action !== 'stop'),
        );

        const order = [...stopped, ...over].map(worth);
        assert.deepEqual(
          order,
          order.toSorted((a, b) => b - a),
        );
      }),
    );
  });
});
