import { describe, expect, it } from 'vitest';
import { openRung } from '../../../../functions/budget-kill-switch/ladder/ladder.ts';
import { settled } from '../../../../functions/budget-kill-switch/ladder/items.ts';
import type { ProjectLease } from '../../../../shared/state/lease.ts';
import type { Manifest } from '../../../../shared/state/manifest.ts';
import type { ManifestItem } from '../../../../shared/state/manifest-item.ts';
import { isRestoredSince } from '../../../../shared/state/restored-since.ts';

const RUNG = { at: 1, do: 'stop-compute' } as const;
const RESOURCE = 'projects/p/zones/z/instances/vm-1';
const BACK_MS = 9;
/** The switch's clock, behind the restore's. */
const NOW_MS = 7;

/** An item that a listing did not show, and that a restore brought back since it was planned. */
const itemOf = (status: ManifestItem['status']): ManifestItem => ({
  ...{ kind: 'vm', resource: RESOURCE, status, atMs: 5 },
  ...{ localSsds: 0, spot: false },
});

function openWork(item: ManifestItem) {
  let manifest: Manifest = {
    ...{ version: 1, budget: 'b', period: '2026-11-01', project: 'p', restored: { [RESOURCE]: BACK_MS } },
    rungs: [{ ...RUNG, status: 'claimed', runId: 'earlier', items: [item] }],
  };
  const lease = {
    manifest: () => manifest,
    update: (change: (known: Manifest) => Manifest) => Promise.resolve((manifest = change(manifest))),
  } as unknown as ProjectLease;
  const run = { runId: 'r', runtime: { now: () => new Date(NOW_MS) } } as unknown as Parameters<
    typeof openRung
  >[0];
  return { rung: openRung(run, lease, RUNG), stored: () => manifest.rungs[0]?.items?.[0] };
}

describe('openRung: what is requested after a restore whose clock is ahead', () => {
  it.each(['planned', 'failed'] as const)('%s before: counts as taken after it, whatever becomes of the request', async (status) => {
    for (const outcome of ['done', 'planned'] as const) {
      const item = itemOf(status);
      const { rung, stored } = openWork(item);
      const work = rung.work([item]);
      await work.intend(item);
      expect(stored()).toMatchObject({ status: 'planned', atMs: BACK_MS + 1 });
      await work.done(settled(item, { status: outcome, ...(outcome === 'done' ? { atMs: NOW_MS } : {}) }));
      await rung.close(work.items());
      expect(stored()).toMatchObject({ status: outcome });
      expect(isRestoredSince(stored() ?? item, { [RESOURCE]: BACK_MS })).toBe(false);
    }
  });

  it.each(['planned', 'failed'] as const)('%s before, and not requested: stays as it was', async (status) => {
    const item = itemOf(status);
    const { rung, stored } = openWork(item);
    const work = rung.work([item]);
    await work.done(item);
    await rung.close(work.items());
    expect(stored()).toEqual(item);
  });
}); // prettier-ignore

describe('openRung: what an earlier run left of an item', () => {
  it.each([
    ['done', {}, [false, true, false]],
    ['planned', {}, [true, true, true]],
    ['planned', { untried: true }, [true, true, false]],
    ['failed', {}, [false, false, true]],
    ['failed', { untried: true }, [false, false, false]],
    ['already', {}, [false, false, false]],
  ] as const)('%s, %o: whether it may be requested, was taken, and was tried', (status, more, expected) => {
    const item = { ...itemOf(status), ...more, atMs: BACK_MS + 1 };
    const work = openWork(item).rung.work([item]);
    expect([work.mayBeRequested(item), work.wasTaken(item), work.wasTried(item)]).toEqual(expected);
    // A restore has brought it back since.
    const restored = itemOf(status);
    const after = openWork(restored).rung.work([restored]);
    expect([after.mayBeRequested(restored), after.wasTaken(restored), after.wasTried(restored)]).toEqual([
      false,
      false,
      false,
    ]);
  });
});
