import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { eventarcEndpoint } from '../../sandbox/hosting/cloud-event.ts';
import { emulatorMissing, startEmulator } from '../../sandbox/hosting/emulator.ts';
import { nextCall } from '../../support/hooks.ts';
import { withFunction } from '../../support/installed.ts';
import { BUCKET, busy, idle, idleGpu, labPolicy, labScenario, OPERATIONS } from '../../support/lab.ts';
import { carriedOut, lastReceipt, outcomesOf, receiptsIn } from '../../support/observe.ts';
import { needs } from '../../support/needs.ts';

const path = process.env['PATH'] ?? '';
const missing = emulatorMissing(path);
// In CI the emulator is part of the machine: there its absence is a failure.

describe("idle-notebook-stopper behind Google's own Pub/Sub emulator", () => {
  it('takes its tick, again after it was killed, and stops what is idle once', needs(missing), async () => {
    const scenario = labScenario([idle('idle-1'), idleGpu('idle-gpu'), busy('busy-1')]);
    await withFunction({ scenario, policy: labPolicy(), realTime: true }, async ({ sandbox, fn }) => {
      const emulator = await startEmulator({ project: OPERATIONS, path });
      try {
        await emulator.createTopic(fn.topic);
        await emulator.createPushSubscription(
          fn.subscription,
          fn.topic,
          eventarcEndpoint(fn.service.url, fn.topic),
          { ackDeadlineSeconds: 60, retryPolicy: { minimumBackoff: '0.1s', maximumBackoff: '0.1s' } },
        );
        const route = 'notebooks.projects.locations.instances.list';
        sandbox.faults.add({ route, count: 1, fault: { kind: 'timeout' } });
        const hanging = nextCall(sandbox, ({ id, status }) => id === route && status === 0);
        const finished = nextCall(sandbox, ({ id }) => id === 'pubsub.projects.topics.publish');
        const messageId = await emulator.publish(fn.topic, '{}');
        await hanging;
        for (const instance of fn.service.instances) instance.kill('SIGKILL');
        await finished;

        assert.deepEqual(carriedOut(sandbox, 'stop'), { 'idle-1': 1, 'idle-gpu': 1 });
        assert.equal(receiptsIn(sandbox, BUCKET).length, 1);
        const receipt = lastReceipt(sandbox, BUCKET);
        assert.deepEqual(outcomesOf(receipt), {
          'idle-1': ['stop done: idle'],
          'idle-gpu': ['stop done: idle'],
        });
        assert.deepEqual(receipt.kept, { active: 1 });
        assert.deepEqual(receipt.incomplete, []);
        const [killed] = fn.service.requests;
        assert.deepEqual([killed?.eventId, killed?.status], [messageId, 503]);
      } finally {
        await emulator.stop();
      }
    });
  });
});
