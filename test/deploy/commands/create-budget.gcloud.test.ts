import { describe, expect, it } from 'vitest';
import { gcloudMissing } from '../../sandbox/gcloud/gcloud.ts';
import { firewallPreload } from '../../support/firewall.ts';
import { needs } from '../../support/needs.ts';
import { ACCOUNT, OPS, policyWith, RUNAWAY, SCENARIO } from '../e2e/scenario.ts';
import { openSite } from '../e2e/site.ts';

const timeout = 300_000;

describe('create-budget.sh behind HTTPS_PROXY', needs(gcloudMissing(), { timeout }), () => {
  it('makes the budget, and every call of it goes through the proxy', async () => {
    const site = await openSite(SCENARIO);
    try {
      const { sandbox } = site;
      site.policy('costguard.yaml', policyWith({}));
      const command = `deploy/create-budget.sh --policy=costguard.yaml --project=${OPS} --billing-account=${ACCOUNT} --amount=500USD --target=${RUNAWAY}`;
      // Nothing leads the connections of Node to the sandbox here, and it has no other way out than the proxy.
      const behind = { NODE_OPTIONS: `--import ${firewallPreload(sandbox.folder)}` };
      const made = await site.shell(command, behind);
      expect(made.code, made.output).toBe(0);
      expect(made.stdout).toMatch(/The budget is as it should be\. Name it in the policy/);
      const calls = sandbox.callLog.calls();
      expect(calls.map(({ id }) => id)).toEqual(
        expect.arrayContaining([
          'cloudbilling.billingAccounts.get',
          'billingbudgets.billingAccounts.budgets.create',
          'pubsub.projects.topics.create',
        ]),
      );
      expect([...new Set(calls.map(({ host }) => host))].sort()).toEqual(
        [...new Set(sandbox.tunnels)].sort(),
      );

      // With a proxy that lets nothing through, nothing arrives by another way.
      const count = sandbox.callLog.calls().length;
      const cut = await site.shell(command, { ...behind, HTTPS_PROXY: 'http://127.0.0.1:9' });
      expect(cut.code).toBe(1);
      expect(cut.output).toMatch(/Cannot run "gcloud .*proxy/is);
      expect(sandbox.callLog.calls()).toHaveLength(count);
    } finally {
      await site.close();
    }
  });
});
