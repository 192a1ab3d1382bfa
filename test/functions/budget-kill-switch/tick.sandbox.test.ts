import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import {
  alert,
  BUDGET,
  budgetScenario,
  changesIn,
  RUNAWAY,
  SMALL_PROJECT,
  stateOf,
  switchPolicy,
  withSwitch,
  type SwitchWorld,
} from '../../support/budget-lab.ts';
import { BUCKET } from '../../support/lab.ts';
import { messagesOf } from '../../support/observe.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const VM = `projects/${RUNAWAY}/zones/us-central1-a/instances/vm-1`;
const STOP = 'instances.stop vm-1/stop';
const scenario = budgetScenario({ projects: [SMALL_PROJECT], regions: ['us-central1'] });

/** What Cloud Scheduler publishes: a body and no attributes. */
const TICK = { text: '{}', attributes: {} };

function setAmount({ sandbox }: SwitchWorld, units: string): void {
  sandbox.billing.budgets.update(
    { name: BUDGET, amount: { specifiedAmount: { currencyCode: 'USD', units } } },
    'amount.specifiedAmount',
  );
}

describe("the switch's own tick", () => {
  it('stops again what came back while a rung is in force, without another message', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.01));
      await sandbox.clock.advance(5 * MINUTE_MS);
      sandbox.fleet.startVm(VM);
      await sandbox.clock.advance(5 * MINUTE_MS);
      await world.alert(TICK);
      await sandbox.clock.advance(MINUTE_MS);
      assert.equal(sandbox.fleet.vms.get(VM)?.status, 'TERMINATED');
      await world.alert(TICK);
      assert.equal(changesIn(sandbox)[STOP], 2);
      assert.deepEqual(messagesOf(world.lines, 'ERROR'), []);
    }));

  it('with an incomplete look says so at ERROR, stops what it sees, and the rest once that can be seen', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.01));
      await sandbox.clock.advance(5 * MINUTE_MS);
      sandbox.fleet.startVm(VM);
      await sandbox.clock.advance(5 * MINUTE_MS);
      sandbox.faults.add({
        route: 'tpu.projects.locations.nodes.list',
        fault: { kind: 'status', status: 403 },
      });
      await world.alert(TICK);
      await sandbox.clock.advance(MINUTE_MS);
      assert.equal(sandbox.fleet.vms.get(VM)?.status, 'TERMINATED');
      const said = messagesOf(world.lines, 'ERROR').filter((text) =>
        text.includes('stop-compute is incomplete'),
      );
      assert.match(said[0] ?? '', /what runs there unseen goes on: .*TPU/);
      await world.alert(TICK);
      assert.equal(messagesOf(world.lines, 'ERROR').length > said.length, true);
      sandbox.faults.clear();
      await world.alert(TICK);
      assert.equal(changesIn(sandbox)[STOP], 2);
    }));

  it('does nothing, and requests nothing beyond the state bucket, where no message reached a rung', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(0.6));
      sandbox.callLog.clear();
      await world.alert(TICK);
      assert.deepEqual(
        sandbox.callLog
          .calls()
          .filter(({ id }) => !/^storage\.objects\.get/.test(id))
          .map(({ id }) => id),
        [],
      );
      assert.deepEqual(sandbox.storage.objectNames(BUCKET, 'poison/'), []);
    }));

  it('fires no rung that no message has reached, also where the amount was lowered', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(0.85));
      setAmount(world, '500');
      await sandbox.clock.advance(10 * MINUTE_MS);
      await world.alert(TICK);
      assert.equal(changesIn(sandbox)[STOP], undefined);
      assert.equal(sandbox.billing.links.enabled(RUNAWAY), true);
    }));

  it('holds nothing any more once the amount is raised, or a message is below the rung', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.01));
      setAmount(world, '2000');
      await sandbox.clock.advance(5 * MINUTE_MS);
      sandbox.fleet.startVm(VM);
      await sandbox.clock.advance(5 * MINUTE_MS);
      await world.alert(TICK);
      setAmount(world, '1000');
      await sandbox.clock.advance(MINUTE_MS);
      await world.alert(alert(0.3));
      await world.alert(TICK);
      assert.equal(changesIn(sandbox)[STOP], 1);
    }));

  it('unlinks when the cost that the last message reported has grown since the settling time was over', () =>
    withSwitch({ scenario, policy: switchPolicy({ settle: '24h' }) }, async (world) => {
      const { sandbox } = world;
      const isLinked = (): boolean => stateOf(sandbox)['billing'] !== undefined;
      await world.alert(alert(1.21));
      await sandbox.clock.advance(23 * HOUR_MS);
      await world.alert(TICK);
      await sandbox.clock.advance(1.1 * HOUR_MS);
      await world.alert(TICK);
      await sandbox.clock.advance(24 * HOUR_MS);
      await world.alert(TICK);
      assert.equal(isLinked(), true);
      const failing = world.start();
      sandbox.faults.add({ route: 'cloudbilling.*', count: 1, fault: { kind: 'status', status: 403 } });
      await world.alert(alert(1.25), failing).catch(() => undefined);
      sandbox.faults.clear();
      assert.equal(isLinked(), true);
      await world.alert(TICK);
      assert.equal(isLinked(), false);
    }));

  it('unlinks and stops nothing by a memory that was planted, whatever its figures', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(0.3));
      await world.alert(alert(1.01));
      const name = sandbox.storage.objectNames(BUCKET).find((one) => one.endsWith('/in-force.json')) ?? '';
      const kept = JSON.parse(sandbox.storage.objectText(BUCKET, name) ?? '') as {
        readonly message: object;
      };
      const planted = { ...kept, reached: ['stop-notebooks', 'stop-compute', 'unlink-billing'] };
      const message = { ...kept.message, costAmount: 1_000_000, thresholdExceeded: 1.2 };
      await world.overwrite(name, JSON.stringify({ ...planted, message }));
      await sandbox.clock.advance(10 * MINUTE_MS);
      sandbox.fleet.startVm(VM);
      await world.alert(TICK);
      assert.equal(sandbox.billing.links.enabled(RUNAWAY), true);
      assert.equal(changesIn(sandbox)[STOP], 1);
      // The next message counts as ever.
      await world.alert(alert(1.02));
      assert.equal(changesIn(sandbox)[STOP], 2);
      assert.equal(sandbox.billing.links.enabled(RUNAWAY), true);
    }));

  it('does nothing for a period that is over', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.01));
      await sandbox.clock.advance(13 * 24 * HOUR_MS);
      sandbox.fleet.startVm(VM);
      await sandbox.clock.advance(10 * MINUTE_MS);
      await world.alert(TICK);
      assert.equal(changesIn(sandbox)[STOP], 1);
    }));

  it('plans nothing in observe mode, which keeps no message to hold by', () =>
    withSwitch({ scenario, policy: switchPolicy({ mode: 'observe' }) }, async (world) => {
      await world.alert(alert(1.01));
      const said = world.lines.length;
      await world.alert(TICK);
      assert.equal(world.lines.length, said);
      const kept = world.sandbox.storage.objectNames(BUCKET, 'spend/').map((name) => name.split('/').at(-1));
      assert.deepEqual(kept, ['2026-11-01.json', 'heard.json']);
    }));
});
