import { describe, expect, it } from 'vitest';
import { asBeforeOthers, mergePlans } from '../../../../functions/budget-kill-switch/ladder/merge-plans.ts';
import type { ManifestItem } from '../../../../shared/state/manifest-item.ts';

const AUTOSCALER = { name: 'web-scaler', mode: 'ON' };
const groupOf = (
  status: ManifestItem['status'],
  record: Readonly<Record<string, unknown>>,
): ManifestItem => ({
  ...{ kind: 'instance-group', resource: 'projects/p/zones/z/instanceGroupManagers/web' },
  ...{ status, record: { ...record } },
});
const planOf = (...items: readonly ManifestItem[]) => ({ items, left: [], complete: true });

describe('mergePlans: a group that runs again, or still', () => {
  it.each(['planned', 'failed', 'done'] as const)(
    '%s before it got an autoscaler: that one is taken and comes back as well, with the size of before',
    (status) => {
      const before = groupOf(status, { targetSize: 3 });
      const now = groupOf('planned', { targetSize: 1, autoscaler: AUTOSCALER });
      const [merged] = mergePlans(planOf(before), planOf(now)).items;
      expect(merged).toMatchObject({ record: { targetSize: 3, autoscaler: AUTOSCALER } });
      expect(merged?.status).toBe(status === 'done' ? 'planned' : status);
    },
  );

  it.each(['planned', 'done'] as const)('%s with an autoscaler: that is to be as it was, not as it is now', (status) => {
    const before = groupOf(status, { targetSize: 3, autoscaler: AUTOSCALER });
    const now = groupOf('planned', { targetSize: 1, autoscaler: { ...AUTOSCALER, mode: 'OFF' } });
    const [merged] = mergePlans(planOf(before), planOf(now)).items;
    expect(merged).toMatchObject({ record: { targetSize: 3, autoscaler: AUTOSCALER } });
  });
}); // prettier-ignore

describe('mergePlans: a group that was brought back', () => {
  it.each([
    ['ahead of', 9],
    ['level with', 5],
  ] as const)(
    'at a moment %s that of the taking, and resized by hand: is to be as it is now',
    (_, backMs) => {
      const before = { ...groupOf('done', { targetSize: 3 }), atMs: 5 };
      const now = { ...groupOf('planned', { targetSize: 1 }), atMs: 4 };
      const [merged] = mergePlans(planOf(before), planOf(now), { [now.resource]: backMs }).items;
      expect(merged).toMatchObject({ record: { targetSize: 1 }, cameBack: 1, atMs: backMs + 1 });
    },
  );
});

describe('mergePlans: an endpoint that was planned', () => {
  const endpointOf = (
    status: ManifestItem['status'],
    atMs: number,
    ...ids: readonly string[]
  ): ManifestItem => ({
    ...{ kind: 'endpoint', resource: 'projects/1/locations/r/endpoints/1', status, atMs },
    models: ids.map((id) => ({
      id,
      displayName: id.replace('-again', ''),
      model: 'projects/1/locations/r/models/m',
    })),
    trafficSplit: { [ids[0] ?? '']: 100 },
  });
  const modelsOf = (items: readonly ManifestItem[]): readonly string[] =>
    items.flatMap((item) => (item.kind === 'endpoint' ? item.models.map(({ id }) => id) : []));

  it.each(['planned', 'failed'] as const)(
    '%s: a model that was deployed again since is taken under its new id',
    (status) => {
      const before = endpointOf(status, 1, 'a', 'b');
      const { items } = mergePlans(planOf(before), planOf(endpointOf('planned', 3, 'a-again')));
      expect([items[0]?.status, modelsOf(items)]).toEqual([status, ['a-again', 'b']]);
    },
  );

  it('and that was brought back whole since: what is there now is taken', () => {
    const before = endpointOf('planned', 1, 'a', 'b');
    const now = endpointOf('planned', 3, 'a-again');
    const { items } = mergePlans(planOf(before), planOf(now), { [before.resource]: 2 });
    expect([items[0]?.cameBack, modelsOf(items)]).toEqual([1, ['a-again']]);
  });

  // The restore notes no moment before the taking: with a clock behind the switch's it is the same one.
  it.each(['planned', 'done'] as const)(
    '%s, and brought back by a restore whose clock is behind: what an operator removed since stays away',
    (status) => {
      const before = endpointOf(status, 2, 'a', 'b');
      const restored = { [before.resource]: 2 };
      const now = planOf(endpointOf('planned', 1, 'a-again'));
      expect(modelsOf(mergePlans(planOf(before), now, restored).items)).toEqual(['a-again']);
      const rung = { at: 1, do: 'stop-compute' as const, status: 'done' as const, runId: 'r' };
      const manifest = { rungs: [{ ...rung, items: [before] }], restored };
      expect(modelsOf(asBeforeOthers(now, { do: 'unlink-billing' }, manifest).items)).toEqual(['a-again']);
    },
  );
});

describe('mergePlans: what is planned after it was brought back', () => {
  it.each([
    ['ahead', 5],
    ['level', 1],
    ['behind', 0],
  ] as const)('by a restore whose clock is %s: counts as taken later', (_, backMs) => {
    const group = { ...groupOf('planned', { targetSize: 3 }), atMs: 1 };
    const earlier = planOf({ ...group, status: 'done', atMs: 0 });
    const [merged] = mergePlans(earlier, planOf(group), { [group.resource]: backMs }).items;
    expect(merged?.atMs).toBe(Math.max(1, backMs + 1));
  });
});

describe('mergePlans: a group that the switch has no part in any more', () => {
  const now = { ...groupOf('planned', { targetSize: 5 }), atMs: 3_000 };
  const merged = (before: ManifestItem, restored = {}) =>
    mergePlans(planOf({ ...before, atMs: 1_000 }), planOf(now), restored).items;

  it('off by hand when the rung came to it, and filled again: it is to be as it is now', () => {
    expect(merged(groupOf('already', { targetSize: 3 }))).toEqual([now]);
  });

  it.each(['planned', 'done'] as const)(
    '%s, brought back by a restore and resized since: it is to be as it is now',
    (status) => {
      const restored = { [now.resource]: 2_000 };
      expect(merged(groupOf(status, { targetSize: 3 }), restored)).toEqual([{ ...now, cameBack: 1 }]);
    },
  );
});

describe('mergePlans: a rung with billing, of whose project nothing is left', () => {
  const vm = (status: ManifestItem['status']): ManifestItem => ({
    ...{ kind: 'vm', resource: `projects/p/zones/z/instances/${status}`, status },
    ...{ localSsds: 0, spot: false },
  });
  const billing = (status: ManifestItem['status'], why?: string): ManifestItem => ({
    ...{ kind: 'billing', resource: 'projects/p', status, account: 'billingAccounts/A' },
    ...(why === undefined ? {} : { why }),
  });
  const gone = { ...planOf(), nothingLeft: 'no billing account pays for it' };
  const nothingLeft = 'its project had nothing left that runs: no billing account pays for it';

  it.each([
    ['refused: others cut it', billing('failed', 'HTTP 403'), ['already', nothingLeft]],
    ['without an answer: the switch may have cut it', billing('planned'), ['done', undefined]],
    ['cut by the switch', billing('done'), ['done', undefined]],
    ['cut by others meanwhile', billing('already', 'it was linked to none'), ['already', 'it was linked to none']],
  ] as const)('%s: all that was open becomes what the link does', (_, link, expected) => {
    const { items } = mergePlans(planOf(vm('planned'), vm('failed'), link), gone);
    expect(items.map(({ status, why }) => [status, why])).toEqual([expected, expected, expected]);
  });

  it.each(['planned', 'failed', 'done'] as const)('%s: what was not seen before is still named, and nothing else', (status) => {
    const unseen = { resource: 'projects/p VMs', reason: 'not seen before billing was unlinked', unseen: true } as const;
    const seen = { resource: 'projects/p/zones/z/instances/kept', reason: 'stops with billing' };
    const left = status === 'done' ? [unseen, seen] : [unseen];
    expect(mergePlans({ ...planOf(billing(status)), left: [unseen, seen] }, gone).left).toEqual(left);
  });
}); // prettier-ignore
