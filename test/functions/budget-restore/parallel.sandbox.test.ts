import { describe, expect, it } from 'vitest';
import {
  alert,
  budgetScenario,
  changesIn,
  SMALL_PROJECT,
  switchPolicy,
  withSwitch,
} from '../../support/budget-lab.ts';

const scenario = budgetScenario({ projects: [{ ...SMALL_PROJECT, vertex: {} }] });
const policy = switchPolicy({ modelAccounts: [] });
const RESTORES = 12;

describe('budget-restore called many times at once', () => {
  it('relinks and starts each thing once, and answers 200 or 503 with the run that is at it', () =>
    withSwitch({ scenario, policy }, async (world) => {
      await world.alert(alert(1.3));
      await world.sandbox.clock.advance(5 * 60_000);
      world.sandbox.callLog.clear();
      const answers = await Promise.all(Array.from({ length: RESTORES }, () => world.restore('POST')));
      for (const { status, results = [] } of answers)
        if (status !== 200)
          expect([status, results.map(({ why }) => why).join()]).toEqual([
            503,
            expect.stringMatching(/another run holds it: budget-restore is at restore, run \d{8}T/),
          ]);
      expect((await world.restore('POST')).status).toBe(200);
      const counts = Object.values(changesIn(world.sandbox));
      expect(counts.length).toBeGreaterThanOrEqual(3);
      expect(new Set(counts)).toEqual(new Set([1]));
    }));
});
