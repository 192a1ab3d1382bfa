import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox, type Sandbox } from '../../sandbox/sandbox.ts';
import { ACCOUNT, ALERTS, budgetScenario, labBudget, SWITCH } from '../../support/budget-lab.ts';
import { installFunction, type InstalledFunction } from '../../support/install-function.ts';
import { settle } from '../../support/installed.ts';
import { BUCKET, NAME, OPERATIONS } from '../../support/lab.ts';
import { decisionOn, lastReceipt, outcomesOf } from '../../support/observe.ts';

/**
 * A case from the field (n02), played by the deployed bundles of stopper and switch: stopped for the night by the hours; at night the
 * budget reaches a rung; in the morning the hours would start it. Beside it projects at each rung, and one whose budget is far from any.
 */
const ZONE = 'us-central1-a';
const NOTEBOOK = 'team-a100';
/** What is spent of each project's 1,000 USD by 02:00 and by 10:00. */
const SPENT: Readonly<Record<string, readonly [number, number]>> = {
  'demo-below': [790, 795],
  'demo-n02': [1_010, 1_050],
  'demo-stop-notebooks': [810, 850],
  'demo-unlinked': [1_210, 1_250],
};
const PROJECTS = Object.keys(SPENT);
const OVER = PROJECTS.filter((project) => project !== 'demo-below');
const budgetOf = (project: string): string =>
  `${ACCOUNT}/budgets/11111111-2222-3333-4444-${String(PROJECTS.indexOf(project)).padStart(12, '0')}`;

const scenario = budgetScenario({
  projects: PROJECTS.map((id, index) => ({
    ...{ id, number: String(3001 + index) },
    notebooks: [
      { id: NOTEBOOK, zone: ZONE, machineType: 'a2-highgpu-1g', created: '-9d', load: { gpus: 1 } },
    ],
  })),
  budgets: PROJECTS.map((project) => {
    const { topic, ...budget } = labBudget({
      displayName: project,
      projects: [project],
      name: budgetOf(project),
    });
    // It notifies no topic: the case brings its own messages.
    return topic === undefined ? budget : { ...budget };
  }),
  regions: ['us-central1'],
});

/** As it was reported, without a key more. */
const POLICY = [
  'mode: enforce',
  `scope: [${PROJECTS.map((project) => `projects/${project}`).join(', ')}]`,
  `state: gs://${BUCKET}`,
  'notebooks:',
  '  hours: {timezone: Europe/Berlin, days: [mon, tue, wed, thu, fri], from: "08:00", to: "20:00", start: true}',
  'budgets:',
  '  mode: enforce',
  `  allow: [${PROJECTS.map(budgetOf).join(', ')}]`,
  '',
].join('\n');

let sandbox: Sandbox;
let killSwitch: InstalledFunction;
let stopper: InstalledFunction;

/** What was requested is done quickly; the bundles' own pauses take real time. */
async function whileTimeFlies(work: () => Promise<void>): Promise<void> {
  const hasten = setInterval(() => void sandbox.clock.advance(5_000), 100);
  try {
    await work();
  } finally {
    clearInterval(hasten);
  }
}

async function say(project: string, costAmount: number): Promise<void> {
  const share = costAmount / 1_000;
  const data = {
    ...{ budgetDisplayName: project, costAmount, budgetAmount: 1_000, currencyCode: 'USD' },
    alertThresholdExceeded: [0.5, 0.8, 1, 1.2].findLast((threshold) => threshold <= share),
    ...{ costIntervalStart: '2026-11-01T07:00:00Z', budgetAmountType: 'SPECIFIED_AMOUNT' },
  };
  const [, billingAccountId = '', , budgetId = ''] = budgetOf(project).split('/');
  await whileTimeFlies(async () => {
    await killSwitch.tick(data, { billingAccountId, budgetId, schemaVersion: '1.0' });
    await settle({ sandbox, fn: killSwitch });
  });
}

async function holdAtTick(): Promise<void> {
  await whileTimeFlies(async () => {
    await killSwitch.tick();
    await settle({ sandbox, fn: killSwitch });
  });
}

/** The stopper's event of one project, and what came of its notebook. */
async function sweep(project: string) {
  // Receipts of one moment are listed in any order.
  await sandbox.clock.advance(1_000);
  await whileTimeFlies(async () => {
    await stopper.tick({ project });
    await settle({ sandbox, fn: stopper });
  });
  const receipt = lastReceipt(sandbox, BUCKET, NAME);
  expect(receipt.projects).toEqual([project]);
  return receipt;
}

const moveTo = async (time: string): Promise<void> => {
  await sandbox.clock.advance(Date.parse(time) - sandbox.clock.now());
};
const stateIn = (project: string) =>
  sandbox.fleet.notebooks.get(`projects/${project}/locations/${ZONE}/instances/${NOTEBOOK}`)?.state;
const statesOf = (projects: readonly string[]) => [...new Set(projects.map(stateIn))];
/** How often a project's notebook was really started. */
const startsIn = (project: string): number =>
  [...sandbox.fleet.operations.values()].filter(
    ({ verb, target }) => verb === 'start' && target.includes(`projects/${project}/`),
  ).length;

beforeAll(async () => {
  sandbox = await startSandbox({ scenario: { ...scenario, clock: '2026-11-17T19:30:00Z' }, frozen: true });
  const options = { operationsProject: OPERATIONS, policyText: POLICY };
  killSwitch = await installFunction(sandbox, { name: SWITCH, topic: ALERTS, ...options });
  stopper = await installFunction(sandbox, { name: NAME, ...options });
});
afterAll(async () => {
  await stopper.close();
  await killSwitch.close();
  await sandbox.close();
});

describe('n02: the budget is exceeded at night, and the hours open in the morning', () => {
  it('all are stopped for the night', async () => {
    for (const project of PROJECTS)
      expect(outcomesOf(await sweep(project))).toEqual({ [NOTEBOOK]: ['stop done: outside-hours'] });
    await sandbox.clock.advance(5 * 60_000);
    expect(statesOf(PROJECTS)).toEqual(['STOPPED']);
  });

  it('the hours start nothing where a rung is in force, say so, and start what is below all rungs', async () => {
    await moveTo('2026-11-18T01:00:00Z');
    for (const [project, [atNight]] of Object.entries(SPENT)) await say(project, atNight);
    await moveTo('2026-11-18T07:00:00Z');
    await holdAtTick();
    await moveTo('2026-11-18T07:05:00Z');
    for (const project of OVER) {
      const receipt = await sweep(project);
      expect(receipt.kept).toEqual({ 'budget-rung': 1 });
      const { budget, says } = decisionOn(receipt, NOTEBOOK, 'keep').evidence;
      expect(budget).toBe(budgetOf(project));
      expect(says).toMatch(
        /^It is not started for the working hours: stop-notebooks is in force and would stop it again/,
      );
    }
    expect(outcomesOf(await sweep('demo-below'))).toEqual({ [NOTEBOOK]: ['start done: working-hours'] });
    expect(PROJECTS.map(startsIn)).toEqual([1, 0, 0, 0]);

    await moveTo('2026-11-18T09:00:00Z');
    for (const [project, [, inTheMorning]] of Object.entries(SPENT)) await say(project, inTheMorning);
    for (const project of OVER) expect((await sweep(project)).kept).toEqual({ 'budget-rung': 1 });
    expect([stateIn('demo-below'), ...statesOf(OVER)]).toEqual(['ACTIVE', 'STOPPED']);
    expect(PROJECTS.map(startsIn)).toEqual([1, 0, 0, 0]);
  });

  it('and start it once the budget is raised', async () => {
    sandbox.billing.budgets.update(
      { name: budgetOf('demo-n02'), amount: { specifiedAmount: { currencyCode: 'USD', units: '2000' } } },
      'amount.specifiedAmount',
    );
    await sandbox.clock.advance(5 * 60_000);
    await holdAtTick();
    expect(outcomesOf(await sweep('demo-n02'))).toEqual({ [NOTEBOOK]: ['start done: working-hours'] });
    for (const project of OVER.slice(1)) expect((await sweep(project)).kept).toEqual({ 'budget-rung': 1 });
    expect(PROJECTS.map(startsIn)).toEqual([1, 1, 0, 0]);
  });
});
