import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSandbox, type Sandbox } from '../../sandbox/sandbox.ts';
import type { ScenarioInput } from '../../sandbox/scenario.ts';
import {
  ACCOUNT,
  ALERTS,
  budgetScenario,
  labBudget,
  manifestsIn,
  RESTORE,
  SWITCH,
  type RestoreAnswer,
} from '../../support/budget-lab.ts';
import {
  installFunction,
  installHttpFunction,
  type InstalledFunction,
  type InstalledService,
} from '../../support/install-function.ts';
import { settle } from '../../support/installed.ts';
import { BUCKET, OPERATIONS, RECEIPTS_TOPIC } from '../../support/lab.ts';
import { messagesOf } from '../../support/observe.ts';

/**
 * Cases from the field, collected with the first release of the switch: machines, labels, amounts, times and the order of messages as they
 * were reported, under the policy's defaults. Each has a project and a budget of 1,000 USD of its own, and a neighbour beside it; all
 * are played in one sandbox by the deployed bundles of switch and restore.
 */
type Project = ScenarioInput['projects'][number];

const MINUTE_MS = 60_000;
const REGION = 'us-central1';
const ZONE = `${REGION}-a`;
const [, OWN = ''] = ACCOUNT.split('/');
const FOREIGN = '99AA88-77BB66-55CC44';
const KEEP = { 'costguard-keep': 'true' };

const gpu = (more: object = {}) => ({ id: 'gpu-1', zone: ZONE, machineType: 'a2-highgpu-1g', ...more });
const notebook = (id: string, zone: string, machineType = 'n1-standard-4', more: object = {}) => ({
  ...{ id, zone, machineType, created: '-9d' },
  ...more,
});
const job = (id: string, labels: Record<string, string>) => ({
  ...{ id, displayName: `train-${id}`, labels },
  jobSpec: { workerPoolSpecs: [{ machineSpec: { machineType: 'n1-standard-16' } }] },
});
const endpoint = (labels: Record<string, string>) => ({
  ...{ id: '71', displayName: 'prod', labels },
  deployedModels: [
    {
      ...{ id: '1', model: `projects/3001/locations/${REGION}/models/9` },
      dedicatedResources: { machineSpec: { machineType: 'g2-standard-8' }, minReplicaCount: 1 },
    },
  ],
  trafficSplit: { '1': 100 },
});

const WORLDS: Readonly<Record<string, Omit<Project, 'id' | 'number'>>> = {
  c02: { vms: [gpu()] },
  'c02-raised-more': { vms: [gpu()] },
  c05: { vms: [gpu()], billingAccount: FOREIGN },
  'c05-burning': { vms: [gpu({ labels: KEEP })], billingAccount: FOREIGN },
  c06: { vms: [gpu({ stockout: true })], notebooks: [notebook('nb-vm', ZONE, 'a2-highgpu-1g', { stockout: true })] },
  c07b: { vms: [gpu()] },
  'c07b-denied': { vms: [gpu()] },
  c12: { notebooks: [notebook('nb-0', ZONE), notebook('nb-1', 'europe-west4-a')] },
  c13: { vms: [gpu()] },
  c16: { vms: [gpu()] },
  'c16-burning': { vms: [gpu(), gpu({ id: 'gpu-kept', labels: KEEP })] },
  c17: { vms: [gpu({ id: 'gpu-kept', labels: KEEP })], vertex: { customJobs: [job('31', KEEP)], endpoints: [endpoint(KEEP)] } },
  'c17-unlabelled': { vertex: { customJobs: [job('31', KEEP), job('32', {})] } },
}; // prettier-ignore

const NAMES = Object.keys(WORLDS);
const projectOf = (name: string): string => `demo-${name}`;
const budgetOf = (name: string): string =>
  `${ACCOUNT}/budgets/11111111-2222-3333-4444-${String(NAMES.indexOf(name)).padStart(12, '0')}`;
/** Terraform replaced it: the same name and project, another id. */
const REPLACED = `${ACCOUNT}/budgets/99991111-2222-3333-4444-555555555555`;

const scenario = budgetScenario({
  projects: NAMES.map((name, index) => ({ id: projectOf(name), number: String(3001 + index), ...WORLDS[name] })),
  budgets: NAMES.map((name) => {
    const budget = labBudget({ displayName: name, projects: [projectOf(name)], name: name === 'c13' ? REPLACED : budgetOf(name) });
    // It notifies no topic: the cases bring their own messages.
    return Object.fromEntries(Object.entries(budget).filter(([key]) => key !== 'topic')) as typeof budget;
  }),
  billing: { accounts: [{ id: OWN }, { id: FOREIGN }] },
  regions: [REGION, 'me-central1'],
}); // prettier-ignore

const POLICY = [
  `scope: [${NAMES.map((name) => `projects/${projectOf(name)}`).join(', ')}]`,
  `state: gs://${BUCKET}`,
  `receipts: ${RECEIPTS_TOPIC}`,
  'budgets:',
  '  mode: enforce',
  `  allow: [${NAMES.map(budgetOf).join(', ')}]`,
  '',
].join('\n');

let sandbox: Sandbox;
let killSwitch: InstalledFunction;
let restore: InstalledService;

/** What was requested is done quickly; the bundles' own pauses take real time. */
async function whileTimeFlies<T>(work: () => Promise<T>): Promise<T> {
  const hasten = setInterval(() => void sandbox.clock.advance(5_000), 100);
  try {
    return await work();
  } finally {
    clearInterval(hasten);
  }
}

/** Delivers a message of a case's budget, and returns what the switch logged. */
async function say(
  name: string,
  costAmount: number,
  alertThresholdExceeded: number,
  { budgetAmount = 1_000, budget = budgetOf(name) } = {},
): Promise<(severity: string) => string> {
  const from = killSwitch.lines.length;
  const data = {
    ...{ budgetDisplayName: name, costAmount, budgetAmount, alertThresholdExceeded, currencyCode: 'USD' },
    ...{ costIntervalStart: '2026-11-01T07:00:00Z', budgetAmountType: 'SPECIFIED_AMOUNT' },
  };
  const [, billingAccountId = '', , budgetId = ''] = budget.split('/');
  await whileTimeFlies(async () => {
    await killSwitch.tick(data, { billingAccountId, budgetId, schemaVersion: '1.0' });
    await settle({ sandbox, fn: killSwitch });
  });
  await sandbox.clock.advance(2 * MINUTE_MS);
  return (severity) => messagesOf(killSwitch.lines.slice(from), severity).join('\n');
}

async function bringBack(name: string): Promise<RestoreAnswer> {
  const body = JSON.stringify({ budget: budgetOf(name), period: '2026-11-01' });
  const headers = { 'content-type': 'application/json' };
  const answer = await whileTimeFlies(() => fetch(restore.service.url, { method: 'POST', headers, body }));
  return { status: answer.status, ...((await answer.json()) as object) };
}

function raise(name: string, units: string): void {
  sandbox.billing.budgets.update(
    { name: budgetOf(name), amount: { specifiedAmount: { currencyCode: 'USD', units } } },
    'amount.specifiedAmount',
  );
}

const vm = (name: string, id = 'gpu-1') =>
  sandbox.fleet.vms.get(`projects/${projectOf(name)}/zones/${ZONE}/instances/${id}`);
const stateOf = (name: string, id: string, zone = ZONE) =>
  sandbox.fleet.notebooks.get(`projects/${projectOf(name)}/locations/${zone}/instances/${id}`)?.state;
const payerOf = (name: string) => sandbox.billing.links.accountOf(projectOf(name));
const jobOf = (name: string, id: string) =>
  [...sandbox.vertex.jobs.values()].find(
    (one) => one.projectId === projectOf(name) && one.name.endsWith(`/${id}`),
  )?.state;
const rungOf = (name: string, does: string) =>
  manifestsIn(sandbox)[projectOf(name)]?.rungs.find((rung) => rung.do === does);

beforeAll(async () => {
  sandbox = await startSandbox({ scenario: { ...scenario, clock: '2026-11-18T15:00:00Z' }, frozen: true });
  const options = { operationsProject: OPERATIONS, policyText: POLICY };
  killSwitch = await installFunction(sandbox, { name: SWITCH, topic: ALERTS, ...options });
  restore = await installHttpFunction(sandbox, { name: RESTORE, ...options });
});
afterAll(async () => {
  await restore.close();
  await killSwitch.close();
  await sandbox.close();
});

describe('c05: the project was moved to another billing account, and the old budget still reports its cost', () => {
  it('stops what runs, and leaves the other account linked, at ERROR', async () => {
    const logged = await say('c05', 1_250, 1.2);
    expect(vm('c05')?.status).toBe('TERMINATED');
    expect(payerOf('c05')).toBe(FOREIGN);
    expect(logged('ERROR')).toContain(`Billing of demo-c05 is not unlinked: it is linked to billingAccounts/${FOREIGN}, and the budget belongs to ${ACCOUNT}`);
  }); // prettier-ignore
  it('also where something burns on that no rung stops', async () => {
    const logged = await say('c05-burning', 1_250, 1.2);
    expect([payerOf('c05-burning'), vm('c05-burning')?.status]).toEqual([FOREIGN, 'RUNNING']);
    expect(logged('ERROR')).toContain('Billing of demo-c05-burning is not unlinked');
  });
});

describe('c06: no capacity when VM and notebook start again', () => {
  it('is a failure with the reason each time, and succeeds once there is some', async () => {
    await say('c06', 1_010, 1);
    for (let n = 0; n < 2; n++) {
      const answer = await bringBack('c06');
      expect(answer.complete).toBe(false);
      const failed = (answer.results ?? []).filter(({ outcome }) => outcome === 'failed');
      expect(failed.map(({ resource }) => resource.split('/').at(-1)).sort()).toEqual(['gpu-1', 'nb-vm']);
      for (const { why } of failed) expect(why).not.toBe('');
      expect([vm('c06')?.status, stateOf('c06', 'nb-vm')]).toEqual(['TERMINATED', 'STOPPED']);
    }
    for (const one of [vm('c06'), vm('c06', 'nb-vm')]) if (one !== undefined) one.seed.stockout = false;
    const answer = await bringBack('c06');
    expect([answer.complete, vm('c06')?.status, stateOf('c06', 'nb-vm')]).toEqual([true, 'RUNNING', 'ACTIVE']);
  }); // prettier-ignore
});

describe('c07b: tuningJobs is refused in one region', () => {
  const refuse = (name: string, status: number, message: string): void => {
    sandbox.faults.add({
      route: 'aiplatform.*tuningJobs.list',
      pathIncludes: `${projectOf(name)}/locations/me-central1/tuningJobs`,
      fault: { kind: 'status', status, message },
    });
  };
  it('the rung fires without it, once, and is no gap', async () => {
    refuse('c07b', 400, 'Tuning is not supported in this region.');
    const logged = [await say('c07b', 1_010, 1)];
    expect(rungOf('c07b', 'stop-compute')?.status).toBe('done');
    const stopped = vm('c07b')?.lastStopMs ?? 0;
    expect(stopped).toBeGreaterThan(0);
    for (const cost of [1_050, 1_250, 1_250]) logged.push(await say('c07b', cost, cost > 1_200 ? 1.2 : 1));
    expect(logged.map((one) => one('ERROR'))).toEqual(['', '', '', '']);
    expect(vm('c07b')?.lastStopMs).toBe(stopped);
    // Nothing burns: cost of before arrives for up to a day.
    expect(payerOf('c07b')).toBe(OWN);
  });
  it('a refusal for another reason is a gap, and the rung stays open', async () => {
    refuse('c07b-denied', 403, "Permission 'aiplatform.tuningJobs.list' denied.");
    const logged = await say('c07b-denied', 1_010, 1);
    expect(vm('c07b-denied')?.status).toBe('TERMINATED');
    expect(rungOf('c07b-denied', 'stop-compute')?.status).toBe('claimed');
    expect(logged('ERROR')).toMatch(/stop-compute is incomplete on demo-c07b-denied: .*tuningJobs/i);
  });
});

describe('c12: the wildcard listing of notebooks is refused, and one location answers 403', () => {
  it('stops what it sees, names what it does not with each message, and stops that once it can be seen', async () => {
    const path = `${projectOf('c12')}/locations`;
    const route = 'notebooks.*instances.list';
    sandbox.faults.add({ route, pathIncludes: `${path}/-/instances`, fault: { kind: 'status', status: 400, message: 'Invalid location -' } });
    sandbox.faults.add({ route, pathIncludes: `${path}/europe-west4-a/instances`, fault: { kind: 'status', status: 403, message: 'denied by VPC Service Controls' } });
    for (const cost of [850, 900]) {
      const logged = await say('c12', cost, 0.8);
      expect(logged('ERROR')).toMatch(/stop-notebooks is incomplete on demo-c12: .*europe-west4-a/);
      expect([stateOf('c12', 'nb-0'), stateOf('c12', 'nb-1', 'europe-west4-a')]).toEqual(['STOPPED', 'ACTIVE']);
      expect(rungOf('c12', 'stop-notebooks')?.status).toBe('claimed');
    }
    sandbox.faults.clear();
    await say('c12', 910, 0.8);
    expect(stateOf('c12', 'nb-1', 'europe-west4-a')).toBe('STOPPED');
    expect(rungOf('c12', 'stop-notebooks')?.status).toBe('done');
  }); // prettier-ignore
});

describe('c13: Terraform replaced the budget', () => {
  it('is a WARNING that names the new one, which stops nothing', async () => {
    const logged = await say('c13', 1_250, 1.2, { budget: REPLACED });
    expect(logged('WARNING')).toContain(`not-allowed: ${REPLACED} is not in budgets.allow, and ${budgetOf('c13')} of budgets.allow does not exist any more`);
    expect(vm('c13')?.status).toBe('RUNNING');
  }); // prettier-ignore
});

describe('c17: a custom job, an endpoint and a VM carry the keep label', () => {
  it('all go on, and are named', async () => {
    const logged = await say('c17', 1_010, 1);
    expect([vm('c17', 'gpu-kept')?.status, jobOf('c17', '31')]).toEqual(['RUNNING', 'JOB_STATE_RUNNING']);
    const [prod] = [...sandbox.vertex.endpoints.values()].filter((one) => one.projectId === projectOf('c17'));
    expect(Object.keys(prod?.trafficSplit ?? {})).toEqual(['1']);
    expect(logged('WARNING')).toMatch(/stop-compute done on demo-c17, 3 left burning /);
  });
  it('and an unlabelled job beside them is cancelled', async () => {
    await say('c17-unlabelled', 1_010, 1);
    expect(jobOf('c17-unlabelled', '31')).toBe('JOB_STATE_RUNNING');
    expect(jobOf('c17-unlabelled', '32')).toMatch(/_CANCELL/);
  });
});

describe('c16: cost of earlier usage arrives three hours after all compute was stopped', () => {
  it('unlinks nothing while nothing runs, and at once where something burns', async () => {
    await say('c16', 1_010, 1);
    await say('c16-burning', 1_010, 1);
    await sandbox.clock.advance(180 * MINUTE_MS);
    const logged = await say('c16', 1_210, 1.2);
    expect(payerOf('c16')).toBe(OWN);
    expect(logged('WARNING')).toMatch(
      /unlink-billing waits on demo-c16 until 2026-11-19T.*\(budgets\.settle\)/,
    );
    await say('c16-burning', 1_210, 1.2);
    expect(payerOf('c16-burning')).toBeUndefined();
  });
});

describe('c02: the budget was raised, all restored, and is exceeded again in the same month', () => {
  it('stops again above the raised amount, and not below', async () => {
    for (const name of ['c02', 'c02-raised-more']) await say(name, 1_010, 1);
    raise('c02', '2000');
    raise('c02-raised-more', '3000');
    for (const name of ['c02', 'c02-raised-more']) {
      expect((await bringBack(name)).complete).toBe(true);
      expect(vm(name)?.status).toBe('RUNNING');
    }
    await sandbox.clock.advance(3_000 * MINUTE_MS);
    await say('c02', 2_100, 1, { budgetAmount: 2_000 });
    expect(vm('c02')?.status).toBe('TERMINATED');
    const stopped = vm('c02')?.lastStopMs ?? 0;
    expect(stopped).toBeGreaterThan(0);
    await say('c02', 2_390, 1, { budgetAmount: 2_000 });
    expect([vm('c02')?.status, vm('c02')?.lastStopMs]).toEqual(['TERMINATED', stopped]);
    await say('c02-raised-more', 2_100, 0.5, { budgetAmount: 3_000 });
    expect(vm('c02-raised-more')?.status).toBe('RUNNING');
  });
});
