import { z } from 'zod';
import type { InstalledFunction, InstalledService } from '../support/install-function.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { presentOf } from '../sandbox/services/vertex/state.ts';
import { clockText, headline } from './headline.ts';
import { renderTable } from './table.ts';

const MINUTE_MS = 60_000;
const STEP_MS = 10 * MINUTE_MS;

/** The runaway project passes 120 % within this time. */
const LONGEST_MS = 16 * 60 * MINUTE_MS;

const PROJECT = 'ml-runaway';

/** The kill switch's story: spend rises past every rung, the ladder answers, and the restore brings everything back. */
export async function tellSwitchStory(
  sandbox: Sandbox,
  killSwitch: InstalledFunction,
  restore: InstalledService,
): Promise<void> {
  const [budget] = sandbox.scenario.billing.budgets.filter((known) => known.projects.includes(PROJECT));
  if (budget === undefined)
    throw new Error(`Cannot tell the story: the scenario has no budget for ${PROJECT}`);
  headline(
    sandbox,
    `Now the kill switch. ${PROJECT} spends ${rate(sandbox)}; its budget is $${budget.usd} a month.`,
  );
  const before = states(sandbox);
  const fired = await fireDueRungs(sandbox, killSwitch, budget.name);
  // Without billing, Google stops what still runs.
  await sandbox.clock.advance(5 * MINUTE_MS);
  showStates(before, states(sandbox), 'BEFORE', 'AFTER THE LADDER');
  console.log(`\n${PROJECT} now spends ${rate(sandbox)}; ${fired} rungs have fired, each once.`);

  headline(
    sandbox,
    'An operator raises the budget and requests everything back: GET shows the plan, POST carries it out.',
  );
  const answer = await callRestore(sandbox, restore, budget.name);
  showAnswer(answer);
  await sandbox.clock.advance(5 * MINUTE_MS);
  showStates(before, states(sandbox), 'BEFORE', 'AFTER THE RESTORE');
}

/** Lets time pass until the last rung has fired, and says what each one did when it does. */
async function fireDueRungs(
  sandbox: Sandbox,
  killSwitch: InstalledFunction,
  budget: string,
): Promise<number> {
  let told = killSwitch.lines.length;
  let fired = 0;
  const untilMs = sandbox.clock.now() + LONGEST_MS;
  while (fired < 4 && sandbox.clock.now() < untilMs) {
    await sandbox.clock.advance(STEP_MS);
    await whileTimeFlies(sandbox, () => sandbox.pubsub.idle());
    for (const line of killSwitch.lines.slice(told)) {
      const alert = alertSchema.safeParse(line);
      const decision = decisionSchema.safeParse(line);
      if (alert.success) {
        fired += 1;
        console.log(`${clockText(sandbox.clock.now())}  ${alert.data.message}`);
      } else if (
        decision.success &&
        decision.data.decision.resource !== budget &&
        !decision.data.decision.action.includes('-')
      )
        console.log(
          `                    ${decision.data.decision.action} (${decision.data.decision.outcome}): ${decision.data.decision.resource.replace(/^projects\/[^/]+\//, '')}`,
        );
    }
    told = killSwitch.lines.length;
  }
  return fired;
}

const alertSchema = z.looseObject({ alert: z.literal('budget-rung'), message: z.string() });
const decisionSchema = z.looseObject({
  decision: z.looseObject({ action: z.string(), outcome: z.string(), resource: z.string() }),
});

const answerSchema = z.looseObject({
  results: z.array(
    z.looseObject({
      resource: z.string(),
      action: z.string(),
      outcome: z.string(),
      why: z.string().optional(),
      losses: z.array(z.string()).optional(),
    }),
  ),
});

/** Asks for the plan, then for the restore itself. */
async function callRestore(
  sandbox: Sandbox,
  restore: InstalledService,
  budget: string,
): Promise<z.infer<typeof answerSchema>> {
  const period = `${new Date(sandbox.clock.now()).toISOString().slice(0, 7)}-01`;
  const plan = await fetch(`${restore.service.url}?budget=${budget}&period=${period}`);
  if (!plan.ok) throw new Error(`The plan was answered with ${plan.status}: ${await plan.text()}`);
  const response = await whileTimeFlies(sandbox, () =>
    fetch(restore.service.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ budget, period }),
    }),
  );
  if (!response.ok)
    throw new Error(`The restore was answered with ${response.status}: ${await response.text()}`);
  return answerSchema.parse(await response.json());
}

/** Real milliseconds between two moves of the clock, and how far each goes: an hour passes in a minute and a half. */
const TICK_MS = 25;
const JUMP_MS = 1_000;

/** Waits for something that itself waits for sandbox time to pass. */
async function whileTimeFlies<T>(sandbox: Sandbox, wait: () => Promise<T>): Promise<T> {
  let ready = true;
  const moving = setInterval(() => {
    if (!ready) return;
    ready = false;
    void sandbox.clock.advance(JUMP_MS).finally(() => (ready = true));
  }, TICK_MS);
  try {
    return await wait();
  } finally {
    clearInterval(moving);
  }
}

function showAnswer({ results }: z.infer<typeof answerSchema>): void {
  console.log(
    renderTable(
      [
        { heading: 'RESOURCE', width: 40 },
        { heading: 'RESTORE', width: 16 },
        { heading: 'REMARK', width: 64 },
      ],
      results.map(({ resource, action, outcome, why, losses }) => [
        short(resource),
        `${action === 'none' ? '' : `${action}: `}${outcome}`,
        [why, losses === undefined ? undefined : `lost for good: ${losses.join(', ')}`]
          .filter(Boolean)
          .join('; '),
      ]),
    ),
  );
  console.log();
}

/** What there is in the project and in which state. */
function states(sandbox: Sandbox): ReadonlyMap<string, string> {
  const notebookVms = new Set(sandbox.fleet.notebooksOf(PROJECT).map((notebook) => notebook.vm));
  const number = sandbox.projects.get(PROJECT).seed.number;
  const ours = (name: string): boolean =>
    name.startsWith(`projects/${number}/`) || name.startsWith(`projects/${PROJECT}/`);
  return new Map([
    ['billing', sandbox.billing.links.enabled(PROJECT) ? 'linked' : 'UNLINKED'],
    ...sandbox.fleet
      .notebooksOf(PROJECT)
      .map((notebook): [string, string] => [`notebook ${notebook.id}`, notebook.state]),
    ...sandbox.fleet
      .vmsOf(PROJECT)
      .filter((vm) => !notebookVms.has(vm))
      .map((vm): [string, string] => [`VM ${vm.name}`, vm.status]),
    ...[...sandbox.vertex.jobs.values()]
      .filter((job) => ours(job.name))
      .map((job): [string, string] => [short(job.name), job.state.replace('JOB_STATE_', '')]),
    ...[...sandbox.vertex.endpoints.values()]
      .filter((endpoint) => ours(endpoint.name))
      .map((endpoint): [string, string] => [
        short(endpoint.name),
        `${presentOf(endpoint).length} models deployed`,
      ]),
  ]);
}

function showStates(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  from: string,
  to: string,
): void {
  console.log(
    `\n${renderTable(
      [
        { heading: PROJECT, width: 50 },
        { heading: from, width: 20 },
        { heading: to, width: 20 },
      ],
      [...before].map(([name, state]) => [name, state, after.get(name) ?? 'gone']),
    )}`,
  );
}

function short(resource: string): string {
  const [kind = '', id = ''] = resource.split('/').slice(-2);
  return `${kind} ${id}`;
}

function rate(sandbox: Sandbox): string {
  return `about $${Math.round(sandbox.billingClock.usdPerHour(PROJECT))} an hour`;
}
