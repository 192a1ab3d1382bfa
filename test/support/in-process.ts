import domain from 'node:domain';
import { EventEmitter } from 'node:events';
import type { AddressInfo } from 'node:net';
import { http, type HttpFunction } from '@google-cloud/functions-framework';
import { getTestServer } from '@google-cloud/functions-framework/testing';
import { GoogleAuth, OAuth2Client } from 'google-auth-library';
import { createClients } from '../../shared/google/clients/clients.ts';
import { holdBodies } from '../../shared/run/http/request-body.ts';
import { leaveDomain, type Runtime } from '../../shared/run/runtime.ts';
import type { LogLine } from '../sandbox/hosting/function-process.ts';
import { seededRandom } from '../sandbox/http/faults.ts';
import { createAccount } from './install-function.ts';
import { startSandbox, type Sandbox, type SandboxOptions } from '../sandbox/sandbox.ts';
import type { Scenario } from '../sandbox/scenario.ts';
import { OPERATIONS } from './lab.ts';
import { redirectTo } from './redirect.ts';

/** Any function in the test's own process, against a sandbox over TLS. */
export interface InProcess {
  readonly sandbox: Sandbox;
  /** What the function wrote to standard output so far. */
  readonly lines: readonly LogLine[];
  readonly runtime: Runtime;
  /** The function's own topic. */
  readonly topic: string;
  /** Delivers a message, as often as it is called: the same message id stands for the same message. */
  readonly deliver: (message?: TestMessage) => Promise<void>;
}

export interface TestMessage {
  /** `{}` when absent. */
  readonly text?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly messageId?: string;
  /** RFC 3339; where the scenario's clock starts when absent. */
  readonly publishTime?: string;
}

/** One instance of a function, as Cloud Run would have several. */
export interface Instance {
  readonly runtime: Runtime;
  readonly lines: readonly LogLine[];
  /** As SIGKILL would: no call, no log line and no step comes from it any more, and what awaits it waits for ever. */
  kill(): void;
}

export interface InstanceOptions {
  /** Deployed name; its account has the roles in `deploy/functions/<name>/`. */
  readonly name: string;
  readonly policy: string;
  readonly operationsProject?: string;
  readonly topic?: string;
  readonly attemptTimeoutMs?: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** `none`: pauses take no time at all; `sandbox`: they move the sandbox's clock. */
  readonly pauses?: 'none' | 'sandbox';
  /** Receives what is posted to webhooks; nothing may be posted when absent. */
  readonly post?: Runtime['post'];
}

/** Runs a test with one event-driven function in this process. One at a time: all Google hosts lead to one sandbox. */
export async function withFunctionInProcess(
  options: InstanceOptions & {
    readonly scenario: Scenario;
    /** What its `index.ts` does with an event. */
    readonly handle: (runtime: Runtime, event: unknown) => Promise<void>;
  },
  test: (world: InProcess) => Promise<void>,
): Promise<void> {
  const { scenario, handle } = options;
  await withSandbox({ scenario, frozen: true }, async (sandbox) => {
    const topic = topicOf(options);
    const { runtime, lines } = startInstance(sandbox, options);
    await test({
      sandbox,
      lines,
      runtime,
      topic,
      deliver: (message) => handle(runtime, eventOf(topic, { publishTime: scenario.clock, ...message })),
    });
  });
}

/** Runs a test with a sandbox to which all Google hosts lead; instances of functions come by `startInstance`. */
export async function withSandbox<T>(
  options: SandboxOptions,
  test: (sandbox: Sandbox) => Promise<T>,
): Promise<T> {
  const sandbox = await startSandbox({ ...options, keepsConnections: true });
  try {
    await redirectTo(sandbox);
    return await test(sandbox);
  } finally {
    await sandbox.close();
  }
}

/** The CloudEvent of a Pub/Sub message, as the functions-framework hands it over. */
export function eventOf(
  topic: string,
  message: Omit<TestMessage, 'publishTime'> & { readonly publishTime?: string | undefined },
): object {
  const { text = '{}', attributes = {}, messageId = '13000000000001', publishTime } = message;
  return {
    id: messageId,
    source: `//pubsub.googleapis.com/${topic}`,
    ...(publishTime === undefined ? {} : { time: publishTime }),
    data: {
      message: {
        data: Buffer.from(text).toString('base64'),
        attributes,
        messageId,
        ...(publishTime === undefined ? {} : { publishTime }),
      },
    },
  };
}

/** Deploys a function as one more instance: its account with its roles, its topics, a runtime. */
export function startInstance(sandbox: Sandbox, options: InstanceOptions): Instance {
  const { name, operationsProject = OPERATIONS } = options;
  const account = createAccount(sandbox, {
    name,
    operationsProject,
    policyText: options.policy,
    ownTopics: [topicOf(options)],
  });
  const authClient = new MortalClient();
  authClient.setCredentials({ access_token: sandbox.issueToken(account) });
  const auth = new GoogleAuth({ authClient, projectId: '-' });
  const random = seededRandom(1);
  const lines: LogLine[] = [];
  const serial = hex4(++instances);
  let ids = 0;
  const whileAlive = <T>(value: T): Promise<T> => (authClient.dead ? never() : Promise.resolve(value));
  return {
    lines,
    kill: () => void (authClient.dead = true),
    runtime: {
      functionName: name,
      environment: options.environment ?? {},
      auth,
      clients: createClients(auth),
      now: () => new Date(sandbox.clock.now()),
      newId: () => `${serial}${hex4(++ids)}-0000-4000-8000-000000000000`,
      ownProject: () => whileAlive(operationsProject),
      random,
      async sleep(milliseconds) {
        const dueMs = sandbox.clock.now() + milliseconds;
        await new Promise((resolve) => void setImmediate(resolve));
        // Who sleeps side by side wakes up side by side.
        if (options.pauses === 'sandbox' && !authClient.dead)
          await sandbox.clock.advance(Math.max(0, dueMs - sandbox.clock.now()));
        await whileAlive(undefined);
      },
      turn: () => whileAlive(undefined),
      begin: leaveDomain,
      attemptTimeoutMs: options.attemptTimeoutMs ?? 30_000,
      write: (text) => {
        if (authClient.dead) return;
        for (const line of text.split('\n')) lines.push(JSON.parse(line) as LogLine);
      },
      readText: () => whileAlive(options.policy),
      post: options.post ?? refusesToPost,
    },
  };
}

/** Serves an HTTP function in this process through the real functions-framework, while a test uses its URL. */
export async function withHttpFunction(
  handle: HttpFunction,
  test: (url: string) => Promise<void>,
): Promise<void> {
  const name = `in-process-${++servers}`;
  http(name, handle);
  const server = getTestServer(name);
  functionServers.add(server);
  holdBodiesOnce();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await test(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

// The framework calls each function in a domain, and the first domain of a process turns on hooks on all its promises. The sandbox is in
// this process as well, and a test would take a third longer. A bundle leaves its domain at the first call (`leaveDomain`).
Reflect.set(domain, 'create', () =>
  Object.assign(new EventEmitter(), {
    run: (call: () => void): void => {
      call();
    },
  }),
);

/** As `index.ts` of an HTTP function does, for the servers of functions alone: the sandbox is in this process as well. */
function holdBodiesOnce(): void {
  if (holdsBodies) return;
  holdsBodies = true;
  holdBodies((server) => typeof server === 'object' && server !== null && functionServers.has(server));
}

const functionServers = new WeakSet<object>();
let holdsBodies = false;
let instances = 0;
let servers = 0;

/** Every client calls this before a request leaves. */
class MortalClient extends OAuth2Client {
  dead = false;
  protected override getRequestMetadataAsync(
    url?: string | URL | null,
  ): ReturnType<OAuth2Client['getRequestMetadataAsync']> {
    return this.dead ? never() : super.getRequestMetadataAsync(url);
  }
}

function hex4(value: number): string {
  return value.toString(16).padStart(4, '0');
}

const refusesToPost: Runtime['post'] = () => Promise.reject(new Error('this test posts nothing'));

function never(): Promise<never> {
  return new Promise(() => undefined);
}

function topicOf({ name, operationsProject = OPERATIONS, topic }: InstanceOptions): string {
  return topic ?? `projects/${operationsProject}/topics/costguard-${name}`;
}
