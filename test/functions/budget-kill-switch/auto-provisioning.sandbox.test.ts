import { expect, it } from 'vitest';
import {
  alert,
  budgetScenario,
  changesIn,
  manifestsIn,
  RUNAWAY,
  RUNAWAY_NUMBER,
  SWITCH,
  withSwitch,
} from '../../support/budget-lab.ts';
import { BUCKET } from '../../support/lab.ts';
import { lastReceipt, messagesOf } from '../../support/observe.ts';

const MINUTE_MS = 60_000;
const ZONE = 'us-central1-a';
const CLUSTER = 'locations/us-central1/clusters/demo';
const MADE = ['nap-g2-standard-8-1', 'nap-g2-standard-8-2'] as const;

const pool = (name: string) => ({
  ...{ name, config: { machineType: 'g2-standard-8' } },
  autoscaling: { enabled: true, maxNodeCount: 1000, autoprovisioned: true },
  instanceGroupUrls: [
    `https://www.googleapis.com/compute/v1/projects/${RUNAWAY}/zones/${ZONE}/instanceGroupManagers/gke-demo-${name}-grp`,
  ],
});

/** Google makes a pool of its own group for each of `MADE` once the test says so. */
const scenario = budgetScenario({
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
          body: { autoscaling: { enableNodeAutoprovisioning: true }, nodePools: [pool('gpu')] },
        },
      ],
    },
  ],
});

it('node auto-provisioning is named with each message, and each pool that it makes is emptied by the next', () =>
  withSwitch({ scenario }, async (world) => {
    const { sandbox } = world;
    const sizes = () => sandbox.groups.of(RUNAWAY).map(({ targetSize }) => targetSize);
    const provision = (name: (typeof MADE)[number]): void => {
      const { body } = sandbox.store.get(RUNAWAY, 'container', CLUSTER);
      body['nodePools'] = [...(body['nodePools'] as readonly object[]), pool(name)];
      sandbox.groups.resize(sandbox.groups.get(RUNAWAY, `zones/${ZONE}/instanceGroupManagers/gke-demo-${name}-grp`), 1);
    };
    await world.alert(alert(1.01));
    await sandbox.clock.advance(10 * MINUTE_MS);
    expect(sizes()).toEqual([0, 0, 0]);
    for (const name of MADE) {
      // Pods that wait get another pool.
      provision(name);
      expect(sizes()).toContain(1);
      await world.alert(alert(1.02));
      const decision = lastReceipt(sandbox, BUCKET, SWITCH).decisions.find(({ resource }) => resource.endsWith(`/nodePools/${name}`));
      expect(decision).toMatchObject({ action: 'resize', outcome: 'done', evidence: { startedBy: expect.stringMatching(/^node auto-provisioning of its cluster/) as string } });
      await sandbox.clock.advance(10 * MINUTE_MS);
      expect(sizes()).toEqual([0, 0, 0]);
    }
    // One that was emptied and is filled again is no other than before.
    sandbox.groups.resize(sandbox.groups.get(RUNAWAY, `zones/${ZONE}/instanceGroupManagers/gke-demo-${MADE[0]}-grp`), 2);
    await world.alert(alert(1.02));
    expect(lastReceipt(sandbox, BUCKET, SWITCH).decisions.find(({ resource }) => resource.endsWith(`/nodePools/${MADE[0]}`))).toMatchObject({ reason: 'came-back', outcome: 'done' });
    await sandbox.clock.advance(10 * MINUTE_MS);
    expect(sizes()).toEqual([0, 0, 0]);
    const items = manifestsIn(sandbox)[RUNAWAY]?.rungs.flatMap((rung) => rung.items ?? []) ?? [];
    expect(items.map(({ resource, status }) => [resource.split('/').at(-1), status])).toEqual(['gpu', ...MADE].map((name) => [name, 'done']));
    expect(messagesOf(world.lines, 'WARNING').filter((text) => text.includes('update demo --no-enable-autoprovisioning')).length).toBeGreaterThan(1);
    expect(Object.keys(changesIn(sandbox)).filter((change) => /clusters\.update/.test(change))).toEqual([]);
  })); // prettier-ignore
