import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { readFunctions } from '../../deploy/desired/settings.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import {
  ACCOUNT,
  alert,
  budgetScenario,
  BUDGET,
  RESTORE,
  RUNAWAY,
  SMALL_PROJECT,
  SWITCH,
  switchPolicy,
  withSwitch,
  type SwitchWorld,
} from '../support/budget-lab.ts';
import { OPERATIONS } from '../support/lab.ts';
import { messagesOf } from '../support/observe.ts';

const MASTER = ACCOUNT.replace('billingAccounts/', '');
const SUB = '0CCCCC-0CCCCC-0CCCCC';
const OTHER = '0FFFFF-0FFFFF-0FFFFF';
const LOOK = 'cloudbilling.billingAccounts.get';

const scenario = budgetScenario({
  projects: [{ ...SMALL_PROJECT, billingAccount: SUB }],
  billing: { accounts: [{ id: MASTER }, { id: SUB, masterAccount: MASTER }, { id: OTHER }] },
});
const policy = switchPolicy({ lines: ['ladder: [{at: 1, do: unlink-billing}]'] });
const roles = new Map((await readFunctions()).map(({ name, billingRole }) => [name, billingRole]));

const payerOf = ({ billing }: Sandbox): string | undefined => billing.links.accountOf(RUNAWAY);

/** As deploy.sh binds them on the budget's own account: a subaccount may have its rights from there, or not. */
function bindOn(sandbox: Sandbox, account: string): void {
  for (const name of [SWITCH, RESTORE])
    sandbox.iam.bind({
      member: `${name}@${OPERATIONS}.iam.gserviceaccount.com`,
      role: `organizations/900100/roles/${name}`,
      permissions: roles.get(name)?.permissions ?? [],
      on: `billingAccounts/${account}`,
    });
}

function withSubaccount(run: (world: SwitchWorld) => Promise<void>): Promise<void> {
  return withSwitch({ scenario, policy }, run);
}

describe('a project that a subaccount of the budget’s account pays for', () => {
  it('is unlinked, and linked to the subaccount again', () =>
    withSubaccount(async (world) => {
      const { sandbox } = world;
      bindOn(sandbox, SUB);
      await world.alert(alert(1.3));
      assert.equal(payerOf(sandbox), undefined);
      await sandbox.clock.advance(300_000);
      assert.equal((await world.restore('POST')).status, 200);
      assert.equal(payerOf(sandbox), SUB);
    }));

  it('counts in the budget', () =>
    withSubaccount(async ({ sandbox }) => {
      const cost = (): number => Number(sandbox.billingClock.statusOf(BUDGET).data['costAmount']);
      const before = cost();
      await sandbox.clock.advance(3_600_000);
      assert.ok(cost() > before);
    }));

  it('is left alone, with the reason, where the account may not be looked at', () =>
    withSubaccount(async (world) => {
      await world.alert(alert(1.3));
      assert.equal(payerOf(world.sandbox), SUB);
      assert.match(
        messagesOf(world.lines, 'ERROR').join('\n'),
        /is not unlinked: .*whether it is a subaccount of billingAccounts\/0A1B2C-3D4E5F-6A7B8C cannot be told: .*billing\.accounts\.get/,
      );
    }));

  it('comes back with nothing while the restore may not look at the account, and with all of it then', () =>
    withSubaccount(async (world) => {
      const { sandbox } = world;
      bindOn(sandbox, SUB);
      await world.alert(alert(1.3));
      await sandbox.clock.advance(300_000);
      sandbox.iam.unbind(({ on }) => on === `billingAccounts/${SUB}`);
      const refused = await world.restore('POST');
      assert.equal(refused.status, 503);
      assert.match(
        JSON.stringify(refused.results),
        /cannot be told: .*gcloud billing projects link ml-runaway/,
      );
      bindOn(sandbox, SUB);
      assert.equal((await world.restore('POST')).status, 200);
      assert.equal(payerOf(sandbox), SUB);
    }));

  it('is unlinked by the next delivery where the account could not be looked at for the moment', () =>
    withSubaccount(async (world) => {
      const { sandbox } = world;
      bindOn(sandbox, SUB);
      sandbox.faults.add({ route: LOOK, count: 20, fault: { kind: 'status', status: 503 } });
      await assert.rejects(world.alert(alert(1.3)));
      assert.equal(payerOf(sandbox), SUB);
      sandbox.faults.clear();
      await world.alert(alert(1.3));
      assert.equal(payerOf(sandbox), undefined);
    }));

  it('is not taken for one of another account by an answer about nothing', () =>
    withSubaccount(async (world) => {
      const { sandbox } = world;
      bindOn(sandbox, SUB);
      sandbox.faults.add({ route: LOOK, count: 20, fault: { kind: 'body', body: '{}' } });
      await assert.rejects(world.alert(alert(1.3)));
      assert.ok(!messagesOf(world.lines, 'ERROR').join('\n').includes('is no subaccount'));
    }));

  for (const [named, payer, stays] of [
    [SUB, SUB, undefined],
    [SUB, MASTER, MASTER],
    [MASTER, SUB, SUB],
    [MASTER, MASTER, undefined],
  ] as const)
    it(`is judged by the filter of the budget alone where it names ${named === SUB ? 'the subaccount' : 'the account itself'}, and ${payer === SUB ? 'the subaccount' : 'the account itself'} pays`, () =>
      withSubaccount(async (world) => {
        const { sandbox } = world;
        bindOn(sandbox, SUB);
        sandbox.billing.links.change(RUNAWAY, payer);
        const budget = sandbox.billing.budgets.get(BUDGET);
        Object.assign(budget['budgetFilter'] as object, { subaccounts: [`billingAccounts/${named}`] });
        await sandbox.clock.advance(60_000);
        await world.alert(alert(1.3));
        assert.equal(payerOf(sandbox), stays);
      }));

  it('is left alone where it is a subaccount of nothing', () =>
    withSubaccount(async (world) => {
      const { sandbox } = world;
      bindOn(sandbox, OTHER);
      sandbox.billing.links.change(RUNAWAY, OTHER);
      await sandbox.clock.advance(60_000);
      await world.alert(alert(1.3));
      assert.equal(payerOf(sandbox), OTHER);
      assert.match(
        messagesOf(world.lines, 'ERROR').join('\n'),
        /it is no subaccount of billingAccounts\/0A1B2C/,
      );
    }));
});
