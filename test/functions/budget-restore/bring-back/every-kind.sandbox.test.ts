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
      const { state, runtimeState, status, nodePools } = sandbox.store.get(RUNAWAY, service, path).body;
      const pools = (nodePools as readonly Record<string, unknown>[] | undefined)?.map(
        ({ autoscaling }) => autoscaling,
      );
      return [
        path,
        { state, runtimeState, status: (status as { state?: string } | undefined)?.state, pools },
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
