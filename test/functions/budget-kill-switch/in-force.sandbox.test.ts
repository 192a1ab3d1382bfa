import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import {
  ACCOUNT,
  alert,
  BUDGET,
  budgetScenario,
  changesIn,
  labBudget,
  manifestsIn,
  PERIOD,
  RUNAWAY,
  SMALL_PROJECT,
  stateOf,
  SWITCH,
  switchPolicy,
  withSwitch,
  type SwitchWorld,
} from '../../support/budget-lab.ts';
import { BUCKET } from '../../support/lab.ts';
import { lastReceipt, messagesOf } from '../../support/observe.ts';

const MINUTE_MS = 60_000;
const VM = `projects/${RUNAWAY}/zones/us-central1-a/instances/vm-1`;
const STOP = 'instances.stop vm-1/stop';
const scenario = budgetScenario({ projects: [SMALL_PROJECT] });

const vmOf = ({ sandbox }: SwitchWorld): string | undefined => sandbox.fleet.vms.get(VM)?.status;

function raise({ sandbox }: SwitchWorld, usd: number): void {
  sandbox.billing.budgets.update(
    { name: BUDGET, amount: { specifiedAmount: { currencyCode: 'USD', units: String(usd) } } },
    'amount.specifiedAmount',
  );
}

describe('a rung is in force while the share is at or above it', () => {
  it('stops again what came back, once per start, and a restore brings it back once', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.01));
      for (const starts of [1, 2]) {
        await sandbox.clock.advance(10 * MINUTE_MS);
        sandbox.fleet.startVm(VM);
        await sandbox.clock.advance(10 * MINUTE_MS);
        await world.alert(alert(1.02));
        await sandbox.clock.advance(MINUTE_MS);
        await world.alert(alert(1.02));
        assert.equal(changesIn(sandbox)[STOP], 1 + starts);
      }
      assert.equal(vmOf(world), 'TERMINATED');
      const items = manifestsIn(sandbox)[RUNAWAY]?.rungs.flatMap((rung) => rung.items ?? []) ?? [];
      assert.deepEqual(
        items.filter(({ kind }) => kind === 'vm').map(({ status, cameBack }) => [status, cameBack]),
        [['done', 2]],
      );
      assert.equal((await world.restore('POST')).status, 200);
      assert.equal(changesIn(sandbox)['instances.start vm-1/start'], 1);
    }));

  it('says came-back in the receipt', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.01));
      await sandbox.clock.advance(10 * MINUTE_MS);
      sandbox.fleet.startVm(VM);
      await sandbox.clock.advance(10 * MINUTE_MS);
      await world.alert(alert(1.02));
      const { decisions } = lastReceipt(sandbox, BUCKET, SWITCH);
      const decision = decisions.find(({ resource }) => resource === VM);
      assert.deepEqual([decision?.reason, decision?.outcome], ['came-back', 'done']);
    }));

  it('and arms again for a raised amount, also after a restore', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.01));
      await sandbox.clock.advance(10 * MINUTE_MS);
      raise(world, 2_000);
      assert.equal((await world.restore('POST')).status, 200);
      await sandbox.clock.advance(10 * MINUTE_MS);
      await world.alert(alert(1.5, { data: { budgetAmount: 2_000, alertThresholdExceeded: 0.5 } }));
      assert.equal(vmOf(world), 'RUNNING');
      await world.alert(alert(2.1, { data: { budgetAmount: 2_000, alertThresholdExceeded: 1 } }));
      await sandbox.clock.advance(MINUTE_MS);
      assert.equal(vmOf(world), 'TERMINATED');
    }));
});

describe('a restore without a raise opens a grace', () => {
  it('of 10 % of the budget, is never silent in it, and is in force again after it', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.01));
      await sandbox.clock.advance(10 * MINUTE_MS);
      assert.equal((await world.restore('POST')).status, 200);
      await sandbox.clock.advance(10 * MINUTE_MS);
      await world.alert(alert(1.05));
      assert.equal(vmOf(world), 'RUNNING');
      const said = messagesOf(world.lines, 'WARNING').filter((text) => text.includes('not in force'));
      assert.match(
        said.at(-1) ?? '',
        /stop-compute is not in force on ml-runaway: .* until 111 % .*: .*vm-1/,
      );
      await world.alert(alert(1.12));
      await sandbox.clock.advance(MINUTE_MS);
      assert.equal(vmOf(world), 'TERMINATED');
    }));

  it('counts from the cost that arrived after everything was off', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.01));
      await sandbox.clock.advance(180 * MINUTE_MS);
      await world.alert(alert(1.15));
      assert.deepEqual(manifestsIn(sandbox)[RUNAWAY]?.spent, { share: 1.15, amount: 1_000 });
      assert.equal((await world.restore('POST')).status, 200);
      await sandbox.clock.advance(10 * MINUTE_MS);
      await world.alert(alert(1.16));
      await world.alert(alert(1.24));
      // Sent again in the grace, the same request does not lengthen it.
      assert.equal((await world.restore('POST')).status, 200);
      assert.equal(vmOf(world), 'RUNNING');
      await world.alert(alert(1.26));
      await sandbox.clock.advance(MINUTE_MS);
      assert.equal(vmOf(world), 'TERMINATED');
    }));

  it('names what no rung stops as well, with its cost, and says what could not be looked at', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      const inGrace = () =>
        messagesOf(world.lines, 'WARNING')
          .filter((text) => text.includes('not in force'))
          .at(-1);
      await world.alert(alert(1.01));
      await sandbox.clock.advance(10 * MINUTE_MS);
      assert.equal((await world.restore('POST')).status, 200);
      Object.assign(sandbox.fleet.vms.get(VM)?.labels ?? {}, { 'costguard-keep': 'true' });
      await sandbox.clock.advance(10 * MINUTE_MS);
      await world.alert(alert(1.05));
      assert.match(inGrace() ?? '', /; \d run for at least \$[\d.]+\/h to \$[\d.]+\/h.*: .*instances\/vm-1/);
      assert.doesNotMatch(inGrace() ?? '', /looked at/);
      sandbox.perimeters.add({ project: RUNAWAY, services: ['compute.googleapis.com'] });
      await world.alert(alert(1.06));
      assert.match(inGrace() ?? '', /; not all could be looked at$/);
      assert.doesNotMatch(inGrace() ?? '', /nothing that burns runs/);
    }));

  it('of the hours that the operator names', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.01));
      await sandbox.clock.advance(10 * MINUTE_MS);
      assert.equal(
        (await world.restore('POST', { budget: BUDGET, period: PERIOD, grace: '2h' })).status,
        200,
      );
      await sandbox.clock.advance(60 * MINUTE_MS);
      await world.alert(alert(1.19));
      assert.equal(vmOf(world), 'RUNNING');
      await sandbox.clock.advance(61 * MINUTE_MS);
      await world.alert(alert(1.19));
      await sandbox.clock.advance(MINUTE_MS);
      assert.equal(vmOf(world), 'TERMINATED');
    }));

  it('of hours, which a raise of before the restore does not end, and a later one does', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.01));
      await sandbox.clock.advance(10 * MINUTE_MS);
      raise(world, 1_500);
      assert.equal(
        (await world.restore('POST', { budget: BUDGET, period: PERIOD, grace: '12h' })).status,
        200,
      );
      assert.equal(manifestsIn(sandbox)[RUNAWAY]?.grace?.amount, undefined);
      await sandbox.clock.advance(60 * MINUTE_MS);
      await world.alert(alert(1.55, { data: { budgetAmount: 1_500, alertThresholdExceeded: 1 } }));
      assert.equal(vmOf(world), 'RUNNING');
      assert.equal(manifestsIn(sandbox)[RUNAWAY]?.grace?.amount, 1_500);
      raise(world, 2_000);
      await sandbox.clock.advance(60 * MINUTE_MS);
      await world.alert(alert(2.05, { data: { budgetAmount: 2_000, alertThresholdExceeded: 1 } }));
      await sandbox.clock.advance(MINUTE_MS);
      assert.equal(vmOf(world), 'TERMINATED');
    }));

  it('of a share, which goes on to the same cost where the budget was raised before the restore', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      const notebook = () => sandbox.fleet.notebooksOf(RUNAWAY).find(({ id }) => id === 'nb-1')?.state;
      await world.alert(alert(1.01));
      await sandbox.clock.advance(10 * MINUTE_MS);
      raise(world, 1_200);
      assert.equal((await world.restore('POST')).status, 200);
      await sandbox.clock.advance(10 * MINUTE_MS);
      const data = { budgetAmount: 1_200, alertThresholdExceeded: 0.8 };
      await world.alert(alert(1.1, { data }));
      assert.equal(notebook(), 'ACTIVE');
      const said = messagesOf(world.lines, 'WARNING').filter((text) => text.includes('not in force'));
      assert.match(said.at(-1) ?? '', /in grace until 92\.5 % of the budget is spent;/);
      await world.alert(alert(1.12, { data }));
      await sandbox.clock.advance(MINUTE_MS);
      assert.equal(notebook(), 'STOPPED');
    }));

  it('counts from the cost that is reported by now also where the last run died holding its lease', () =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.01));
      await sandbox.clock.advance(10 * MINUTE_MS);
      const [name = ''] = sandbox.storage
        .objectNames(BUCKET, 'manifests/')
        .filter((one) => one.endsWith(`/${RUNAWAY}.json`));
      const lease = { by: SWITCH, runId: 'died', doing: 'stop-compute' };
      await world.overwrite(name, JSON.stringify({ ...manifestsIn(sandbox)[RUNAWAY], lease }));
      // It may be at work still.
      await world.alert(alert(1.05));
      assert.deepEqual(manifestsIn(sandbox)[RUNAWAY]?.spent, { share: 1.01, amount: 1_000 });
      assert.deepEqual(manifestsIn(sandbox)[RUNAWAY]?.lease, lease);
      await sandbox.clock.advance(2 * MINUTE_MS);
      await world.alert(alert(1.15));
      assert.deepEqual(manifestsIn(sandbox)[RUNAWAY]?.spent, { share: 1.15, amount: 1_000 });
      assert.equal(manifestsIn(sandbox)[RUNAWAY]?.lease, undefined);
      assert.equal((await world.restore('POST')).status, 200);
      await sandbox.clock.advance(10 * MINUTE_MS);
      await world.alert(alert(1.2));
      assert.equal(vmOf(world), 'RUNNING');
    }));
});

describe('unlinking', () => {
  it('leaves a project alone that is linked to another account, at ERROR with each message', async () => {
    const other = '0FFFFF-000000-000000';
    const moved = budgetScenario({
      projects: [SMALL_PROJECT],
      billing: { accounts: [{ id: ACCOUNT.replace('billingAccounts/', '') }, { id: other }] },
    });
    await withSwitch({ scenario: moved }, async (world) => {
      const { sandbox } = world;
      sandbox.billing.links.change(RUNAWAY, other);
      await sandbox.clock.advance(MINUTE_MS);
      await world.alert(alert(1.3));
      await world.alert(alert(1.3));
      assert.equal(stateOf(sandbox)['billing'], other);
      const said = messagesOf(world.lines, 'ERROR').filter((text) => text.includes('is not unlinked'));
      assert.ok(said.length >= 2, said.join());
      assert.match(
        said[0] ?? '',
        /it is linked to billingAccounts\/0FFFFF-000000-000000, and the budget belongs to/,
      );
    });
  });

  it('has nothing left to do where billing was cut by hand, and says so once', () =>
    withSwitch(
      { scenario, policy: switchPolicy({ lines: ['ladder: [{at: 1, do: unlink-billing}]'] }) },
      async (world) => {
        const { sandbox } = world;
        sandbox.billing.links.change(RUNAWAY, undefined);
        await sandbox.clock.advance(5 * MINUTE_MS);
        for (let times = 0; times < 3; times++) await world.alert(alert(1.3));
        assert.deepEqual(changesIn(sandbox), {});
        assert.equal(
          messagesOf(world.lines, 'INFO').filter((text) => text.includes('fired before')).length,
          2,
        );
      },
    ));

  it('does nothing for a budget of next to nothing', async () => {
    const tiny = budgetScenario({ projects: [SMALL_PROJECT], budgets: [labBudget({ usd: 0.02 })] });
    await withSwitch({ scenario: tiny }, async (world) => {
      await world.alert(alert(1.3, { data: { budgetAmount: 0.02, costAmount: 0.5 } }));
      assert.deepEqual(changesIn(world.sandbox), {});
    });
  });
});
