import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { settle, withFunction, type World } from '../../support/installed.ts';
import { BUCKET, busy, idle, idleGpu, LAB, labPolicy, labScenario } from '../../support/lab.ts';
import { carriedOut, memoryIn, outcomesOf, receiptsIn } from '../../support/observe.ts';

const IDLE = ['idle-1', 'idle-2', 'idle-3', 'idle-4'];
const scenario = labScenario([...IDLE.map((id) => idle(id)), idleGpu('idle-gpu'), busy('busy-1')]);
const ONCE = { ...Object.fromEntries(IDLE.map((id) => [id, 1])), 'idle-gpu': 1 };
const TICKS = 20;
const INSTANCES = 4;

const withInstances = (test: (world: World) => Promise<void>): Promise<void> =>
  withFunction(
    { scenario, policy: labPolicy(), maxInstances: INSTANCES, concurrency: TICKS / INSTANCES },
    test,
  );

/** Stop calls by instance id, refused ones as well. */
function stopCalls({ sandbox }: World): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { path } of sandbox.callLog.calls('notebooks.projects.locations.instances.stop')) {
    const id = /instances\/([^/:]+)/.exec(path)?.[1] ?? '';
    counts[id] = (counts[id] ?? 0) + 1;
  }
  return counts;
}

/** How many runs say that they stopped it. */
function stopsClaimed({ sandbox }: World): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const receipt of receiptsIn(sandbox, BUCKET))
    for (const [id, outcomes] of Object.entries(outcomesOf(receipt)))
      if (outcomes.includes('stop done: idle')) counts[id] = (counts[id] ?? 0) + 1;
  return counts;
}

async function checkOnce(world: World): Promise<void> {
  await settle(world);
  const { sandbox, fn } = world;
  assert.deepEqual(stopCalls(world), ONCE);
  assert.deepEqual(carriedOut(sandbox, 'stop'), ONCE);
  assert.deepEqual(stopsClaimed(world), ONCE);
  assert.equal(sandbox.pubsub.deliveries.filter(({ result }) => result === 'acked').length, TICKS);
  const remembered = memoryIn(sandbox, BUCKET, LAB);
  assert.deepEqual(Object.keys(remembered).sort(), Object.keys(ONCE).sort());
  assert.ok(Object.values(remembered).every(({ stop }) => stop?.requestedAtMs !== undefined));
  assert.equal(new Set(fn.service.requests.map(({ instance }) => instance)).size, INSTANCES);
}

describe('idle-notebook-stopper on several instances at once', () => {
  it(`stops each notebook once at ${TICKS} parallel ticks`, () =>
    withInstances(async (world) => {
      const { sandbox, fn } = world;
      const data = Buffer.from('{}').toString('base64');
      sandbox.pubsub.publish(
        fn.topic,
        Array.from({ length: TICKS }, () => ({ data })),
      );
      await checkOnce(world);
    }));

  it(`stops each notebook once when one tick is delivered ${TICKS} times at once`, () =>
    withInstances(async (world) => {
      world.sandbox.pubsub.disturb({ duplicates: TICKS - 1 });
      await world.fn.tick();
      await checkOnce(world);
    }));

  it('stops each notebook once when slow answers make the runs overlap', () =>
    withInstances(async (world) => {
      const { sandbox, fn } = world;
      sandbox.faults.add({
        route: '*',
        probability: 0.5,
        seed: 7,
        fault: { kind: 'latency', milliseconds: 40 },
      });
      sandbox.faults.add({
        route: 'notebooks.projects.locations.instances.stop',
        fault: { kind: 'latency', milliseconds: 400 },
      });
      const data = Buffer.from('{}').toString('base64');
      sandbox.pubsub.publish(
        fn.topic,
        Array.from({ length: TICKS }, () => ({ data })),
      );
      await checkOnce(world);
    }));
});
