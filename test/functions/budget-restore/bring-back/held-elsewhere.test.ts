import { expect, it } from 'vitest';
import { leaveHeld } from '../../../../functions/budget-restore/bring-back/held-elsewhere.ts';
import type { RestoreStep } from '../../../../functions/budget-restore/decide.ts';
import type { Holder } from '../../../../shared/state/holders.ts';
import type { ManifestItem } from '../../../../shared/state/manifest-item.ts';

const CLUSTERS = 'projects/ml-lab/locations/us-central1/clusters';

const item = (name: string): ManifestItem => ({
  ...{ kind: 'node-pool', resource: `${CLUSTERS}/${name}`, status: 'done', atMs: 0 },
  record: name.includes('/') ? { sizes: {} } : { provisioning: {} },
});
const step = (name: string): RestoreStep => ({
  ...{ project: 'ml-lab', item: item(name), action: 'start', why: undefined, losses: [] },
});
const holder = (name: string, isInForce = true): Holder => ({
  manifest: {
    ...{ version: 1, budget: 'billingAccounts/A/budgets/b', period: '2026-10-01', project: 'ml-lab' },
    ...{ restored: {}, rungs: [] },
  },
  ...{ rung: 'stop-compute', item: item(name), isInForce },
});
const actions = (held: readonly Holder[]): readonly string[] =>
  leaveHeld([step('demo'), step('demo/nodePools/a'), step('other')], held).map(({ action }) => action);

it('leaveHeld leaves node auto-provisioning off where another budget holds a pool of its cluster', () => {
  expect(actions([])).toEqual(['start', 'start', 'start']);
  expect(actions([holder('demo/nodePools/a')])).toEqual(['none', 'none', 'start']);
  expect(actions([holder('demo/nodePools/b')])).toEqual(['none', 'start', 'start']);
  expect(actions([holder('demo/nodePools/a', false)])).toEqual(['start', 'start', 'start']);
  expect(actions([holder('demo')])).toEqual(['none', 'start', 'start']);
  const [cluster] = leaveHeld([step('demo')], [holder('demo/nodePools/b')]);
  expect(cluster?.why).toBe(
    `stop-compute of billingAccounts/A/budgets/b, period 2026-10-01, is in force and holds ${CLUSTERS}/demo/nodePools/b, since 1970-01-01T00:00:00.000Z: after a restore or a raise of that one send this request again`,
  );
});
