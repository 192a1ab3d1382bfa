import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { NotebookMemory } from '../../../functions/idle-notebook-stopper/memory/memory.ts';
import { runUntilHanging } from '../../support/hooks.ts';
import { settle, withFunction, type World } from '../../support/installed.ts';
import { BUCKET, busy, idle, idleGpu, LAB, labPolicy, labScenario } from '../../support/lab.ts';
import { carriedOut, memoryIn, receiptsIn, statesOf } from '../../support/observe.ts';

const scenario = labScenario([idle('idle-1'), idleGpu('idle-2'), busy('busy-1')]);
// The lists of Vertex jobs are one read over and over: killed at each, they would be half of this file.
const policy = labPolicy({ notebooks: ['keepWhileJobsRun: false'] });

const withLab = (test: (world: World) => Promise<void>): Promise<void> =>
  withFunction({ scenario, policy }, test);

/** What must not depend on how often the run was cut off: states, stops that happened, and what is remembered. */
function endState({ sandbox }: World): object {
  const remembered = Object.entries(memoryIn(sandbox, BUCKET, LAB)).map(
    ([id, { stop, ...rest }]: [string, NotebookMemory]) => [
      id,
      { ...rest, stop: { reason: stop?.reason, requested: stop?.requestedAtMs !== undefined } },
    ],
  );
  return {
    states: statesOf(sandbox),
    stops: carriedOut(sandbox, 'stop'),
    remembered: Object.fromEntries(remembered.sort()) as object,
    pending: sandbox.pubsub.pending(),
  };
}

/** Longer than a claim holds, so that the first redelivery finds it free; shorter than a tick stays fresh. */
const BACKOFF = { minimumBackoff: '100s', maximumBackoff: '600s' };

/** Longer than a notebook of the sandbox takes to stop. */
const STOPPING_MS = 60_000;

interface Cut {
  readonly skip: number;
  readonly after: boolean;
}

/** Ticks, kills the process while its call number `skip + 1` hangs, and lets Pub/Sub deliver the event again. */
async function cutOff(world: World, { skip, after }: Cut, retryPolicy: object): Promise<void> {
  const { sandbox, fn } = world;
  sandbox.pubsub.updateSubscription(fn.subscription, { retryPolicy }, 'retryPolicy');
  sandbox.faults.add({ route: '*', skip, count: 1, fault: { kind: 'timeout', after } });
  const { run } = await runUntilHanging(sandbox, () => fn.tick());
  for (const instance of fn.service.instances) {
    instance.kill('SIGKILL');
    await instance.exited;
  }
  await run;
  await settle(world);
  await sandbox.clock.advance(STOPPING_MS);
}

describe('idle-notebook-stopper killed in the middle of a run', async () => {
  let undisturbed: object = {};
  const calls: { readonly id: string; readonly method: string }[] = [];
  await withLab(async (world) => {
    await world.fn.tick();
    calls.push(...world.sandbox.callLog.calls());
    await world.sandbox.clock.advance(STOPPING_MS);
    undisturbed = endState(world);
  });

  it('stops both idle notebooks once when nothing happens', () => {
    assert.deepEqual(undisturbed, {
      states: { 'idle-1': 'STOPPED', 'idle-2': 'STOPPED', 'busy-1': 'ACTIVE' },
      stops: { 'idle-1': 1, 'idle-2': 1 },
      remembered: {
        'idle-1': { stop: { reason: 'idle', requested: true } },
        'idle-2': { stop: { reason: 'idle', requested: true } },
      },
      pending: [],
    });
  });

  // A read has no effect, so that before and after are the same to it.
  const cuts = calls.flatMap(({ method }, skip): Cut[] =>
    method === 'GET'
      ? [{ skip, after: false }]
      : [
          { skip, after: false },
          { skip, after: true },
        ],
  );
  // Calls of one stage run side by side: the number names a moment, not always the same call.
  describe('at every call, before and after its effect', { concurrent: true }, () => {
    for (const cut of cuts)
      it(`call ${cut.skip + 1} of ${calls.length}${cut.after ? ', carried out' : ''}: same end state after redelivery`, () =>
        withLab(async (world) => {
          await cutOff(world, cut, BACKOFF);
          assert.deepEqual(endState(world), undisturbed);
          assert.ok(receiptsIn(world.sandbox, BUCKET).length >= 1);
        }));
  });

  it('waits for the claim of the killed run to run out when redelivered at once', () =>
    withLab(async (world) => {
      const firstStop = calls.findIndex(({ id }) => id.endsWith('.instances.stop'));
      await cutOff(
        world,
        { skip: firstStop, after: false },
        { minimumBackoff: '80s', maximumBackoff: '600s' },
      );
      assert.deepEqual(endState(world), undisturbed);
      // Killed, held by the claim, done.
      assert.deepEqual(
        world.sandbox.pubsub.deliveries.map(({ result, status }) => [result, status]),
        [
          ['nacked', 503],
          ['nacked', 500],
          ['acked', 204],
        ],
      );
    }));
});
