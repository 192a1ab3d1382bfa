import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';
import { notebookSweep } from '../../../functions/idle-notebook-stopper/function.ts';
import { runTick } from '../../../shared/run/run-tick.ts';
import { readScenario } from '../../sandbox/scenario.ts';
import { withFunctionInProcess } from '../../support/in-process.ts';
import { NAME } from '../../support/lab.ts';
import { receiptsIn } from '../../support/observe.ts';
import { checkSaying } from './verdict-table.ts';

const OPERATIONS = 'ml-ops-example';
const BUCKET = `${OPERATIONS}-costguard`;
const scenario = readScenario(
  fileURLToPath(new URL('../../sandbox/scenarios/organisation.yaml', import.meta.url)),
);
const projects = scenario.projects.filter(({ notebooks }) => notebooks.length > 0).map(({ id }) => id);

describe('idle-notebook-stopper on the shipped organisation', () => {
  it('says of every notebook, kept or not, what a person would say, in two lines at most', () =>
    withFunctionInProcess(
      {
        name: NAME,
        scenario,
        operationsProject: OPERATIONS,
        policy: `mode: observe\nscope: [${projects.map((id) => `projects/${id}`).join(', ')}]\nstate: gs://${BUCKET}\nnotebooks:\n`,
        handle: (runtime, event) => runTick(runtime, notebookSweep, event),
      },
      async ({ sandbox, deliver }) => {
        for (const project of projects)
          await deliver({ text: JSON.stringify({ project }), messageId: project }).catch(() => undefined);
        const decisions = receiptsIn(sandbox, BUCKET).flatMap((receipt) => receipt.decisions);
        const judged = new Set(decisions.map(({ resource }) => resource)).size;
        assert.ok(judged > 10, `not a real test: ${judged} notebooks`);
        for (const { evidence } of decisions) checkSaying(evidence['says']);
      },
    ));
});
