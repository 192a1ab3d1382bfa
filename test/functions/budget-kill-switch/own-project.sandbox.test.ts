import { expect, it } from 'vitest';
import { startMetadataServer } from '../../sandbox/iam/metadata-server.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import {
  ALERTS,
  alert,
  budgetScenario,
  changesIn,
  labBudget,
  RUNAWAY,
  SMALL_PROJECT,
  SWITCH,
  switchPolicy,
} from '../../support/budget-lab.ts';
import { installFunction } from '../../support/install-function.ts';
import { settle } from '../../support/installed.ts';
import { OPERATIONS } from '../../support/lab.ts';
import { messagesOf } from '../../support/observe.ts';

const { id, number, notebooks } = SMALL_PROJECT;
const budgets = [labBudget({ projects: [RUNAWAY, OPERATIONS] })];
const scenario = budgetScenario({
  projects: [{ id, number, notebooks }],
  budgets,
  regions: ['us-central1'],
});
const scope = [`projects/${RUNAWAY}`, `projects/${OPERATIONS}`];

/** What a metadata server that starts, a proxy, or another machine may answer. */
const ODD = [
  '',
  '0',
  '-',
  'null',
  '100000000001',
  'ML Ops',
  `${OPERATIONS} ${RUNAWAY}`,
  '<html>Sign in</html>',
  '{"error": "not now"}',
];

it('the bundle touches nothing while the metadata server does not tell its project, and acts when it does', async () => {
  const sandbox = await startSandbox({ scenario, frozen: true });
  const machine = {
    account: `${SWITCH}@${OPERATIONS}.iam.gserviceaccount.com`,
    projectId: '',
    projectNumber: '100000000001',
    issueToken: (account: string) => sandbox.issueToken(account),
    issueIdentity: () => '',
  };
  const metadata = await startMetadataServer(machine);
  try {
    const fn = await installFunction(sandbox, {
      name: SWITCH,
      operationsProject: OPERATIONS,
      policyText: switchPolicy({ scope }),
      topic: ALERTS,
      environment: { GCE_METADATA_HOST: metadata.host },
    });
    try {
      const { text, attributes } = alert(0.85);
      for (const odd of ODD) {
        machine.projectId = odd;
        await fn.tick(text, attributes);
        expect([odd, changesIn(sandbox)]).toEqual([odd, {}]);
        expect([odd, messagesOf(fn.lines, 'ERROR').at(-1)]).toEqual([
          odd,
          expect.stringContaining('metadata.project-id'),
        ]);
      }
      // None of them was acknowledged.
      expect(sandbox.pubsub.pending()).toHaveLength(ODD.length);
      machine.projectId = OPERATIONS;
      const hasten = setInterval(() => void sandbox.clock.advance(5_000), 100);
      await settle({ sandbox, fn }).finally(() => {
        clearInterval(hasten);
      });
      const changed = Object.keys(changesIn(sandbox));
      expect(changed).toHaveLength(1);
      expect(changed[0]).toContain('nb-1:stop');
    } finally {
      await fn.close();
    }
  } finally {
    metadata.close();
    await sandbox.close();
  }
});
