import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import {
  ACCOUNT,
  alert,
  BUDGET,
  budgetScenario,
  changesIn,
  labBudget,
  PERIOD,
  RUNAWAY,
  RUNAWAY_PROJECT,
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
const HOUR_MS = 60 * MINUTE_MS;
const VM = `projects/${RUNAWAY}/zones/us-central1-a/instances/vm-1`;
const UNLINK = `projects.updateBillingInfo /v1/projects/${RUNAWAY}/billingInfo`;
const LINKED = ACCOUNT.replace('billingAccounts/', '');
const scenario = budgetScenario({ projects: [SMALL_PROJECT] });
const policy = switchPolicy({ settle: '24h' });

/** A second project of the budget. */
const OTHER = {
  ...SMALL_PROJECT,
  id: 'ml-other',
  number: '100000000003',
  notebooks: [],
  vms: [],
  vertex: {},
};
const TWO = budgetScenario({
  projects: [SMALL_PROJECT, OTHER],
  budgets: [labBudget({ projects: [RUNAWAY, 'ml-other'] })],
});

const accountOf = ({ sandbox }: SwitchWorld): unknown => stateOf(sandbox)['billing'];
const said = ({ lines }: SwitchWorld, part: string): readonly string[] =>
  messagesOf(lines, 'WARNING').filter((text) => text.includes(part));

describe('unlinking after stop-compute has taken effect', () => {
  it('waits while nothing that burns is running: late cost lifts the share to 121 %', () =>
    withSwitch({ scenario, policy }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.01));
      await sandbox.clock.advance(3 * HOUR_MS);
      await world.alert(alert(1.21));
      await world.alert(alert(1.22));
      assert.equal(accountOf(world), LINKED);
      assert.equal(changesIn(sandbox)[UNLINK], undefined);
      const waits = said(world, 'unlink-billing waits on ml-runaway until 2026-11-19T21:4');
      assert.equal(waits.length, 2);
      assert.match(waits[0] ?? '', /in effect since 2026-11-18T21:4.* nothing that burns is running/);
      assert.deepEqual(
        messagesOf(world.lines, 'INFO').filter((text) => text.includes('all due rungs have fired before')),
        [],
      );
    }));

  it('goes on after budgets.settle while the reported cost stands still, and says why', () =>
    withSwitch({ scenario, policy }, async (world) => {
      await world.alert(alert(1.21));
      await world.sandbox.clock.advance(24.1 * HOUR_MS);
      await world.alert(alert(1.22));
      await world.sandbox.clock.advance(40 * HOUR_MS);
      await world.alert(alert(1.22));
      await world.alert(alert(1.225));
      assert.equal(accountOf(world), LINKED);
      const waits = said(world, 'unlink-billing waits on ml-runaway: ');
      assert.equal(waits.length, 3);
      assert.match(waits[0] ?? '', /this is the first figure after budgets\.settle/);
      assert.match(
        waits[1] ?? '',
        /in effect since 2026-11-18T21:4.*; the reported cost has grown by 0\.00 USD since .* Billing is unlinked where the cost grows by more than 1 % of the budget a day/,
      );
      assert.match(waits[2] ?? '', /grown by 5\.00 USD .*no more than storage costs \(up to 16\.67 USD\)/);
      const [standing] = messagesOf(world.lines, 'INFO').filter((text) => text.includes('fired before'));
      assert.match(standing ?? '', /unlinking waits, all other due rungs have fired before/);
    }));

  it('ends after budgets.settle where the reported cost still grows, and alert and receipt say so', () =>
    withSwitch({ scenario, policy }, async (world) => {
      await world.alert(alert(1.01));
      await world.sandbox.clock.advance(23 * HOUR_MS);
      await world.alert(alert(1.21));
      await world.sandbox.clock.advance(1.1 * HOUR_MS);
      await world.alert(alert(1.21));
      assert.equal(accountOf(world), LINKED);
      await world.alert(alert(1.23));
      assert.equal(accountOf(world), undefined);
      const why =
        /the reported cost has grown by 20\.00 USD since 2026-11-19T21:4.*after budgets\.settle \(24 h\), more than storage costs \(10\.00 USD\), although nothing that burns is running/;
      assert.match(said(world, 'unlink-billing fires')[0] ?? '', why);
      const { decisions } = lastReceipt(world.sandbox, BUCKET, SWITCH);
      const rung = decisions.find(({ action }) => action === 'unlink-billing');
      assert.match(String(rung?.evidence['why']), why);
    }));

  it('takes no cost for a reason that a protected project of the same budget may cause', () =>
    withSwitch({ scenario: TWO, policy: switchPolicy({ scope: [`projects/${RUNAWAY}`, 'projects/ml-other'], settle: '24h', lines: ['protect: [ml-other]'] }) }, async (world) => {
      await world.alert(alert(1.21));
      await world.sandbox.clock.advance(25 * HOUR_MS);
      await world.alert(alert(1.21));
      await world.alert(alert(1.9));
      assert.equal(accountOf(world), LINKED);
      assert.match(
        said(world, 'unlink-billing waits on ml-runaway: ').at(-1) ?? '',
        /projects\/ml-other of the same budget runs on: budgets\.protect names it/,
      );
    })); // prettier-ignore

  it('waits, too, where one message makes both rungs due', () =>
    withSwitch({ scenario, policy }, async (world) => {
      await world.alert(alert(1.3));
      assert.equal(changesIn(world.sandbox)['instances.stop vm-1/stop'], 1);
      assert.equal(accountOf(world), LINKED);
    }));

  it('does not wait where something burns that no rung stops, and names it', () =>
    withSwitch({ scenario: budgetScenario({ projects: [RUNAWAY_PROJECT] }), policy }, async (world) => {
      await world.alert(alert(1.01));
      await world.sandbox.clock.advance(HOUR_MS);
      await world.alert(alert(1.21));
      assert.equal(accountOf(world), undefined);
      assert.match(
        said(world, 'unlink-billing fires')[0] ?? '',
        /for something burns that no rung stops: \d left burning .*(?:vm-kept|nb-kept)/,
      );
    }));

  it('waits no longer because something comes back meanwhile, which is stopped again', () =>
    withSwitch({ scenario, policy }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.21));
      await sandbox.clock.advance(20 * HOUR_MS);
      sandbox.fleet.startVm(VM);
      await sandbox.clock.advance(10 * MINUTE_MS);
      await world.alert(alert(1.21));
      assert.equal(changesIn(sandbox)['instances.stop vm-1/stop'], 2);
      assert.equal(accountOf(world), LINKED);
      await sandbox.clock.advance(4 * HOUR_MS);
      await world.alert(alert(1.21));
      await world.alert(alert(1.25));
      assert.equal(accountOf(world), undefined);
    }));

  it('begins anew with what ran under a raised amount', () =>
    withSwitch({ scenario, policy }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.01));
      await sandbox.clock.advance(23 * HOUR_MS);
      sandbox.billing.budgets.update(
        { name: BUDGET, amount: { specifiedAmount: { currencyCode: 'USD', units: '2000' } } },
        'amount.specifiedAmount',
      );
      assert.equal((await world.restore('POST')).status, 200);
      await sandbox.clock.advance(10 * HOUR_MS);
      const raised = { data: { budgetAmount: 2_000, alertThresholdExceeded: 1.2 } };
      await world.alert(alert(2.5, raised));
      assert.equal(accountOf(world), LINKED);
      await sandbox.clock.advance(20 * HOUR_MS);
      await world.alert(alert(2.5, raised));
      assert.equal(accountOf(world), LINKED);
      await sandbox.clock.advance(5 * HOUR_MS);
      await world.alert(alert(2.5, raised));
      await world.alert(alert(2.6, raised));
      assert.equal(accountOf(world), undefined);
    }));

  it('begins anew with what ran in a grace, also where a user stopped that before it was over', () =>
    withSwitch({ scenario, policy }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.01));
      await sandbox.clock.advance(HOUR_MS);
      assert.equal((await world.restore('POST', { budget: BUDGET, period: PERIOD, grace: '48h' })).status, 200);
      await sandbox.clock.advance(47 * HOUR_MS);
      for (const one of sandbox.fleet.vmsOf(RUNAWAY)) one.status = 'TERMINATED';
      for (const one of sandbox.fleet.notebooksOf(RUNAWAY)) one.state = 'STOPPED';
      for (const one of sandbox.vertex.endpoints.values()) one.deployments.splice(0);
      for (const share of [1.21, 1.25, 1.3]) {
        await sandbox.clock.advance(7 * HOUR_MS);
        await world.alert(alert(share));
        assert.equal(accountOf(world), LINKED);
      }
      await sandbox.clock.advance(20 * HOUR_MS);
      await world.alert(alert(1.3));
      await world.alert(alert(1.33));
      assert.equal(accountOf(world), undefined);
    })); // prettier-ignore

  it('is planned alike in observe mode', () =>
    withSwitch({ scenario, policy: switchPolicy({ mode: 'observe', settle: '24h' }) }, async (world) => {
      await world.alert(alert(1.3));
      assert.equal(said(world, 'unlink-billing waits on ml-runaway').length, 1);
      const { decisions, kept } = lastReceipt(world.sandbox, BUCKET, SWITCH);
      assert.deepEqual(
        decisions.filter(({ action }) => action === 'unlink' || action === 'unlink-billing'),
        [],
      );
      assert.equal(kept['settling'], 1);
    }));

  it('does not wait with settle: 0', () =>
    withSwitch({ scenario, policy: switchPolicy({ settle: '0' }) }, async (world) => {
      await world.alert(alert(1.3));
      assert.equal(accountOf(world), undefined);
      assert.match(said(world, 'unlink-billing fires')[0] ?? '', /for budgets\.settle is 0/);
    }));
});
