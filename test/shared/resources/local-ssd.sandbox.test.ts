import { beforeAll, describe, expect, it } from 'vitest';
import { isPriced } from '../../../shared/prices/price.ts';
import { INSTANCE_GROUPS } from '../../../shared/resources/compute/instance-group.ts';
import { NOTEBOOKS } from '../../../shared/resources/compute/notebook.ts';
import { VMS } from '../../../shared/resources/compute/vm.ts';
import { NODE_POOLS } from '../../../shared/resources/container/node-pool.ts';
import type { ResourceInventory } from '../../../shared/resources/inventory.ts';
import { find, PROJECT, withResources, type ProjectInput } from '../../support/resource-lab.ts';

/** USD an hour in us-central1, as the price books have them. */
const N1_USD = 0.189999;
const GB_USD = 0.08 / 730;
const SSD_USD = 375 * GB_USD;

const zone = 'us-central1-a';
const machineType = 'n1-standard-4';
const disks = (...sizes: readonly number[]) => [
  { boot: true, sizeGb: 50 },
  ...sizes.map((sizeGb) => ({ type: 'local-ssd', sizeGb })),
];
const GROUP = (id: string) => `zones/${zone}/instanceGroupManagers/${id}`;
const vm = (id: string, more: object = {}) => ({ id, zone, machineType, ...more });
const pool = (name: string, config: object) => ({
  name,
  config: { machineType, ...config },
  instanceGroupUrls: [
    `https://www.googleapis.com/compute/v1/projects/${PROJECT}/${GROUP(`gke-demo-${name}-1-grp`)}`,
  ],
});

const WORLD: ProjectInput = {
  vms: [
    vm('none'),
    vm('two', { disks: disks(375, 375) }),
    vm('spot', { disks: disks(375), scheduling: { provisioningModel: 'SPOT' } }),
    vm('spot-none', { scheduling: { provisioningModel: 'SPOT' } }),
    vm('custom', { machineType: 'n2-custom-8-16384', disks: disks(375) }),
    vm('custom-none', { machineType: 'n2-custom-8-16384' }),
    vm('brings', { machineType: 'a2-ultragpu-1g', disks: disks(375) }),
    vm('brings-none', { machineType: 'a2-ultragpu-1g' }),
    vm('unknown', { machineType: 'x9-standard-4-lssd', disks: disks(375) }),
    vm('web-0', { disks: disks(375), metadata: { 'created-by': `projects/3001/${GROUP('web')}` } }),
  ],
  notebooks: [{ id: 'nb', zone, machineType, disks: disks(375) }],
  instanceGroups: [
    { id: 'web', zone, targetSize: 1 },
    ...['one', 'nvme', 'ephemeral', 'cached'].map((name) => ({
      id: `gke-demo-${name}-1-grp`,
      zone,
      targetSize: 2,
    })),
  ],
  resources: [
    {
      service: 'container',
      path: 'locations/us-central1/clusters/demo',
      body: {
        nodePools: [
          pool('one', { localSsdCount: 1 }),
          pool('nvme', { localNvmeSsdBlockConfig: { localSsdCount: 2 } }),
          pool('ephemeral', { ephemeralStorageLocalSsdConfig: { localSsdCount: 1 } }),
          pool('cached', { ephemeralStorageLocalSsdConfig: { localSsdCount: 1, dataCacheCount: 2 } }),
        ],
      },
    },
  ],
};

describe('local SSDs that are attached', () => {
  let inventory: ResourceInventory;
  beforeAll(() =>
    withResources([NODE_POOLS, INSTANCE_GROUPS, NOTEBOOKS, VMS], WORLD, async ({ look }) => {
      inventory = await look();
    }),
  );
  const usd = (id: string): number => {
    const { cost } = find(inventory, id);
    if (!isPriced(cost)) throw new Error(cost.why);
    return cost.usd.low;
  };

  it.each([
    ['VM', 'two', () => N1_USD + 2 * SSD_USD],
    // At the least, of a price that is 111 days old.
    ['Spot VM, at their Spot price', 'spot', () => usd('spot-none') + (375 * 0.0428) / 730 / 2.2],
    ['VM of a custom type', 'custom', () => usd('custom-none') + SSD_USD],
    ['managed group', 'instanceGroupManagers/web', () => N1_USD + SSD_USD],
    ['notebook, as its VM has them', 'instances/nb', () => N1_USD + SSD_USD],
    ['node pool', 'nodePools/one', () => 2 * (N1_USD + SSD_USD)],
    ['node pool of raw block storage', 'nodePools/nvme', () => 2 * (N1_USD + 2 * SSD_USD)],
    ['node pool of ephemeral storage', 'nodePools/ephemeral', () => 2 * (N1_USD + SSD_USD)],
    ['node pool of a data cache beside it', 'nodePools/cached', () => 2 * (N1_USD + 3 * SSD_USD)],
  ])('are in the cost of a %s', (_, id, expected) => {
    expect(find(inventory, id).resource).toContain(id);
    expect(usd(id)).toBeCloseTo(expected(), 6);
  });

  it('are told in the description', () => {
    expect(find(inventory, 'two').description).toBe('1 x n1-standard-4 with 750 GB of local SSD');
    expect(find(inventory, 'none').description).toBe('1 x n1-standard-4');
  });

  it('are not counted twice where the machine type brings them along', () => {
    expect(usd('brings')).toBe(usd('brings-none'));
    expect(find(inventory, 'brings').description).toBe('1 x a2-ultragpu-1g');
  });

  it('cost nothing that is known beside a machine that has no price', () => {
    expect(find(inventory, 'unknown').cost).toMatchObject({ usd: 'unpriced', atLeastUsd: undefined });
  });
});
