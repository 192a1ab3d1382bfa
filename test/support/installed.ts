import { installFunction, type InstalledFunction, type InstallOptions } from './install-function.ts';
import { startSandbox, type Sandbox } from '../sandbox/sandbox.ts';
import type { Scenario } from '../sandbox/scenario.ts';
import { NAME, OPERATIONS, RECEIPTS_TOPIC } from './lab.ts';

/** A sandbox with the function's bundle installed; both end with the test. */
export interface World {
  readonly sandbox: Sandbox;
  readonly fn: InstalledFunction;
}

export interface WorldOptions extends Partial<Omit<InstallOptions, 'policyText'>> {
  readonly scenario: Scenario;
  readonly policy: string;
  /** Real time instead of a clock that stands at the scenario's. */
  readonly realTime?: boolean;
}

/** Runs a test against the real bundle in the real functions-framework. */
export async function withFunction(
  options: WorldOptions,
  test: (world: World) => Promise<void>,
): Promise<void> {
  const { scenario, policy, realTime = false, ...install } = options;
  const sandbox = await startSandbox({
    scenario,
    ...(realTime ? { startMs: Date.now() } : { frozen: true }),
  });
  try {
    const fn = await installFunction(sandbox, {
      name: NAME,
      operationsProject: OPERATIONS,
      policyText: policy,
      ...install,
    });
    try {
      await test({ sandbox, fn });
    } finally {
      await fn.close();
    }
  } finally {
    await sandbox.close();
  }
}

/** A message delivered more often than this is never taken; how many messages wait, or how fast the machine is, does not count. */
const MAX_ATTEMPTS = 15;

/** Lets sandbox time pass until no message waits for its redelivery any more. */
export async function settle({ sandbox }: World): Promise<void> {
  await sandbox.pubsub.idle();
  for (;;) {
    const underWay = sandbox.pubsub.pending().filter(({ state }) => state !== 'ready');
    if (underWay.length === 0) return;
    const attempts = Math.max(...underWay.map(({ attempt }) => attempt));
    if (attempts > MAX_ATTEMPTS) throw new Error(`A message is not taken after ${attempts} deliveries`);
    const due = underWay.flatMap(({ dueAt }) => (dueAt === undefined ? [] : [Date.parse(dueAt)]));
    await sandbox.clock.advance(Math.max(0, Math.min(...due) - sandbox.clock.now()));
    await sandbox.pubsub.idle();
  }
}

/** A pull subscription on the receipts topic; call it before the tick. The result gives what has arrived since. */
export function subscribeToReceipts(sandbox: Sandbox, topic = RECEIPTS_TOPIC): () => readonly string[] {
  const name = `${topic.replace('/topics/', '/subscriptions/')}-test`;
  sandbox.pubsub.createSubscription({ name, topic });
  return () =>
    sandbox.pubsub
      .queue(name)
      .pull(1_000)
      .map(({ message }) => Buffer.from(message.data, 'base64').toString());
}
