import assert from 'node:assert/strict';
import { beforeAll, describe, it } from 'vitest';
import { eventarcEndpoint } from '../../sandbox/hosting/cloud-event.ts';
import { emulatorMissing, startEmulator } from '../../sandbox/hosting/emulator.ts';
import { installFunction } from '../../support/install-function.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import {
  alert,
  ALERTS,
  budgetScenario,
  changesIn,
  contentOf,
  SMALL_PROJECT,
  stateOf,
  SWITCH,
  switchPolicy,
  withSwitch,
} from '../../support/budget-lab.ts';
import { runUntilHanging } from '../../support/hooks.ts';
import { settle, type World } from '../../support/installed.ts';
import { OPERATIONS } from '../../support/lab.ts';
import { needs } from '../../support/needs.ts';

/** Without an endpoint, whose models take minutes of real time to come off: crashes.test.ts has them. */
const scenario = budgetScenario({
  projects: [
    { ...SMALL_PROJECT, vertex: { customJobs: (SMALL_PROJECT.vertex?.customJobs ?? []).slice(0, 1) } },
  ],
});
const DUPLICATES = 50;
const INSTANCES = 5;

const path = process.env['PATH'] ?? '';
const missing = emulatorMissing(path);
// In CI the emulator is part of the machine: there its absence is a failure.

/** The switch's real bundle in the real functions-framework; the sandbox's clock runs. */
async function withInstalled(maxInstances: number, test: (world: World) => Promise<void>): Promise<void> {
  const sandbox = await startSandbox({ scenario });
  try {
    const fn = await installFunction(sandbox, {
      name: SWITCH,
      operationsProject: OPERATIONS,
      policyText: switchPolicy(),
      topic: ALERTS,
      maxInstances,
      concurrency: DUPLICATES / INSTANCES,
    });
    // What was requested happens quickly; the bundle's own pauses take real time.
    const hasten = setInterval(() => void sandbox.clock.advance(5_000), 200);
    try {
      await test({ sandbox, fn });
    } finally {
      clearInterval(hasten);
      await fn.close();
    }
  } finally {
    await sandbox.close();
  }
}

/** Long enough for everything that was requested to have happened. */
const SETTLED_MS = 5 * 60_000;

async function endState({ sandbox }: World): Promise<object> {
  await sandbox.clock.advance(SETTLED_MS);
  return { state: stateOf(sandbox), changes: changesIn(sandbox), manifests: contentOf(sandbox) };
}

describe('budget-kill-switch as a bundle', () => {
  let undisturbed: object = {};
  beforeAll(() =>
    withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.3));
      await sandbox.clock.advance(SETTLED_MS);
      undisturbed = { state: stateOf(sandbox), changes: changesIn(sandbox), manifests: contentOf(sandbox) };
    }),
  );

  it(`takes each thing away once when an alert comes ${DUPLICATES} times at once`, () =>
    withInstalled(INSTANCES, async (world) => {
      const { sandbox, fn } = world;
      const { text, attributes } = alert(1.3);
      sandbox.pubsub.disturb({ duplicates: DUPLICATES - 1 });
      await fn.tick(text, attributes);
      await settle(world);
      assert.deepEqual(await endState(world), undisturbed);
      assert.equal(sandbox.pubsub.deliveries.filter(({ result }) => result === 'acked').length, DUPLICATES);
      assert.equal(new Set(fn.service.requests.map(({ instance }) => instance)).size, INSTANCES);
    }));

  for (const route of ['compute.instances.stop', 'cloudbilling.projects.updateBillingInfo'])
    it(`killed at ${route}, carried out: same end after redelivery`, () =>
      withInstalled(1, async (world) => {
        const { sandbox, fn } = world;
        sandbox.faults.add({ route, count: 1, fault: { kind: 'timeout', after: true } });
        const { text, attributes } = alert(1.3);
        const { run } = await runUntilHanging(sandbox, () => fn.tick(text, attributes));
        for (const instance of fn.service.instances) {
          instance.kill('SIGKILL');
          await instance.exited;
        }
        await run;
        await settle(world);
        assert.deepEqual(await endState(world), undisturbed);
      }));

  it(
    "fires rung by rung behind Google's own Pub/Sub emulator, and stands a doubled alert",
    needs(missing),
    () =>
      withInstalled(1, async (world) => {
        const { fn } = world;
        const emulator = await startEmulator({ project: OPERATIONS, path });
        try {
          await emulator.createTopic(fn.topic);
          await emulator.createPushSubscription(
            fn.subscription,
            fn.topic,
            eventarcEndpoint(fn.service.url, fn.topic),
            { ackDeadlineSeconds: 60, retryPolicy: { minimumBackoff: '0.1s', maximumBackoff: '0.1s' } },
          );
          for (const share of [0.55, 0.85, 0.85, 1.05, 1.3]) {
            const { text, attributes } = alert(share);
            const answered = fn.service.requests.length + 1;
            await emulator.publish(fn.topic, text, attributes);
            await fn.service.answered(answered);
          }
          assert.ok(fn.service.requests.every(({ status }) => status === 204));
          assert.deepEqual(await endState(world), undisturbed);
        } finally {
          await emulator.stop();
        }
      }),
  );
});
