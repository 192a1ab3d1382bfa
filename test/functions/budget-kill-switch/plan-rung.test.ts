import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { Inventory } from '../../../functions/budget-kill-switch/ladder/inventory.ts';
import { planRung } from '../../../functions/budget-kill-switch/ladder/plan-rung.ts';
import type { RungAction } from '../../../shared/policy/policy.ts';
import type { Fate, KindName, RunningResource } from '../../../shared/resources/kind.ts';
import { running } from '../../support/running-resource.ts';
import { config, MIDMONTH } from './builder.ts';

const KEEP = { 'costguard-keep': 'true' };
const LOCAL = { localSsds: 0, spot: false };
const JOB = { displayName: 'train', state: 'JOB_STATE_RUNNING', source: '' };

const stoppable = (record: Readonly<Record<string, unknown>> = {}): Fate => ({ kind: 'stoppable', record });
const owned = (why: string): Fate => ({ kind: 'owned', why, record: LOCAL });
const partOf = (kind: KindName, id: string) => ({ kind, resource: `projects/ml-lab/${id}` });

function one(kind: KindName, id: string, fate: Fate, more: Partial<RunningResource> = {}): RunningResource {
  return running(kind, { resource: `projects/ml-lab/${id}`, fate, ...more });
}

const NOTEBOOKS = [
  one('notebook', 'nb-1', stoppable()),
  one('notebook', 'nb-kept', stoppable(), { labels: KEEP }),
  one('notebook', 'nb-kept-until-yesterday', stoppable(), { labels: { 'costguard-keep': '2026-11-16' } }),
];
const COMPUTE = [
  one('pipeline-job', 'pipeline', stoppable(JOB)),
  one('pipeline-job', 'pipeline-kept', stoppable(JOB), { labels: KEEP }),
  one('custom-job', 'job', stoppable(JOB), { partOf: partOf('pipeline-job', 'pipeline') }),
  one('custom-job', 'job-of-kept', stoppable(JOB), { partOf: partOf('pipeline-job', 'pipeline-kept') }),
  one('custom-job', 'job-kept', stoppable(JOB), { labels: KEEP }),
  one('instance-group', 'group', stoppable({ targetSize: 2 })),
  one('instance-group', 'group-with-kept', stoppable({ targetSize: 2 }), { memberLabels: [{}, KEEP] }),
  one('endpoint', 'endpoint', stoppable({ models: [{ id: '5', model: 'm' }], trafficSplit: { '5': 100 } })),
  one('endpoint', 'endpoint-kept', stoppable({ models: [{ id: '6' }], trafficSplit: {} }), { labels: KEEP }),
  one('vm', 'vm-1', stoppable({ localSsds: 2, spot: false })),
  one('vm', 'vm-kept', stoppable(LOCAL), { labels: KEEP }),
  one('vm', 'vm-spot', stoppable({ localSsds: 0, spot: true })),
  one('vm', 'vm-of-nb-1', owned('belongs to nb-1'), { partOf: partOf('notebook', 'nb-1') }),
  one('vm', 'mig-member', owned('belongs to group'), { partOf: partOf('instance-group', 'group') }),
  one('vm', 'gke-node', owned('GKE node: its node pool would replace it; resize the pool')),
  one('vm', 'batch-worker', owned('belongs to batch'), { partOf: partOf('batch-job', 'batch') }),
  one('batch-job', 'batch', { kind: 'named', why: 'deleting it loses its tasks' }),
  one('index-endpoint', 'index', { kind: 'named', why: 'undeploying an index destroys it' }),
];

function inventoryOf(resources: readonly RunningResource[], account = 'billingAccounts/01D4EE-079462-DFD6EC'): Inventory {
  return { notOffered: [], projectId: 'ml-lab', resources, account };
} // prettier-ignore

const EVERYTHING = inventoryOf([...NOTEBOOKS, ...COMPUTE]);
const ids = (resources: readonly { readonly resource: string }[]): string[] =>
  resources.map(({ resource }) => resource.split('/').at(-1) ?? '');

describe('planRung', () => {
  const stopped = [
    'nb-1',
    'nb-kept-until-yesterday',
    'pipeline',
    'job',
    'group',
    'endpoint',
    'vm-1',
    'vm-spot',
  ];
  const cases: readonly {
    readonly action: RungAction;
    readonly inventory: Inventory;
    readonly takes: readonly string[];
    readonly leaves: readonly string[];
  }[] = [
    { action: 'notify', inventory: EVERYTHING, takes: [], leaves: [] },
    {
      action: 'stop-notebooks',
      inventory: inventoryOf(NOTEBOOKS),
      takes: ['nb-1', 'nb-kept-until-yesterday'],
      leaves: ['nb-kept'],
    },
    {
      action: 'stop-compute',
      inventory: EVERYTHING,
      takes: stopped,
      leaves: [
        ...['nb-kept', 'pipeline-kept', 'job-of-kept', 'job-kept', 'group-with-kept', 'endpoint-kept', 'vm-kept'],
        ...['gke-node', 'batch', 'index'],
      ],
    },
    // Google stops them all, labelled or not; what no controller brings back must be started.
    {
      action: 'unlink-billing',
      inventory: EVERYTHING,
      takes: [
        ...['nb-1', 'nb-kept', 'nb-kept-until-yesterday', 'pipeline', 'pipeline-kept', 'job', 'job-of-kept', 'job-kept'],
        ...['group', 'group-with-kept', 'endpoint', 'endpoint-kept', 'vm-1', 'vm-kept', 'vm-spot'],
        ...['gke-node', 'batch-worker', 'ml-lab'],
      ],
      leaves: ['batch', 'index'],
    },
  ]; // prettier-ignore
  for (const { action, inventory, takes, leaves } of cases)
    it(`${action} takes ${takes.length} and leaves ${leaves.length}`, () => {
      const before = structuredClone(inventory);
      const { items, left } = planRung(action, inventory, config(), MIDMONTH);
      assert.deepEqual([ids(items), ids(left)], [takes, leaves]);
      assert.ok(items.every(({ status }) => status === 'planned'));
      assert.deepEqual(inventory, before);
    });

  it('writes down what bringing it back takes', () => {
    const { items } = planRung('stop-compute', EVERYTHING, config(), MIDMONTH);
    const of = (id: string) => items.find(({ resource }) => resource === `projects/ml-lab/${id}`);
    assert.partialDeepStrictEqual(of('vm-1'), { kind: 'vm', localSsds: 2, spot: false });
    assert.partialDeepStrictEqual(of('vm-spot'), { kind: 'vm', spot: true });
    assert.partialDeepStrictEqual(of('group'), { kind: 'instance-group', record: { targetSize: 2 } });
    assert.partialDeepStrictEqual(of('endpoint'), {
      models: [{ id: '5', model: 'm' }],
      trafficSplit: { '5': 100 },
    });
    assert.partialDeepStrictEqual(of('job'), {
      kind: 'custom-job',
      displayName: 'train',
      state: 'JOB_STATE_RUNNING',
    });
    const unlink = planRung('unlink-billing', EVERYTHING, config(), MIDMONTH);
    assert.deepEqual(unlink.items.at(-1), {
      kind: 'billing',
      resource: 'projects/ml-lab',
      status: 'planned',
      account: 'billingAccounts/01D4EE-079462-DFD6EC',
    });
  });

  it('says why it leaves what it leaves, and counts it as burning', () => {
    const { left, burning } = planRung('stop-compute', EVERYTHING, config(), MIDMONTH);
    const why = new Map(left.map(({ resource, reason }) => [resource.split('/').at(-1), reason]));
    assert.equal(why.get('endpoint-kept'), 'label costguard-keep: true');
    assert.equal(
      why.get('job-of-kept'),
      'belongs to projects/ml-lab/pipeline-kept, kept by label costguard-keep: true',
    );
    assert.equal(why.get('gke-node'), 'GKE node: its node pool would replace it; resize the pool');
    assert.equal(why.get('index'), 'undeploying an index destroys it');
    assert.deepEqual(ids(burning), ids(left));
  });

  it('heeds another label when the policy names one', () => {
    const { items } = planRung('stop-notebooks', inventoryOf(NOTEBOOKS), config({ keepLabel: 'team' }), MIDMONTH);
    assert.equal(items.length, 3);
  }); // prettier-ignore

  it('has a group that only this look does not stop come back after unlinking, and its VMs with it', () => {
    const record = { targetSize: 2 };
    const group = one('instance-group', 'no-vm', { kind: 'named', why: 'no VM of it was seen', record });
    const member = one('vm', 'member', owned('member'), { partOf: partOf('instance-group', 'no-vm') });
    const stop = planRung('stop-compute', inventoryOf([group, member]), config(), MIDMONTH);
    assert.deepEqual(
      [ids(stop.items), stop.left],
      [[], [{ resource: group.resource, reason: 'no VM of it was seen' }]],
    );
    const unlink = planRung('unlink-billing', inventoryOf([group, member]), config(), MIDMONTH);
    assert.deepEqual([ids(unlink.items), unlink.left], [['no-vm', 'ml-lab'], []]);
    assert.partialDeepStrictEqual(unlink.items[0], { kind: 'instance-group', record });
  });

  it('unlinks nothing that is not linked', () => {
    const unlinked = { ...EVERYTHING, account: undefined };
    assert.deepEqual(planRung('unlink-billing', unlinked, config(), MIDMONTH).items, []);
  });
});
