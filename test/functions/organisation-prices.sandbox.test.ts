import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { guardBudget } from '../../functions/budget-kill-switch/function.ts';
import { notebookSweep } from '../../functions/idle-notebook-stopper/function.ts';
import { watchSweep } from '../../functions/spend-watch/function.ts';
import { handleEvent } from '../../shared/run/handle-event.ts';
import { runTick } from '../../shared/run/run-tick.ts';
import type { Decision } from '../../shared/run/receipt.ts';
import { readScenario } from '../sandbox/scenario.ts';
import { alert } from '../support/budget-lab.ts';
import { withFunctionInProcess, type InProcess } from '../support/in-process.ts';
import { receiptsIn } from '../support/observe.ts';

const OPERATIONS = 'ml-ops-example';
const BUCKET = `${OPERATIONS}-costguard`;
/** Of ml-runaway. */
const BUDGET = 'billingAccounts/0A1B2C-3D4E5F-6A7B8C/budgets/7c1d9a52-3f0e-4b6e-9a43-5d2f1e0b8c77';

const shipped = readScenario(
  fileURLToPath(new URL('../sandbox/scenarios/organisation.yaml', import.meta.url)),
);
const projects = shipped.projects.map(({ id }) => id).filter((id) => id !== OPERATIONS);

function policyOf(section: string): string {
  const scope = projects.map((id) => `projects/${id}`).join(', ');
  return `mode: observe\nscope: [${scope}]\nstate: gs://${BUCKET}\n${section}\n`;
}

type Handle = Parameters<typeof withFunctionInProcess>[0]['handle'];

/** Every decision of a function on the shipped organisation. */
async function decisionsOf(
  name: string,
  section: string,
  handle: Handle,
  run: (deliver: InProcess['deliver']) => Promise<void>,
): Promise<readonly Decision[]> {
  const found: Decision[] = [];
  await withFunctionInProcess(
    { name, scenario: shipped, operationsProject: OPERATIONS, policy: policyOf(section), handle },
    async ({ sandbox, deliver }) => {
      await run(deliver);
      found.push(...receiptsIn(sandbox, BUCKET).flatMap(({ decisions }) => decisions));
    },
  );
  return found;
}

async function tickEach(deliver: InProcess['deliver']): Promise<void> {
  for (const project of projects)
    // A zone that cannot be reached fails the event after its receipt.
    await deliver({ text: JSON.stringify({ project }), messageId: project }).catch(() => undefined);
}

const unpriced = (decisions: readonly Decision[]): readonly unknown[] =>
  decisions.flatMap(({ resource, usdPerHour, evidence }) =>
    usdPerHour === 'unpriced' ? [[resource, evidence]] : [],
  );

describe('the shipped organisation shows no machine without a price', () => {
  it('to the stopper', async () => {
    const decisions = await decisionsOf(
      'idle-notebook-stopper',
      'notebooks:',
      (runtime, event) => runTick(runtime, notebookSweep, event),
      tickEach,
    );
    expect(decisions.length).toBeGreaterThan(10);
    expect(unpriced(decisions)).toEqual([]);
  });

  it('to the switch', async () => {
    const decisions = await decisionsOf(
      'budget-kill-switch',
      `budgets: {mode: observe, allow: [${BUDGET}]}`,
      (runtime, event) => handleEvent(runtime, event, guardBudget, ['budgets']),
      (deliver) =>
        deliver({
          ...alert(1.1, { budget: BUDGET, data: { costAmount: 550, budgetAmount: 500 } }),
          messageId: '1',
        }),
    );
    const stops = decisions.filter(
      ({ reason, resource }) => /^rung-/.test(reason) && /\/(?:locations|zones)\//.test(resource),
    );
    expect(stops.length).toBeGreaterThan(3);
    expect(unpriced(stops)).toEqual([]);
    const left = decisions.flatMap(
      ({ evidence }) => (evidence['leftBurning'] ?? []) as readonly { readonly cost: string }[],
    );
    expect(left.length).toBeGreaterThan(1);
    // The machine has its price; a fee of the service that no source has comes on top.
    const hasPrice = /^(?:at least )?\$\d/;
    expect(left.filter(({ cost }) => !hasPrice.test(cost))).toEqual([]);
  });

  it('to the spend watch', async () => {
    const decisions = await decisionsOf(
      'spend-watch',
      `budgets: {mode: observe, allow: [${BUDGET}]}\nwatch:`,
      (runtime, event) => runTick(runtime, watchSweep, event),
      tickEach,
    );
    const burning = decisions.filter(({ usdPerHour }) => Number(usdPerHour) > 0);
    expect(burning.length).toBeGreaterThan(2);
    expect(decisions.map(({ evidence }) => evidence['unpriced'])).toEqual(projects.map(() => 0));
  });
});
