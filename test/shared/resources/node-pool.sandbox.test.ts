import { describe, expect, it } from 'vitest';
import { isPriced } from '../../../shared/prices/price.ts';
import { INSTANCE_GROUPS } from '../../../shared/resources/compute/instance-group.ts';
import { VMS } from '../../../shared/resources/compute/vm.ts';
import { NODE_POOLS } from '../../../shared/resources/container/node-pool.ts';
import { burnOf } from '../../../shared/resources/inventory.ts';
import { isKnownToBurn, leftText } from '../../../shared/resources/left-burning.ts';
import {
  backSteps,
  find,
  PROJECT,
  targetOf,
  withResources,
  type ProjectInput,
} from '../../support/resource-lab.ts';

const manager = (zone: string) =>
  `zones/${zone}/instanceGroupManagers/gke-demo-a100-${zone.at(-1) ?? ''}-grp`;
const url = (zone: string) => `https://www.googleapis.com/compute/v1/projects/${PROJECT}/${manager(zone)}`;
const ZONES = ['us-central1-a', 'us-central1-b'];
const AUTOSCALING = { enabled: true, minNodeCount: 1, maxNodeCount: 4, locationPolicy: 'ANY' };

const WORLD: ProjectInput = {
  vms: ZONES.map((zone) => ({
    id: `gke-demo-a100-${zone.at(-1) ?? ''}`,
    zone,
    machineType: 'a2-highgpu-1g',
    labels: { 'goog-gke-node': '' },
    metadata: { 'created-by': `projects/3001/${manager(zone)}` },
  })),
  instanceGroups: ZONES.map((zone) => ({
    id: manager(zone).split('/').at(-1) ?? '',
    zone,
    targetSize: 1,
  })),
  resources: [
    {
      service: 'container',
      path: 'locations/us-central1/clusters/demo',
      body: {
        resourceLabels: { team: 'ml' },
        nodePools: [
          {
            name: 'a100',
            config: {
              machineType: 'a2-highgpu-1g',
              labels: { 'costguard-keep': '2026-12-01' },
              accelerators: [{ acceleratorType: 'nvidia-tesla-a100', acceleratorCount: '1' }],
            },
            autoscaling: AUTOSCALING,
            instanceGroupUrls: ZONES.map(url),
          },
          { name: 'empty', config: { machineType: 'e2-medium' } },
        ],
      },
    },
    {
      service: 'container',
      path: 'locations/europe-west4/clusters/auto',
      body: { autopilot: { enabled: true }, currentNodeCount: 3 },
    },
  ],
};
const WHERE = `--location=us-central1 --project=${PROJECT}`;
const KINDS = [NODE_POOLS, INSTANCE_GROUPS, VMS];

describe('GKE node pools', () => {
  it('lists pools with nodes; their groups and VMs belong to them and are counted once', async () => {
    await withResources(KINDS, WORLD, async ({ look, api }) => {
      const inventory = await look();
      const pool = find(inventory, 'a100');
      expect(pool).toMatchObject({
        kind: 'node-pool',
        description: '2 x a2-highgpu-1g with 1 x nvidia-tesla-a100, autoscaled',
        labels: { team: 'ml', 'costguard-keep': '2026-12-01' },
        command: `gcloud container clusters update demo --no-enable-autoscaling --node-pool=a100 ${WHERE} && gcloud container clusters resize demo --node-pool=a100 --num-nodes=0 ${WHERE}`,
      });
      expect(inventory.resources.filter(({ partOf }) => partOf?.resource === pool.resource)).toHaveLength(4);
      expect(inventory.resources.filter(({ fate }) => fate.kind === 'stoppable')).toHaveLength(1);
      expect(find(inventory, 'auto').fate).toMatchObject({ kind: 'named' });
      if (!isPriced(pool.cost)) throw new Error(pool.cost.why);
      expect(burnOf(inventory.resources)).toEqual({ usd: pool.cost.usd, unpriced: 1 });
      expect(api.calls).toEqual({
        'container.clusters.list': 1,
        'compute.instanceGroupManagers.aggregatedList': 1,
        'compute.instances.aggregatedList': 1,
      });
    });
  });

  it('prices a pool of flex-start by the price on demand', async () => {
    const costOf = async (config: object): Promise<readonly [string, number, number]> => {
      let told: readonly [string, number, number] = ['', NaN, NaN];
      const pool = { name: 'a100', config: { machineType: 'a2-highgpu-1g', ...config }, instanceGroupUrls: ZONES.map(url) };
      const cluster = { service: 'container', path: 'locations/us-central1/clusters/demo', body: { nodePools: [pool] } } as const;
      await withResources(KINDS, { ...WORLD, resources: [cluster] }, async ({ look }) => {
        const { description, cost } = find(await look(), 'a100');
        if (!isPriced(cost)) throw new Error(cost.why);
        told = [description, cost.usd.low, cost.usd.high];
      });
      return told;
    };
    const [onDemand, flex] = [await costOf({}), await costOf({ flexStart: true })];
    expect(flex[0]).toBe('2 x a2-highgpu-1g (flex-start)');
    expect(flex[1]).toBeCloseTo(0.25 * onDemand[1], 6);
    expect(flex[2]).toBeCloseTo(onDemand[2], 6);
  }); // prettier-ignore

  const PROVISIONING = {
    enableNodeAutoprovisioning: true,
    resourceLimits: [
      { resourceType: 'cpu', maximum: '64' },
      { resourceType: 'memory', maximum: '512' },
      { resourceType: 'nvidia-l4', maximum: '4' },
    ],
    autoscalingProfile: 'OPTIMIZE_UTILIZATION',
    autoprovisioningNodePoolDefaults: {
      serviceAccount: 'nodes@demo-ml.iam.gserviceaccount.com',
      diskSizeGb: 100,
    },
    autoprovisioningLocations: ['us-central1-a'],
    defaultComputeClassConfig: { enabled: true },
  };
  const provisioned = (): ProjectInput => {
    const [demo, ...others] = WORLD.resources ?? [];
    if (demo === undefined) throw new Error('no cluster');
    const nodePools = (demo.body?.['nodePools'] as readonly Record<string, unknown>[]).map((pool) =>
      pool['name'] === 'a100' ? { ...pool, autoscaling: { ...AUTOSCALING, autoprovisioned: true } } : pool,
    );
    const body = { ...demo.body, nodePools, autoscaling: PROVISIONING };
    const off = { ...demo, path: 'locations/us-central1/clusters/off', body: { autoscaling: { enableNodeAutoprovisioning: false } } }; // prettier-ignore
    return { ...WORLD, resources: [{ ...demo, body }, off, ...others] };
  };
  const CLUSTER = 'locations/us-central1/clusters/demo';

  it('says of a pool that was made while node auto-provisioning is off that a compute class may have made it', () =>
    withResources(KINDS, provisioned(), async ({ look, sandbox }) => {
      sandbox.store.get(PROJECT, 'container', CLUSTER).body['autoscaling'] = {};
      expect(find(await look(), 'a100').startedBy).toMatch(/^a compute class of its cluster, or/);
    }));

  it('lists node auto-provisioning before the pools, with the command that ends it, and says which pool it made', () =>
    withResources(KINDS, provisioned(), async ({ look }) => {
      const inventory = await look();
      expect(inventory.gaps).toEqual([]);
      expect(find(inventory, 'a100').startedBy).toMatch(/^node auto-provisioning of its cluster/);
      const one = find(inventory, 'demo');
      expect(one).toMatchObject({
        ...{ kind: 'node-pool', mayBeIdle: true, labels: { team: 'ml' } },
        fate: { kind: 'stoppable', record: { provisioning: PROVISIONING } },
        command: `gcloud container clusters update demo --no-enable-autoprovisioning ${WHERE}`,
      });
      expect(isKnownToBurn(one)).toBe(false);
      expect(inventory.resources[0]).toBe(one);
      expect(inventory.resources.filter(({ resource }) => resource.endsWith('/off'))).toEqual([]);
      expect(leftText([one])).toContain('(node auto-provisioning of a GKE cluster, nothing by itself: the pools that it makes bill; end it by: gcloud container clusters update demo --no-enable-autoprovisioning'); // prettier-ignore
    }));

  it.each([true, false])('switches it off and on as it was, whether Google keeps what an update leaves out (%s)', (keep) =>
    withResources(KINDS, provisioned(), async ({ look, run, sandbox }) => {
      sandbox.clusterUpdates.keep = keep;
      const autoscaling = () => sandbox.store.get(PROJECT, 'container', CLUSTER).body['autoscaling'];
      const target = targetOf(find(await look(), 'demo'));
      expect(await run(NODE_POOLS.stop(target))).toEqual(['container.clusters.update']);
      await sandbox.clock.advance(120_000);
      const { autoscalingProfile, defaultComputeClassConfig } = PROVISIONING;
      expect(autoscaling()).toEqual({
        ...(keep ? PROVISIONING : { autoscalingProfile, defaultComputeClassConfig }),
        enableNodeAutoprovisioning: false,
      });
      expect((await look()).resources.filter(({ resource }) => resource.endsWith('/demo'))).toEqual([]);
      expect(await run(NODE_POOLS.stop(target))).toEqual([]);
      expect(await run(backSteps(NODE_POOLS, target))).toEqual(['container.clusters.update']);
      await sandbox.clock.advance(120_000);
      expect(autoscaling()).toEqual(PROVISIONING);
      expect(await run(backSteps(NODE_POOLS, target))).toEqual([]);
    })); // prettier-ignore

  it('leaves node auto-provisioning alone that an operator switched on with other limits', () =>
    withResources(KINDS, provisioned(), async ({ look, run, sandbox }) => {
      const target = targetOf(find(await look(), 'demo'));
      const { body } = sandbox.store.get(PROJECT, 'container', CLUSTER);
      body['autoscaling'] = { ...PROVISIONING, resourceLimits: PROVISIONING.resourceLimits.toReversed() };
      expect(await run(backSteps(NODE_POOLS, target))).toEqual([]);
      body['autoscaling'] = { ...PROVISIONING, resourceLimits: PROVISIONING.resourceLimits.slice(0, 2) };
      await expect(run(backSteps(NODE_POOLS, target))).rejects.toThrow('has other limits by now');
    }));

  it('takes nothing of a record of another form', () => {
    const resource = `projects/${PROJECT}/${CLUSTER}`;
    expect(() => NODE_POOLS.stop({ resource, record: {} })).toThrow();
    const [before, now] = [{ provisioning: { a: 1 } }, { provisioning: { a: 2 } }];
    expect(NODE_POOLS.rejoin(before, now)).toEqual(now);
  });

  it('turns autoscaling off and resizes to 0, and gives both back as they were', async () => {
    await withResources(KINDS, WORLD, async ({ look, run, sandbox }) => {
      const cluster = () => {
        const { body } = sandbox.store.get(PROJECT, 'container', 'locations/us-central1/clusters/demo');
        const [pool] = body['nodePools'] as readonly Record<string, unknown>[];
        return { autoscaling: pool?.['autoscaling'], sizes: sandbox.groups.of(PROJECT).map(({ targetSize }) => targetSize) }; // prettier-ignore
      };
      const before = structuredClone(cluster());
      const target = targetOf(find(await look(), 'a100'));
      expect(await run(NODE_POOLS.stop(target))).toEqual([
        'container.nodePools.setAutoscaling',
        'container.nodePools.setSize',
      ]);
      await sandbox.clock.advance(120_000);
      expect(cluster()).toEqual({ autoscaling: {}, sizes: [0, 0] });
      expect((await look()).resources.map(({ kind }) => kind)).toEqual(['node-pool']);
      expect(await run(NODE_POOLS.stop(target))).toEqual([]);
      expect(await run(backSteps(NODE_POOLS, target))).toEqual([
        'container.nodePools.setSize',
        'container.nodePools.setAutoscaling',
      ]);
      await sandbox.clock.advance(120_000);
      expect(cluster()).toEqual(before);
      expect(await run(backSteps(NODE_POOLS, target))).toEqual([]);
    });
  });

  it('takes autoscaling for that from before where Google does not keep who made the pool', async () => {
    await withResources(KINDS, WORLD, async ({ look, run, sandbox }) => {
      const set = (autoscaling: object): void => {
        const { body } = sandbox.store.get(PROJECT, 'container', 'locations/us-central1/clusters/demo');
        const [pool] = body['nodePools'] as Record<string, unknown>[];
        if (pool !== undefined) pool['autoscaling'] = autoscaling;
      };
      set({ ...AUTOSCALING, autoprovisioned: true });
      const target = targetOf(find(await look(), 'a100'));
      set(AUTOSCALING);
      expect(await run(backSteps(NODE_POOLS, target))).toEqual([]);
      set({ ...AUTOSCALING, maxNodeCount: 9 });
      await expect(run(backSteps(NODE_POOLS, target))).rejects.toThrow('has other limits by now');
    });
  });

  it('leaves a pool alone that a user resized meanwhile', async () => {
    await withResources(KINDS, WORLD, async ({ look, run, sandbox }) => {
      const target = targetOf(find(await look(), 'a100'));
      await run(NODE_POOLS.stop(target));
      sandbox.groups.resize(sandbox.groups.get(PROJECT, manager('us-central1-a')), 3);
      await expect(run(backSteps(NODE_POOLS, target))).rejects.toThrow('it has 3 nodes by now, it had 2');
    });
  });

  it('reports a location out of reach and a refusal as gaps, and a disabled API as nothing', async () => {
    await withResources(
      [NODE_POOLS],
      { ...WORLD, unreachableLocations: ['us-central1'] },
      async ({ look }) => {
        expect((await look()).gaps).toEqual([
          {
            where: `projects/${PROJECT} us-central1`,
            why: 'unreachable: GKE clusters there were not seen',
            mayPass: true,
          },
        ]);
      },
    );
    const without = { without: ['container.clusters.list'] };
    await withResources([NODE_POOLS], WORLD, async ({ look }) => {
      expect((await look()).gaps.map(({ where }) => where)).toEqual([`projects/${PROJECT} GKE clusters`]);
    }, without); // prettier-ignore
    await withResources(
      [NODE_POOLS],
      { disabledServices: ['container.googleapis.com'] },
      async ({ look, api }) => {
        expect(await look()).toMatchObject({ gaps: [], resources: [] });
        expect(api.calls).toEqual({ 'container.clusters.list': 1 });
      },
    );
  });
});
