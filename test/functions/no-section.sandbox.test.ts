import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { guardBudget } from '../../functions/budget-kill-switch/function.ts';
import { auditFunction } from '../../functions/egress-auditor/function.ts';
import { notebookSweep } from '../../functions/idle-notebook-stopper/function.ts';
import { lifecycleSweep } from '../../functions/lifecycle-enforcer/function.ts';
import { watchSweep } from '../../functions/spend-watch/function.ts';
import { handleEvent } from '../../shared/run/handle-event.ts';
import { handleRequest } from '../../shared/run/handle-request.ts';
import { runTick } from '../../shared/run/run-tick.ts';
import type { Runtime } from '../../shared/run/runtime.ts';
import type { LogLine } from '../sandbox/hosting/function-process.ts';
import { alert, budgetScenario, switchPolicy } from '../support/budget-lab.ts';
import {
  startInstance,
  withFunctionInProcess,
  withHttpFunction,
  withSandbox,
} from '../support/in-process.ts';
import { carriedOut, messagesOf } from '../support/observe.ts';
import { BUCKET, idle, LAB, labPolicy, labScenario } from '../support/lab.ts';

/** A policy in which every section but the one is there, and every mode that there is says enforce. */
function policyWithout(section: string): string {
  const all = [
    'notebooks:',
    'egress:',
    'lifecycle: { maxDeletedShare: 1, policies: [{ name: all, rules: [{ action: { type: Delete }, condition: { age: 1 } }] }] }',
  ];
  const common = labPolicy().replace('notebooks:\n', '');
  const budgets = section === 'budgets' ? '' : switchPolicy().replace(/^[^]*?(?=budgets:)/, '');
  return [common, budgets, ...all.filter((line) => !line.startsWith(section))].join('\n');
}

function assertRefusal(lines: readonly LogLine[], section: string): void {
  assert.equal(lines.length, 1);
  const [said = ''] = messagesOf(lines, 'ERROR');
  assert.match(said, new RegExp(`the section "${section}": the policy has none; add it`));
}

const events: readonly {
  readonly name: string;
  readonly section: string;
  readonly text?: string;
  readonly handle: (runtime: Runtime, event: unknown) => Promise<void>;
}[] = [
  {
    name: 'idle-notebook-stopper',
    section: 'notebooks',
    handle: (runtime, event) => runTick(runtime, notebookSweep, event),
  },
  {
    name: 'lifecycle-enforcer',
    section: 'lifecycle',
    handle: (runtime, event) => runTick(runtime, lifecycleSweep, event),
  },
  {
    name: 'spend-watch',
    section: 'watch',
    handle: (runtime, event) => runTick(runtime, watchSweep, event),
  },
  {
    name: 'budget-kill-switch',
    section: 'budgets',
    handle: (runtime, event) => handleEvent(runtime, event, guardBudget),
  },
];

describe('a function whose section the policy does not write', () => {
  for (const { name, section, handle } of events)
    for (const text of ['{}', `{"project": "${LAB}"}`, alert(1.2).text])
      it(`${name} answers ${text.slice(0, 20)} with an error that names it, and calls nothing`, () =>
        withFunctionInProcess(
          {
            name,
            policy: policyWithout(section),
            scenario: section === 'budgets' ? budgetScenario() : labScenario([idle('forgotten')]),
            handle,
          },
          async (world) => {
            const { sandbox, lines } = world;
            await world.deliver({ text, attributes: alert(1.2).attributes });
            assertRefusal(lines, section);
            assert.deepEqual(sandbox.callLog.calls(), []);
            assert.deepEqual(sandbox.storage.objectNames(BUCKET, ''), []);
          },
        ));

  it('egress-auditor answers with an error that names it, and calls nothing', () =>
    withSandbox({ scenario: labScenario([]), frozen: true }, async (sandbox) => {
      const { runtime, lines } = startInstance(sandbox, {
        name: 'egress-auditor',
        policy: policyWithout('egress'),
      });
      await withHttpFunction(
        (request, response) => handleRequest(runtime, request, response, auditFunction),
        async (url) => {
          const answer = await fetch(`${url}/?format=json&project=${LAB}`);
          assert.equal(answer.status, 500);
          assert.match(await answer.text(), /the section \\"egress\\": the policy has none/);
          assertRefusal(lines, 'egress');
          assert.deepEqual(sandbox.callLog.calls(), []);
        },
      );
    }));
});

const BROKEN = `${labPolicy()}budgets: { mode: on }\n`;

describe('a function when another section of the policy is wrong', () => {
  it('acts, and says what is wrong there', () =>
    withFunctionInProcess(
      {
        name: 'idle-notebook-stopper',
        policy: labPolicy(),
        scenario: labScenario([idle('forgotten')]),
        handle: (runtime, event) =>
          runTick({ ...runtime, readText: async () => BROKEN }, notebookSweep, event),
      },
      async (world) => {
        const { sandbox, lines } = world;
        await world.deliver();
        assert.deepEqual(carriedOut(sandbox, 'stop'), { forgotten: 1 }, JSON.stringify(lines));
        assert.match(
          messagesOf(lines, 'WARNING').join(),
          /this function does not read is wrong: budgets\.mode: got "on"/,
        );
      },
    ));
});
