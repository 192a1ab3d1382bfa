import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { startSandbox, type Sandbox } from '../sandbox.ts';
import { parseScenario, type ScenarioInput } from '../scenario.ts';
import { anomalyMessage } from '../services/billing/notification.ts';

const ACCOUNT = '0A1B2C-3D4E5F-6A7B8C';
const BUDGET = `billingAccounts/${ACCOUNT}/budgets/11111111-1111-4111-8111-111111111111`;
const TOPIC = 'projects/lab/topics/budget-alerts';
const VM = 'projects/lab/zones/us-central1-a/instances/vm';
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** Price book, us-central1: n1 0.031611 a vCPU and 0.004237 a GiB, T4 0.35, pd-balanced 0.1 and pd-ssd 0.17 a GB and month of 730 hours. */
const N1_STANDARD_4 = 4 * 0.031611 + 15 * 0.004237;
const DISK = 0.01;
const RATES = {
  vm: N1_STANDARD_4 + DISK,
  notebook: 3.673385 + DISK,
  job: 2 * (N1_STANDARD_4 + 0.35 + 17 / 730),
  sweep: 3 * (N1_STANDARD_4 + 17 / 730),
  model: 2 * (8 * 0.02499 + 32 * 0.002927 + 0.56004),
};

type Project = ScenarioInput['projects'][number];
type Billing = NonNullable<ScenarioInput['billing']>;

const machine = { zone: 'us-central1-a', disks: [{ boot: true, type: 'pd-balanced', sizeGb: 73 }] };
const FLEET: Partial<Project> = {
  vms: [
    { id: 'vm', machineType: 'n1-standard-4', ...machine },
    { id: 'elsewhere', machineType: 'n1-standard-4', ...machine, zone: 'europe-north1-a' },
  ],
  notebooks: [{ id: 'nb', machineType: 'a2-highgpu-1g', ...machine }],
  vertex: {
    customJobs: [
      {
        id: '1',
        displayName: 'job',
        jobSpec: {
          workerPoolSpecs: [
            {
              machineSpec: {
                machineType: 'n1-standard-4',
                acceleratorType: 'NVIDIA_TESLA_T4',
                acceleratorCount: 1,
              },
              replicaCount: '2',
            },
          ],
        },
      },
      {
        id: '2',
        displayName: 'waits',
        state: 'JOB_STATE_PENDING',
        jobSpec: { workerPoolSpecs: [{ machineSpec: { machineType: 'n1-standard-4' } }] },
      },
    ],
    hyperparameterTuningJobs: [
      {
        id: '3',
        displayName: 'sweep',
        parallelTrialCount: 3,
        trialJobSpec: { workerPoolSpecs: [{ machineSpec: { machineType: 'n1-standard-4' } }] },
      },
    ],
    endpoints: [
      {
        id: '4',
        displayName: 'endpoint',
        deployedModels: [
          {
            id: '1',
            model: 'm',
            dedicatedResources: { machineSpec: { machineType: 'g2-standard-8' }, minReplicaCount: 2 },
          },
        ],
      },
    ],
  },
};

async function withSandbox(
  options: { readonly lab?: Partial<Project>; readonly billing?: Partial<Billing>; readonly clock?: string },
  test: (sandbox: Sandbox) => Promise<void>,
): Promise<void> {
  const scenario = parseScenario({
    name: 'billing clock',
    clock: options.clock ?? '2026-11-18T12:00:00Z',
    projects: [
      { id: 'lab', number: '200', ...options.lab },
      { id: 'other', number: '300', extraUsdPerHour: 1_000 },
    ],
    billing: {
      accounts: [{ id: ACCOUNT }],
      budgets: [
        {
          name: BUDGET,
          displayName: 'Lab',
          projects: ['lab'],
          usd: 100,
          thresholds: [0.5, 0.8, 1],
          forecastThresholds: [1, 2],
          topic: TOPIC,
          spentUsd: 40,
        },
      ],
      ...options.billing,
    },
  });
  const sandbox = await startSandbox({ scenario, frozen: true });
  try {
    await test(sandbox);
  } finally {
    await sandbox.close();
  }
}

const near = (actual: number, expected: number, what?: string): void => {
  assert.ok(Math.abs(actual - expected) < 1e-5, `${what ?? ''}: ${actual} is not ${expected}`);
};
const costs = (sandbox: Sandbox): unknown[] =>
  sandbox.billingClock.published.map(({ notification }) => notification.data['costAmount']);

describe('createBillingClock, spend', () => {
  it('adds up what runs at list prices, and names what has no price', () =>
    withSandbox({ lab: { ...FLEET, extraUsdPerHour: 2, spentUsd: 7 } }, async ({ clock, billingClock }) => {
      const rate = RATES.vm + RATES.notebook + RATES.job + RATES.sweep + RATES.model + 2;
      near(billingClock.usdPerHour('lab'), rate, 'rate');
      near(billingClock.spendOf('lab'), 7, 'start');
      await clock.advance(90 * MINUTE_MS);
      near(billingClock.spendOf('lab'), 7 + 1.5 * rate, 'after 90 minutes');
      assert.deepEqual(billingClock.unpriced('lab'), [
        'elsewhere: no price for n1-standard-4 in europe-north1; no price for pd-balanced in europe-north1',
      ]);
    }));

  it('begins the trials of a tuning job one after the other', () =>
    withSandbox({ lab: FLEET }, async ({ clock, billingClock, vertex }) => {
      const before = billingClock.usdPerHour('lab');
      vertex.resubmit('projects/200/locations/us-central1/hyperparameterTuningJobs/3');
      for (const trials of [1, 2, 3, 3]) {
        near(billingClock.usdPerHour('lab'), before + (trials / 3) * RATES.sweep, `${trials} trials`);
        await clock.advance(2 * MINUTE_MS);
      }
    }));

  it('stops with what is stopped, except for the disks', () =>
    withSandbox({ lab: FLEET }, async ({ clock, billingClock, fleet, vertex }) => {
      fleet.stopVm(VM);
      fleet.stopNotebook('projects/lab/locations/us-central1-a/instances/nb');
      vertex.cancel('projects/200/locations/us-central1/customJobs/1');
      vertex.cancel('projects/200/locations/us-central1/hyperparameterTuningJobs/3');
      vertex.undeploy('projects/200/locations/us-central1/endpoints/4', '1', {});
      await clock.advance(45_000);
      near(billingClock.usdPerHour('lab'), 2 * DISK);
      const untilStopped =
        (45 * (RATES.vm + RATES.notebook) + 30 * (RATES.job + RATES.sweep + RATES.model)) / 3_600;
      near(billingClock.spendOf('lab'), untilStopped);
      await clock.advance(HOUR_MS);
      near(billingClock.spendOf('lab'), untilStopped + 2 * DISK);
      fleet.startVm(VM);
      await clock.advance(75_000 + HOUR_MS);
      near(billingClock.spendOf('lab'), untilStopped + 2 * DISK * (2 + 75 / 3_600) + N1_STANDARD_4);
    }));

  it('stops while billing is off, at once', () =>
    withSandbox({ lab: { extraUsdPerHour: 6 } }, async ({ clock, billing, billingClock }) => {
      await clock.advance(HOUR_MS);
      billing.links.change('lab', undefined);
      await clock.advance(5 * HOUR_MS);
      near(billingClock.spendOf('lab'), 6);
      assert.equal(billingClock.usdPerHour('lab'), 0);
      billing.links.change('lab', ACCOUNT);
      await clock.advance(HOUR_MS);
      near(billingClock.spendOf('lab'), 12);
    }));

  it('starts anew with the month in Los Angeles', () =>
    withSandbox(
      { lab: { extraUsdPerHour: 6, spentUsd: 50 }, clock: '2026-12-01T07:00:00Z' },
      async ({ clock, billingClock }) => {
        assert.equal(billingClock.statusOf(BUDGET).data['costIntervalStart'], '2026-11-01T07:00:00Z');
        await clock.advance(HOUR_MS);
        near(billingClock.spendOf('lab'), 0);
        assert.equal(billingClock.statusOf(BUDGET).data['costIntervalStart'], '2026-12-01T08:00:00Z');
        await clock.advance(HOUR_MS);
        assert.equal(billingClock.statusOf(BUDGET).data['costAmount'], 6);
      },
    ));
});

describe('createBillingClock, messages', () => {
  it('have Google’s shape, with the highest thresholds that are exceeded', () =>
    withSandbox({ lab: { extraUsdPerHour: 10 } }, async ({ clock, billingClock, pubsub }) => {
      pubsub.createSubscription({ name: 'projects/lab/subscriptions/test', topic: TOPIC });
      const first = billingClock.emitNow(BUDGET);
      // 40 USD in 17.2 of 30 days make 69.7 in the month (its first day has 25 hours).
      assert.deepEqual(first, {
        attributes: {
          billingAccountId: ACCOUNT,
          budgetId: '11111111-1111-4111-8111-111111111111',
          schemaVersion: '1.0',
        },
        data: {
          budgetDisplayName: 'Lab',
          costAmount: 40,
          costIntervalStart: '2026-11-01T07:00:00Z',
          budgetAmount: 100,
          budgetAmountType: 'SPECIFIED_AMOUNT',
          currencyCode: 'USD',
        },
      });
      const [received] = pubsub.queue('projects/lab/subscriptions/test').pull(10);
      assert.deepEqual(received?.message.attributes, first.attributes);
      assert.deepEqual(JSON.parse(Buffer.from(received.message.data, 'base64').toString()), first.data);
      const thresholds = (): unknown[] => {
        const { data } = billingClock.statusOf(BUDGET);
        return [data['costAmount'], data['alertThresholdExceeded'], data['forecastThresholdExceeded']];
      };
      await clock.advance(59 * MINUTE_MS);
      assert.deepEqual(thresholds(), [49.83, undefined, undefined]);
      await clock.advance(MINUTE_MS);
      assert.deepEqual(thresholds(), [50, 0.5, undefined]);
      await clock.advance(5 * HOUR_MS);
      assert.deepEqual(thresholds(), [100, 1, 1]);
      await clock.advance(4 * HOUR_MS);
      assert.deepEqual(thresholds(), [140, 1, 2]);
    }));

  it('follow each other after 20 to 30 minutes, also when nothing changes and at 0 USD', () =>
    withSandbox(
      {
        billing: {
          budgets: [
            { name: BUDGET, displayName: 'Idle', projects: ['lab'], usd: 1, thresholds: [0.5], topic: TOPIC },
          ],
        },
      },
      async (sandbox) => {
        const from = sandbox.clock.now();
        await sandbox.clock.advance(24 * HOUR_MS);
        const times = [from, ...sandbox.billingClock.published.map(({ atMs }) => atMs)];
        const pauses = times.slice(1).map((at, index) => (at - (times[index] ?? 0)) / MINUTE_MS);
        assert.ok(pauses.length >= 48 && pauses.length <= 72, `${pauses.length} messages`);
        assert.ok(
          pauses.every((minutes) => minutes >= 20 && minutes <= 30),
          pauses.join(),
        );
        assert.deepEqual(new Set(costs(sandbox)), new Set([0]));
        const keys = Object.keys(sandbox.billingClock.published[0]?.notification.data ?? {});
        assert.equal(keys.includes('alertThresholdExceeded'), false);
      },
    ));

  it('tell the cost as it was before the reporting lag', () =>
    withSandbox(
      { lab: { extraUsdPerHour: 60 }, billing: { notificationLagMinutes: 30 } },
      async ({ clock, billingClock }) => {
        await clock.advance(20 * MINUTE_MS);
        assert.equal(billingClock.statusOf(BUDGET).data['costAmount'], 40);
        await clock.advance(25 * MINUTE_MS);
        assert.equal(billingClock.statusOf(BUDGET).data['costAmount'], 55);
        near(billingClock.spendOf('lab'), 45);
      },
    ));

  it('come twice, or one after the next, as the scenario wants', async () => {
    const run = async (billing: Partial<Billing>): Promise<readonly number[]> => {
      let seen: unknown[] = [];
      await withSandbox({ lab: { extraUsdPerHour: 6 }, billing }, async (sandbox) => {
        await sandbox.clock.advance(2.5 * HOUR_MS);
        seen = costs(sandbox);
      });
      return seen as number[];
    };
    const twice = await run({ duplicateProbability: 1 });
    assert.ok(twice.length >= 8);
    for (let index = 0; index < twice.length; index += 2) assert.equal(twice[index], twice[index + 1]);
    const swapped = await run({ reorderProbability: 1 });
    assert.ok(swapped.length >= 4 && swapped.length % 2 === 0);
    for (let index = 0; index < swapped.length; index += 2)
      assert.ok((swapped[index] ?? 0) > (swapped[index + 1] ?? 0), swapped.join());
    assert.deepEqual(await run({ seed: 5 }), await run({ seed: 5 }));
    assert.notDeepEqual(await run({ seed: 5 }), await run({ seed: 6 }));
  });

  it('cover the whole account without a project filter, and budgets that come and go', () =>
    withSandbox({}, async ({ clock, billing, billingClock, pubsub }) => {
      const { name } = billing.budgets.create(`billingAccounts/${ACCOUNT}`, {
        displayName: 'All',
        amount: { specifiedAmount: { units: '5000' } },
        notificationsRule: { pubsubTopic: TOPIC, schemaVersion: '1.0' },
      });
      await clock.advance(HOUR_MS);
      const ofAll = (): number => billingClock.published.filter(({ budget }) => budget === name).length;
      assert.ok(ofAll() >= 2);
      assert.equal(billingClock.statusOf(String(name)).data['costAmount'], 1_000);
      const before = ofAll();
      billing.budgets.delete(String(name));
      pubsub.deleteTopic(TOPIC);
      await clock.advance(HOUR_MS);
      assert.equal(ofAll(), before);
      const last = billingClock.published.at(-1);
      assert.deepEqual([last?.budget, last?.delivered], [BUDGET, false]);
    }));
});

describe('anomalyMessage', () => {
  it('has no budgetId', () => {
    const { attributes, data } = anomalyMessage({
      billingAccountId: ACCOUNT,
      project: { id: 'lab', number: '200', displayName: 'Lab' },
      atMs: Date.parse('2026-11-18T12:00:00Z'),
      expectedUsd: 20,
      actualUsd: 70.456,
    });
    assert.deepEqual(Object.keys(attributes), [
      'scope',
      'billingAccountName',
      'resourceDisplayName',
      'resourceName',
      'SchemaVersion',
    ]);
    assert.deepEqual([data['expectedSpendAmount'], data['actualSpendAmount']], [20, 70.46]);
  });
});
