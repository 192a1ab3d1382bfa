import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { CloudBillingClient } from '@google-cloud/billing';
import { BudgetServiceClient } from '@google-cloud/billing-budgets';
import { GoogleAuth, OAuth2Client } from 'google-auth-library';
import { redirectTo } from '../../../support/redirect.ts';
import { startSandbox, type Sandbox } from '../../sandbox.ts';
import { readScenario } from '../../scenario.ts';

const OWNER = 'owner@example.com';
const ACCOUNT = 'billingAccounts/0A1B2C-3D4E5F-6A7B8C';
const name = 'projects/ml-runaway';

/** Google's own clients over REST and TLS, and what they write on the wire. */
describe('cloudbilling and billingbudgets with Google’s clients', () => {
  let sandbox: Sandbox;
  let billing: CloudBillingClient;
  let budgets: BudgetServiceClient;
  beforeAll(async () => {
    const scenario = new URL('../../scenarios/organisation.yaml', import.meta.url);
    sandbox = await startSandbox({ scenario: readScenario(scenario.pathname), frozen: true });
    await redirectTo(sandbox);
    const authClient = new OAuth2Client();
    authClient.setCredentials({ access_token: sandbox.issueToken(OWNER) });
    // Two google-auth-library types are in the tree; the clients take any of them.
    const auth = new GoogleAuth({ authClient, projectId: '-' }) as never;
    billing = new CloudBillingClient({ auth, fallback: true });
    budgets = new BudgetServiceClient({ auth, fallback: true });
  });
  afterAll(async () => {
    await Promise.all([billing.close(), budgets.close()]);
    await sandbox.close();
  });
  const lastCall = (): unknown[] => {
    const call = sandbox.callLog.calls().at(-1);
    return [call?.method, call?.path, call?.query, call?.body];
  };

  it('disable billing', async () => {
    const [off] = await billing.updateProjectBillingInfo({
      name,
      projectBillingInfo: { billingAccountName: '' },
    });
    assert.deepEqual(lastCall(), [
      'PUT',
      '/v1/projects/ml-runaway/billingInfo',
      '?$alt=json%3Benum-encoding=int',
      '{"billingAccountName":""}',
    ]);
    assert.deepEqual([off.billingAccountName, off.billingEnabled], ['', false]);
    const [early] = await billing.getProjectBillingInfo({ name });
    assert.deepEqual([early.billingAccountName, early.billingEnabled], ['', true]);
    await sandbox.clock.advance(5_000);
    assert.equal((await billing.getProjectBillingInfo({ name }))[0].billingEnabled, false);
  });

  it('link again', async () => {
    const [on] = await billing.updateProjectBillingInfo({
      name,
      projectBillingInfo: { billingAccountName: ACCOUNT },
    });
    assert.deepEqual(lastCall(), [
      'PUT',
      '/v1/projects/ml-runaway/billingInfo',
      '?$alt=json%3Benum-encoding=int',
      `{"billingAccountName":"${ACCOUNT}"}`,
    ]);
    assert.equal(on.billingEnabled, true);
  });

  // The field name of Google's sample for this: over gRPC the same request disables billing.
  it('send an empty JSON string for the misspelt field of Google’s sample, which is refused', async () => {
    const misspelt: object = { name, resource: { billingAccountName: ACCOUNT } };
    await assert.rejects(billing.updateProjectBillingInfo(misspelt), /INVALID_ARGUMENT/);
    assert.equal(sandbox.callLog.calls().at(-1)?.body, '""');
    assert.equal(sandbox.billing.links.enabled('ml-runaway'), true);
  });

  it('list the projects of an account', async () => {
    const [projects] = await billing.listProjectBillingInfo({ name: ACCOUNT });
    assert.ok(projects.some(({ projectId }) => projectId === 'ml-runaway'));
    const [permissions] = await billing.testIamPermissions({
      resource: ACCOUNT,
      permissions: ['billing.budgets.get'],
    });
    assert.deepEqual(permissions.permissions, ['billing.budgets.get']);
  });

  it('read, change and delete budgets', async () => {
    const [[budget]] = await budgets.listBudgets({ parent: ACCOUNT });
    const [same] = await budgets.getBudget({ name: budget?.name ?? '' });
    assert.deepEqual(
      [
        same.displayName,
        same.budgetFilter?.projects,
        same.amount?.specifiedAmount?.units,
        same.thresholdRules?.length,
      ],
      ['ML runaway, monthly', ['projects/100000000004'], '500', 4],
    );
    const [made] = await budgets.createBudget({
      parent: ACCOUNT,
      budget: { displayName: 'New', amount: { specifiedAmount: { units: 10 } } },
    });
    const [changed] = await budgets.updateBudget({
      budget: { name: made.name ?? '', displayName: 'Newer', etag: made.etag ?? '' },
      updateMask: { paths: ['display_name'] },
    });
    assert.deepEqual([changed.displayName, changed.amount], ['Newer', made.amount]);
    await budgets.deleteBudget({ name: made.name ?? '' });
    await assert.rejects(budgets.getBudget({ name: made.name ?? '' }), /NOT_FOUND/);
  });
});
