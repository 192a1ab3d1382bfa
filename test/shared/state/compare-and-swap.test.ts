import { describe, expect, it } from 'vitest';
import { compareAndSwap, updateStateObject } from '../../../shared/state/compare-and-swap.ts';
import { expendableObject } from '../../../shared/state/expendable-object.ts';
import { holdProject } from '../../../shared/state/lease.ts';
import { Conflict, type State } from '../../../shared/state/state.ts';
import * as z from 'zod/mini';

const COUNTER = expendableObject('counter.json', z.object({ count: z.number() }), { count: 0 });
const KEY = { budget: 'billingAccounts/A/budgets/B', period: '2026-11-01', project: 'ml-lab' };

/** A bucket whose objects are there and cannot be read: a read says "not there", a write that they exist. */
function unreadable() {
  const requested = { reads: 0, writes: 0 };
  const slept: number[] = [];
  const state = {
    bucket: 'b',
    read() {
      requested.reads += 1;
      return Promise.resolve(undefined);
    },
    write() {
      requested.writes += 1;
      return Promise.reject(new Conflict('it exists'));
    },
  } as unknown as State;
  const sleep = (milliseconds: number): Promise<void> => Promise.resolve(void slept.push(milliseconds));
  return { state, requested, slept, pauses: { sleep, random: () => 1 } };
}

describe('an object that is there and cannot be read', () => {
  it('ends after 61 reads, ever further apart, and is thrown', async () => {
    const { state, requested, slept, pauses } = unreadable();
    const change = compareAndSwap(state, pauses, COUNTER, ({ count }) => ({ count: count + 1 }));
    await expect(change).rejects.toBeInstanceOf(Conflict);
    expect(requested).toEqual({ reads: 61, writes: 61 });
    expect(slept[0]).toBeLessThanOrEqual(100);
    expect(slept[8]).toBeGreaterThan(10 * (slept[0] ?? 0));
    expect(Math.max(...slept)).toBeLessThanOrEqual(4_000);
  });

  it('as the manifest keeps a run from its project, and is not read thousands of times', async () => {
    const { state, requested, pauses } = unreadable();
    const request = { by: 'budget-kill-switch', runId: 'a', doing: 'stop-compute', isNeeded: () => true };
    let worked = false;
    const held = holdProject({ state, ...pauses, nowMs: () => 0 }, KEY, request, async () => {
      worked = true;
    });
    await expect(held).rejects.toBeInstanceOf(Conflict);
    expect(worked).toBe(false);
    expect(requested.reads).toBeLessThanOrEqual(61);
  });
});

it('no difference, no write', async () => {
  const { state, requested, pauses } = unreadable();
  expect(await updateStateObject(state, pauses, COUNTER, (before) => ({ ...before }))).toEqual({ count: 0 });
  expect(requested.writes).toBe(0);
});
