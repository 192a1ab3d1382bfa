import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { guardBudget } from '../../../functions/budget-kill-switch/function.ts';
import { handleEvent } from '../../../shared/run/handle-event.ts';
import {
  alert,
  ALERTS,
  budgetScenario,
  changesIn,
  manifestsIn,
  RUNAWAY,
  SMALL_PROJECT,
  stateOf,
  SWITCH,
  switchPolicy,
  withSwitch,
  type SwitchWorld,
} from '../../support/budget-lab.ts';
import { eventOf } from '../../support/in-process.ts';
import { BUCKET } from '../../support/lab.ts';
import { lastReceipt, messagesOf, receiptsIn } from '../../support/observe.ts';

const MINUTE_MS = 60_000;
const ZONE = 'us-central1-a';
const SIZES = ['n1-standard-8', 'a2-highgpu-1g', 'n1-standard-4', 'n1-standard-16'];
const [job] = SMALL_PROJECT.vertex?.customJobs ?? [];

/** Four VMs of different cost, and a job, which may submit others. */
const scenario = budgetScenario({
  regions: ['us-central1'],
  projects: [
    {
      ...{ id: RUNAWAY, number: SMALL_PROJECT.number },
      vms: SIZES.map((machineType) => ({ id: `vm-${machineType}`, zone: ZONE, machineType, created: '-9d' })),
      vertex: { customJobs: job === undefined ? [] : [job] },
    },
  ],
});

const running = ({ sandbox }: SwitchWorld): readonly string[] =>
  sandbox.fleet
    .vmsOf(RUNAWAY)
    .filter(({ status }) => status === 'RUNNING')
    .map(({ name }) => name)
    .sort();
const overIn = ({ sandbox }: SwitchWorld): readonly string[] =>
  lastReceipt(sandbox, BUCKET, SWITCH)
    .decisions.filter(({ reason }) => reason === 'over-max-actions')
    .map(({ resource }) => resource.split('/').at(-1) ?? '');
/** How much each run stopped or cancelled, in the order of the runs. */
const takenIn = ({ sandbox }: SwitchWorld): readonly number[] =>
  receiptsIn(sandbox, BUCKET, SWITCH).map(
    ({ decisions }) =>
      decisions.filter(({ action, outcome }) => /^(?:stop|cancel)$/.test(action) && outcome === 'done')
        .length,
  );

describe('budgets.maxActions', () => {
  const policy = switchPolicy({ lines: ['maxActions: 3'] });

  it('stops what submits work and then the worst by cost, names what is over, and does that at the next look', () =>
    withSwitch({ scenario, policy }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.01));
      assert.equal(stateOf(sandbox)['customJobs/41'], 'JOB_STATE_CANCELLING');
      assert.deepEqual(running(world), ['vm-n1-standard-4', 'vm-n1-standard-8']);
      const said = messagesOf(world.lines, 'WARNING').filter((text) => text.includes('maxActions'));
      assert.match(
        said.join('\n'),
        /^stop-compute is not done on ml-runaway: 2 at \$\d.*\/h are over budgets\.maxActions \(3 a run\).*vm-n1-standard-8, .*vm-n1-standard-4$/,
      );
      assert.deepEqual(overIn(world), ['vm-n1-standard-8', 'vm-n1-standard-4']);
      const [rung] = manifestsIn(sandbox)[RUNAWAY]?.rungs.filter((one) => one.do === 'stop-compute') ?? [];
      assert.deepEqual([rung?.status, rung?.items?.length], ['claimed', 3]);

      await sandbox.clock.advance(20 * MINUTE_MS);
      await world.alert(alert(1.02));
      assert.deepEqual(running(world), []);
      assert.deepEqual([...new Set(Object.values(changesIn(sandbox)))], [1]);
      assert.equal((await world.restore('POST')).status, 200);
      assert.equal(running(world).length, 4);
    }));

  it('keeps the rungs above for the next look', () =>
    withSwitch({ scenario, policy }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.3));
      assert.equal(sandbox.billing.links.enabled(RUNAWAY), true);
      assert.equal(running(world).length, 2);
      await sandbox.clock.advance(20 * MINUTE_MS);
      await world.alert(alert(1.3));
      assert.equal(sandbox.billing.links.enabled(RUNAWAY), false);
    }));

  it('holds for each run of a message that is delivered again, and a third delivery has nothing left', () =>
    withSwitch({ scenario, policy }, async (world) => {
      const { sandbox } = world;
      const publishTime = new Date(sandbox.clock.now()).toISOString();
      const event = eventOf(ALERTS, { ...alert(1.01), messageId: '77', publishTime });
      const { runtime } = world.start();
      const left: number[] = [];
      for (let delivery = 0; delivery < 3; delivery++) {
        await handleEvent(runtime, event, guardBudget);
        await sandbox.clock.advance(MINUTE_MS);
        left.push(running(world).length);
      }
      // The cap is a run's: the second delivery is the next look, and takes what the first named as over. The third did nothing to tell.
      assert.deepEqual(left, [2, 0, 0]);
      assert.deepEqual(takenIn(world), [3, 2]);
      assert.deepEqual([...new Set(Object.values(changesIn(sandbox)))], [1]);
    }));

  it('holds for each run where two instances get the message at once', () =>
    withSwitch({ scenario, policy }, async (world) => {
      await Promise.allSettled([world.start(), world.start()].map((one) => world.alert(alert(1.01), one)));
      assert.equal(Math.max(...takenIn(world)), 3);
      assert.deepEqual([...new Set(Object.values(changesIn(world.sandbox)))], [1]);
    }));

  it('holds beside a listing that is refused: both are said, nothing is unlinked, and the rest follows', () =>
    withSwitch({ scenario, policy }, async (world) => {
      const { sandbox } = world;
      const fault = { kind: 'status', status: 403, message: 'denied by VPC Service Controls' } as const;
      sandbox.faults.add({ route: 'aiplatform.*customJobs.list', fault });
      await world.alert(alert(1.3));
      assert.deepEqual(running(world), ['vm-n1-standard-4']);
      assert.deepEqual(overIn(world), ['vm-n1-standard-4']);
      assert.match(messagesOf(world.lines, 'ERROR').join('\n'), /stop-compute is incomplete on ml-runaway: .*customJobs/i);
      assert.match(messagesOf(world.lines, 'WARNING').join('\n'), /1 at \$\d.*\/h are over budgets\.maxActions/);
      assert.equal(sandbox.billing.links.enabled(RUNAWAY), true);
      sandbox.faults.clear();
      await sandbox.clock.advance(20 * MINUTE_MS);
      await world.alert(alert(1.3));
      assert.deepEqual(running(world), []);
      assert.equal(stateOf(sandbox)['customJobs/41'], 'JOB_STATE_CANCELLING');
      assert.deepEqual([...new Set(Object.values(changesIn(sandbox)))], [1]);
    })); // prettier-ignore

  it('plans alike in observe mode', () =>
    withSwitch(
      { scenario, policy: switchPolicy({ mode: 'observe', lines: ['maxActions: 3'] }) },
      async (world) => {
        await world.alert(alert(1.3));
        const { decisions } = lastReceipt(world.sandbox, BUCKET, SWITCH);
        assert.deepEqual(
          decisions
            .filter(({ outcome }) => outcome === 'planned')
            .map(({ action }) => action)
            .sort(),
          ['cancel', 'notify', 'stop', 'stop', 'stop-compute', 'stop-notebooks'],
        );
        assert.deepEqual(overIn(world), ['vm-n1-standard-8', 'vm-n1-standard-4']);
      },
    ));
});
