import { describe, expect, it } from 'vitest';
import {
  alert,
  budgetScenario,
  changesIn,
  SMALL_PROJECT,
  SWITCH,
  withSwitch,
} from '../../support/budget-lab.ts';
import { BUCKET } from '../../support/lab.ts';
import { messagesOf, receiptsIn } from '../../support/observe.ts';

const scenario = budgetScenario({ projects: [SMALL_PROJECT] });

describe('a receipt whose publication Google refuses', () => {
  for (const status of [401, 403, 404])
    it(`with ${status}: fails the event, is named with where it is stored, and nothing is repeated`, () =>
      withSwitch({ scenario }, async (world) => {
        const { sandbox } = world;
        // The first one published is the alert itself.
        sandbox.faults.add({
          route: 'pubsub.projects.topics.publish',
          skip: 1,
          fault: { kind: 'status', status },
        });
        await expect(world.alert(alert(1.1))).rejects.toThrow(new RegExp(`HTTP ${status}`));
        const changes = changesIn(sandbox);
        expect(Object.keys(changes).length).toBeGreaterThan(2);
        expect(messagesOf(world.lines, 'ERROR').join('\n')).toMatch(
          /Cannot publish the receipt of run \S+, which is at gs:\/\/\S+\.json: /,
        );
        expect(receiptsIn(sandbox, BUCKET, SWITCH).length).toBe(1);
        sandbox.faults.clear();
        await sandbox.clock.advance(60_000);
        await world.alert(alert(1.1));
        expect(changesIn(sandbox)).toEqual(changes);
      }));
});
