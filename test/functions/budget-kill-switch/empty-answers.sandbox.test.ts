import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { alert, budgetScenario, changesIn, manifestsIn, RUNAWAY, SMALL_PROJECT, withSwitch } from '../../support/budget-lab.ts'; // prettier-ignore

const scenario = budgetScenario({ projects: [SMALL_PROJECT] });

describe('an answer with nothing in it is no fact', () => {
  for (const route of ['cloudbilling.projects.getBillingInfo', 'billingbudgets*budgets.get'])
    for (const body of ['', '[]', '{}'])
      it(`${route} answers ${JSON.stringify(body)}: the event fails, no rung closes, and the next delivery unlinks`, () =>
        withSwitch({ scenario }, async (world) => {
          const { sandbox } = world;
          sandbox.faults.add({ route, fault: { kind: 'body', body } });
          await assert.rejects(() => world.alert(alert(1.3)));
          const unlink = () =>
            manifestsIn(sandbox)[RUNAWAY]?.rungs.find((one) => one.do === 'unlink-billing')?.status;
          assert.notEqual(unlink(), 'done');
          sandbox.faults.clear();
          await world.alert(alert(1.3));
          assert.equal(unlink(), 'done');
          assert.ok(
            Object.keys(changesIn(sandbox)).some((one) => /billing/i.test(one)),
            JSON.stringify(changesIn(sandbox)),
          );
        }));
});
