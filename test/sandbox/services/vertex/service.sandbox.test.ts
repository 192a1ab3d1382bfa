import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { askGoogle, errorOf, type Answer } from '../../../support/ask-google.ts';
import { startSandbox, type Sandbox } from '../../sandbox.ts';
import { parseScenario } from '../../scenario.ts';

const OWNER = 'owner@example.com';
const AT = 'projects/200/locations/us-central1';
const ENDPOINT = `${AT}/endpoints/77`;
const pool = { machineSpec: { machineType: 'n1-standard-4' }, containerSpec: { imageUri: 'image' } };

const RANKER = {
  id: '1',
  model: 'projects/lab/locations/us-central1/models/5',
  displayName: 'ranker',
  serviceAccount: 'ranker@lab.iam.gserviceaccount.com',
  dedicatedResources: {
    machineSpec: { machineType: 'g2-standard-8', acceleratorType: 'NVIDIA_L4', acceleratorCount: 1 },
    minReplicaCount: 2,
    maxReplicaCount: 6,
    autoscalingMetricSpecs: [
      { metricName: 'aiplatform.googleapis.com/prediction/online/cpu/utilization', target: 70 },
    ],
    spot: true,
  },
  enableAccessLogging: true,
};

describe('vertexService', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    const job = (id: string, state: 'JOB_STATE_RUNNING' | 'JOB_STATE_PENDING' | 'JOB_STATE_SUCCEEDED') => ({
      id,
      displayName: `job ${id}`,
      state,
      jobSpec: { workerPoolSpecs: [pool] },
    });
    const scenario = parseScenario({
      name: 'vertex',
      clock: '2026-11-18T12:00:00Z',
      projects: [
        {
          id: 'lab',
          number: '200',
          vertex: {
            customJobs: [
              job('1', 'JOB_STATE_RUNNING'),
              job('2', 'JOB_STATE_SUCCEEDED'),
              job('3', 'JOB_STATE_PENDING'),
              { ...job('4', 'JOB_STATE_RUNNING'), location: 'asia-east1' },
            ],
            hyperparameterTuningJobs: [
              {
                id: '9',
                displayName: 'sweep',
                trialJobSpec: { workerPoolSpecs: [pool] },
                parallelTrialCount: 2,
              },
            ],
            tuningJobs: [{ id: '8', tunedModelDisplayName: 'tuned', baseModel: 'gemini-2.5-flash' }],
            models: [{ id: '5', displayName: 'Ranker' }],
            endpoints: [
              {
                id: '77',
                displayName: 'ranking',
                deployedModels: [
                  RANKER,
                  {
                    id: '2',
                    model: 'projects/lab/locations/us-central1/models/6@3',
                    automaticResources: { minReplicaCount: 1, maxReplicaCount: 2 },
                  },
                ],
                trafficSplit: { '1': 80, '2': 20 },
              },
            ],
          },
        },
      ],
    });
    sandbox = await startSandbox({ scenario, frozen: true });
  });
  afterAll(() => sandbox.close());
  const ask = (method: string, path: string, body?: unknown, account = OWNER): Promise<Answer> =>
    askGoogle(sandbox, account, method, `https://us-central1-aiplatform.googleapis.com/v1/${path}`, body);
  const idsOf = ({ body }: Answer, key: string): unknown =>
    ((body[key] ?? []) as { name: string }[]).map(({ name }) => name.replace(/^.*\//, ''));
  const listed = (filter: string): Promise<Answer> =>
    ask('GET', `projects/lab/locations/us-central1/customJobs?filter=${encodeURIComponent(filter)}`);

  it('lists the locations, on the host without a region too', async () => {
    for (const host of ['aiplatform', 'europe-west4-aiplatform', 'asia-east1-aiplatform']) {
      const url = `https://${host}.googleapis.com/v1/projects/lab/locations`;
      const ids = idsOf(await askGoogle(sandbox, OWNER, 'GET', url), 'locations');
      assert.deepEqual(ids, ['asia-east1', 'europe-west4', 'us-central1', 'us-east4', 'us-west1'], host);
    }
    const elsewhere = await ask('GET', 'projects/lab/locations/asia-east1/customJobs');
    assert.equal(errorOf(elsewhere), '400 INVALID_ARGUMENT');
    const there =
      'https://asia-east1-aiplatform.googleapis.com/v1/projects/lab/locations/asia-east1/customJobs';
    assert.deepEqual(idsOf(await askGoogle(sandbox, OWNER, 'GET', there), 'customJobs'), ['4']);
  });

  it('lists jobs by page and state', async () => {
    assert.deepEqual(idsOf(await listed(''), 'customJobs'), ['1', '2', '3']);
    assert.deepEqual(idsOf(await listed('state="JOB_STATE_RUNNING"'), 'customJobs'), ['1']);
    assert.deepEqual(
      idsOf(await listed('state="JOB_STATE_RUNNING" OR state="JOB_STATE_PENDING"'), 'customJobs'),
      ['1', '3'],
    );
    assert.deepEqual(
      idsOf(await listed('state!="JOB_STATE_SUCCEEDED" AND display_name="job 3"'), 'customJobs'),
      ['3'],
    );
    assert.deepEqual((await listed('state="JOB_STATE_FAILED"')).body, {});
    const [ever, soon] = ['create_time>="2020-01-01T00:00:00Z"', 'create_time>"2999-01-01T00:00:00.000Z"'];
    assert.deepEqual(idsOf(await listed(ever), 'customJobs'), ['1', '2', '3']);
    assert.deepEqual((await listed(soon)).body, {});
    const either = 'state="JOB_STATE_RUNNING" OR ' + ever + ' AND state!="JOB_STATE_SUCCEEDED" OR ' + soon;
    assert.deepEqual(idsOf(await listed(either), 'customJobs'), ['1', '3']);
    assert.equal(errorOf(await listed('create_time>"yesterday"')), '400 INVALID_ARGUMENT');
    assert.equal(errorOf(await listed('end_time>"2020-01-01T00:00:00Z"')), '400 INVALID_ARGUMENT');
    assert.equal(errorOf(await listed('state>"A"')), '400 INVALID_ARGUMENT');
    assert.equal(errorOf(await listed('state~RUNNING')), '400 INVALID_ARGUMENT');
    assert.equal(errorOf(await listed('colour="red"')), '400 INVALID_ARGUMENT');
    const first = await ask('GET', `${AT}/customJobs?pageSize=2`);
    const token = String(first.body['nextPageToken']);
    assert.deepEqual(
      idsOf(await ask('GET', `${AT}/customJobs?pageSize=2&pageToken=${token}`), 'customJobs'),
      ['3'],
    );
    assert.equal(errorOf(await ask('GET', `${AT}/customJobs?orderBy=name`)), '400 INVALID_ARGUMENT');
  });

  for (const [kind, id] of [
    ['customJobs', '1'],
    ['hyperparameterTuningJobs', '9'],
    ['tuningJobs', '8'],
  ] as const)
    it(`cancels ${kind} within 30 seconds`, async () => {
      const name = `${AT}/${kind}/${id}`;
      const state = async (): Promise<unknown> => (await ask('GET', name)).body['state'];
      assert.deepEqual([await state(), (await ask('GET', name)).body['name']], ['JOB_STATE_RUNNING', name]);
      assert.deepEqual(await ask('POST', `${name}:cancel`, {}), { status: 200, body: {} });
      assert.equal(await state(), 'JOB_STATE_CANCELLING');
      assert.equal((await ask('POST', `${name}:cancel`, {})).status, 200);
      await sandbox.clock.advance(29_999);
      assert.equal(await state(), 'JOB_STATE_CANCELLING');
      await sandbox.clock.advance(1);
      assert.equal(await state(), 'JOB_STATE_CANCELLED');
      assert.equal(errorOf(await ask('POST', `${name}:cancel`, {})), '400 FAILED_PRECONDITION');
      assert.equal(errorOf(await ask('POST', `${name}:cancel`, { now: true })), '400 INVALID_ARGUMENT');
      assert.equal(errorOf(await ask('POST', `${AT}/${kind}/404:cancel`, {})), '404 NOT_FOUND');
    });

  it('undeploys and deploys again with all settings, field by field', async () => {
    const before = (await ask('GET', ENDPOINT)).body;
    const [ranker, next] = before['deployedModels'] as Record<string, unknown>[];
    assert.deepEqual(
      { ...ranker, createTime: '' },
      {
        ...RANKER,
        model: 'projects/200/locations/us-central1/models/5',
        modelVersionId: '1',
        createTime: '',
      },
    );
    assert.deepEqual(
      [next?.['model'], next?.['modelVersionId']],
      ['projects/200/locations/us-central1/models/6', '3'],
    );

    const undeploy = (body: object): Promise<Answer> => ask('POST', `${ENDPOINT}:undeployModel`, body);
    assert.equal(
      errorOf(await undeploy({ deployedModelId: '2' })),
      '400 FAILED_PRECONDITION',
      'it has traffic',
    );
    const half = { deployedModelId: '2', trafficSplit: { '1': 50 } };
    assert.equal(errorOf(await undeploy(half)), '400 INVALID_ARGUMENT');
    const first = await undeploy({ deployedModelId: '2', trafficSplit: { '1': 100 } });
    assert.equal('done' in first.body, false);
    assert.equal(errorOf(await undeploy({ deployedModelId: '2' })), '400 FAILED_PRECONDITION');
    const last = await undeploy({ deployedModelId: '1' });
    await sandbox.clock.advance(30_000);
    for (const { body } of [first, last]) {
      const operation = (await ask('GET', String(body['name']))).body;
      assert.equal(operation['done'], true);
      const short = String(body['name']).replace(/\/endpoints\/[^/]+/, '');
      assert.deepEqual((await ask('GET', short)).body, operation);
    }
    const empty = (await ask('GET', ENDPOINT)).body;
    assert.deepEqual(['deployedModels' in empty, 'trafficSplit' in empty], [false, false]);
    assert.equal(errorOf(await undeploy({ deployedModelId: '1' })), '404 NOT_FOUND');

    const deploy = (deployedModel: unknown, trafficSplit?: object): Promise<Answer> =>
      ask('POST', `${ENDPOINT}:deployModel`, {
        deployedModel,
        ...(trafficSplit === undefined ? {} : { trafficSplit }),
      });
    assert.equal(errorOf(await deploy({ ...ranker, colour: 'red' })), '400 INVALID_ARGUMENT');
    assert.equal(errorOf(await deploy({ model: 'm' })), '400 INVALID_ARGUMENT');
    // Generated ids are longer than what a request may name.
    assert.equal(errorOf(await deploy({ ...ranker, id: '7808380286500077568' })), '400 INVALID_ARGUMENT');
    const again = await deploy(ranker, { '0': 100 });
    assert.equal(errorOf(await deploy(ranker)), '409 ALREADY_EXISTS', 'while the first is under way');
    assert.match(
      String(again.body['name']),
      /^projects\/200\/locations\/us-central1\/endpoints\/77\/operations\/\d+$/,
    );
    await sandbox.clock.advance(120_000);
    assert.equal(errorOf(await deploy(ranker)), '409 ALREADY_EXISTS');
    await deploy({ ...next, model: `${String(next?.['model'])}@3` }, { '1': 80, '2': 20 });
    await sandbox.clock.advance(120_000);
    const restored = (await ask('GET', ENDPOINT)).body;
    const undated = (models: unknown): unknown =>
      (models as Record<string, unknown>[]).map((model) => ({ ...model, createTime: '' }));
    assert.deepEqual(undated(restored['deployedModels']), undated(before['deployedModels']));
    assert.deepEqual(restored['trafficSplit'], before['trafficSplit']);
    assert.deepEqual((await ask('GET', `${AT}/models/5`)).body['deployedModels'], [
      { endpoint: ENDPOINT, deployedModelId: '1' },
    ]);
    assert.deepEqual(idsOf(await ask('GET', `${AT}/endpoints`), 'endpoints'), ['77']);
  });

  it('requires each permission on the project', async () => {
    const member = 'clerk@example.com';
    sandbox.iam.bind({
      member,
      role: 'act as the model’s account',
      permissions: ['iam.serviceAccounts.actAs'],
      on: 'projects/lab',
    });
    for (const [permission, method, path, body] of [
      ['locations.list', 'GET', 'projects/lab/locations', undefined],
      ['customJobs.list', 'GET', `${AT}/customJobs`, undefined],
      ['customJobs.get', 'GET', `${AT}/customJobs/3`, undefined],
      ['customJobs.cancel', 'POST', `${AT}/customJobs/3:cancel`, {}],
      ['hyperparameterTuningJobs.list', 'GET', `${AT}/hyperparameterTuningJobs`, undefined],
      ['tuningJobs.list', 'GET', `${AT}/tuningJobs`, undefined],
      ['endpoints.list', 'GET', `${AT}/endpoints`, undefined],
      ['endpoints.get', 'GET', ENDPOINT, undefined],
      ['models.get', 'GET', `${AT}/models/5`, undefined],
      [
        'endpoints.undeploy',
        'POST',
        `${ENDPOINT}:undeployModel`,
        { deployedModelId: '2', trafficSplit: { '1': 100 } },
      ],
      ['endpoints.deploy', 'POST', `${ENDPOINT}:deployModel`, { deployedModel: { ...RANKER, id: '12' } }],
    ] as const) {
      const attempt = await ask(method, path, body, member);
      assert.equal(errorOf(attempt), '403 PERMISSION_DENIED IAM_PERMISSION_DENIED', permission);
      sandbox.iam.bind({
        member,
        role: permission,
        permissions: [`aiplatform.${permission}`],
        on: 'projects/lab',
      });
      assert.equal((await ask(method, path, body, member)).status, 200, permission);
    }
  });

  it('deploys nothing where billing is off', async () => {
    sandbox.billing.links.change('lab', undefined);
    const refused = await ask('POST', `${ENDPOINT}:deployModel`, { deployedModel: { ...RANKER, id: '13' } });
    assert.equal(errorOf(refused), '403 PERMISSION_DENIED BILLING_DISABLED');
  });
});
