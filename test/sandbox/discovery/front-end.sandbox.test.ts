import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { askGoogle } from '../../support/ask-google.ts';
import { BUCKET, idle, LAB, labScenario, OPERATIONS } from '../../support/lab.ts';
import { startSandbox } from '../sandbox.ts';
import { findMethod } from './catalog.ts';
import { OUTSIDE } from './exceptions.ts';
import { requireGenuine } from './front-end.ts';

const OWNER = 'owner@example.com';
const JOBS = `https://cloudscheduler.googleapis.com/v1/projects/${OPERATIONS}/locations/us-central1/jobs`;

/** A path that a route's expression matches. */
function examplePath(source: string): string {
  let path = source
    .replace(/^\^|\$$/g, '')
    .replace(/\\([/.])/g, '$1')
    .replace(/\(\?:([\w]+)(?:\|\w+)+\)/g, '$1')
    .replace(/\[(\d)\d\]/g, '$1')
    .replace(/\[\^[^\]]*\]\+|\.\+/g, 'x');
  for (let before = ''; before !== path;) {
    before = path;
    path = path.replace(/\(\?<\w+>([^()]*)\)/g, '$1');
  }
  return path;
}

/** What an owner is answered: status and message. */
async function answers(
  requests: readonly (readonly [string, string, unknown?])[],
): Promise<readonly string[]> {
  const sandbox = await startSandbox({ scenario: labScenario([idle('one')]), frozen: true });
  for (const project of [OPERATIONS, LAB])
    sandbox.iam.bind({ member: OWNER, role: 'roles/owner', permissions: 'all', on: `projects/${project}` });
  try {
    const said: string[] = [];
    for (const [method, url, body] of requests) {
      const answer = await askGoogle(sandbox, OWNER, method, url, body);
      const error = answer.body['error'] as { readonly message: string } | undefined;
      said.push(`${answer.status} ${error?.message ?? ''}`.trim());
    }
    return said;
  } finally {
    await sandbox.close();
  }
}

describe('the front end of the sandbox', () => {
  it('refuses parameters, fields and values that discovery does not know, in the words of Google', async () => {
    const bucket = `https://storage.googleapis.com/storage/v1/b/${BUCKET}`;
    const said = await answers([
      ['GET', `https://compute.googleapis.com/compute/v1/projects/${LAB}/aggregated/instances?zone=a`],
      ['PATCH', bucket, { lifecycle: { rule: [{ action: { kind: 'Delete' }, condition: { age: 3 } }] } }],
      [
        'POST',
        JOBS,
        { schedule: '* * * * *', state: 'ON', pubsubTarget: { topicName: `projects/${LAB}/topics/t` } },
      ],
      ['POST', JOBS, { schedule: 5, attemptDeadline: '60s' }],
      ['GET', `${bucket}?projection=some`],
      ['GET', `${bucket}?projection=full`],
    ]);
    assert.deepEqual(said, [
      '400 Invalid JSON payload received. Unknown name "zone": Cannot bind query parameter. Field \'zone\' could not be found in request message.',
      '400 Invalid JSON payload received. Unknown name "kind" at \'lifecycle.rule[0].action\': Cannot find field.',
      '400 Invalid value at \'state\' (one of STATE_UNSPECIFIED, ENABLED, PAUSED, DISABLED, UPDATE_FAILED), "ON"',
      "400 Invalid value at 'schedule' (TYPE_STRING), 5",
      '400 Invalid value for \'projection\': "some". It takes one of full, noAcl.',
      '200',
    ]);
  });

  it('refuses a mask that names what the answer does not have', async () => {
    const jobs = `https://us-central1-aiplatform.googleapis.com/v1/projects/${LAB}/locations/us-central1`;
    const disks = `https://compute.googleapis.com/compute/v1/projects/${LAB}/aggregated/disks`;
    const said = await answers(
      [
        `${jobs}/tuningJobs?fields=tuningJobs(name,tuned_model_display_name,labels/env),nextPageToken`,
        `${jobs}/tuningJobs?fields=tuningJobs(name,displayName),nextPageToken`,
        `${jobs}/trainingPipelines?fields=trainingPipelines(trainingTaskInputs/workerPoolSpecs)`,
        `${disks}?fields=items/*(warning/code,disks(name,type))`,
        `${disks}?$fields=items/*(warning/code,disks(name,kinds))`,
        `https://storage.googleapis.com/storage/v1/b/${BUCKET}?fields=name,absent`,
      ].map((url) => ['GET', url] as const),
    );
    assert.deepEqual(said, [
      '200',
      '400 Request contains an invalid argument.',
      '400 Request contains an invalid argument.',
      '200',
      '400 Request contains an invalid argument.',
      '400 Invalid field selection absent',
    ]);
  });

  it('says what Google takes and only the sandbox lacks, as no refusal of Google’s', async () => {
    const said = await answers([
      ['PATCH', `https://storage.googleapis.com/storage/v1/b/${BUCKET}`, { ipFilter: { mode: 'Disabled' } }],
      ['POST', JOBS, { schedule: '* * * * *', appEngineHttpTarget: {} }],
      ['GET', `https://run.googleapis.com/v2/projects/${LAB}/locations/-/services?showDeleted=true`],
    ]);
    assert.deepEqual(said, [
      '501 The sandbox does not imitate the field ipFilter.',
      '501 The sandbox does not imitate the field appEngineHttpTarget.',
      '501 The sandbox does not imitate the parameter showDeleted of run.projects.locations.services.list.',
    ]);
  });

  it('serves nothing that is no method of Google’s', async () => {
    const sandbox = await startSandbox({ scenario: labScenario([]), frozen: true });
    await sandbox.close();
    assert.ok(sandbox.routes.length > 150);
    assert.deepEqual(
      sandbox.routes
        .map(({ method, host, path }) => [method, host, examplePath(path.source)] as const)
        .filter(([method, host, path]) => findMethod(method, host, path) === undefined)
        .map(([method, host, path]) => `${method} ${host}${path}`)
        .filter((request) => !OUTSIDE.some((one) => one.request.test(request))),
      [],
    );
  });

  it('takes the names of protos and numbers of enums, as JSON of protos does', async () => {
    const job = {
      name: JOBS.replace('https://cloudscheduler.googleapis.com/v1/', '').concat('/j'),
      schedule: '* * * * *',
      time_zone: 'Etc/UTC',
      state: 1,
    };
    const [said] = await answers([['POST', JOBS, job]]);
    assert.doesNotMatch(said ?? '', /Cannot find field|Invalid value at 'state' \(one of/);
  });

  it('fails itself when a service answers with a field that Google does not have', () => {
    const path = `/compute/v1/projects/${LAB}/zones/us-central1-a/instances/i`;
    const method = findMethod('GET', 'compute.googleapis.com', path);
    assert.ok(method !== undefined);
    requireGenuine(method, { name: 'i', status: 'RUNNING' });
    assert.throws(() => {
      requireGenuine(method, { name: 'i', state: 'RUNNING' });
    }, /Unknown name "state"/);
    assert.throws(() => {
      requireGenuine(method, { name: 'i', status: 'ACTIVE' });
    }, /Invalid value at 'status'/);
    assert.throws(() => {
      requireGenuine(method, { disks: [{ sizeGb: 5 }] });
    }, /Unknown name "sizeGb" at 'disks\[0\]'/);
  });

  it('finds the method by verb, host and path, whatever the region', () => {
    const id = (verb: string, host: string, path: string): string | undefined =>
      findMethod(verb, host, path)?.id;
    const endpoint = '/v1/projects/p/locations/europe-west4/endpoints/1';
    assert.deepEqual(
      [
        id('POST', 'europe-west4-aiplatform.googleapis.com', `${endpoint}:undeployModel`),
        id('GET', 'europe-west4-aiplatform.googleapis.com', endpoint),
        id('POST', 'europe-west4-aiplatform.googleapis.com', endpoint),
        id('GET', 'cloudresourcemanager.googleapis.com', '/v3/projects:search'),
        id('GET', 'storage.googleapis.com', '/storage/v1/b/b/o/a%2Fb'),
        id('POST', 'www.googleapis.com', '/upload/storage/v1/b/b/o'),
        id('POST', 'iam.googleapis.com', '/v1/projects/-/serviceAccounts/a@b.c:getIamPolicy'),
      ],
      [
        'aiplatform.projects.locations.endpoints.undeployModel',
        'aiplatform.projects.locations.endpoints.get',
        undefined,
        'cloudresourcemanager.projects.search',
        'storage.objects.get',
        'storage.objects.insert',
        'iam.projects.serviceAccounts.getIamPolicy',
      ],
    );
  });
});
