import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Burning } from '../../../shared/resources/left-burning.ts';
import { startSandbox, type Sandbox } from '../../sandbox/sandbox.ts';
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
import { lastReceipt, messagesOf } from '../../support/observe.ts';
import { FOREIGN, REGION, WORLDS, ZONE } from './field-worlds.ts';

/**
 * Cases from the field, collected with the first release of the switch: machines, labels, amounts, times and the order of messages as they
 * were reported, under the policy's defaults. Each has a project and a budget of 1,000 USD of its own, and a neighbour beside it; all
 * are played in one sandbox by the deployed bundles of switch and restore.
 */
const MINUTE_MS = 60_000;
const [, OWN = ''] = ACCOUNT.split('/');

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

/** What the last look at a project left burning, worst first. */
const burning = (): readonly Burning[] =>
  (lastReceipt(sandbox, BUCKET, SWITCH).decisions.find(({ action }) => action === 'stop-compute')?.evidence[
    'leftBurning'
  ] ?? []) as readonly Burning[];
const idsOf = (left: readonly Burning[]) => left.map(({ resource }) => resource.split('/').at(-1) ?? '');
const decisionOn = (id: string) =>
  lastReceipt(sandbox, BUCKET, SWITCH).decisions.find(({ resource }) => resource.endsWith(`/${id}`));
const callsTo = (name: string) => {
  const { id, number } = sandbox.projects.get(projectOf(name)).seed;
  return sandbox.callLog
    .calls()
    .filter(({ path }) => path.split('/').some((part) => part === id || part === number));
};
/** The changes carried out in a project, each by its path. */
const changesIn = (name: string): readonly string[] =>
  callsTo(name)
    .filter(({ method, status, permissions }) => method !== 'GET' && status < 300 && permissions.length > 0)
    .map(({ path }) => path);

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

describe('c09: nothing left to do', () => {
  const threeMessages = async (name: string): Promise<Record<'WARNING' | 'ERROR' | 'INFO', readonly string[]>> => {
    const from = killSwitch.lines.length;
    for (const cost of [1_250, 1_250, 1_260]) await say(name, cost, 1.2);
    const of = (severity: string) => messagesOf(killSwitch.lines.slice(from), severity);
    return { WARNING: of('WARNING').filter((text) => text.includes(`has nothing left to do on ${projectOf(name)}`)), ERROR: of('ERROR'), INFO: of('INFO').filter((text) => text.includes('have fired before')) };
  }; // prettier-ignore

  it('is said once for each rung where billing was cut by hand', async () => {
    // As Google's front end refuses every call to these for a project without billing.
    const message = 'This API method requires billing to be enabled.';
    for (const route of ['compute.*', 'notebooks.*', 'aiplatform.*'])
      sandbox.faults.add({ route, pathIncludes: 'projects/demo-c09/', fault: { kind: 'status', status: 403, message, reason: 'BILLING_DISABLED' } });
    const said = await threeMessages('c09');
    expect(said.WARNING.map((text) => text.split(' has ')[0])).toEqual(['stop-notebooks', 'stop-compute', 'unlink-billing']);
    expect(said.WARNING[1]).toMatch(/^stop-compute has nothing left to do on demo-c09: no billing account pays for it\. /);
    expect([changesIn('c09'), said.ERROR]).toEqual([[], []]);
    expect(said.INFO).toHaveLength(2);
  }); // prettier-ignore

  it('is said once for a deleted project, which is not looked at', async () => {
    const said = await threeMessages('c09-deleted');
    expect(said.WARNING).toHaveLength(3);
    expect(said.WARNING[0]).toContain('on demo-c09-deleted: it is deleted. ');
    const looked = callsTo('c09-deleted').filter(({ host }) => /^(?:compute|notebooks|.*aiplatform)\./.test(host));
    expect([looked, changesIn('c09-deleted')]).toEqual([[], []]);
    expect(said.INFO).toHaveLength(2);
  }); // prettier-ignore

  it('and a project that comes back from its deletion is looked at again', async () => {
    await say('c09-undeleted', 1_010, 1);
    expect([vm('c09-undeleted')?.status, changesIn('c09-undeleted')]).toEqual(['RUNNING', []]);
    Object.assign(sandbox.projects.get(projectOf('c09-undeleted')).seed, { state: 'ACTIVE' });
    await sandbox.clock.advance(10 * MINUTE_MS);
    await say('c09-undeleted', 1_020, 1);
    expect(vm('c09-undeleted')?.status).toBe('TERMINATED');
  });
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
      for (const { why } of failed) expect(why).toMatch(/it was started and is (?:TERMINATED|STOPPED) again: .*does not have enough resources available .*\. Send the request again to try once more$/);
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

describe('c01: machines of a node pool, Batch, Dataflow and a provisioner of its own', () => {
  it('are each stopped or named with their cost and a command, with every message', async () => {
    const logged = [await say('c01', 1_010, 1)];
    const left = burning();
    const vms = (WORLDS['c01']?.vms ?? []).map(({ id }) => id);
    const stopped = vms.filter((id) => vm('c01', id)?.status !== 'RUNNING');
    expect([...stopped, ...idsOf(left)].sort()).toEqual([...vms].sort());
    expect(idsOf(left)[0]).toBe('train-batch-0');
    // A look costs one call for each collection and region of Vertex AI; the receipt says how many.
    const { apiCalls } = lastReceipt(sandbox, BUCKET, SWITCH);
    const regional = Object.entries(apiCalls).filter(([call]) => /^aiplatform\.(?!locations).*\.list$/.test(call));
    expect(regional.map(([, count]) => count)).toEqual(Array.from({ length: 16 }, () => scenario.vertexRegions.length));
    for (const { cost, command } of left) {
      expect(cost).toMatch(/^\$\d+\.\d\d\/h$|^\$\S+ to \$|^at least \$\d+\.\d\d\/h: |^unpriced/);
      expect(command).toMatch(/^gcloud /);
    }
    await sandbox.clock.advance(120 * MINUTE_MS);
    logged.push(await say('c01', 1_120, 1));
    for (const one of logged)
      expect(one('WARNING')).toMatch(new RegExp(`^stop-compute done on demo-c01, ${left.length} left burning \\$\\d+\\.\\d\\d/h`, 'm'));
  }); // prettier-ignore
});

describe('c04: machine learning that is no VM', () => {
  it('is stopped from the outside in, and what nothing stops is named each time', async () => {
    const logged = [await say('c04', 1_010, 1)];
    const done = (manifestsIn(sandbox)[projectOf('c04')]?.rungs ?? [])
      .flatMap(({ items = [] }) => items)
      .filter(({ status }) => status === 'done')
      .map(({ resource }) => resource.split('/').at(-1));
    expect(done).toEqual(expect.arrayContaining(['hourly', 'nightly', 'automl', 'score', 'colab']));
    // The pipeline went first, so that it did not submit its task again.
    const jobs = [...sandbox.vertex.jobs.values()].filter(({ projectId }) => projectId === projectOf('c04'));
    expect(jobs.map(({ state }) => state)).toEqual([expect.stringMatching(/_CANCEL/)]);
    const left = burning();
    expect([...idsOf(left), ...done]).toEqual(expect.arrayContaining(['ray-cluster', 'search', 'fs', 'pool', 'v5e-16']));
    expect(left.every(({ why, command }) => why !== '' && /^(?:gcloud|curl) /.test(command))).toBe(true);
    await sandbox.clock.advance(120 * MINUTE_MS);
    logged.push(await say('c04', 1_100, 1));
    for (const one of logged)
      expect(one('WARNING')).toContain(`stop-compute done on demo-c04, ${left.length} left burning `);
  }); // prettier-ignore
});

describe('c03: a controller brings it back', () => {
  it('stops the VM that a schedule started and the jobs that a pipeline submitted, once per start', async () => {
    await say('c03', 1_010, 1);
    await sandbox.clock.advance(600 * MINUTE_MS);
    expect(vm('c03')?.status).toBe('TERMINATED');
    sandbox.fleet.startVm(`projects/${projectOf('c03')}/zones/${ZONE}/instances/gpu-1`);
    sandbox.store.get(projectOf('c03'), 'aiplatform', `locations/${REGION}/pipelineJobs/nightly`).body['state'] = 'PIPELINE_STATE_RUNNING';
    const known = [...sandbox.vertex.jobs.values()].find((one) => one.projectId === projectOf('c03'))?.name ?? '';
    const submitted = [sandbox.vertex.resubmit(known), sandbox.vertex.resubmit(known)];
    await sandbox.clock.advance(10 * MINUTE_MS);
    await say('c03', 1_100, 1);
    expect(decisionOn('gpu-1')).toMatchObject({ action: 'stop', reason: 'came-back', outcome: 'done' });
    expect(decisionOn('gpu-1')?.evidence['startedBy']).toMatch(/the resource policy office-hours is attached to it/);
    expect(decisionOn('nightly')).toMatchObject({ action: 'cancel', reason: 'came-back', outcome: 'done' });
    expect(decisionOn('nightly')?.evidence['startedBy']).toMatch(/^cannot be told: /);
    for (const name of submitted)
      expect(decisionOn(name.split('/').at(-1) ?? '')).toMatchObject({ action: 'cancel', outcome: 'done' });
    await sandbox.clock.advance(10 * MINUTE_MS);
    const changes = changesIn('c03');
    expect(changes.filter((path) => path.endsWith('/gpu-1/stop'))).toHaveLength(2);
    await say('c03', 1_190, 1);
    expect(changesIn('c03')).toEqual(changes);
    const jobs = [...sandbox.vertex.jobs.values()].filter(({ projectId }) => projectId === projectOf('c03'));
    expect(jobs.filter(({ state }) => state === 'JOB_STATE_RUNNING')).toEqual([]);
    expect(manifestsIn(sandbox)[projectOf('c03')]?.rungs.map(({ status }) => status)).not.toContain('claimed');
  }); // prettier-ignore
});
