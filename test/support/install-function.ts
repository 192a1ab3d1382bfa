import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { parsePolicy, type Policy } from '../../shared/policy/policy.ts';
import { eventarcEndpoint } from '../sandbox/hosting/cloud-event.ts';
import {
  startFunctionProcess,
  type FunctionProcess,
  type LogLine,
} from '../sandbox/hosting/function-process.ts';
import { startService, type CloudRunService } from '../sandbox/hosting/service.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';

/** A function's bundle as it stands in the sandbox after a deployment: service, account, roles. */
export interface InstalledService {
  readonly name: string;
  readonly account: string;
  readonly service: CloudRunService;
  /** What all instances wrote to standard output so far. */
  readonly lines: readonly LogLine[];
  /** Replaces the policy in force, as a change of the object behind POLICY_URI would. */
  setPolicy(text: string): void;
  close(): Promise<void>;
}

/** The same with its topic and push subscription. */
export interface InstalledFunction extends InstalledService {
  /** projects/P/topics/T */
  readonly topic: string;
  readonly subscription: string;
  /** Publishes a message and waits until nothing is under way any more. */
  tick(message?: object | string, attributes?: Readonly<Record<string, string>>): Promise<void>;
}

export interface InstallOptions {
  readonly name: string;
  readonly operationsProject: string;
  readonly policyText: string;
  /** `projects/P/topics/T`; `costguard-<name>` in the operations project when absent. */
  readonly topic?: string;
  readonly maxInstances?: number;
  readonly concurrency?: number;
  /** Bundles; `dist` of the checkout when absent. */
  readonly distDir?: string;
  readonly onLine?: (line: LogLine) => void;
  readonly environment?: Readonly<Record<string, string>>;
  /** Starts an instance in place of a process with the bundle; `onLine` takes what it logs, the policy is read for each event. */
  readonly startInstance?: (onLine: (line: LogLine) => void, policyFile: string) => Promise<FunctionProcess>;
}

/** Real time that Cloud Run gives an event, and Pub/Sub's longest ack deadline. */
const TIMEOUT_MS = 540_000;
const ACK_DEADLINE_SECONDS = 600;

/** Installs a function that Pub/Sub drives. */
export async function installFunction(sandbox: Sandbox, options: InstallOptions): Promise<InstalledFunction> {
  const { name, operationsProject } = options;
  const topic = options.topic ?? `projects/${operationsProject}/topics/costguard-${name}`;
  const subscription = `projects/${operationsProject}/subscriptions/eventarc-us-central1-${name}-sub`;
  ensureTopic(sandbox, topic);
  const installed = await startInstalled(sandbox, options, [topic]);
  sandbox.pubsub.createSubscription({
    name: subscription,
    topic,
    ackDeadlineSeconds: ACK_DEADLINE_SECONDS,
    // As the deployment sets it: Eventarc's default is a day.
    messageRetentionDuration: '604800s',
    pushConfig: { pushEndpoint: eventarcEndpoint(installed.service.url, topic) },
  });
  return {
    ...installed,
    topic,
    subscription,
    async tick(message = {}, attributes = {}) {
      const text = typeof message === 'string' ? message : JSON.stringify(message);
      sandbox.pubsub.publish(topic, [{ data: Buffer.from(text).toString('base64'), attributes }]);
      await sandbox.pubsub.idle();
    },
  };
}

/** Installs a function that is called over HTTP, at `service.url`. */
export async function installHttpFunction(
  sandbox: Sandbox,
  options: InstallOptions,
): Promise<InstalledService> {
  return startInstalled(sandbox, options, []);
}

async function startInstalled(
  sandbox: Sandbox,
  options: InstallOptions,
  ownTopics: readonly string[],
): Promise<InstalledService> {
  const { name, operationsProject } = options;
  const policyFile = join(sandbox.folder, `${name}.costguard.yaml`);
  writeFileSync(policyFile, options.policyText);
  const account = createAccount(sandbox, {
    name,
    operationsProject,
    policyText: options.policyText,
    ownTopics,
  });

  const environment = await sandbox.functionEnvironment(account);
  const lines: LogLine[] = [];
  const onLine = (line: LogLine): void => {
    lines.push(line);
    options.onLine?.(line);
  };
  const service = await startService({
    name,
    maxInstances: options.maxInstances ?? 1,
    concurrency: options.concurrency ?? 1,
    timeoutMs: TIMEOUT_MS,
    now: () => sandbox.clock.now(),
    startInstance: () =>
      options.startInstance?.(onLine, policyFile) ??
      startFunctionProcess({
        source: join(options.distDir ?? fileURLToPath(new URL('../../dist', import.meta.url)), name),
        target: name,
        environment: {
          ...environment,
          ...deployedEnvironment(name),
          POLICY_URI: policyFile,
          ...options.environment,
        },
        nodeArguments: sandbox.preload,
        onLine,
      }),
  });
  return {
    name,
    account,
    service,
    lines,
    setPolicy: (text) => {
      writeFileSync(policyFile, text);
    },
    close: () => service.close(),
  };
}

/** The variables that deploy.sh sets for a function's process, from its function.yaml; none for one that has no such file. */
export function deployedEnvironment(name: string): Readonly<Record<string, string>> {
  const file = fileURLToPath(new URL(`../../deploy/functions/${name}/function.yaml`, import.meta.url));
  if (!existsSync(file)) return {};
  const { nodeOptions, timeout } = parse(readFileSync(file, 'utf8')) as {
    readonly nodeOptions: string;
    readonly timeout: string;
  };
  return { NODE_OPTIONS: nodeOptions, TIMEOUT_SECONDS: timeout.replace('s', '') };
}

/** Makes a function's topics and gives its account what its policy needs; returns the account. */
export function createAccount(
  sandbox: Sandbox,
  options: Pick<InstallOptions, 'name' | 'operationsProject' | 'policyText'> & {
    readonly ownTopics: readonly string[];
  },
): string {
  const policy = readPolicy(options.policyText);
  const topics = [
    ...options.ownTopics,
    ...(policy?.receiptsTopic === undefined ? [] : [policy.receiptsTopic]),
  ];
  for (const topic of topics) ensureTopic(sandbox, topic);
  return sandbox.grant({
    functionName: options.name,
    operationsProject: options.operationsProject,
    scope: policy?.scope ?? [],
    stateBucket: policy?.stateBucket,
    topics,
    metrics: policy?.watch?.metrics ?? false,
    actsAs: options.name === 'budget-restore' ? (policy?.budgets?.modelAccounts ?? []) : [],
    billingAccounts: [
      ...new Set(policy?.budgets?.allow.map((budget) => budget.replace(/\/budgets\/.*$/, ''))),
    ],
  });
}

function ensureTopic(sandbox: Sandbox, topic: string): void {
  const project = topic.replace(/\/topics\/.*$/, '');
  if (!sandbox.pubsub.topics(project).some((known) => known.name === topic))
    sandbox.pubsub.createTopic({ name: topic });
}

/** Undefined for a policy that is wrong on purpose: then nothing is granted. */
function readPolicy(text: string): Policy | undefined {
  try {
    return parsePolicy(text);
  } catch {
    return undefined;
  }
}
