import { describe, expect, it } from 'vitest';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { installFunction } from '../../support/install-function.ts';
import { BUCKET, OPERATIONS, START } from '../../support/lab.ts';
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
      // A message of a tick that Scheduler's message became, twice, with an id of its own each time.
      for (let delivery = 1; delivery <= 2; delivery++)
        await installed.tick({ project: CLEAN, tick: { id: '71', publishedMs: Date.parse(START) } });
      expect(
        sandbox.storage.objectNames(BUCKET, 'receipts/guardrail-audit/'),
        JSON.stringify(installed.lines),
      ).toHaveLength(1);
      expect(sandbox.storage.objectNames(BUCKET, 'guardrail-audit/ticks/')).toEqual(
        ['claim-1', 'done'].map((name) => `guardrail-audit/ticks/71/${CLEAN}/${name}`),
      );
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
