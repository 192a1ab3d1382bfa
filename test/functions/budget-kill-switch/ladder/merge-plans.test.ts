import { describe, expect, it } from 'vitest';
import { mergePlans } from '../../../../functions/budget-kill-switch/ladder/merge-plans.ts';
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
