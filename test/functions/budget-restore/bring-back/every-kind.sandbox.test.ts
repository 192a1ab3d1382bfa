import { describe, expect, it } from 'vitest';
import {
  alert,
  budgetScenario,
  changesIn,
  RUNAWAY,
  RUNAWAY_NUMBER,
  withSwitch,
  RESTORE,
  type RestoreAnswer,
  type SwitchWorld,
} from '../../../support/budget-lab.ts';
import { EVERY_KIND_REGIONS, everyStoppableKind } from '../../../support/every-kind.ts';
import { BUCKET } from '../../../support/lab.ts';
import { lastReceipt } from '../../../support/observe.ts';

const MINUTE_MS = 60_000;
const PROJECT = everyStoppableKind({ id: RUNAWAY, number: RUNAWAY_NUMBER });
const scenario = budgetScenario({ projects: [PROJECT], regions: EVERY_KIND_REGIONS });

/** Jobs are left for their owners to submit again. */
const isJob = (path: string): boolean =>
  /(?:pipelineJobs|trainingPipelines|batchPredictionJobs)\//.test(path);

/** The fields that say what runs, and as what. */
function stateOf({ sandbox }: SwitchWorld): object {
  const bodies = (PROJECT.resources ?? [])
    .filter(({ path }) => !isJob(path))
    .map(({ service, path }) => {
      const { state, runtimeState, status, nodePools, autoscaling: provisioning } = sandbox.store.get(RUNAWAY, service, path).body; // prettier-ignore
      const pools = (nodePools as readonly Record<string, unknown>[] | undefined)?.map(
        ({ autoscaling }) => autoscaling,
      );
      return [
        path,
        {
          ...{ state, runtimeState, status: (status as { state?: string } | undefined)?.state },
          ...{ pools, provisioning },
        },
      ];
    });
  const groups = sandbox.groups
    .of(RUNAWAY)
    .map(({ id, targetSize, autoscaler }) => [id, { targetSize, mode: autoscaler?.mode }]);
  return JSON.parse(JSON.stringify(Object.fromEntries([...bodies, ...groups]))) as object;
}

async function stopped(test: (world: SwitchWorld, before: object) => Promise<void>): Promise<void> {
  await withSwitch({ scenario }, async (world) => {
    const before = stateOf(world);
    await world.alert(alert(1.1));
    await world.sandbox.clock.advance(10 * MINUTE_MS);
    await world.alert(alert(1.1));
    await world.sandbox.clock.advance(10 * MINUTE_MS);
    expect(stateOf(world)).not.toEqual(before);
    world.sandbox.callLog.clear();
    await test(world, before);
  });
}

describe('a restore of every kind that stop-compute stops', () => {
  it('gives back sizes, autoscaling, schedules and machines field by field, each once, and says what to submit again', () =>
    stopped(async (world, before) => {
      const answer = await world.restore('POST');
      expect([answer.status, answer.results?.filter(({ outcome }) => outcome === 'failed')]).toEqual([
        200,
        [],
      ]);
      expect(stateOf(world)).toEqual(before);
      const left = answer.results?.filter(({ outcome }) => outcome === 'left') ?? [];
      expect(left).toHaveLength(3);
      for (const { why } of left) expect(why).toMatch(/^cancelled jobs do not come back: submit .* again/);
      const changes = changesIn(world.sandbox);
      expect(Object.entries(changes).filter(([, count]) => count !== 1)).toEqual([]);
      expect((await world.restore('POST')).status).toBe(200);
      expect(changesIn(world.sandbox)).toEqual(changes);
    }));

  it.each([true, false])('switches node auto-provisioning on after the pools, for it would make others (what is left out is kept: %s)', (keep) =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      sandbox.clusterUpdates.keep = keep;
      const before = stateOf(world);
      await world.alert(alert(1.1));
      await sandbox.clock.advance(10 * MINUTE_MS);
      sandbox.callLog.clear();
      expect((await world.restore('POST')).status).toBe(200);
      const changes = Object.keys(changesIn(sandbox)).map((change) => change.split(' ')[0] ?? '');
      expect(changes.filter((change) => /^nodePools|^clusters\.update/.test(change))).toEqual([
        'nodePools.setSize',
        'nodePools.setAutoscaling',
        'clusters.update',
      ]);
      expect(stateOf(world)).toEqual(before);
    })); // prettier-ignore

  it.each([
    ['is refused', { kind: 'status', status: 403, message: 'no actAs' }, 'failed'],
    ['is carried out and its answer lost', { kind: 'reset', after: true }, 'done'],
  ] as const)('whose node auto-provisioning %s: says so, with the pools back, and the next request ends it', async (_, fault, outcome) =>
    stopped(async (world, before) => {
      const { sandbox } = world;
      sandbox.faults.add({ route: 'container.*.clusters.update', count: 1, fault });
      const first = await world.restore('POST');
      const line = first.results?.find(({ resource }) => resource.endsWith('/clusters/demo'));
      expect(line?.outcome).toBe(outcome);
      if (outcome === 'failed') expect(line?.why).toContain('no actAs');
      expect(sandbox.groups.of(RUNAWAY).map(({ targetSize }) => targetSize)).toEqual([1, 1]);
      expect((await world.restore('POST')).status).toBe(200);
      expect(stateOf(world)).toEqual(before);
      expect(sandbox.callLog.calls().filter(({ id, status }) => id.endsWith('clusters.update') && status !== 403)).toHaveLength(1);
    })); // prettier-ignore

  it('leaves node auto-provisioning off while a pool of its cluster is on its way, and says which', () =>
    stopped(async (world, before) => {
      const { sandbox } = world;
      const path = 'locations/us-central1/clusters/demo';
      const [pool] = sandbox.store.get(RUNAWAY, 'container', path).body['nodePools'] as { status: string }[];
      if (pool === undefined) throw new Error('no pool');
      pool.status = 'RECONCILING';
      const first = await world.restore('POST');
      const lineOf = ({ results }: RestoreAnswer) => results?.find(({ resource }) => resource.endsWith('/clusters/demo'));
      expect([first.status, lineOf(first)?.outcome]).toEqual([503, 'pending']);
      expect(lineOf(first)?.why).toMatch(/clusters\/demo\/nodePools\/a100 comes back first$/);
      pool.status = 'RUNNING';
      await world.restore('POST');
      expect(stateOf(world)).toEqual(before);
    })); // prettier-ignore

  it('leaves node auto-provisioning off where a pool of its cluster could not be brought back, until it is', () =>
    stopped(async (world, before) => {
      const { sandbox } = world;
      const fault = { kind: 'status', status: 503, message: 'try later' } as const;
      sandbox.faults.add({ route: 'container.*.nodePools.setSize', count: 50, fault });
      const first = await world.restore('POST');
      const line = first.results?.find(({ resource }) => resource.endsWith('/clusters/demo'));
      expect([first.status, line?.outcome]).toEqual([503, 'failed']);
      expect(line?.why).toMatch(/clusters\/demo\/nodePools\/a100 comes back first, and is not back/);
      const updates = () => sandbox.callLog.calls().filter(({ id }) => id.endsWith('clusters.update')).length;
      expect(updates()).toBe(0);
      sandbox.faults.clear();
      expect((await world.restore('POST')).status).toBe(200);
      expect(stateOf(world)).toEqual(before);
    })); // prettier-ignore

  it("says Google's reason for a group that finds no capacity, and the group is done once it has its members", () =>
    stopped(async (world, before) => {
      const { sandbox } = world;
      const web = sandbox.groups.get(RUNAWAY, 'zones/us-central1-a/instanceGroupManagers/web');
      web.seed.stockout = true;
      const lineOf = ({ results }: RestoreAnswer) =>
        results?.find(({ resource }) => resource.endsWith('/web'));
      const first = await world.restore('POST');
      expect([first.status, web.targetSize, web.autoscaler?.mode]).toEqual([503, 1, 'ON']);
      expect(lineOf(first)).toMatchObject({
        outcome: 'pending',
        why: expect.stringMatching(
          /^its members are being started; Google's newest error since the request, of \S+Z: ZONE_RESOURCE_POOL_EXHAUSTED: The zone .* does not have enough resources/,
        ) as string,
      });
      // Read once at the end, not at each look.
      expect(sandbox.callLog.calls('compute.instanceGroupManagers.listErrors')).toHaveLength(1);
      expect(lastReceipt(sandbox, BUCKET, RESTORE).incomplete).toMatchObject([
        { where: lineOf(first)?.resource, why: lineOf(first)?.why },
      ]);
      web.seed.stockout = false;
      await sandbox.clock.advance(5 * MINUTE_MS);
      const second = await world.restore('POST');
      expect([second.status, lineOf(second)?.outcome]).toEqual([200, 'done']);
      expect(stateOf(world)).toEqual(before);
    }));

  it('leaves a group alone that an operator gave another size meanwhile', () =>
    stopped(async (world) => {
      const { sandbox } = world;
      sandbox.groups.resize(sandbox.groups.get(RUNAWAY, 'zones/us-central1-a/instanceGroupManagers/web'), 3);
      await sandbox.clock.advance(5 * MINUTE_MS);
      const answer = await world.restore('POST');
      expect(answer.results?.find(({ resource }) => resource.endsWith('/web'))).toMatchObject({
        outcome: 'left',
        why: 'its size is 3 by now, it was 1; left with it: autoscaler-on',
      });
      expect(sandbox.groups.get(RUNAWAY, 'zones/us-central1-a/instanceGroupManagers/web').targetSize).toBe(3);
    }));
});
