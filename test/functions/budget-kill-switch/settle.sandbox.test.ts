import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import {
  ACCOUNT,
  alert,
  BUDGET,
  budgetScenario,
  changesIn,
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

  it('ends with budgets.settle where the share is still over, and says so', () =>
    withSwitch({ scenario, policy }, async (world) => {
      await world.alert(alert(1.01));
      await world.sandbox.clock.advance(23 * HOUR_MS);
      await world.alert(alert(1.21));
      assert.equal(accountOf(world), LINKED);
      await world.sandbox.clock.advance(1.1 * HOUR_MS);
      await world.alert(alert(1.21));
      assert.equal(accountOf(world), undefined);
      assert.match(
        said(world, 'unlink-billing fires')[0] ?? '',
        /for stop-compute has been in effect since 2026-11-18T21:4.*longer than budgets\.settle \(24 h\)/,
      );
    }));

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
      assert.equal(accountOf(world), undefined);
    }));

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
