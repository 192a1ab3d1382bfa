import { describe, expect, it } from 'vitest';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { budgetScenario, RUNAWAY } from '../../support/budget-lab.ts';
import { installFunction } from '../../support/install-function.ts';
import { BUCKET, OPERATIONS } from '../../support/lab.ts';
import { watchPolicy } from '../../support/watch-lab.ts';

describe('the deployed bundle of spend-watch', () => {
  it('takes ticks of Pub/Sub, and requests of people and scrapers, in one service', async () => {
    const sandbox = await startSandbox({ scenario: budgetScenario() });
    const installed = await installFunction(sandbox, {
      name: 'spend-watch',
      operationsProject: OPERATIONS,
      policyText: watchPolicy(),
    });
    try {
      await installed.tick({ project: RUNAWAY });
      expect(
        sandbox.storage.objectNames(BUCKET, 'receipts/spend-watch/'),
        JSON.stringify(installed.lines),
      ).toHaveLength(1);
      const page = await fetch(installed.service.url, { headers: { accept: 'text/html' } });
      expect(await page.text()).toContain(`What ${RUNAWAY} burns now`);
      const metrics = await fetch(new URL('/metrics', installed.service.url));
      expect(await metrics.text()).toMatch(/costguard_burn_usd_per_hour\{project="ml-runaway"[^]*# EOF\n$/);
      expect((await fetch(installed.service.url, { method: 'POST', body: '{}' })).status).toBe(405);
    } finally {
      await installed.close();
      await sandbox.close();
    }
  });
});
