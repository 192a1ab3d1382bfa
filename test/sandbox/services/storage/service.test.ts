import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { messageOf, START, startHarness, type Harness } from './harness.ts';

describe('buckets', () => {
  let world: Harness;
  beforeAll(async () => {
    world = await startHarness({
      buckets: [
        { name: 'plain', project: 'ml-dev', location: 'us-central1', labels: { env: 'dev', team: 'vision' } },
        {
          name: 'fine',
          project: 'ml-dev',
          iamConfiguration: { uniformBucketLevelAccess: { enabled: false } },
        },
        { name: 'auto', project: 'ml-dev', autoclass: { enabled: true } },
        { name: 'hns', project: 'ml-dev', hierarchicalNamespace: { enabled: true } },
      ],
    });
  });
  afterAll(() => world.close());
  const patch = (bucket: string, body: object, query = '') =>
    world.send('PATCH', `/storage/v1/b/${bucket}${query}`, body);

  it('get: has the fields of a recorded bucket', async () => {
    const { json } = await world.send('GET', '/storage/v1/b/plain');
    const { timeCreated, generation, softDeletePolicy, iamConfiguration, ...rest } = json;
    assert.deepEqual(rest, {
      kind: 'storage#bucket',
      selfLink: 'https://www.googleapis.com/storage/v1/b/plain',
      id: 'plain',
      name: 'plain',
      projectNumber: '111111111111',
      metageneration: '1',
      location: 'US-CENTRAL1',
      storageClass: 'STANDARD',
      etag: 'CAE=',
      updated: timeCreated,
      labels: { env: 'dev', team: 'vision' },
      locationType: 'region',
      rpo: 'DEFAULT',
    });
    assert.match(String(generation), /^\d{19}$/);
    assert.deepEqual(softDeletePolicy, { retentionDurationSeconds: '604800', effectiveTime: timeCreated });
    const uniform = { enabled: true, lockedTime: START };
    assert.deepEqual(iamConfiguration, {
      bucketPolicyOnly: uniform,
      uniformBucketLevelAccess: uniform,
      publicAccessPrevention: 'inherited',
    });
  });

  it('get: lists access with projection=full only, and requires the permission', async () => {
    const bare = await world.send('GET', '/storage/v1/b/fine');
    assert.equal('acl' in bare.json, false);
    const full = await world.send('GET', '/storage/v1/b/fine?projection=full');
    const [entry] = full.json['acl'] as object[];
    assert.deepEqual(entry, {
      kind: 'storage#bucketAccessControl',
      id: 'fine/project-owners-111111111111',
      selfLink: 'https://www.googleapis.com/storage/v1/b/fine/acl/project-owners-111111111111',
      bucket: 'fine',
      entity: 'project-owners-111111111111',
      role: 'OWNER',
      etag: 'CAE=',
      projectTeam: { projectNumber: '111111111111', team: 'owners' },
    });
    assert.deepEqual(
      world.lastNeeds.map((need) => need.permission),
      ['storage.buckets.get', 'storage.buckets.getIamPolicy'],
    );
  });

  it('patch: merges objects, clears with null, replaces the lifecycle as a whole', async () => {
    const rule = { action: { type: 'Delete' }, condition: { age: 0 } };
    await patch('plain', { lifecycle: { rule: [rule, rule] } });
    const { json } = await patch('plain', {
      labels: { env: null, tier: 'hot' },
      lifecycle: { rule: [rule] },
    });
    assert.deepEqual(json['labels'], { team: 'vision', tier: 'hot' });
    assert.deepEqual(json['lifecycle'], { rule: [rule] });
    assert.equal(json['metageneration'], '3');
    assert.equal(json['updated'], START);
    assert.equal('lifecycle' in (await patch('plain', { lifecycle: {} })).json, false);
  });

  it('patch: 412 under a stale precondition, and nothing changes', async () => {
    const { status, json } = await patch('fine', { labels: { a: 'b' } }, '?ifMetagenerationMatch=7');
    assert.equal(status, 412);
    assert.match(JSON.stringify(json), /At least one of the pre-conditions you specified did not hold/);
    assert.equal('labels' in (await world.send('GET', '/storage/v1/b/fine')).json, false);
    assert.equal((await world.send('GET', '/storage/v1/b/fine?ifMetagenerationNotMatch=1')).status, 304);
    assert.equal((await patch('fine', {}, '?ifMetagenerationMatch=x')).status, 400);
  });

  const deletion = { type: 'Delete' };
  const refused: readonly (readonly [string, string, object, number, RegExp])[] = [
    ['an unknown field', 'plain', { colour: 'red' }, 400, /Unknown name "colour"/],
    ['an unknown condition', 'plain', { lifecycle: { rule: [{ action: deletion, condition: { older: 3 } }] } }, 400, /older/],
    ['an age as text', 'plain', { lifecycle: { rule: [{ action: deletion, condition: { age: '30' } }] } }, 400, /age/],
    ['a rule without condition', 'plain', { lifecycle: { rule: [{ action: deletion, condition: {} }] } }, 400, /condition/],
    ['an impossible date', 'plain', { lifecycle: { rule: [{ action: deletion, condition: { createdBefore: '2026-02-30' } }] } }, 400, /date/],
    ['SetStorageClass without class', 'plain', { lifecycle: { rule: [{ action: { type: 'SetStorageClass' }, condition: { age: 1 } }] } }, 400, /storageClass/],
    ['Abort with a class condition', 'plain', { lifecycle: { rule: [{ action: { type: 'AbortIncompleteMultipartUpload' }, condition: { isLive: true } }] } }, 400, /isLive/],
    ['101 rules', 'plain', { lifecycle: { rule: Array.from({ length: 101 }, () => ({ action: deletion, condition: { age: 1 } })) } }, 400, /100 rules/],
    ['a class rule under Autoclass', 'auto', { lifecycle: { rule: [{ action: { type: 'SetStorageClass', storageClass: 'NEARLINE' }, condition: { age: 1 } }] } }, 400, /Autoclass/],
    ['versioning with a hierarchy', 'hns', { versioning: { enabled: true } }, 400, /hierarchical/],
    ['another location', 'plain', { location: 'EU' }, 400, /location/],
    ['soft delete for a day', 'plain', { softDeletePolicy: { retentionDurationSeconds: '86400' } }, 400, /7 days/],
    ['a bucket that is not there', 'nowhere', {}, 404, /The specified bucket does not exist/],
  ]; // prettier-ignore
  for (const [what, bucket, body, status, message] of refused)
    it(`patch: refuses ${what}`, async () => {
      const answer = await patch(bucket, body);
      assert.equal(answer.status, status);
      assert.match(messageOf(answer), message);
    });

  it('retention: a locked policy can grow and not shrink', async () => {
    const created = await world.send('POST', '/storage/v1/b?project=ml-dev', {
      name: 'kept',
      retentionPolicy: { retentionPeriod: 100 },
    });
    assert.deepEqual(created.json['retentionPolicy'], { retentionPeriod: '100', effectiveTime: START });
    assert.equal((await world.send('POST', '/storage/v1/b/kept/lockRetentionPolicy')).status, 400);
    assert.equal(
      (await world.send('POST', '/storage/v1/b/kept/lockRetentionPolicy?ifMetagenerationMatch=1')).status,
      200,
    );
    assert.equal((await patch('kept', { retentionPolicy: { retentionPeriod: '99' } })).status, 403);
    assert.equal((await patch('kept', { retentionPolicy: null })).status, 403);
    const longer = await patch('kept', { retentionPolicy: { retentionPeriod: '101' } });
    assert.deepEqual(longer.json['retentionPolicy'], {
      retentionPeriod: '101',
      effectiveTime: START,
      isLocked: true,
    });
  });

  it('insert: name rules, and one name for the whole world', async () => {
    const insert = (name: string, project = 'ml-dev') =>
      world.send('POST', `/storage/v1/b?project=${project}`, { name });
    for (const name of ['ab', 'Upper', '-a-', '1.2.3.4', 'goog-x', 'my-google', 'a..b'])
      assert.equal((await insert(name)).status, 400, name);
    assert.equal((await insert('fresh')).status, 200);
    assert.match(messageOf(await insert('fresh')), /you already own it/);
    const foreign = await insert('fresh', 'other');
    assert.equal(foreign.status, 409);
    assert.match(messageOf(foreign), /not available/);
    assert.equal((await world.send('DELETE', '/storage/v1/b/fresh')).status, 204);
  });

  it('iam: policy with etag, and the permissions that the caller has', async () => {
    const { json } = await world.send('GET', '/storage/v1/b/plain/iam');
    const bindings = [{ role: 'roles/storage.objectViewer', members: ['user:a@example.com'] }];
    const set = await world.send('PUT', '/storage/v1/b/plain/iam', { ...json, bindings });
    assert.deepEqual(set.json['bindings'], bindings);
    assert.equal((await world.send('PUT', '/storage/v1/b/plain/iam', { ...json, bindings })).status, 412);
    const requested = 'permissions=storage.objects.get&permissions=storage.buckets.delete';
    const tested = await world.send('GET', `/storage/v1/b/plain/iam/testPermissions?${requested}`);
    assert.deepEqual(tested.json['permissions'], ['storage.objects.get']);
  });

  it('parentOf: objects, buckets, projects', () => {
    assert.equal(world.storage.parentOf('buckets/plain/objects/a/b'), 'buckets/plain');
    assert.equal(world.storage.parentOf('buckets/plain'), 'projects/ml-dev');
    assert.equal(world.storage.parentOf('buckets/nowhere'), undefined);
    assert.equal(world.storage.parentOf('projects/ml-dev'), undefined);
  });

  it('storageLayout: what gcloud requests before it lists', async () => {
    const { json } = await world.send('GET', '/storage/v1/b/hns/storageLayout?alt=json');
    assert.deepEqual(json, {
      kind: 'storage#storageLayout',
      bucket: 'hns',
      location: 'US',
      locationType: 'multi-region',
      hierarchicalNamespace: { enabled: true },
    });
  });
});
