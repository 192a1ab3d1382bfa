import { readFileSync } from 'node:fs';
import tls from 'node:tls';
import { GoogleAuth, OAuth2Client } from 'google-auth-library';
import { notebookSweep } from '../../functions/idle-notebook-stopper/index.ts';
import { createClients } from '../../shared/clients.ts';
import { runTick } from '../../shared/run-tick.ts';
import type { Runtime } from '../../shared/runtime.ts';
import { parsePolicy } from '../../shared/policy.ts';
import type { LogLine } from '../sandbox/cloud-run/function-process.ts';
import { seededRandom } from '../sandbox/faults.ts';
import { startSandbox, type Sandbox } from '../sandbox/sandbox.ts';
import type { Scenario } from '../sandbox/scenario.ts';
import { NAME, OPERATIONS } from './lab.ts';

/** The function in the test's own process, against a sandbox over TLS: its pauses take no time. */
export interface InProcess {
  readonly sandbox: Sandbox;
  readonly lines: readonly LogLine[];
  /** Delivers a tick, as often as it is called: the same message id stands for the same message. */
  deliver(options?: { readonly text?: string; readonly messageId?: string }): Promise<void>;
}

const TOPIC = `projects/${OPERATIONS}/topics/costguard-${NAME}`;

/** Runs a test with the function in this process. One at a time: all Google hosts lead to the one sandbox. */
export async function withFunctionInProcess(
  options: { readonly scenario: Scenario; readonly policy: string; readonly attemptTimeoutMs?: number },
  test: (world: InProcess) => Promise<void>,
): Promise<void> {
  const sandbox = await startSandbox({ scenario: options.scenario, frozen: true });
  try {
    await redirectTo(sandbox);
    const policy = parsePolicy(options.policy);
    for (const topic of [TOPIC, policy.receiptsTopic])
      if (topic !== undefined) sandbox.pubsub.createTopic({ name: topic });
    const account = sandbox.grant({
      functionName: NAME,
      operationsProject: OPERATIONS,
      scope: policy.scope,
      stateBucket: policy.stateBucket,
      topics: [TOPIC, ...(policy.receiptsTopic === undefined ? [] : [policy.receiptsTopic])],
    });
    const lines: LogLine[] = [];
    const runtime = runtimeIn(sandbox, account, options, lines);
    await test({
      sandbox,
      lines,
      deliver: ({ text = '{}', messageId = '13000000000001' } = {}) =>
        runTick(runtime, notebookSweep, {
          id: messageId,
          source: `//pubsub.googleapis.com/${TOPIC}`,
          time: options.scenario.clock,
          data: {
            message: {
              data: Buffer.from(text).toString('base64'),
              messageId,
              publishTime: options.scenario.clock,
            },
          },
        }),
    });
  } finally {
    await sandbox.close();
  }
}

function runtimeIn(
  sandbox: Sandbox,
  account: string,
  options: { readonly policy: string; readonly attemptTimeoutMs?: number },
  lines: LogLine[],
): Runtime {
  const authClient = new OAuth2Client();
  authClient.setCredentials({ access_token: sandbox.issueToken(account) });
  const auth = new GoogleAuth({ authClient, projectId: '-' });
  const random = seededRandom(1);
  let ids = 0;
  return {
    functionName: NAME,
    environment: {},
    auth,
    clients: createClients(auth),
    now: () => new Date(sandbox.clock.now()),
    newId: () => `${(++ids).toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`,
    ownProject: async () => OPERATIONS,
    random,
    sleep: () => new Promise((resolve) => void setImmediate(resolve)),
    attemptTimeoutMs: options.attemptTimeoutMs ?? 30_000,
    write: (line) => void lines.push(JSON.parse(line) as LogLine),
    readText: async () => options.policy,
  };
}

let sandboxes = 0;

/** The redirection that function processes get by `--import`, for this process; the last one counts. */
async function redirectTo(sandbox: Sandbox): Promise<void> {
  // It alone: every outside host is refused, and Google's own roots would be read anew for each connection.
  tls.setDefaultCACertificates([readFileSync(sandbox.caFile, 'utf8')]);
  process.env['COSTGUARD_SANDBOX_PORT'] = String(sandbox.port);
  // A name of its own each time, so that it is loaded each time; ports come again.
  await import(`../sandbox/connect-preload.ts?sandbox=${++sandboxes}`);
}
