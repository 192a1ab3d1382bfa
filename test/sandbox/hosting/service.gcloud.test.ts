import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { createClock, type Clock } from '../clock/clock.ts';
import { createBroker, type Broker } from '../services/pubsub/broker.ts';
import { postToThisMachine } from '../services/pubsub/post.ts';
import { eventarcEndpoint } from './cloud-event.ts';
import { emulatorMissing, startEmulator } from './emulator.ts';
import { startFunctionProcess, type FunctionProcess, type LogLine } from './function-process.ts';
import { startService, type CloudRunService, type ServiceOptions } from './service.ts';
import { needs } from '../../support/needs.ts';

const TOPIC = 'projects/ml-ops-local/topics/tick';
const SUB = 'projects/ml-ops-local/subscriptions/tick-sub';

/** Logs each event; "hang" never answers, "hang-once" not the first time, "pair" once two of them are at work, "fail" throws. The framework is found beside this repository's packages. */
const FUNCTION = `
const { existsSync, readdirSync, writeFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const functions = createRequire(${JSON.stringify(fileURLToPath(import.meta.url))})('@google-cloud/functions-framework');
functions.cloudEvent('tiny', async (event) => {
  const text = Buffer.from(event.data.message.data, 'base64').toString();
  const hangs = text === 'hang' || (text === 'hang-once' && !existsSync('hung'));
  if (hangs) writeFileSync('hung', '');
  console.log(JSON.stringify({ text, id: event.id, source: event.source, type: event.type, time: event.time, at: process.env.GREETING }));
  if (text === 'pair') {
    writeFileSync('pair-' + event.id, '');
    while (readdirSync('.').filter((name) => name.startsWith('pair-')).length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  if (text === 'fail') throw new Error('told to fail');
  if (hangs) await new Promise(() => setInterval(() => undefined, 1000));
});
`;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'costguard-tiny-'));
  writeFileSync(join(folder, 'index.js'), FUNCTION);
  writeFileSync(join(folder, 'package.json'), '{"main":"index.js"}');
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Resolves at the first line that matches. */
function lineWatcher(): {
  onLine: (line: LogLine) => void;
  seen: (text: string, times?: number) => Promise<LogLine>;
} {
  const lines: LogLine[] = [];
  const waiting = new Set<() => void>();
  return {
    onLine(line) {
      lines.push(line);
      for (const check of waiting) check();
    },
    seen: (text, times = 1) =>
      new Promise((resolve) => {
        const check = (): void => {
          const found = lines.filter((line) => typeof line === 'object' && line['text'] === text)[times - 1];
          if (found === undefined) return;
          waiting.delete(check);
          resolve(found);
        };
        waiting.add(check);
        check();
      }),
  };
}

async function withTiny(
  overrides: Partial<ServiceOptions>,
  run: (context: {
    service: CloudRunService;
    broker: Broker;
    clock: Clock;
    seen: (text: string, times?: number) => Promise<LogLine>;
    started: FunctionProcess[];
  }) => Promise<void>,
): Promise<void> {
  const clock = createClock({ startMs: Date.parse('2026-11-18T09:00:00Z'), frozen: true });
  const { onLine, seen } = lineWatcher();
  const started: FunctionProcess[] = [];
  const service = await startService({
    name: 'tiny',
    now: () => clock.now(),
    async startInstance() {
      const instance = await startFunctionProcess({
        source: folder,
        target: 'tiny',
        environment: { GREETING: 'moin' },
        onLine,
      });
      started.push(instance);
      return instance;
    },
    ...overrides,
  });
  const broker = createBroker({ clock, post: postToThisMachine });
  broker.createTopic({ name: TOPIC });
  broker.createSubscription({
    name: SUB,
    topic: TOPIC,
    ackDeadlineSeconds: 600,
    pushConfig: { pushEndpoint: eventarcEndpoint(service.url, TOPIC) },
  });
  try {
    await run({ service, broker, clock, seen, started });
  } finally {
    broker.close();
    await service.close();
    rmSync(join(folder, 'hung'), { force: true });
  }
  for (const instance of started) assert.throws(() => process.kill(instance.pid, 0), { code: 'ESRCH' });
}

const message = (text: string) => ({ data: Buffer.from(text).toString('base64') });

describe('startService with the real functions-framework', () => {
  it('delivers a push as a CloudEvent', () =>
    withTiny({}, async ({ service, broker, seen }) => {
      const [id] = broker.publish(TOPIC, [message('hello')]);
      await broker.idle();
      assert.deepEqual(await seen('hello'), {
        text: 'hello',
        id,
        source: '//pubsub.googleapis.com/projects/ml-ops-local/topics/tick',
        type: 'google.cloud.pubsub.topic.v1.messagePublished',
        time: '2026-11-18T09:00:00.000Z',
        at: 'moin',
      });
      assert.deepEqual(
        broker.deliveries.map(({ result, status }) => [result, status]),
        [['acked', 204]],
      );
      assert.equal(service.requests[0]?.status, 204);
      assert.equal(service.requests[0].eventId, id);
      assert.equal(service.requests[0].instance, 1);
    }));

  it('answers 503 for an instance killed in the middle, and a new one takes the redelivery', () =>
    withTiny({}, async ({ service, broker, clock, seen }) => {
      broker.publish(TOPIC, [message('hang-once')]);
      await seen('hang-once');
      service.instances[0]?.kill('SIGKILL');
      await broker.idle();
      assert.equal(service.requests[0]?.status, 503);
      assert.equal(broker.pending()[0]?.state, 'waiting');
      await clock.advance(10_000);
      assert.deepEqual(
        broker.deliveries.map(({ attempt, result, status }) => [attempt, result, status]),
        [
          [1, 'nacked', 503],
          [2, 'acked', 204],
        ],
      );
      assert.deepEqual(
        service.requests.map(({ status, instance }) => [status, instance]),
        [
          [503, 1],
          [204, 2],
        ],
      );
      assert.deepEqual(broker.pending(), []);
    }));

  it('answers 504 when the request timeout passes', () =>
    withTiny({ timeoutMs: 50 }, async ({ service, broker }) => {
      broker.publish(TOPIC, [message('hang')]);
      await broker.idle();
      assert.equal(service.requests[0]?.status, 504);
      assert.equal(broker.deliveries[0]?.status, 504);
    }));

  it('starts instances as needed up to the most, and queues beyond that', () =>
    withTiny({ maxInstances: 2 }, async ({ broker, service, started }) => {
      broker.publish(TOPIC, ['pair', 'b', 'c', 'd', 'pair'].map(message));
      await broker.idle();
      assert.equal(started.length, 2);
      assert.deepEqual([...new Set(service.requests.map(({ instance }) => instance))].sort(), [1, 2]);
      assert.deepEqual(
        broker.deliveries.map(({ result }) => result),
        ['acked', 'acked', 'acked', 'acked', 'acked'],
      );
    }));

  it('passes a failure of the function on as 500', () =>
    withTiny({}, async ({ broker, service }) => {
      broker.publish(TOPIC, [message('fail')]);
      await broker.idle();
      assert.equal(service.requests[0]?.status, 500);
      assert.equal(broker.deliveries[0]?.result, 'nacked');
    }));
});

describe('startFunctionProcess', () => {
  it('throws with the output when the function cannot be loaded', async () => {
    await assert.rejects(
      startFunctionProcess({ source: folder, target: 'other', environment: {} }),
      /Cannot start the function "other"[^]*not defined/,
    );
  });
});

describe('startEmulator', () => {
  const missing = emulatorMissing(process.env['PATH'] ?? '');

  it("delivers from Google's Pub/Sub emulator to the function, again after a failure", needs(missing), () =>
    withTiny({}, async ({ service, seen }) => {
      const emulator = await startEmulator({ project: 'ml-ops-local', path: process.env['PATH'] ?? '' });
      try {
        await emulator.createTopic(TOPIC);
        const retryPolicy = { minimumBackoff: '0.1s', maximumBackoff: '0.1s' };
        await emulator.createPushSubscription(SUB, TOPIC, eventarcEndpoint(service.url, TOPIC), {
          ackDeadlineSeconds: 60,
          retryPolicy,
        });
        const id = await emulator.publish(TOPIC, 'hello');
        assert.equal(((await seen('hello')) as { id: string }).id, id);
        await emulator.publish(TOPIC, 'hang-once');
        await seen('hang-once');
        service.instances[0]?.kill('SIGKILL');
        await seen('hang-once', 2);
      } finally {
        await emulator.stop();
      }
      await assert.rejects(fetch(`http://${emulator.host}/`));
    }),
  );
});

describe('emulatorMissing', () => {
  it('names what is not in the PATH', () => {
    assert.equal(emulatorMissing('/nowhere'), "Google's Pub/Sub emulator needs gcloud and java in PATH");
  });
});
