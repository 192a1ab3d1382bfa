import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild, type Child } from './child.ts';
import { freePort } from './free-port.ts';

/** Google's own Pub/Sub emulator, running. */
export interface Emulator {
  /** `127.0.0.1:PORT`, as PUBSUB_EMULATOR_HOST takes it. */
  readonly host: string;
  createTopic(topic: string): Promise<void>;
  /** `settings`: more fields of the subscription, e.g. `{ ackDeadlineSeconds: 10, retryPolicy: {…} }`. */
  createPushSubscription(
    subscription: string,
    topic: string,
    pushEndpoint: string,
    settings?: object,
  ): Promise<void>;
  /** Publishes `data` as UTF-8 text and returns the message id. */
  publish(topic: string, data: string, attributes?: Readonly<Record<string, string>>): Promise<string>;
  stop(): Promise<void>;
}

/** Why the emulator cannot run on this machine; undefined when it can. */
export function emulatorMissing(path: string): string | undefined {
  const missing = ['gcloud', 'java'].filter(
    (program) => !path.split(delimiter).some((folder) => existsSync(join(folder, program))),
  );
  return missing.length === 0
    ? undefined
    : `Google's Pub/Sub emulator needs ${missing.join(' and ')} in PATH`;
}

const START_TIMEOUT_MS = 60_000;

/** Starts the emulator and waits until it listens. `path` is the PATH with gcloud and java. */
export async function startEmulator(options: {
  readonly project: string;
  readonly path: string;
}): Promise<Emulator> {
  const folder = mkdtempSync(join(tmpdir(), 'costguard-emulator-'));
  const host = `127.0.0.1:${await freePort()}`;
  const child = await startChild(
    process.execPath,
    [
      fileURLToPath(new URL('watchdog.ts', import.meta.url)),
      'gcloud', 'beta', 'emulators', 'pubsub', 'start', `--host-port=${host}`, `--project=${options.project}`, `--data-dir=${folder}`,
    ], // prettier-ignore
    {
      PATH: options.path,
      HOME: folder,
      CLOUDSDK_CONFIG: join(folder, 'gcloud'),
      CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
      CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: '1',
      CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: '1',
    },
    folder,
  );
  const stop = async (): Promise<void> => {
    child.hangUp();
    await child.exited;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilListening(child);
  } catch (error) {
    await stop();
    throw error;
  }
  const call = (method: 'PUT' | 'POST', path: string, body: object): Promise<unknown> =>
    callRest(host, method, path, body);
  return {
    host,
    async createTopic(topic) {
      await call('PUT', topic, {});
    },
    async createPushSubscription(subscription, topic, pushEndpoint, settings = {}) {
      await call('PUT', subscription, { topic, pushConfig: { pushEndpoint }, ...settings });
    },
    async publish(topic, data, attributes = {}) {
      const message = { data: Buffer.from(data).toString('base64'), attributes };
      const reply = (await call('POST', `${topic}:publish`, { messages: [message] })) as {
        messageIds?: string[];
      };
      const id = reply.messageIds?.[0];
      if (id === undefined) throw new Error(`Cannot publish to "${topic}": the emulator gave no message id`);
      return id;
    },
    stop,
  };
}

function untilListening(child: Child): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      reject(
        new Error(
          `Cannot start the Pub/Sub emulator: ${why}\n${[...child.stdout, ...child.stderr].join('\n')}`,
        ),
      );
    };
    const timeout = setTimeout(() => {
      fail(`it did not listen within ${START_TIMEOUT_MS} ms`);
    }, START_TIMEOUT_MS);
    void child.exited.then((exit) => {
      clearTimeout(timeout);
      fail(`it ended with ${exit.signal ?? `code ${String(exit.code)}`}`);
    });
    child.onLine((line) => {
      if (!line.includes('Server started, listening on')) return;
      clearTimeout(timeout);
      resolve();
    });
  });
}

async function callRest(host: string, method: string, path: string, body: object): Promise<unknown> {
  const response = await fetch(`http://${host}/v1/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok)
    throw new Error(`Cannot ${method} "${path}": the emulator answered ${response.status} ${text}`);
  return JSON.parse(text);
}
