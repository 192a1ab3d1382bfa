import { describe, expect, it } from 'vitest';
import {
  alert,
  budgetScenario,
  RUNAWAY,
  RUNAWAY_NUMBER,
  withSwitch,
  type SwitchWorld,
} from '../../support/budget-lab.ts';

const MINUTE_MS = 60_000;
const ZONE = 'us-central1-a';
const POOLS = [
  ['demo', 'a'],
  ['demo', 'b'],
  ['demo', 'c'],
  ['other', 'a'],
] as const;
const group = (cluster: string, pool: string): string => `gke-${cluster}-${pool}-grp`;
const cluster = (name: string) => ({
  service: 'container' as const,
  path: `locations/${ZONE}/clusters/${name}`,
  body: {
    nodePools: POOLS.filter(([of]) => of === name).map(([, pool]) => ({
      name: pool,
      config: { machineType: 'n1-standard-4' },
      autoscaling: { enabled: true, minNodeCount: 1, maxNodeCount: 4 },
      instanceGroupUrls: [
        `https://www.googleapis.com/compute/v1/projects/${RUNAWAY}/zones/${ZONE}/instanceGroupManagers/${group(name, pool)}`,
      ],
    })),
  },
});

const scenario = budgetScenario({
  projects: [
    {
      ...{ id: RUNAWAY, number: RUNAWAY_NUMBER },
      instanceGroups: POOLS.map(([of, pool]) => ({ id: group(of, pool), zone: ZONE, targetSize: 2 })),
      resources: [cluster('demo'), cluster('other')],
    },
  ],
});

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
    withSwitch({ scenario }, async (world) => {
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
});
