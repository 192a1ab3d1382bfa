import { describe, expect, it } from 'vitest';
import { graceOf } from '../../../functions/budget-kill-switch/ladder/grace.ts';
import { graceFrom } from '../../../functions/budget-restore/remember.ts';
import type { Grace, Manifest } from '../../../shared/state/manifest.ts';

const HOUR_MS = 3_600_000;
const BASE = { runId: 'r', sinceMs: 0 };
const spent = { share: 1.15, amount: 1_000 };
const rungs = [{ at: 1, do: 'stop-compute', status: 'done', runId: 'r' }] as const;

type Spent = NonNullable<Manifest['spent']>;

/** The grace as the switch keeps it after its first look in it. */
function seen(grace: Grace, first: Spent): Grace | undefined {
  return graceOf({ grace }, first, 0);
}

function kept(grace: Grace | undefined): Pick<Manifest, 'grace'> {
  return grace === undefined ? {} : { grace };
}

describe('graceFrom', () => {
  it('counts from what is spent, or from the highest rung where that is not known', () => {
    expect(graceFrom({ spent, rungs: [...rungs] }, BASE, { share: 0.1 })).toEqual({
      ...BASE,
      untilShare: 1.25,
      shareOf: 1_000,
    });
    expect(graceFrom({ rungs: [...rungs] }, BASE, { share: 0.1 })).toEqual({ ...BASE, untilShare: 1.1 });
  });

  it.each([{ hours: 2 }, { share: 0.5 }])('%j ends with a raise after the first look, and not with the same amount', (requested) => {
    const grace = seen(graceFrom({ spent, rungs: [...rungs] }, BASE, requested), spent);
    expect(grace).toMatchObject({ ...BASE, amount: 1_000 });
    expect(graceOf(kept(grace), { share: 1.2, amount: 1_000 }, HOUR_MS)).toEqual(grace);
    expect(graceOf(kept(grace), { share: 0.8, amount: 1_500 }, HOUR_MS)).toBeUndefined();
  });

  it.each([{ hours: 2 }, { share: 0.5 }])('%j does not end with a raise of before the restore', (requested) => {
    const grace = graceFrom({ spent, rungs: [...rungs] }, BASE, requested);
    const first = seen(grace, { share: 0.8, amount: 1_500 });
    expect(first).toMatchObject({ ...BASE, amount: 1_500 });
    expect(graceOf(kept(first), { share: 1, amount: 1_500 }, HOUR_MS)).toEqual(first);
  });

  it.each([
    ['raised: as much money', 1_250, 1],
    ['the same', 1_000, 1.25],
    ['lowered: the same share', 500, 1.25],
  ])('a share of an amount that was %s since', (_, amount, share) => {
    const grace = graceFrom({ spent, rungs: [...rungs] }, BASE, { share: 0.1 });
    expect(graceOf({ grace }, { share: share - 0.01, amount }, 0)).toEqual({ ...BASE, untilShare: share, amount });
    expect(graceOf({ grace }, { share, amount }, 0)).toBeUndefined();
  });

  it('a grace that is kept with its amount is what it was', () => {
    const grace = { ...BASE, untilShare: 1.25, amount: 1_000 };
    expect(graceOf({ grace }, spent, 0)).toEqual(grace);
    expect(graceOf({ grace }, { share: 0.8, amount: 1_500 }, 0)).toBeUndefined();
  });

  it.each([
    [{ hours: 2 }, 1.9, 2 * HOUR_MS],
    [{ share: 0.1 }, 1.26, 0],
  ])('%j is used up at %d or by then', (requested, share, nowMs) => {
    const grace = graceFrom({ spent, rungs: [...rungs] }, BASE, requested);
    expect(graceOf({ grace }, { share, amount: 1_000 }, nowMs)).toBeUndefined();
    expect(graceOf({ grace }, { share: share - 0.2, amount: 1_000 }, nowMs - 1)).toBeDefined();
  });
}); // prettier-ignore
