import { describe, expect, it } from 'vitest';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { installFunction } from '../../support/install-function.ts';
import { BUCKET, OPERATIONS } from '../../support/lab.ts';
import { auditScenario, CLEAN, POLICY } from '../../support/guardrail-lab.ts';

describe('the deployed bundle', () => {
  it('takes ticks of Pub/Sub and requests of people in one service', async () => {
    const sandbox = await startSandbox({ scenario: auditScenario() });
    const installed = await installFunction(sandbox, {
      name: 'guardrail-audit',
      operationsProject: OPERATIONS,
      policyText: POLICY,
    });
    try {
      await installed.tick({ project: CLEAN });
      expect(
        sandbox.storage.objectNames(BUCKET, 'receipts/guardrail-audit/'),
        JSON.stringify(installed.lines),
      ).toHaveLength(1);
      const answer = await fetch(`${installed.service.url}?project=${CLEAN}&format=sarif`);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toContain('application/sarif+json');
      expect((await fetch(installed.service.url, { method: 'POST', body: '{}' })).status).toBe(405);
    } finally {
      await installed.close();
      await sandbox.close();
    }
  });
});
