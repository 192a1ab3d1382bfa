import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { planRung } from '../../../functions/budget-kill-switch/decide.ts';
import type { Inventory } from '../../../functions/budget-kill-switch/ladder/inventory.ts';
import type { RungAction } from '../../../shared/policy/policy.ts';
import type { Vm } from '../../../shared/google/vms.ts';
import { config, MIDMONTH } from './builder.ts';

const nb = (id: string, labels: Readonly<Record<string, string>> = {}) => ({
  resource: `projects/ml-lab/locations/us-central1-a/instances/${id}`,
  labels,
});

function vm(name: string, more: Partial<Vm> = {}): Vm {
  return {
    resource: `projects/ml-lab/zones/us-central1-a/instances/${name}`,
    id: name,
    status: 'RUNNING',
    labels: {},
    managedBy: undefined,
    localSsds: 0,
    spot: false,
    lastStartMs: undefined,
    ...more,
  };
}

const KEEP = { 'costguard-keep': 'true' };

const inventory: Inventory = {
  notOffered: [],
  projectId: 'ml-lab',
  notebooks: [nb('nb-1'), nb('nb-kept', KEEP), nb('nb-kept-until-yesterday', { 'costguard-keep': '2026-11-16' })],
  notebookVmIds: new Set(['vm-of-nb-1']),
  vms: [
    vm('vm-1', { localSsds: 2 }),
    vm('vm-of-nb-1'),
    vm('vm-kept', { labels: KEEP }),
    vm('vm-spot', { spot: true }),
    vm('gke-node', { managedBy: 'gke' }),
    vm('mig-member', { managedBy: 'instance-group' }),
  ],
  jobs: [{ kind: 'custom-job', resource: 'projects/1/locations/r/customJobs/7', displayName: 'train', state: 'JOB_STATE_RUNNING' }],
  endpoints: [
    { resource: 'projects/1/locations/r/endpoints/9', models: [{ id: '5', model: 'm' }], trafficSplit: { '5': 100 }, strange: [] },
  ],
  account: 'billingAccounts/01D4EE-079462-DFD6EC',
}; // prettier-ignore

const last = (resource: string): string => resource.split('/').at(-1) ?? '';

describe('planRung', () => {
  const everyMachine = [
    ...['nb-1', 'nb-kept', 'nb-kept-until-yesterday'],
    ...['vm-1', 'vm-kept', 'vm-spot', 'gke-node', 'mig-member'],
  ];
  const cases: readonly {
    readonly action: RungAction;
    readonly takes: readonly string[];
    readonly leaves: readonly string[];
  }[] = [
    { action: 'notify', takes: [], leaves: [] },
    { action: 'stop-notebooks', takes: ['nb-1', 'nb-kept-until-yesterday'], leaves: ['nb-kept'] },
    {
      action: 'stop-compute',
      takes: ['nb-1', 'nb-kept-until-yesterday', 'vm-1', 'vm-spot', '7', '9'],
      leaves: ['nb-kept', 'vm-kept', 'gke-node', 'mig-member'],
    },
    // Google stops them all, labelled or not, and they must come back.
    { action: 'unlink-billing', takes: [...everyMachine, '7', '9', 'ml-lab'], leaves: [] },
  ];
  for (const { action, takes, leaves } of cases)
    it(`${action} takes ${takes.length} and leaves ${leaves.length}`, () => {
      const before = structuredClone(inventory);
      const { items, left } = planRung(action, inventory, config(), MIDMONTH);
      assert.deepEqual(items.map(({ resource }) => last(resource)), takes); // prettier-ignore
      assert.deepEqual(left.map(({ resource }) => last(resource)), leaves); // prettier-ignore
      assert.ok(items.every(({ status }) => status === 'planned'));
      assert.deepEqual(inventory, before);
    });

  it('writes down what bringing it back takes', () => {
    const { items } = planRung('stop-compute', inventory, config(), MIDMONTH);
    const of = (name: string) => items.find(({ resource }) => last(resource) === name);
    assert.partialDeepStrictEqual(of('vm-1'), { kind: 'vm', localSsds: 2, spot: false });
    assert.partialDeepStrictEqual(of('vm-spot'), { kind: 'vm', spot: true });
    assert.partialDeepStrictEqual(of('9'), {
      models: [{ id: '5', model: 'm' }],
      trafficSplit: { '5': 100 },
    });
    assert.partialDeepStrictEqual(of('7'), {
      kind: 'custom-job',
      displayName: 'train',
      state: 'JOB_STATE_RUNNING',
    });
    const unlink = planRung('unlink-billing', inventory, config(), MIDMONTH);
    assert.deepEqual(unlink.items.at(-1), {
      kind: 'billing',
      resource: 'projects/ml-lab',
      status: 'planned',
      account: 'billingAccounts/01D4EE-079462-DFD6EC',
    });
  });

  it('says why it leaves what it leaves', () => {
    const { left } = planRung('stop-compute', inventory, config(), MIDMONTH);
    assert.deepEqual(
      left.map(({ reason }) => reason),
      [
        'label costguard-keep: true',
        'label costguard-keep: true',
        'GKE node: its node pool would replace it; resize the pool',
        'member of a managed instance group, which would replace it; resize the group',
      ],
    );
  });

  it('heeds another label when the policy names one', () => {
    const { items } = planRung('stop-notebooks', inventory, config({ keepLabel: 'team' }), MIDMONTH);
    assert.equal(items.length, 3);
  });

  it('unlinks nothing that is not linked', () => {
    const unlinked = { ...inventory, account: undefined };
    assert.deepEqual(planRung('unlink-billing', unlinked, config(), MIDMONTH), { items: [], left: [] });
  });
});
