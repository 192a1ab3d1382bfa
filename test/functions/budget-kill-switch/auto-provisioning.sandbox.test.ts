import { describe, expect, it } from 'vitest';
import { isOpen } from '../../../functions/budget-kill-switch/ladder/items.ts';
import {
  alert,
  budgetScenario,
  changesIn,
  manifestsIn,
  RUNAWAY,
  RUNAWAY_NUMBER,
  SWITCH,
  switchPolicy,
  withSwitch,
  type SwitchWorld,
} from '../../support/budget-lab.ts';
import { PROVISIONING } from '../../support/every-kind.ts';
import { BUCKET } from '../../support/lab.ts';
import { lastReceipt, messagesOf } from '../../support/observe.ts';

const MINUTE_MS = 60_000;
const ZONE = 'us-central1-a';
const CLUSTER = 'locations/us-central1/clusters/demo';
const UNLINK = `projects.updateBillingInfo /v1/projects/${RUNAWAY}/billingInfo`;
const MADE = ['nap-g2-standard-8-1', 'nap-g2-standard-8-2'] as const;

const pool = (name: string) => ({
  ...{ name, config: { machineType: 'g2-standard-8' } },
  autoscaling: { enabled: true, maxNodeCount: 1000, autoprovisioned: true },
  instanceGroupUrls: [
    `https://www.googleapis.com/compute/v1/projects/${RUNAWAY}/zones/${ZONE}/instanceGroupManagers/gke-demo-${name}-grp`,
  ],
});

/** Google makes a pool of its own group for each of `MADE` once the test says so. */
const scenarioWith = (body: object) =>
  budgetScenario({
    projects: [
      {
        ...{ id: RUNAWAY, number: RUNAWAY_NUMBER },
        instanceGroups: ['gpu', ...MADE].map((name) => ({
          ...{ id: `gke-demo-${name}-grp`, zone: ZONE },
          targetSize: name === 'gpu' ? 1 : 0,
        })),
        resources: [
          {
            service: 'container',
            path: CLUSTER,
            body: { autoscaling: PROVISIONING, nodePools: [pool('gpu')], ...body },
          },
        ],
      },
    ],
  });
const scenario = scenarioWith({});

const acts = ({ sandbox }: SwitchWorld) => ({
  sizes: () => sandbox.groups.of(RUNAWAY).map(({ targetSize }) => targetSize),
  cluster: () => sandbox.store.get(RUNAWAY, 'container', CLUSTER).body,
  changes: () => Object.keys(changesIn(sandbox)).map((change) => change.split(' ')[0]),
  items: () => manifestsIn(sandbox)[RUNAWAY]?.rungs.flatMap((rung) => rung.items ?? []) ?? [],
  /** Pods that wait get another pool. */
  provision: (name: (typeof MADE)[number]): void => {
    const { body } = sandbox.store.get(RUNAWAY, 'container', CLUSTER);
    body['nodePools'] = [...(body['nodePools'] as readonly object[]), pool(name)];
    sandbox.groups.resize(sandbox.groups.get(RUNAWAY, `zones/${ZONE}/instanceGroupManagers/gke-demo-${name}-grp`), 1);
  },
  decision: (end: string) => lastReceipt(sandbox, BUCKET, SWITCH).decisions.find(({ resource }) => resource.endsWith(end)),
}); // prettier-ignore

describe('node auto-provisioning', () => {
  it('is off before its pools are emptied, stays off, and is restored as it was', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      const { sizes, cluster, changes, items, decision } = acts(world);
      await world.alert(alert(1.01));
      await sandbox.clock.advance(10 * MINUTE_MS);
      expect(sizes()).toEqual([0, 0, 0]);
      expect(cluster()['autoscaling']).toMatchObject({ enableNodeAutoprovisioning: false });
      expect(changes()).toEqual(['clusters.update', 'nodePools.setAutoscaling', 'nodePools.setSize']);
      expect(decision('/clusters/demo')).toMatchObject({ action: 'switch-off', outcome: 'done' });
      expect(items().map(({ status }) => status)).toEqual(['done', 'done']);
      await world.alert(alert(1.02));
      expect(changes()).toHaveLength(3);
      await world.restore('POST');
      expect(cluster()['autoscaling']).toEqual(PROVISIONING);
      expect(sizes()).toEqual([1, 0, 0]);
    }));

  it('is switched off again where its owner switches it on, with each pool that it made, and restored as it was at first', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      const { sizes, cluster, items, provision, decision } = acts(world);
      await world.alert(alert(1.01));
      for (const [index, name] of MADE.entries()) {
        await sandbox.clock.advance(10 * MINUTE_MS);
        cluster()['autoscaling'] = { ...PROVISIONING, resourceLimits: [...PROVISIONING.resourceLimits, { resourceType: 'nvidia-l4', maximum: '8' }] };
        provision(name);
        expect(sizes()).toContain(1);
        await world.alert(alert(1.02));
        expect(decision('/clusters/demo')).toMatchObject({ reason: 'came-back', outcome: 'done', evidence: { times: index + 1 } });
        expect(decision(`/nodePools/${name}`)).toMatchObject({ action: 'resize', outcome: 'done', evidence: { startedBy: expect.stringMatching(/^node auto-provisioning of its cluster/) as string } });
        await sandbox.clock.advance(10 * MINUTE_MS);
        expect(sizes()).toEqual([0, 0, 0]);
        expect(cluster()['autoscaling']).toMatchObject({ enableNodeAutoprovisioning: false });
      }
      // A pool that was emptied and is filled again is no other than before.
      sandbox.groups.resize(sandbox.groups.get(RUNAWAY, `zones/${ZONE}/instanceGroupManagers/gke-demo-${MADE[0]}-grp`), 2);
      await world.alert(alert(1.02));
      expect(decision(`/nodePools/${MADE[0]}`)).toMatchObject({ reason: 'came-back', outcome: 'done' });
      await sandbox.clock.advance(10 * MINUTE_MS);
      expect(sizes()).toEqual([0, 0, 0]);
      expect(items().map(({ resource, status }) => [resource.split('/').at(-1), status])).toEqual(['demo', 'gpu', ...MADE].map((name) => [name, 'done']));
      for (let request = 0; request < 3; request++) {
        await world.restore('POST');
        await sandbox.clock.advance(MINUTE_MS);
      }
      expect(cluster()['autoscaling']).toEqual(PROVISIONING);
    }));

  it('is kept with its pools by a label of the cluster, and named with the command that ends it', () =>
    withSwitch({ scenario: scenarioWith({ resourceLabels: { 'costguard-keep': 'true' } }) }, async (world) => {
      const { sizes, changes } = acts(world);
      await world.alert(alert(1.01));
      expect([sizes(), changes()]).toEqual([[1, 0, 0], []]);
      expect(messagesOf(world.lines, 'WARNING').join()).toContain('update demo --no-enable-autoprovisioning');
    }));

  it('that Google refuses to switch off fails the rung, by name, and its pools are emptied all the same', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      const { sizes, cluster, items } = acts(world);
      sandbox.faults.add({ route: 'container.*.clusters.update', fault: { kind: 'status', status: 403, message: 'denied' } });
      await expect(world.alert(alert(1.01))).rejects.toThrow(/denied/);
      expect(sizes()).toEqual([0, 0, 0]);
      expect(items().map(({ status }) => status)).toEqual(['failed', 'done']);
      sandbox.faults.clear();
      await sandbox.clock.advance(10 * MINUTE_MS);
      await world.alert(alert(1.01));
      expect(cluster()['autoscaling']).toMatchObject({ enableNodeAutoprovisioning: false });
      expect(items().map(({ status }) => status)).toEqual(['done', 'done']);
    }));

  it('that is refused while a pool is changed is off with the next look, and its pools are emptied all the same', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      const { sizes, cluster, items } = acts(world);
      const change = (status: string): void => {
        for (const one of cluster()['nodePools'] as { status: string }[]) one.status = status;
      };
      change('RECONCILING');
      sandbox.clock.after(20_000, () => {
        change('RUNNING');
      });
      await expect(world.alert(alert(1.01))).rejects.toThrow(/Cannot switch node auto-provisioning off yet: .*incompatible operation/);
      expect(items().map(({ status }) => status)).toEqual(['planned', 'done']);
      expect(sizes()).toEqual([0, 0, 0]);
      await sandbox.clock.advance(5 * MINUTE_MS);
      await world.alert(alert(1.01));
      expect(cluster()['autoscaling']).toMatchObject({ enableNodeAutoprovisioning: false });
    }));

  for (const status of [403, 400, 503])
    it(`that Google answers with ${status} and never switches off bills nothing, and is no reason to unlink`, () =>
      withSwitch({ scenario, policy: switchPolicy({ settle: '24h' }) }, async (world) => {
        const { sandbox } = world;
        const { sizes, items } = acts(world);
        sandbox.faults.add({ route: 'container.*.clusters.update', fault: { kind: 'status', status, message: 'denied' } });
        for (let hour = 0; hour < 4; hour++) {
          await world.alert(alert(1.21)).catch(() => undefined);
          expect(changesIn(sandbox)).not.toHaveProperty([UNLINK]);
          await sandbox.clock.advance(60 * MINUTE_MS);
        }
        expect(sizes()).toEqual([0, 0, 0]);
        expect(items().map((item) => isOpen(item))).toEqual([true, false]);
        expect(messagesOf(world.lines, 'WARNING').filter((text) => /unlink-billing waits .*stop-compute has been in effect since 2026-11-18T21:4/.test(text))).toHaveLength(4);
      }));

  it('comes before its pools where only one may be taken', () =>
    withSwitch({ scenario, policy: switchPolicy({ lines: ['maxActions: 1'] }) }, async (world) => {
      await world.alert(alert(1.01)).catch(() => undefined);
      expect(acts(world).changes()).toEqual(['clusters.update']);
    }));
}); // prettier-ignore

/** What may become of its request: whether it was carried out, and what its sender sees. */
const FATES = [
  { kind: 'body', body: '<!DOCTYPE html>', after: true },
  { kind: 'body', body: '<!DOCTYPE html>' },
  { kind: 'body', body: '', after: true },
  { kind: 'reset', after: true },
  { kind: 'reset' },
  { kind: 'status', status: 403 },
  { kind: 'status', status: 503 },
] as const;

describe('each request that switches node auto-provisioning off or on', () => {
  for (const fault of FATES)
    it(`with ${JSON.stringify(fault)} is carried out once, and known as carried out`, () =>
      withSwitch({ scenario }, async (world) => {
        const { sandbox } = world;
        const { cluster, items } = acts(world);
        const carriedOut = (): readonly number[] =>
          Object.entries(changesIn(sandbox)).flatMap(([change, count]) =>
            change.startsWith('clusters.update') ? [count] : [],
          );
        const disturb = (): void => {
          sandbox.faults.add({ route: 'container.*.clusters.update', count: 1, fault });
        };
        disturb();
        await world.alert(alert(1.01)).catch(() => undefined);
        await sandbox.clock.advance(10 * MINUTE_MS);
        await world.alert(alert(1.01), world.start());
        expect(cluster()['autoscaling']).toMatchObject({ enableNodeAutoprovisioning: false });
        expect(items().map(({ status }) => status)).toEqual(['done', 'done']);
        expect(carriedOut()).toEqual([1]);
        disturb();
        for (let request = 0; request < 3; request++) {
          const { complete } = await world.restore('POST');
          if (complete === true) expect(cluster()['autoscaling']).toEqual(PROVISIONING);
          await sandbox.clock.advance(MINUTE_MS);
        }
        expect(cluster()['autoscaling']).toEqual(PROVISIONING);
        expect(carriedOut()).toEqual([2]);
      }));
});
