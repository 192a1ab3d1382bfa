import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { notebookSweep } from '../../../functions/idle-notebook-stopper/function.ts';
import { runTick } from '../../../shared/run/run-tick.ts';
import {
  alert,
  BUDGET,
  RUNAWAY,
  switchPolicy,
  withSwitch,
  type SwitchWorld,
} from '../../support/budget-lab.ts';
import { eventOf, startInstance } from '../../support/in-process.ts';
import { BUCKET, NAME, OPERATIONS } from '../../support/lab.ts';
import { carriedOut, lastReceipt, statesOf } from '../../support/observe.ts';

const MINUTE_MS = 60_000;
const SWITCH_TICK = { text: '{}', attributes: {} };
const TOPIC = `projects/${OPERATIONS}/topics/costguard-${NAME}`;
const POLICY = `${switchPolicy()}notebooks:\n  mode: enforce\n  keepWhileJobsRun: false\n  hours: {timezone: Europe/Berlin, days: [mon, tue, wed, thu, fri], from: "08:00", to: "20:00", start: true}\n`;

describe('hours.start and a budget that is over', () => {
  it('the hours start nothing while a rung that stops notebooks is in force, and say so', () =>
    withSwitch({ policy: POLICY }, async (world) => {
      const { sandbox } = world;
      const stopper = startInstance(sandbox, { name: NAME, policy: POLICY, topic: TOPIC, pauses: 'sandbox' });
      let ticks = 0;
      const tick = async (): Promise<void> => {
        const publishTime = new Date(sandbox.clock.now()).toISOString();
        const text = JSON.stringify({ project: RUNAWAY });
        await runTick(
          stopper.runtime,
          notebookSweep,
          eventOf(TOPIC, { text, messageId: `t${++ticks}`, publishTime }),
        );
        await sandbox.clock.advance(5 * MINUTE_MS);
      };
      // 22:40 in Berlin.
      await tick();
      assert.equal(statesOf(sandbox)['nb-1'], 'STOPPED');
      await world.alert(alert(1.01));
      await sandbox.clock.advance(9.5 * 60 * MINUTE_MS);
      await world.alert(SWITCH_TICK);
      await tick();
      assert.deepEqual(carriedOut(sandbox, 'start'), {});
      assert.equal(lastReceipt(sandbox, BUCKET, NAME).kept['budget-rung'], 1);

      // Below the rung again, because the budget was raised.
      raise(world);
      await sandbox.clock.advance(20 * MINUTE_MS);
      await world.alert(SWITCH_TICK);
      await sandbox.clock.advance(10 * MINUTE_MS);
      await tick();
      assert.deepEqual(carriedOut(sandbox, 'start'), { 'nb-1': 1 });
    }));

  it('what the hours start although a rung is in force is stopped again by the switch, and stays stopped', () =>
    withSwitch({ policy: POLICY }, async (world) => {
      const { sandbox } = world;
      const stopper = startInstance(sandbox, { name: NAME, policy: POLICY, topic: TOPIC, pauses: 'sandbox' });
      let ticks = 0;
      const tick = async (): Promise<void> => {
        const publishTime = new Date(sandbox.clock.now()).toISOString();
        const text = JSON.stringify({ project: RUNAWAY });
        await runTick(
          stopper.runtime,
          notebookSweep,
          eventOf(TOPIC, { text, messageId: `t${++ticks}`, publishTime }),
        );
        await sandbox.clock.advance(5 * MINUTE_MS);
      };
      // 22:40 in Berlin.
      await tick();
      assert.equal(statesOf(sandbox)['nb-1'], 'STOPPED');
      await world.alert(alert(1.01));
      await sandbox.clock.advance(9.5 * 60 * MINUTE_MS);
      await tick();
      assert.deepEqual(carriedOut(sandbox, 'start'), { 'nb-1': 1 });
      assert.equal(statesOf(sandbox)['nb-1'], 'ACTIVE');
      await world.alert(alert(1.05));
      await sandbox.clock.advance(5 * MINUTE_MS);
      assert.equal(statesOf(sandbox)['nb-1'], 'STOPPED');
      await tick();
      assert.deepEqual(carriedOut(sandbox, 'start'), { 'nb-1': 1 });
      assert.equal(statesOf(sandbox)['nb-1'], 'STOPPED');
    }));

  it.each<[string, (world: SwitchWorld) => Promise<void>]>([
    [
      'the tick after a raise',
      async (world) => {
        raise(world);
        await world.alert(SWITCH_TICK);
      },
    ],
    [
      'the message after a raise',
      async (world) => {
        raise(world);
        await world.alert(alert(1.01, { data: { budgetAmount: 2_000, alertThresholdExceeded: 0.5 } }));
      },
    ],
    ['a message below all rungs', (world) => world.alert(alert(0.3))],
  ])('the hours start again what they may with %s', (_, release) =>
    withSwitch({ policy: POLICY }, async (world) => {
      const { sandbox } = world;
      const stopper = startInstance(sandbox, { name: NAME, policy: POLICY, topic: TOPIC, pauses: 'sandbox' });
      const sweep = (id: string): Promise<void> => {
        const publishTime = new Date(sandbox.clock.now()).toISOString();
        const text = JSON.stringify({ project: RUNAWAY });
        return runTick(stopper.runtime, notebookSweep, eventOf(TOPIC, { text, messageId: id, publishTime }));
      };
      // 22:40 in Berlin.
      await sweep('night');
      await world.alert(alert(1.01));
      await sandbox.clock.advance(9.5 * 60 * MINUTE_MS);
      await world.alert(SWITCH_TICK);
      await sweep('morning');
      assert.deepEqual(carriedOut(sandbox, 'start'), {});
      await sandbox.clock.advance(5 * MINUTE_MS);
      await release(world);
      await sweep('after');
      assert.deepEqual(carriedOut(sandbox, 'start'), { 'nb-1': 1 });
    }),
  );
});

function raise({ sandbox }: SwitchWorld): void {
  sandbox.billing.budgets.update(
    { name: BUDGET, amount: { specifiedAmount: { currencyCode: 'USD', units: '2000' } } },
    'amount.specifiedAmount',
  );
}
