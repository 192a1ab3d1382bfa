import { watchSweep } from '../../functions/spend-watch/function.ts';
import type { Decision, Receipt } from '../../shared/run/receipt.ts';
import { runTick } from '../../shared/run/run-tick.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { BUDGET, budgetScenario, RUNAWAY, type BudgetLab } from './budget-lab.ts';
import { eventOf, startInstance, withSandbox, type Instance, type InstanceOptions } from './in-process.ts';
import { BUCKET, OPERATIONS } from './lab.ts';
import { lastReceipt } from './observe.ts';

const MINUTE = 60_000;

/** A policy that watches the runaway project; `more` are lines of its section `watch`, or sections behind it. */
export function watchPolicy(...more: readonly string[]): string {
  return [
    'mode: observe',
    `scope: [projects/${RUNAWAY}]`,
    `state: gs://${BUCKET}`,
    `budgets: {mode: observe, allow: [${BUDGET}]}`,
    'watch:',
    '  discountAtMost: 0',
    ...more,
    '',
  ].join('\n');
}

/** An object in the state bucket; null where there is none. */
export function readState({ storage }: Sandbox, name: string): unknown {
  return JSON.parse(storage.objectText(BUCKET, name) ?? 'null');
}

/** As an owner of the bucket may, by hand. */
export async function writeState(sandbox: Sandbox, name: string, text: string): Promise<void> {
  const owner = 'owner@example.com';
  sandbox.iam.bind({ member: owner, role: 'roles/owner', permissions: 'all', on: `buckets/${BUCKET}` });
  const query = new URLSearchParams({ uploadType: 'media', name });
  const answer = await fetch(
    `https://storage.googleapis.com/upload/storage/v1/b/${BUCKET}/o?${query.toString()}`,
    {
      method: 'POST',
      headers: { authorization: `Bearer ${sandbox.issueToken(owner)}` },
      body: text,
    },
  );
  if (!answer.ok) throw new Error(`Cannot write "${name}": HTTP ${answer.status}`);
}

export interface Watch {
  readonly sandbox: Sandbox;
  readonly instance: Instance;
  /** One tick, so many minutes after the last one, for the runaway project unless said; returns the decision of its receipt. */
  readonly look: (minutes?: number, tick?: object) => Promise<Look>;
}

/** What a look's receipt says, and its one decision. */
export type Look = Pick<Receipt, 'incomplete' | 'apiCalls' | 'pointsWritten'> &
  Pick<Decision, 'reason' | 'evidence'> & { readonly usdPerHour: number };

/** Watches the budget lab in-process. */
export async function withWatch(
  text: string,
  test: (watch: Watch) => Promise<void>,
  { attemptTimeoutMs, ...lab }: BudgetLab & Pick<InstanceOptions, 'attemptTimeoutMs'> = {},
): Promise<void> {
  await withSandbox({ scenario: budgetScenario(lab), frozen: true }, async (sandbox) => {
    const instance = startInstance(sandbox, {
      name: 'spend-watch',
      policy: text,
      operationsProject: OPERATIONS,
      pauses: 'sandbox',
      ...(attemptTimeoutMs === undefined ? {} : { attemptTimeoutMs }),
    });
    let round = 0;
    await test({
      sandbox,
      instance,
      async look(minutes = 0, tick = { project: RUNAWAY }) {
        if (minutes > 0) await sandbox.clock.advance(minutes * MINUTE);
        const event = eventOf(`projects/${OPERATIONS}/topics/costguard-spend-watch`, {
          text: JSON.stringify(tick),
          messageId: `15000000${round++}`,
          publishTime: new Date(sandbox.clock.now()).toISOString(),
        });
        await runTick(instance.runtime, watchSweep, event);
        return decisionIn(sandbox);
      },
    });
  });
}

/** What the last look's receipt says. */
export function decisionIn(sandbox: Sandbox): Look {
  const receipt = lastReceipt(sandbox, BUCKET, 'spend-watch');
  const [decision] = receipt.decisions;
  if (decision === undefined) throw new Error('Cannot find the decision in the last receipt');
  return { ...receipt, ...decision, usdPerHour: Number(decision.usdPerHour) };
}
