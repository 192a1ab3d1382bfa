import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { askGoogle } from '../../../support/ask-google.ts';
import { startSandbox, type Sandbox } from '../../sandbox.ts';
import { parseScenario } from '../../scenario.ts';

const PROJECT = 'projects/ml-ops';
const EDITOR = 'editor@example.com';
const POLICIES = `https://monitoring.googleapis.com/v3/${PROJECT}/alertPolicies`;
const OVER_LOGS = {
  displayName: 'over logs',
  combiner: 'OR',
  conditions: [{ displayName: 'an error', conditionMatchedLog: { filter: 'severity>=ERROR' } }],
  alertStrategy: { notificationRateLimit: { period: '300s' } },
};
const OVER_METRICS = {
  displayName: 'over metrics',
  combiner: 'OR',
  conditions: [{ displayName: 'no CPU', conditionAbsent: { filter: 'metric.type="a"', duration: '300s' } }],
};

describe('alert policies', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({
      scenario: parseScenario({ name: 'alerts', projects: [{ id: 'ml-ops', number: '1' }] }),
      frozen: true,
    });
    // What roles/monitoring.alertPolicyEditor has of it.
    sandbox.iam.bind({
      member: EDITOR,
      role: 'roles/monitoring.alertPolicyEditor',
      permissions: ['create', 'delete', 'get', 'list', 'update'].map((verb) => `monitoring.alertPolicies.${verb}`),
      on: PROJECT,
    });
  }); // prettier-ignore
  afterAll(async () => {
    await sandbox.close();
  });
  const ask = (method: string, url: string, body?: object) => askGoogle(sandbox, EDITOR, method, url, body);

  it('take an editor of alert policies for one over metrics, and more for one over logs', async () => {
    assert.equal((await ask('POST', POLICIES, OVER_METRICS)).status, 200);
    const refused = await ask('POST', POLICIES, OVER_LOGS);
    assert.equal(refused.status, 403);
    assert.match(JSON.stringify(refused.body), /logging\.notificationRules\.create/);
  });

  for (const [verb, method] of [['update', 'PATCH'], ['delete', 'DELETE']] as const)
    it(`over logs take logging.notificationRules.${verb} to ${verb}`, async () => {
      const grant = (one: string): void => {
        sandbox.iam.bind({
          member: EDITOR,
          role: 'roles/logging.configWriter',
          permissions: [`logging.notificationRules.${one}`],
          on: PROJECT,
        });
      };
      grant('create');
      const { body } = await ask('POST', POLICIES, OVER_LOGS);
      const change = () =>
        ask(method, `https://monitoring.googleapis.com/v3/${String(body['name'])}`,
          verb === 'update' ? { ...OVER_LOGS, name: body['name'], displayName: 'changed' } : undefined);
      assert.equal((await change()).status, 403);
      grant(verb);
      assert.equal((await change()).status, 200);
    }); // prettier-ignore
});
