import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import {
  alert,
  budgetScenario,
  changesIn,
  contentOf,
  SMALL_PROJECT,
  stateOf,
  withSwitch,
  type SwitchWorld,
} from '../../support/budget-lab.ts';
import { runUntilHanging } from '../../support/hooks.ts';

const scenario = budgetScenario({ projects: [SMALL_PROJECT], regions: ['us-central1'] });
const ALL_DUE = alert(1.3);

/** Longer than a claim holds. */
const LEASE_MS = 100_000;
/** A killed instance waits for its last answer this long, in real time. */
const attemptTimeoutMs = 5_000;

function endState({ sandbox }: SwitchWorld): object {
  return { state: stateOf(sandbox), changes: changesIn(sandbox), manifests: contentOf(sandbox) };
}

/** Kills an instance while its call number `skip + 1` hangs, before it was carried out or after. */
async function cutOff(world: SwitchWorld, skip: number, after: boolean): Promise<void> {
  const { sandbox } = world;
  const doomed = world.start({ attemptTimeoutMs });
  sandbox.faults.add({ route: '*', skip, count: 1, fault: { kind: 'timeout', after } });
  await runUntilHanging(sandbox, () => world.alert(ALL_DUE, doomed));
  doomed.kill();
  sandbox.faults.clear();
  await sandbox.clock.advance(LEASE_MS);
}

describe('budget-kill-switch killed in the middle of its ladder', async () => {
  let undisturbed: object = {};
  let calls: readonly { readonly id: string; readonly method: string }[] = [];
  await withSwitch({ scenario }, async (world) => {
    await world.alert(ALL_DUE);
    calls = [...world.sandbox.callLog.calls()];
    await world.sandbox.clock.advance(LEASE_MS);
    undisturbed = endState(world);
  });

  it('takes each thing away once when nothing happens', () => {
    const { changes } = undisturbed as { changes: Record<string, number> };
    assert.equal(Object.keys(changes).length, 6);
    assert.ok(Object.values(changes).every((count) => count === 1));
  });

  // Listings of one service are one moment: nothing is done between them.
  const momentOf = (id: string): string => (id.endsWith('ist') ? `${id.split('.')[0] ?? ''} lists` : id);
  const cuts = calls.flatMap(({ id, method }, skip) => {
    if (method !== 'GET') return [false, true].map((after) => ({ skip, after }));
    // Reads have no effect: what counts is what was done before them, and that is cut off at as well.
    const first = calls.findIndex((call) => momentOf(call.id) === momentOf(id));
    return first === skip ? [{ skip, after: false }] : [];
  });
  // Calls of one stage run side by side: the number names a moment, not always the same call.
  for (const { skip, after } of cuts)
    it(`at call ${skip + 1} of ${calls.length}, ${calls[skip]?.id ?? ''}${after ? ', carried out' : ''}: same end after redelivery`, () =>
      withSwitch({ scenario }, async (world) => {
        await cutOff(world, skip, after);
        await world.alert(ALL_DUE, world.start());
        await world.sandbox.clock.advance(LEASE_MS);
        assert.deepEqual(endState(world), undisturbed);
      }));

  it('at the cut of the link, which was refused at first: same end after redelivery', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      const route =
        calls.find(({ id, method }) => method === 'PUT' && id.startsWith('cloudbilling.'))?.id ?? '';
      sandbox.faults.add({ route, count: 1, fault: { kind: 'status', status: 403 } });
      await assert.rejects(world.alert(ALL_DUE));
      await sandbox.clock.advance(LEASE_MS);
      const doomed = world.start({ attemptTimeoutMs });
      sandbox.faults.add({ route, count: 1, fault: { kind: 'timeout', after: true } });
      await runUntilHanging(sandbox, () => world.alert(ALL_DUE, doomed));
      doomed.kill();
      sandbox.faults.clear();
      await sandbox.clock.advance(LEASE_MS);
      await world.alert(ALL_DUE, world.start());
      await sandbox.clock.advance(LEASE_MS);
      assert.deepEqual(endState(world), undisturbed);
    }));

  it('and killed again and again: same end', () =>
    withSwitch({ scenario }, async (world) => {
      for (const skip of [12, 25, 20, 30]) await cutOff(world, skip, skip % 2 === 0);
      await world.alert(ALL_DUE, world.start());
      await world.sandbox.clock.advance(LEASE_MS);
      assert.deepEqual(endState(world), undisturbed);
    }));

  it('is resumed by no other run while its claim holds, and at once when it is given back', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      const first = calls.findIndex(({ id }) => id.endsWith('instances.stop'));
      const doomed = world.start({ attemptTimeoutMs });
      sandbox.faults.add({ route: '*', skip: first, count: 1, fault: { kind: 'timeout' } });
      await runUntilHanging(sandbox, () => world.alert(ALL_DUE, doomed));
      doomed.kill();
      await assert.rejects(world.alert(ALL_DUE, world.start()), /another run holds it/);
      assert.deepEqual(changesIn(sandbox), {});
      await sandbox.clock.advance(LEASE_MS);
      await world.alert(ALL_DUE, world.start());
      await sandbox.clock.advance(LEASE_MS);
      assert.deepEqual(endState(world), undisturbed);
    }));
});
