import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parsePolicy, type Policy } from '../../shared/policy.ts';
import { eventarcEndpoint } from './cloud-run/cloud-event.ts';
import { startFunctionProcess, type LogLine } from './cloud-run/function-process.ts';
import { startService, type CloudRunService } from './cloud-run/service.ts';
import type { Sandbox } from './sandbox.ts';

/** A function's bundle as it stands in the sandbox after a deployment: topic, push subscription, service, account, roles. */
export interface InstalledFunction {
  readonly name: string;
  readonly account: string;
  /** projects/P/topics/T */
  readonly topic: string;
  readonly subscription: string;
  readonly service: CloudRunService;
  /** What all instances wrote to standard output so far. */
  readonly lines: readonly LogLine[];
  /** Publishes a tick and waits until nothing is under way any more. */
  tick(message?: object | string): Promise<void>;
  /** Replaces the policy in force, as a change of the object behind POLICY_URI would. */
  setPolicy(text: string): void;
  close(): Promise<void>;
}

export interface InstallOptions {
  readonly name: string;
  readonly operationsProject: string;
  readonly policyText: string;
  readonly maxInstances?: number;
  readonly concurrency?: number;
  /** Bundles; `dist` of the checkout when absent. */
  readonly distDir?: string;
  readonly onLine?: (line: LogLine) => void;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Real time that Cloud Run gives an event, and Pub/Sub's longest ack deadline. */
const TIMEOUT_MS = 540_000;
const ACK_DEADLINE_SECONDS = 600;

export async function installFunction(sandbox: Sandbox, options: InstallOptions): Promise<InstalledFunction> {
  const { name, operationsProject } = options;
  const topic = `projects/${operationsProject}/topics/costguard-${name}`;
  const subscription = `projects/${operationsProject}/subscriptions/eventarc-us-central1-${name}-sub`;
  const policyFile = join(sandbox.folder, `${name}.costguard.yaml`);
  mkdirSync(sandbox.folder, { recursive: true });
  writeFileSync(policyFile, options.policyText);

  const granted = readPolicy(options.policyText);
  const account = sandbox.grant({
    functionName: name,
    operationsProject,
    scope: granted?.scope ?? [],
    stateBucket: granted?.stateBucket,
    topics: [topic, ...(granted?.receiptsTopic === undefined ? [] : [granted.receiptsTopic])],
  });
  for (const needed of new Set([topic, granted?.receiptsTopic]))
    if (
      needed !== undefined &&
      !sandbox.pubsub.topics(needed.replace(/\/topics\/.*$/, '')).some((known) => known.name === needed)
    )
      sandbox.pubsub.createTopic({ name: needed });

  const environment = await sandbox.functionEnvironment(account);
  const lines: LogLine[] = [];
  const service = await startService({
    name,
    maxInstances: options.maxInstances ?? 1,
    concurrency: options.concurrency ?? 1,
    timeoutMs: TIMEOUT_MS,
    now: () => sandbox.clock.now(),
    startInstance: () =>
      startFunctionProcess({
        source: join(options.distDir ?? fileURLToPath(new URL('../../dist', import.meta.url)), name),
        target: name,
        environment: { ...environment, POLICY_URI: policyFile, ...options.environment },
        nodeArguments: sandbox.preload,
        onLine(line) {
          lines.push(line);
          options.onLine?.(line);
        },
      }),
  });
  sandbox.pubsub.createSubscription({
    name: subscription,
    topic,
    ackDeadlineSeconds: ACK_DEADLINE_SECONDS,
    pushConfig: { pushEndpoint: eventarcEndpoint(service.url, topic) },
  });

  return {
    name,
    account,
    topic,
    subscription,
    service,
    lines,
    async tick(message = {}) {
      const text = typeof message === 'string' ? message : JSON.stringify(message);
      sandbox.pubsub.publish(topic, [{ data: Buffer.from(text).toString('base64') }]);
      await sandbox.pubsub.idle();
    },
    setPolicy: (text) => {
      writeFileSync(policyFile, text);
    },
    close: () => service.close(),
  };
}

/** Undefined for a policy that is wrong on purpose: then nothing is granted. */
function readPolicy(text: string): Policy | undefined {
  try {
    return parsePolicy(text);
  } catch {
    return undefined;
  }
}
