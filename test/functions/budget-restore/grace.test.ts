import { describe, expect, it } from 'vitest';
import { graceOf } from '../../../functions/budget-kill-switch/ladder/grace.ts';
import { graceFrom } from '../../../functions/budget-restore/remember.ts';

const HOUR_MS = 3_600_000;
const BASE = { runId: 'r', sinceMs: 0 };
const spent = { share: 1.15, amount: 1_000 };
const rungs = [{ at: 1, do: 'stop-compute', status: 'done', runId: 'r' }] as const;

describe('graceFrom', () => {
  it('counts from what is spent, or from the highest rung where that is not known', () => {
    expect(graceFrom({ spent, rungs: [...rungs] }, BASE, { share: 0.1 })).toEqual({
      ...BASE,
      untilShare: 1.25,
      amount: 1_000,
    });
    expect(graceFrom({ rungs: [...rungs] }, BASE, { share: 0.1 })).toEqual({ ...BASE, untilShare: 1.1 });
  });

  it.each([{ hours: 2 }, { share: 0.5 }])('%j ends with a raise of the budget, and not with the same amount', (requested) => {
    const grace = graceFrom({ spent, rungs: [...rungs] }, BASE, requested);
    expect(graceOf({ grace }, { share: 1.2, amount: 1_000 }, HOUR_MS)).toEqual(grace);
    expect(graceOf({ grace }, { share: 1.05, amount: 2_000 }, HOUR_MS)).toBeUndefined();
  });

  it.each([
    [{ hours: 2 }, 1.9, 2 * HOUR_MS],
    [{ share: 0.1 }, 1.26, 0],
  ])('%j is used up at %d or by then', (requested, share, nowMs) => {
    const grace = graceFrom({ spent, rungs: [...rungs] }, BASE, requested);
    expect(graceOf({ grace }, { share, amount: 1_000 }, nowMs)).toBeUndefined();
    expect(graceOf({ grace }, { share: share - 0.2, amount: 1_000 }, nowMs - 1)).toEqual(grace);
  });
}); // prettier-ignore
