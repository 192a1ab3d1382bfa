import { describe, expect, it } from 'vitest';
import {
  alert,
  budgetScenario,
  changesIn,
  RUNAWAY,
  RUNAWAY_NUMBER,
  switchPolicy,
  withSwitch,
  type SwitchWorld,
} from '../../support/budget-lab.ts';

const MINUTE_MS = 60_000;
const ZONE = 'us-central1-a';
type Pools = readonly (readonly [cluster: string, pool: string])[];
const POOLS: Pools = [
  ['demo', 'a'],
  ['demo', 'b'],
  ['demo', 'c'],
  ['other', 'a'],
];
const group = (cluster: string, pool: string): string => `gke-${cluster}-${pool}-grp`;
const cluster = (name: string, pools: Pools) => ({
  service: 'container' as const,
  path: `locations/${ZONE}/clusters/${name}`,
  body: {
    nodePools: pools
      .filter(([of]) => of === name)
      .map(([, pool]) => ({
        name: pool,
        config: { machineType: 'n1-standard-4' },
        autoscaling: { enabled: true, minNodeCount: 1, maxNodeCount: 4 },
        instanceGroupUrls: [
          `https://www.googleapis.com/compute/v1/projects/${RUNAWAY}/zones/${ZONE}/instanceGroupManagers/${group(name, pool)}`,
        ],
      })),
  },
});

const scenarioOf = (pools: Pools) =>
  budgetScenario({
    projects: [
      {
        ...{ id: RUNAWAY, number: RUNAWAY_NUMBER },
        instanceGroups: pools.map(([of, pool]) => ({ id: group(of, pool), zone: ZONE, targetSize: 2 })),
        resources: [...new Set(pools.map(([of]) => of))].map((name) => cluster(name, pools)),
      },
    ],
  });

/** More of one cluster than a run has time for. */
const MANY: Pools = ['a', 'b', 'c', 'd', 'e', 'f'].map((pool) => ['demo', pool]);

const sizes = ({ sandbox }: SwitchWorld): readonly number[] =>
  sandbox.groups.of(RUNAWAY).map(({ targetSize }) => targetSize);

/** Changes of pools, by what Google answered. */
const changes = ({ sandbox }: SwitchWorld): readonly string[] =>
  sandbox.callLog
    .calls()
    .filter(({ id }) => /nodePools\.set/.test(id))
    .map(({ status }) => `${status}`);

describe('the pools of a cluster', () => {
  it('are stopped and brought back one after the other, so that GKE refuses none', () =>
    withSwitch({ scenario: scenarioOf(POOLS) }, async (world) => {
      await world.alert(alert(1.01));
      await world.sandbox.clock.advance(10 * MINUTE_MS);
      await world.alert(alert(1.01));
      expect(sizes(world)).toEqual([0, 0, 0, 0]);
      expect(changes(world)).toEqual(Array.from({ length: 8 }, () => '200'));
      world.sandbox.callLog.clear();
      for (let request = 0; request < 3; request++) {
        await world.restore('POST');
        await world.sandbox.clock.advance(MINUTE_MS);
      }
      expect(sizes(world)).toEqual([2, 2, 2, 2]);
      expect(changes(world)).toEqual(Array.from({ length: 8 }, () => '200'));
    }));

  it('that a run has no time for let no higher rung fire in it: billing stays linked, and the next run goes on', () =>
    withSwitch({ scenario: scenarioOf(MANY), policy: switchPolicy({ settle: '24h' }) }, async (world) => {
      await expect(world.alert(alert(1.3))).rejects.toThrow(/too little of this run's time is left/);
      const left = sizes(world).filter((size) => size > 0);
      expect(left.length).toBeGreaterThan(0);
      expect(left.length).toBeLessThan(MANY.length);
      await world.sandbox.clock.advance(MINUTE_MS);
      await world.alert(alert(1.3));
      expect(new Set(sizes(world))).toEqual(new Set([0]));
      expect(Object.keys(changesIn(world.sandbox)).filter((one) => /billing/i.test(one))).toEqual([]);
    }));

  it('that came back, were left and then do not get through keep billing linked until each was tried', () =>
    withSwitch(
      { scenario: scenarioOf(MANY.slice(0, 3)), policy: switchPolicy({ settle: '24h' }) },
      async (world) => {
        const { sandbox } = world;
        await world.alert(alert(1.01)).catch(() => world.alert(alert(1.01)));
        expect(new Set(sizes(world))).toEqual(new Set([0]));
        for (const one of sandbox.groups.of(RUNAWAY)) sandbox.groups.resize(one, 2);
        await sandbox.clock.advance(10 * MINUTE_MS);
        // Taken, and it does not show.
        const body = JSON.stringify({
          name: 'operation-1',
          operationType: 'SET_NODE_POOL_SIZE',
          status: 'RUNNING',
        });
        sandbox.faults.add({ route: 'container.*.setSize', fault: { kind: 'body', body } });
        const tried = new Set<string>();
        for (let run = 0; run < 2; run++) {
          sandbox.callLog.clear();
          await expect(world.alert(alert(1.3))).rejects.toThrow(/Cannot (?:confirm the|change)/);
          for (const { id, path } of sandbox.callLog.calls()) if (id.endsWith('setSize')) tried.add(path);
          expect(tried.size).toBeGreaterThan(run);
          expect(Object.keys(changesIn(sandbox)).filter((one) => /billing/i.test(one))).toEqual([]);
          await sandbox.clock.advance(5 * MINUTE_MS);
        }
      },
    ));

  it('that came back and whose second stop is refused get back what the first one took', () =>
    withSwitch({ scenario: scenarioOf(POOLS.slice(0, 1)) }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.01));
      await sandbox.clock.advance(MINUTE_MS);
      for (const one of sandbox.groups.of(RUNAWAY)) sandbox.groups.resize(one, 2);
      await sandbox.clock.advance(MINUTE_MS);
      const fault = { kind: 'status', status: 403, message: 'denied' } as const;
      sandbox.faults.add({ route: 'container.*.setSize', fault });
      await expect(world.alert(alert(1.02))).rejects.toThrow(/denied/);
      sandbox.faults.clear();
      sandbox.callLog.clear();
      await world.restore('POST');
      expect(sandbox.callLog.calls().filter(({ id }) => id.endsWith('setAutoscaling'))).toHaveLength(1);
    }));
});
