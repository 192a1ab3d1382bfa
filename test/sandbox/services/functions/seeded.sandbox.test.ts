import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askGoogle } from '../../../support/ask-google.ts';
import { BUCKET, LAB, labScenario } from '../../../support/lab.ts';
import { parseScenario } from '../../scenario.ts';
import { startSandbox, type Sandbox } from '../../sandbox.ts';

const OWNER = 'owner@example.com';
const DEFAULT_ACCOUNT = '100000000002-compute@developer.gserviceaccount.com';

describe('what others deployed in the sandbox', () => {
  let sandbox: Sandbox;
  const ask = async (url: string, account = OWNER) => {
    const { status, body } = await askGoogle(sandbox, account, 'GET', url);
    return { status, text: JSON.stringify(body), body };
  };

  beforeAll(async () => {
    const env = { MODE: 'batch', TOKEN: { secret: 'hub-token' } };
    const lab = labScenario([], {
      project: {
        run: {
          functions: [{ id: 'ingest', env, serviceAccount: `ingest@${LAB}.iam.gserviceaccount.com` }],
          services: [{ id: 'scorer', location: 'europe-west4', env, args: ['--port=8080'] }],
          jobs: [{ id: 'nightly', env }],
        },
        managedNotebooks: [{ id: 'old-runtime', state: 'STOPPED' }],
        vms: [
          { id: 'host', zone: 'us-central1-a', machineType: 'e2-medium', serviceAccount: DEFAULT_ACCOUNT },
        ],
        vertex: { models: [{ id: '77', displayName: 'ranker', created: '-300d' }] },
      },
    });
    const bucket = {
      name: 'lab-open',
      project: LAB,
      iam: [{ role: 'roles/storage.objectViewer', members: ['allUsers'] }],
    };
    const scenario = parseScenario({
      ...lab,
      storage: { buckets: [{ name: BUCKET, project: LAB }, bucket] },
    });
    sandbox = await startSandbox({ scenario, frozen: true });
    sandbox.iam.bind({ member: OWNER, role: 'roles/owner', permissions: 'all', on: `projects/${LAB}` });
  });
  afterAll(() => sandbox.close());

  it('lists functions of all locations, values and secrets apart', async () => {
    const all = `https://cloudfunctions.googleapis.com/v2/projects/${LAB}/locations/-/functions`;
    const { body, text } = await ask(all);
    expect(body['functions']).toHaveLength(1);
    expect(text).toContain('"environmentVariables":{"MODE":"batch"}');
    expect(text).toContain(
      `"secretEnvironmentVariables":[{"key":"TOKEN","projectId":"${LAB}","secret":"hub-token","version":"latest"}]`,
    );
    const one = `https://cloudfunctions.googleapis.com/v2/projects/${LAB}/locations/us-central1/functions`;
    expect((await ask(`${one}/ingest`)).status).toBe(200);
    expect((await ask(`${one}/nothing`)).status).toBe(404);
    expect((await ask(all, 'outsider@example.com')).status).toBe(403);
  });

  it('lists Cloud Run services and jobs with their variables, arguments and accounts', async () => {
    const run = `https://run.googleapis.com/v2/projects/${LAB}/locations`;
    const services = await ask(`${run}/europe-west4/services`);
    expect(services.text).toContain('"args":["--port=8080"]');
    expect(services.text).toContain(
      '"valueSource":{"secretKeyRef":{"secret":"hub-token","version":"latest"}}',
    );
    expect((await ask(`${run}/us-central1/services`)).body).toEqual({});
    const jobs = await ask(`${run}/us-central1/jobs`);
    expect(jobs.text).toContain(`"serviceAccount":"${DEFAULT_ACCOUNT}"`);
    expect((await ask(`${run}/us-central1/jobs`, 'outsider@example.com')).status).toBe(403);
  });

  it('lists those of all regions by Cloud Run’s API v1 alone', async () => {
    for (const kind of ['services', 'jobs'])
      expect((await ask(`https://run.googleapis.com/v2/projects/${LAB}/locations/-/${kind}`)).status).toBe(
        400,
      );
    const apis = 'https://run.googleapis.com/apis';
    const services = await ask(`${apis}/serving.knative.dev/v1/namespaces/${LAB}/services`);
    expect(services.text).toContain('"valueFrom":{"secretKeyRef":{"name":"hub-token","key":"latest"}}');
    const jobs = `${apis}/run.googleapis.com/v1/namespaces/${LAB}/jobs`;
    expect((await ask(jobs)).text).toContain('"name":"nightly"');
    expect((await ask(jobs, 'outsider@example.com')).status).toBe(403);
  });

  it('lists managed notebooks of version 1 and models, and the account of a VM', async () => {
    const v1 = `https://notebooks.googleapis.com/v1/projects/${LAB}/locations/-/runtimes`;
    expect((await ask(v1)).text).toContain('/locations/us-central1/runtimes/old-runtime","state":"STOPPED"');
    const models = `https://us-central1-aiplatform.googleapis.com/v1/projects/${LAB}/locations/us-central1/models`;
    expect((await ask(models)).text).toContain('"displayName":"ranker"');
    const vms = `https://compute.googleapis.com/compute/v1/projects/${LAB}/aggregated/instances`;
    expect((await ask(vms)).text).toContain(`"serviceAccounts":[{"email":"${DEFAULT_ACCOUNT}"`);
  });

  it('shows the bindings of a bucket', async () => {
    const { body } = await ask('https://storage.googleapis.com/storage/v1/b/lab-open/iam');
    expect(body['bindings']).toContainEqual({ role: 'roles/storage.objectViewer', members: ['allUsers'] });
  });
});
