import { describe, expect, it } from 'vitest';
import { atLeast, isPriced } from '../../../shared/prices/price.ts';
import { recordOf } from '../../../shared/resources/define-kind.ts';
import { INSTANCE_GROUPS } from '../../../shared/resources/compute/instance-group.ts';
import { VMS } from '../../../shared/resources/compute/vm.ts';
import { costText, isKnownToBurn, leftBurning } from '../../../shared/resources/left-burning.ts';
import {
  backSteps,
  find,
  PROJECT,
  targetOf,
  withResources,
  type ProjectInput,
  type ResourceLab,
} from '../../support/resource-lab.ts';

const ZONE = 'us-central1-a';
const member = (id: string, group: string, labels: Readonly<Record<string, string>> = {}) => ({
  id,
  zone: ZONE,
  machineType: 'a2-highgpu-1g',
  labels,
  metadata: { 'created-by': `projects/3001/${group}` },
});

const WORLD: ProjectInput = {
  vms: [
    { id: 'alone', zone: ZONE, machineType: 'n1-standard-4', labels: { team: 'ml' } },
    { id: 'ssd', zone: ZONE, machineType: 'n1-standard-4', disks: [{ boot: true, sizeGb: 50 }, { type: 'local-ssd', sizeGb: 375 }] },
    { id: 'spot', zone: ZONE, machineType: 'a2-highgpu-1g', scheduling: { provisioningModel: 'SPOT' } },
    { id: 'off', zone: ZONE, machineType: 'n1-standard-4', vmStatus: 'TERMINATED' },
    member('web-0', `zones/${ZONE}/instanceGroupManagers/web`, { 'costguard-keep': 'true' }),
    member('web-1', `zones/${ZONE}/instanceGroupManagers/web`),
    member('wide-0', 'regions/us-central1/instanceGroupManagers/wide'),
    member('db-0', `zones/${ZONE}/instanceGroupManagers/db`),
    member('gke-0', `zones/${ZONE}/instanceGroupManagers/gke-demo-pool-1-grp`, { 'goog-gke-node': '' }),
    member('train-batch-0', `zones/${ZONE}/instanceGroupManagers/batch-x`, { 'goog-batch-job-uid': 'x' }),
    member('df-worker-0', `zones/${ZONE}/instanceGroupManagers/embed-harness`, { dataflow_job_name: 'embed' }),
    { id: 'dp-m', zone: ZONE, machineType: 'n1-standard-4', labels: { 'goog-dataproc-cluster-name': 'spark' } },
    { id: 'karpenter-l4', zone: ZONE, machineType: 'g2-standard-16', labels: { 'goog-k8s-cluster-name': 'demo' } },
  ],
  instanceGroups: [
    { id: 'web', zone: ZONE, targetSize: 2, autoscaler: { mode: 'ONLY_SCALE_OUT', minNumReplicas: 1 } },
    { id: 'wide', region: 'us-central1', targetSize: 1 },
    { id: 'db', zone: ZONE, targetSize: 1, stateful: true },
    { id: 'empty', zone: ZONE, targetSize: 0 },
    { id: 'gke-demo-pool-1-grp', zone: ZONE, targetSize: 1 },
    { id: 'batch-x', zone: ZONE, targetSize: 1 },
    { id: 'embed-harness', zone: ZONE, targetSize: 1 },
    { id: 'gke-new-pool-2-grp', zone: ZONE, targetSize: 3 },
  ],
}; // prettier-ignore

const KINDS = [INSTANCE_GROUPS, VMS];

describe('VMs and managed instance groups', () => {
  it('tells for each VM and group whether it can be stopped, or what would start it again', async () => {
    await withResources(KINDS, WORLD, async ({ look }) => {
      const inventory = await look();
      const fates: Record<string, unknown> = {};
      for (const { resource, fate } of inventory.resources)
        fates[resource.split('/').at(-1) ?? ''] =
          fate.kind === 'stoppable' ? fate.record : `${fate.kind}: ${fate.why}`;
      const member = 'owned: member of a managed instance group, which would replace it; resize the group';
      const gke = 'owned: GKE node: its node pool would replace it; resize the pool';
      const batch = 'owned: worker of a Batch job, which would replace it; cancel the job';
      const dataflow = 'owned: worker of a Dataflow job, which would replace it; cancel the job';
      expect(fates).toEqual({
        alone: { localSsds: 0, spot: false },
        ssd: { localSsds: 1, spot: false },
        spot: { localSsds: 0, spot: true },
        web: { targetSize: 2, autoscaler: { name: 'web-scaler', mode: 'ONLY_SCALE_OUT' } },
        wide: { targetSize: 1 },
        db: 'named: stateful: a smaller size deletes members with their disks and addresses',
        'gke-demo-pool-1-grp': gke,
        'gke-new-pool-2-grp': 'owned: group of a GKE node pool; resize the pool',
        'batch-x': batch,
        'embed-harness': dataflow,
        'web-0': member,
        'web-1': member,
        'wide-0': member,
        'db-0': member,
        'gke-0': gke,
        'train-batch-0': batch,
        'df-worker-0': dataflow,
        'dp-m': 'owned: node of a Dataproc cluster; stop the cluster',
        'karpenter-l4': gke,
      });
      expect(inventory.gaps).toEqual([]);
    });
  });

  it('counts members with their group and keeps their labels', async () => {
    await withResources(KINDS, WORLD, async ({ look }) => {
      const inventory = await look();
      const web = find(inventory, 'web');
      const member = find(inventory, 'web-0');
      expect(member.partOf).toEqual({ kind: 'instance-group', resource: web.resource });
      expect(atLeast(web.cost)).toBeCloseTo(2 * atLeast(member.cost), 6);
      expect(atLeast(member.cost)).toBeGreaterThan(3);
      expect(web.description).toBe('2 x a2-highgpu-1g, autoscaled');
      expect(web.memberLabels).toContainEqual({ 'costguard-keep': 'true' });
      expect(web.command).toBe(
        `gcloud compute instance-groups managed update-autoscaling web --mode=off --zone=${ZONE} --project=${PROJECT} && gcloud compute instance-groups managed resize web --size=0 --zone=${ZONE} --project=${PROJECT}`,
      );
      expect(atLeast(find(inventory, 'spot').cost)).toBeLessThan(atLeast(member.cost));
    });
  });

  it('says of what something would start again what ends that', async () => {
    await withResources(KINDS, WORLD, async ({ look }) => {
      const inventory = await look();
      const command = (id: string): string => find(inventory, id).command;
      const shared = `--zone=${ZONE} --project=${PROJECT}`;
      expect(command('wide')).toMatch(
        /^gcloud compute instance-groups managed resize wide --size=0 --region=/,
      );
      expect(command('db')).toBe(
        `gcloud compute instance-groups managed stop-instances db --instances=db-0 ${shared}`,
      );
      expect(command('web-0')).toMatch(
        / managed resize web --size=0 .* # .* update-autoscaling web --mode=off /,
      );
      for (const id of ['gke-0', 'gke-demo-pool-1-grp', 'gke-new-pool-2-grp'])
        expect(command(id)).toMatch(
          /^gcloud container clusters list .*instanceGroupUrls.* # then resize its pool to 0$/,
        );
      for (const id of ['batch-x', 'train-batch-0'])
        expect(command(id)).toBe(
          `gcloud batch jobs list --filter=uid=x --project=${PROJECT} # then cancel the job`,
        );
      for (const id of ['embed-harness', 'df-worker-0'])
        expect(command(id)).toMatch(
          /^gcloud dataflow jobs list --status=active --filter=name=embed .* # then cancel the job$/,
        );
      expect(command('dp-m')).toBe(
        `gcloud dataproc clusters stop spark --region=us-central1 --project=${PROJECT}`,
      );
    });
  });

  it.each(['web', 'wide', 'alone', 'ssd'])('stops %s and brings it back as it was', async (id) => {
    await withResources(KINDS, WORLD, async ({ look, run, sandbox }) => {
      const kind = id === 'web' || id === 'wide' ? INSTANCE_GROUPS : VMS;
      const stateOf = () => ({
        groups: sandbox.groups.of(PROJECT).map(({ id: name, targetSize, autoscaler }) => ({
          ...{ name, targetSize, autoscaler: autoscaler === undefined ? undefined : { ...autoscaler } },
        })),
        vms: sandbox.fleet.vmsOf(PROJECT).map(({ status, machineType }) => `${machineType} ${status}`).sort(),
      }); // prettier-ignore
      const before = stateOf();
      const target = targetOf(find(await look(), id));
      const stopped = await run(kind.stop(target));
      expect(stopped).toEqual(
        {
          web: ['compute.autoscalers.patch', 'compute.instanceGroupManagers.resize'],
          wide: ['compute.regionInstanceGroupManagers.resize'],
        }[id] ?? ['compute.instances.stop'],
      );
      await sandbox.clock.advance(120_000);
      expect((await look()).resources.map(({ resource }) => resource.split('/').at(-1))).not.toContain(id);
      // Once more changes nothing.
      expect(await run(kind.stop(target))).toEqual([]);
      await run(backSteps(kind, target));
      await sandbox.clock.advance(120_000);
      expect(stateOf()).toEqual(before);
      expect(await run(backSteps(kind, target))).toEqual([]);
    });
  });

  it('says of a VM in a specific reservation that this bills on after a stop', async () => {
    const vm = { zone: ZONE, machineType: 'n1-standard-4' };
    await withResources([VMS], { vms: [{ ...vm, id: 'own', reservation: 'r-1' }, { ...vm, id: 'any' }] }, async ({ look }) => {
      const inventory = await look();
      const [own, any] = [find(inventory, 'own'), find(inventory, 'any')];
      expect(own.description).toBe('1 x n1-standard-4, in a specific reservation, which bills on after a stop');
      expect(any.description).toBe('1 x n1-standard-4');
      expect([own.cost, own.fate.kind]).toEqual([any.cost, 'stoppable']);
    });
  }); // prettier-ignore

  it('names a VM that is suspended, which no rung stops, with less than it costs while it runs', async () => {
    const suspended = { zone: ZONE, vmStatus: 'SUSPENDED' } as const;
    const group = `zones/${ZONE}/instanceGroupManagers/web`;
    const vms = [
      { ...suspended, id: 'dev', machineType: 'n1-standard-4', labels: { team: 'ml' } },
      { ...suspended, id: 'ssd', machineType: 'n1-standard-4', disks: [{ type: 'local-ssd', sizeGb: 375 }] },
      { ...suspended, id: 'new', machineType: 'x9-standard-4' },
      { ...member('web-1', group), vmStatus: 'SUSPENDED' as const },
      { id: 'vm', zone: ZONE, machineType: 'e2-micro' },
    ];
    const instanceGroups = [{ id: 'web', zone: ZONE, targetSize: 1 }];
    await withResources(KINDS, { vms, instanceGroups }, async ({ look }) => {
      const inventory = await look();
      const dev = find(inventory, 'dev');
      expect(dev).toMatchObject({
        ...{ state: 'SUSPENDED', labels: { team: 'ml' }, startedMs: undefined, isStorage: true },
        description: 'suspended VM, 1 x n1-standard-4',
        fate: { kind: 'named', why: expect.stringMatching(/^it is suspended: nothing runs on it/) as string },
        command: `gcloud compute instances resume dev --zone=${ZONE} --project=${PROJECT} && gcloud compute instances stop dev --zone=${ZONE} --project=${PROJECT}`,
      });
      expect(costText(dev.cost)).toMatch(/^unpriced: .* less than the \$0\.19\/h while it runs$/);
      expect(dev.atMostUsd).toBeCloseTo(0.189999, 6);
      expect(find(inventory, 'new').atMostUsd).toBeUndefined();
      expect(find(inventory, 'ssd').command).toMatch(/ stop ssd .*--discard-local-ssd=true$/);
      // Of its group's standby pool: the group neither runs nor bills by it.
      expect(find(inventory, 'web-1')).toMatchObject({ partOf: undefined });
      expect(find(inventory, 'web-1').command).toContain(
        `'{"targetSuspendedSize":0}' https://compute.googleapis.com/compute/v1/projects/${PROJECT}/${group}`,
      );
      expect(atLeast(find(inventory, 'web').cost)).toBe(0);
      expect(inventory.resources.filter(isKnownToBurn).map(({ resource }) => resource.split('/').at(-1))).toEqual(['vm']);
      // What is known to cost little is not the worst.
      const others = inventory.resources.filter(({ state }) => state === 'SUSPENDED');
      expect(leftBurning(others).map(({ resource }) => resource.split('/').at(-1))).toEqual(['new', 'web-1', 'ssd', 'dev']);
    });
  }); // prettier-ignore

  describe('a group of whose VMs none runs', () => {
    const group = (id: string, more: object = {}) => ({ id, zone: ZONE, targetSize: 1, ...more });
    const GROUPS: ProjectInput = {
      vms: [
        { ...member('spot-0', `zones/${ZONE}/instanceGroupManagers/spot`), vmStatus: 'TERMINATED' },
        member('wide-0', 'regions/us-central1/instanceGroupManagers/wide'),
      ],
      instanceGroups: [
        group('spot', { autoscaler: { mode: 'ON', minNumReplicas: 1 } }),
        group('batch-x'),
        group('gke-demo-pool-1-grp'),
        { id: 'wide', region: 'us-central1', targetSize: 1 },
        group('east', { zone: 'us-east1-b' }),
      ],
    };
    const fatesOf = ({ resources }: Awaited<ReturnType<ResourceLab['look']>>) =>
      Object.fromEntries(
        resources
          .filter(({ kind }) => kind === 'instance-group')
          .map(({ resource, fate, cost }) => [
            resource.split('/').at(-1) ?? '',
            [
              fate.kind,
              fate.kind === 'stoppable' ? '' : fate.why.slice(0, 24),
              isPriced(cost) ? cost.usd.high > 0 : cost.why.slice(0, 27),
            ],
          ]),
      );
    const NO_VM = ['named', 'no VM of it runs at this', false];
    const NOT_SEEN = ['named', 'not all VMs in its place', 'none of its members was see'];

    it('is not stopped, bills nothing, and is stopped once a VM runs: what owns it and whether it is kept only its VMs tell', async () => {
      await withResources(KINDS, GROUPS, async ({ look }) => {
        const inventory = await look();
        expect(fatesOf(inventory)).toEqual({
          spot: NO_VM,
          'batch-x': NO_VM,
          east: NO_VM,
          'gke-demo-pool-1-grp': ['owned', 'group of a GKE node pool', false],
          wide: ['stoppable', '', true],
        });
        expect(inventory.gaps).toEqual([]);
        const { fate } = find(inventory, 'spot');
        expect(recordOf(fate)).toEqual({ targetSize: 1, autoscaler: { name: 'spot-scaler', mode: 'ON' } });
      });
      const running = member('spot-0', `zones/${ZONE}/instanceGroupManagers/spot`);
      await withResources(KINDS, { ...GROUPS, vms: [running] }, async ({ look }) => {
        expect(fatesOf(await look())['spot']).toEqual(['stoppable', '', true]);
      });
    });

    it.each([
      ['a zone without an answer', { warning: { code: 'UNREACHABLE' } }, ['named', NOT_SEEN[1], true]],
      ['a VM that cannot be read', { instances: [{ name: 7 }] }, ['stoppable', '', true]],
    ])(
      'may have some that were not seen: %s is a gap, and what they cost is not known',
      async (_, value, wide) => {
        await withResources(
          KINDS,
          {
            ...GROUPS,
            vms: [
              {
                ...member('wide-0', 'regions/us-central1/instanceGroupManagers/wide'),
                zone: 'us-central1-b',
              },
            ],
          },
          async ({ look, sandbox }) => {
            sandbox.faults.add({
              route: 'compute.instances.aggregatedList',
              fault: { kind: 'field', at: ['items', `zones/${ZONE}`], value },
            });
            const inventory = await look();
            expect(fatesOf(inventory)).toMatchObject({
              spot: NOT_SEEN,
              'batch-x': NOT_SEEN,
              east: NO_VM,
              wide,
            });
            expect(inventory.gaps).toHaveLength(1);
          },
        );
      },
    );
  });

  it('leaves a group alone that a user resized meanwhile', async () => {
    await withResources(KINDS, WORLD, async ({ look, run, sandbox }) => {
      const target = targetOf(find(await look(), 'wide'));
      await run(INSTANCE_GROUPS.stop(target));
      sandbox.groups.resize(sandbox.groups.get(PROJECT, 'regions/us-central1/instanceGroupManagers/wide'), 5);
      await expect(run(backSteps(INSTANCE_GROUPS, target))).rejects.toThrow(
        'resize refused: its size is 5 by now, it was 1',
      );
    });
  });

  it('reports a zone out of reach and a refusal as gaps, and a disabled API as nothing', async () => {
    await withResources(KINDS, { ...WORLD, unreachableForCompute: [ZONE] }, async ({ look }) => {
      const { gaps, resources } = await look();
      expect(gaps.map(({ where, why }) => `${where}: ${why}`)).toEqual([
        `projects/${PROJECT} zones/${ZONE}: unreachable: managed instance groups there were not seen`,
        `projects/${PROJECT} zones/${ZONE}: unreachable: VMs there were not seen`,
      ]);
      expect(resources.map(({ resource }) => resource.split('/').at(-1))).toEqual(['wide']);
    });
    const without = { without: ['compute.instanceGroupManagers.list'] };
    await withResources(KINDS, WORLD, async ({ look }) => {
      const { gaps, resources } = await look();
      expect(gaps.map(({ where }) => where)).toEqual([`projects/${PROJECT} managed instance groups`]);
      expect(gaps[0]?.why).toContain('403');
      expect(resources.some(({ kind }) => kind === 'vm')).toBe(true);
    }, without); // prettier-ignore
    await withResources(KINDS, { disabledServices: ['compute.googleapis.com'] }, async ({ look, api }) => {
      expect(await look()).toMatchObject({ gaps: [], resources: [] });
      expect(api.calls).toEqual({
        'compute.instances.aggregatedList': 1,
        'compute.instanceGroupManagers.aggregatedList': 1,
      });
    });
  });

  it('reads all pages', async () => {
    const vms = Array.from({ length: 501 }, (_, index) => ({
      id: `vm-${index}`,
      zone: ZONE,
      machineType: 'e2-micro',
    }));
    await withResources(KINDS, { vms }, async ({ look, api }) => {
      expect((await look()).resources).toHaveLength(501);
      expect(api.calls['compute.instances.aggregatedList']).toBe(2);
    });
  });
});
