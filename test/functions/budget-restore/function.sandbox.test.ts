import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import {
  alert,
  BUDGET,
  budgetScenario,
  changesIn,
  manifestsIn,
  PERIOD,
  RUNAWAY,
  RUNAWAY_PROJECT,
  stateOf,
  switchPolicy,
  withSwitch,
  type RestoreAnswer,
} from '../../support/budget-lab.ts';
import { BUCKET } from '../../support/lab.ts';
import { receiptsIn } from '../../support/observe.ts';
import { runUntilHanging } from '../../support/hooks.ts';

const MINUTES_MS = 5 * 60_000;
const VM = `projects/${RUNAWAY}/zones/us-central1-a/instances/vm-1`;
const NOTEBOOK = `projects/${RUNAWAY}/locations/us-central1-a/instances/nb-1`;

/** Cancelled jobs cannot come back; everything else must. */
function withoutJobs(state: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(state).filter(([name]) => !name.includes('Jobs/')));
}

function lineOf({ results = [], plan = [] }: RestoreAnswer, id: string): Record<string, unknown> {
  const found = [...results, ...plan].find(({ resource }) => resource.endsWith(`/${id}`));
  if (found === undefined) throw new Error(`No line on ${id}`);
  return {
    action: found.action,
    outcome: found.outcome,
    ...(found.why === undefined ? {} : { why: found.why }),
  };
}

const startsOf = (changes: Readonly<Record<string, number>>): object =>
  Object.fromEntries(
    Object.entries(changes).filter(
      ([change]) => /start|deployModel|billingInfo/.test(change) && !change.includes('undeploy'),
    ),
  );

describe('budget-restore', () => {
  for (const [share, rung] of [
    [0.9, 'stop-notebooks'],
    [1.1, 'stop-compute'],
    [1.3, 'unlink-billing'],
  ] as const)
    // prettier-ignore
    for (const after of ['at once', 'minutes later'])
      it(`brings everything back after ${rung}, requested ${after}`, () =>
        withSwitch({}, async (world) => {
          const { sandbox } = world;
          const before = withoutJobs(stateOf(sandbox));
          await world.alert(alert(share));
          if (after === 'minutes later') await sandbox.clock.advance(MINUTES_MS);
          const answer = await world.restore('POST');
          assert.equal(answer.status, 200, JSON.stringify(answer));
          assert.equal(answer.complete, true);
          await sandbox.clock.advance(MINUTES_MS);
          assert.deepEqual(withoutJobs(stateOf(sandbox)), before);

          const changes = changesIn(sandbox);
          const again = await world.restore('POST');
          assert.equal(again.status, 200);
          assert.deepEqual(changesIn(sandbox), changes);
          assert.ok(again.results?.every(({ outcome }) => outcome === 'left' || outcome === 'already'));
        }));

  it('shows the plan without changing anything, and says what is lost for good', () =>
    withSwitch({}, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.3));
      await sandbox.clock.advance(MINUTES_MS);
      const before = stateOf(sandbox);
      const changes = changesIn(sandbox);
      const answer = await world.restore('GET');
      assert.equal(answer.status, 200);
      assert.deepEqual(stateOf(sandbox), before);
      assert.deepEqual(changesIn(sandbox), changes);
      assert.equal(receiptsIn(sandbox, BUCKET, 'budget-restore').length, 0);
      assert.deepEqual(lineOf(answer, 'nb-1'), { action: 'start', outcome: 'planned' });
      assert.deepEqual(answer.plan?.find(({ resource }) => resource.endsWith('/vm-ssd-spot'))?.losses, [
        'the data on its 2 local SSDs',
        'its place: a Spot VM starts only while there is capacity',
      ]);
      assert.match(
        String(lineOf(answer, '41')['why']),
        /cancelled jobs do not come back: submit pretrain again/,
      );
      assert.equal(answer.plan[0]?.action, 'relink');
      assert.deepEqual(answer.inGrace, {
        [RUNAWAY]:
          'its rungs are not in force until 140 % of the budget is spent (of 1000 in its currency, or as much money of a raised one), or the budget is raised later, or its period ends',
      });
    }));

  it('never starts what a user stopped by hand', () =>
    withSwitch({}, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.1));
      await sandbox.clock.advance(MINUTES_MS);
      sandbox.fleet.startVm(VM);
      sandbox.fleet.startNotebook(NOTEBOOK);
      await sandbox.clock.advance(MINUTES_MS);
      sandbox.fleet.stopVm(VM);
      sandbox.fleet.stopNotebook(NOTEBOOK);
      await sandbox.clock.advance(MINUTES_MS);
      const answer = await world.restore('POST');
      const why = 'an operator started it since and stopped it again by hand';
      assert.deepEqual(lineOf(answer, 'vm-1'), { action: 'start', outcome: 'left', why });
      assert.deepEqual(lineOf(answer, 'nb-1'), { action: 'start', outcome: 'left', why });
      await sandbox.clock.advance(MINUTES_MS);
      assert.equal(sandbox.fleet.vms.get(VM)?.status, 'TERMINATED');
      // Off from the beginning: not in the manifest at all.
      assert.ok(!answer.results?.some(({ resource }) => /(?:nb|vm)-off$/.test(resource)));
    }));

  it('brings back what a later rung stopped again after a user had started it', () =>
    withSwitch({}, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(0.9));
      await sandbox.clock.advance(MINUTES_MS);
      await world.restore('POST');
      await sandbox.clock.advance(MINUTES_MS);
      await world.alert(alert(1.1));
      await sandbox.clock.advance(MINUTES_MS);
      assert.equal(sandbox.fleet.notebooks.get(NOTEBOOK)?.state, 'STOPPED');
      await world.restore('POST');
      await sandbox.clock.advance(MINUTES_MS);
      assert.equal(sandbox.fleet.notebooks.get(NOTEBOOK)?.state, 'ACTIVE');
    }));

  it('brings back what a killed run stopped and no other run finished', () =>
    withSwitch({}, async (world) => {
      const { sandbox } = world;
      const before = withoutJobs(stateOf(sandbox));
      const doomed = world.start({ attemptTimeoutMs: 5_000 });
      sandbox.faults.add({
        route: 'aiplatform.projects.locations.endpoints.undeployModel',
        skip: 1,
        fault: { kind: 'timeout' },
      });
      await runUntilHanging(sandbox, () => world.alert(alert(1.1), doomed));
      doomed.kill();
      sandbox.faults.clear();
      await sandbox.clock.advance(MINUTES_MS);
      assert.notDeepEqual(withoutJobs(stateOf(sandbox)), before);
      const answer = await world.restore('POST');
      assert.equal(answer.status, 200, JSON.stringify(answer));
      await sandbox.clock.advance(MINUTES_MS);
      assert.deepEqual(withoutJobs(stateOf(sandbox)), before);
    }));

  it('goes on where it was cut off, starting each thing once', () =>
    withSwitch({}, async (world) => {
      const { sandbox } = world;
      const before = withoutJobs(stateOf(sandbox));
      await world.alert(alert(1.3));
      await sandbox.clock.advance(MINUTES_MS);
      sandbox.faults.add({
        route: 'compute.instances.start',
        skip: 1,
        fault: { kind: 'status', status: 403 },
      });
      sandbox.faults.add({
        route: 'aiplatform.projects.locations.endpoints.deployModel',
        skip: 1,
        fault: { kind: 'status', status: 503 },
      });
      const first = await world.restore('POST');
      assert.equal(first.status, 503);
      assert.equal(first.complete, false);
      sandbox.faults.clear();
      const second = await world.restore('POST');
      assert.equal(second.status, 200, JSON.stringify(second));
      await sandbox.clock.advance(MINUTES_MS);
      assert.deepEqual(withoutJobs(stateOf(sandbox)), before);
      const counts = changesIn(sandbox);
      const { [`projects.updateBillingInfo /v1/projects/${RUNAWAY}/billingInfo`]: links, ...others } =
        startsOf(counts) as Record<string, number>;
      assert.equal(links, 2);
      assert.ok(
        Object.values(others).every((count) => count === 1),
        JSON.stringify(others),
      );
    }));

  it('starts nothing while billing is off, and leaves another account linked', async () => {
    const scenario = budgetScenario({
      billing: { accounts: [{ id: BUDGET.split('/')[1] ?? '' }, { id: '0FFFFF-000000-000000' }] },
    });
    await withSwitch({ scenario }, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.3));
      await sandbox.clock.advance(MINUTES_MS);
      sandbox.faults.add({
        route: 'cloudbilling.projects.updateBillingInfo',
        fault: { kind: 'status', status: 403 },
      });
      const refused = await world.restore('POST');
      assert.equal(refused.status, 503);
      assert.deepEqual(lineOf(refused, 'nb-1'), {
        action: 'start',
        outcome: 'left',
        why: 'billing is not back yet: send the request again',
      });
      sandbox.faults.clear();
      sandbox.billing.links.change(RUNAWAY, '0FFFFF-000000-000000');
      await sandbox.clock.advance(MINUTES_MS);
      const answer = await world.restore('POST');
      assert.match(
        String(lineOf(answer, RUNAWAY)['why']),
        /an operator linked it to billingAccounts\/0FFFFF/,
      );
      assert.equal(sandbox.billing.links.accountOf(RUNAWAY), '0FFFFF-000000-000000');
    });
  });

  it('leaves the traffic as it is beside a model that a user deployed meanwhile', () =>
    withSwitch({}, async (world) => {
      const { sandbox } = world;
      await world.alert(alert(1.1));
      await sandbox.clock.advance(MINUTES_MS);
      const endpoint = [...sandbox.vertex.endpoints.values()][0];
      sandbox.vertex.deploy(
        endpoint?.name ?? '',
        {
          id: '77',
          model: 'projects/1/locations/us-central1/models/9',
          automaticResources: { minReplicaCount: 1 },
        },
        { '0': 100 },
      );
      await sandbox.clock.advance(MINUTES_MS);
      const answer = await world.restore('POST');
      assert.match(String(lineOf(answer, '71')['why']), /the traffic stays as it is/);
      assert.deepEqual(endpoint?.trafficSplit, { '77': 100 });
    }));

  it('requested for one project, or by its manifest, brings back that alone', async () => {
    const notebook = { id: 'nb-other', zone: 'us-central1-a', machineType: 'n1-standard-4' };
    const scenario = budgetScenario({
      projects: [RUNAWAY_PROJECT, { id: 'ml-other', number: '100000000003', notebooks: [notebook] }],
    });
    const policy = switchPolicy({ scope: [`projects/${RUNAWAY}`, 'projects/ml-other'] });
    await withSwitch({ scenario, policy }, async (world) => {
      const { sandbox } = world;
      sandbox.billing.budgets.update(
        { name: BUDGET, budgetFilter: { projects: [`projects/${RUNAWAY}`, 'projects/ml-other'] } },
        'budgetFilter.projects',
      );
      await world.alert(alert(0.9));
      await sandbox.clock.advance(MINUTES_MS);
      await world.restore('POST', { budget: BUDGET, period: PERIOD, project: 'ml-other' });
      assert.deepEqual(startsOf(changesIn(sandbox)), { 'instances.start nb-other:start': 1 });
      const [, account = '', , id = ''] = BUDGET.split('/');
      const manifest = `manifests/${account}/${id}/${PERIOD}/${RUNAWAY}.json`;
      const elsewhere = await world.restore('POST', { manifest: `gs://ml-other-bucket/${manifest}` });
      assert.equal(elsewhere.status, 400);
      assert.match(elsewhere.error ?? '', new RegExp(`allowed is a manifest in gs://${BUCKET}`));
      await world.restore('POST', { manifest: `gs://${BUCKET}/${manifest}` });
      assert.deepEqual(startsOf(changesIn(sandbox)), {
        'instances.start nb-other:start': 1,
        'instances.start nb-1:start': 1,
      });
      assert.deepEqual(Object.keys(manifestsIn(sandbox)[RUNAWAY]?.restored ?? {}), [NOTEBOOK]);
    });
  });

  it('refuses what it cannot read, and knows when there is nothing to bring back', () =>
    withSwitch({}, async (world) => {
      assert.equal((await world.restore('POST', { budget: 'x', period: PERIOD })).status, 400);
      assert.equal((await world.restore('GET', { budget: BUDGET, period: 'November' })).status, 400);
      assert.equal((await world.restore('POST')).status, 404);
      await world.alert(alert(0.6));
      assert.equal((await world.restore('POST')).status, 404);
    }));
});
