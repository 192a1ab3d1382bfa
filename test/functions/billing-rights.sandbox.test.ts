import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { LINK_READINGS } from '../sandbox/services/billing/cloud-billing.ts';
import { ACCOUNT, alert, manifestsIn, RESTORE, RUNAWAY, SWITCH, withSwitch } from '../support/budget-lab.ts';
import { OPERATIONS } from '../support/lab.ts';

const RIGHT = 'billing.resourceAssociations.delete';
const DUE = alert(1.3);
const accountOf = (name: string): string => `${name}@${OPERATIONS}.iam.gserviceaccount.com`;

/** Takes permissions from one account, wherever it has them, and returns what gives them back. */
function takeFrom(sandbox: Sandbox, member: string, taken: readonly string[]): () => void {
  const bound = sandbox.iam.bindings.filter((binding) => binding.member === member);
  sandbox.iam.unbind((binding) => bound.includes(binding));
  const rest = bound.map((binding) => ({
    ...binding,
    permissions:
      binding.permissions === 'all' ? [] : binding.permissions.filter((one) => !taken.includes(one)),
  }));
  for (const binding of rest) sandbox.iam.bind(binding);
  return () => {
    sandbox.iam.unbind((binding) => binding.member === member);
    for (const binding of bound) sandbox.iam.bind(binding);
  };
}

const linkOf = (sandbox: Sandbox): string | undefined => sandbox.billing.links.accountOf(RUNAWAY);

describe("rights on the billing account, by the readings of Google's documentation", () => {
  for (const reading of LINK_READINGS)
    it(`unlinks and links again with the deployed roles, where Google wants ${reading}`, () =>
      withSwitch({}, async (world) => {
        const { sandbox } = world;
        const before = linkOf(sandbox);
        sandbox.billing.takeRights(reading);
        await world.alert(DUE);
        assert.deepEqual([before, linkOf(sandbox)], [ACCOUNT.replace('billingAccounts/', ''), undefined]);
        await sandbox.clock.advance(300_000);
        assert.equal((await world.restore('POST')).status, 200);
        assert.equal(linkOf(sandbox), before);
      }));

  it('unlinks with the right on the project alone, where that is enough', () =>
    withSwitch({}, async (world) => {
      const { sandbox } = world;
      world.start();
      sandbox.billing.takeRights('project');
      takeFrom(sandbox, accountOf(SWITCH), [RIGHT]);
      await world.alert(DUE);
      assert.equal(linkOf(sandbox), undefined);
    }));

  it('keeps the rung open without the right on the account, names it, and unlinks once it is given', () =>
    withSwitch({}, async (world) => {
      const { sandbox } = world;
      const instance = world.start();
      const giveBack = takeFrom(sandbox, accountOf(SWITCH), [RIGHT]);
      // Google's own text may name no permission.
      sandbox.faults.add({
        route: 'cloudbilling.projects.updateBillingInfo',
        count: 1,
        fault: { kind: 'status', status: 403, message: 'The caller does not have permission' },
      });
      for (let delivery = 1; delivery <= 2; delivery++) {
        await assert.rejects(world.alert(DUE, instance));
        assert.notEqual(linkOf(sandbox), undefined);
        const rung = manifestsIn(sandbox)[RUNAWAY]?.rungs.find((one) => one.do === 'unlink-billing');
        const link = rung?.items?.find(({ kind }) => kind === 'billing');
        assert.notEqual(rung?.status, 'done');
        assert.equal(link?.status, 'failed');
        assert.match(link.why ?? '', /billing\.resourceAssociations\.delete/);
        await sandbox.clock.advance(120_000);
      }
      assert.match(
        JSON.stringify(
          world.lines.filter((line) => typeof line === 'object' && line['severity'] === 'ERROR'),
        ),
        /billing\.resourceAssociations\.delete/,
      );
      giveBack();
      await world.alert(DUE, instance);
      assert.equal(linkOf(sandbox), undefined);
    }));

  for (const right of ['serviceusage.services.list', 'billing.resourceAssociations.create'])
    it(`names ${right} where linking again is refused without it, and links once it is given`, () =>
      withSwitch({}, async (world) => {
        const { sandbox } = world;
        await world.alert(DUE);
        await sandbox.clock.advance(300_000);
        await world.restore('GET');
        const giveBack = takeFrom(sandbox, accountOf(RESTORE), [right]);
        const refused = await world.restore('POST');
        assert.equal(refused.complete, false);
        assert.match(JSON.stringify(refused.results), new RegExp(right.replaceAll('.', '\\.')));
        assert.equal(linkOf(sandbox), undefined);
        giveBack();
        assert.equal((await world.restore('POST')).status, 200);
        assert.notEqual(linkOf(sandbox), undefined);
      }));
});
