import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { askGoogle } from '../../../support/ask-google.ts';
import { createClock } from '../../clock/clock.ts';
import { startSandbox, type Sandbox } from '../../sandbox.ts';
import { parseScenario } from '../../scenario.ts';
import { createRoleBook } from './role-book.ts';

const OWNER = 'owner@example.com';
const ORGANIZATION = 'organizations/900100200300';
const RESOURCE_MANAGER = 'https://cloudresourcemanager.googleapis.com';
const IAM = 'https://iam.googleapis.com/v1';
const ACCOUNT = 'lister@ml-ops.iam.gserviceaccount.com';

describe('IAM: what is created and set is what governs', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox({
      scenario: parseScenario({
        name: 'iam',
        organization: { id: '900100200300', displayName: 'example.com' },
        projects: [
          { id: 'ml-ops', number: '1' },
          {
            id: 'ml-lab',
            number: '2',
            notebooks: [{ id: 'nb', zone: 'us-central1-a', machineType: 'e2-standard-2' }],
          },
        ],
      }),
      frozen: true,
    });
  });
  afterAll(async () => {
    await sandbox.close();
  });

  const ask = (method: string, url: string, body?: object, account = OWNER) =>
    askGoogle(sandbox, account, method, url, body);
  const stop = async (): Promise<number> =>
    (
      await ask(
        'POST',
        'https://notebooks.googleapis.com/v2/projects/ml-lab/locations/us-central1-a/instances/nb:stop',
        {},
        ACCOUNT,
      )
    ).status;
  const createRole = (parent: string, roleId: string, includedPermissions: readonly string[]) =>
    ask('POST', `${IAM}/${parent}/roles`, {
      roleId,
      role: { title: roleId, stage: 'GA', includedPermissions },
    });
  const policyUrl = (on: string, verb: string): string => `${RESOURCE_MANAGER}/v3/${on}:${verb}`;
  const bind = async (on: string, role: string, member = `serviceAccount:${ACCOUNT}`) => {
    const { body } = await ask('POST', policyUrl(on, 'getIamPolicy'), {});
    const bindings = [...((body['bindings'] ?? []) as object[]), { role, members: [member] }];
    return ask('POST', policyUrl(on, 'setIamPolicy'), { policy: { bindings, etag: body['etag'] } });
  };

  it('lets an account do what a custom role has, for as long as it has it', async () => {
    await ask('POST', `${IAM}/projects/ml-ops/serviceAccounts`, { accountId: 'lister', serviceAccount: {} });
    await createRole('projects/ml-lab', 'stopper', ['notebooks.instances.get', 'notebooks.instances.stop']);
    const role = 'projects/ml-lab/roles/stopper';
    assert.equal(await stop(), 403);
    assert.equal((await bind('projects/ml-lab', role)).status, 200);
    assert.equal(await stop(), 200);
    await ask('DELETE', `${IAM}/${role}`);
    assert.equal(await stop(), 403);
    await ask('POST', `${IAM}/${role}:undelete`, {});
    await sandbox.clock.advance(3_600_000);
    assert.equal(await stop(), 400, 'it is stopped already');
    await ask('PATCH', `${IAM}/${role}?updateMask=includedPermissions`, {
      includedPermissions: ['notebooks.instances.get'],
    });
    assert.equal(await stop(), 403);
  });

  it('lets a deleted role come back for seven days, then shows it to no one, and keeps its id for thirty more', async () => {
    const [parent, name] = [`${IAM}/projects/ml-lab/roles`, 'projects/ml-lab/roles/brief'];
    const day = 86_400_000;
    const list = async (): Promise<boolean> =>
      JSON.stringify((await ask('GET', `${parent}?showDeleted=true`)).body).includes(name);
    const message = async (): Promise<string> => {
      const { status, body } = await createRole('projects/ml-lab', 'brief', []);
      const { error } = body as { error?: { message: string; status: string } };
      return `${status} ${error?.status ?? ''} ${error?.message ?? ''}`;
    };
    await createRole('projects/ml-lab', 'brief', ['notebooks.instances.get']);
    assert.match(
      await message(),
      /^409 ALREADY_EXISTS A role named brief in projects\/ml-lab already exists/,
    );
    await ask('DELETE', `${IAM}/${name}`);
    assert.equal((await ask('DELETE', `${IAM}/${name}`)).status, 400);
    assert.match(
      await message(),
      /^400 FAILED_PRECONDITION You can't create a role with role_id \(brief\) where/,
    );
    assert.equal((await ask('GET', `${IAM}/${name}`)).body['deleted'], true);
    assert.equal(await list(), true);
    await sandbox.clock.advance(7 * day - 1);
    assert.equal((await ask('POST', `${IAM}/${name}:undelete`, {})).status, 200);
    await ask('DELETE', `${IAM}/${name}`);
    await sandbox.clock.advance(7 * day);
    assert.equal((await ask('POST', `${IAM}/${name}:undelete`, {})).status, 404);
    assert.equal((await ask('GET', `${IAM}/${name}`)).status, 404);
    assert.equal(await list(), false);
    assert.match(await message(), /^400 FAILED_PRECONDITION .*\(brief\) which has been marked for deletion/);
    await sandbox.clock.advance(30 * day - 1);
    assert.match(await message(), /marked for deletion/);
    await sandbox.clock.advance(1);
    assert.equal((await createRole('projects/ml-lab', 'brief', [])).status, 200);
  });

  const refused: readonly [string, () => Promise<{ status: number }>][] = [
    ['a role of another project', () => bind('projects/ml-ops', 'projects/ml-lab/roles/stopper')],
    ['a role that there is not', () => bind('projects/ml-lab', 'projects/ml-lab/roles/nothing')],
    ['a predefined role that there is not', () => bind('projects/ml-lab', 'roles/pubsub.everything')],
    [
      'an account that there is not',
      () => bind('projects/ml-lab', 'roles/browser', 'serviceAccount:none@ml-ops.iam.gserviceaccount.com'),
    ],
    ['a member of an unknown kind', () => bind('projects/ml-lab', 'roles/browser', 'ada')],
    [
      'a permission on folders in the role of a project',
      () => createRole('projects/ml-lab', 'high', ['resourcemanager.folders.get']),
    ],
    [
      'an unknown field of a role',
      () => ask('POST', `${IAM}/projects/ml-lab/roles`, { roleId: 'more', role: { permissions: [] } }),
    ],
  ];
  for (const [title, act] of refused)
    it(`refuses ${title}`, async () => {
      assert.equal((await act()).status, 400);
    });

  it('takes a role of the organization everywhere below it', async () => {
    assert.equal((await createRole(ORGANIZATION, 'climber', ['resourcemanager.folders.get'])).status, 200);
    assert.equal((await bind('projects/ml-ops', `${ORGANIZATION}/roles/climber`)).status, 200);
  });

  it('takes an etag back in either alphabet of base64', async () => {
    const read = async (): Promise<string> =>
      String((await ask('POST', policyUrl('projects/ml-ops', 'getIamPolicy'), {})).body['etag']);
    // Some etag has one of the two characters in which the alphabets differ.
    for (let number = 1; !/[+/]/.test(await read()); number++)
      await bind('projects/ml-ops', 'roles/browser', `user:user-${number}@example.com`);
    const etag = (await read()).replaceAll('+', '-').replaceAll('/', '_');
    const { status } = await ask('POST', policyUrl('projects/ml-ops', 'setIamPolicy'), {
      policy: { bindings: [], etag },
    });
    assert.equal(status, 200);
  });

  it('refuses a policy that was read before another change', async () => {
    const { body } = await ask('POST', policyUrl('projects/ml-ops', 'getIamPolicy'), {});
    await bind('projects/ml-ops', 'roles/browser');
    const late = await ask('POST', policyUrl('projects/ml-ops', 'setIamPolicy'), {
      policy: { bindings: [], etag: body['etag'] },
    });
    assert.equal(late.status, 409);
  });

  it('leaves the bindings of a deleted account to no one, not even to one of the same name', async () => {
    await bind('projects/ml-ops', 'roles/pubsub.viewer');
    const may = () =>
      sandbox.iam.allows(ACCOUNT, { permission: 'pubsub.topics.list', on: 'projects/ml-ops' });
    assert.equal(may(), true);
    await ask('DELETE', `${IAM}/projects/-/serviceAccounts/${ACCOUNT}`);
    await ask('POST', `${IAM}/projects/ml-ops/serviceAccounts`, { accountId: 'lister' });
    assert.equal(may(), false);
    const { body } = await ask('POST', policyUrl('projects/ml-ops', 'getIamPolicy'), {});
    assert.match(
      JSON.stringify(body),
      /deleted:serviceAccount:lister@ml-ops\.iam\.gserviceaccount\.com\?uid=\d+/,
    );
  });

  it('shows an API that is enabled as such, and serves it only then', async () => {
    const api = 'https://serviceusage.googleapis.com/v1/projects/ml-lab/services/notebooks.googleapis.com';
    const list = async (): Promise<number> =>
      (await ask('GET', 'https://notebooks.googleapis.com/v2/projects/ml-lab/locations/-/instances')).status;
    await ask('POST', `${api}:disable`, {});
    assert.deepEqual([(await ask('GET', api)).body['state'], await list()], ['DISABLED', 403]);
    await ask('POST', `${api}:enable`, {});
    assert.deepEqual([(await ask('GET', api)).body['state'], await list()], ['ENABLED', 200]);
  });
});

it('under the other reading a role that is gone for good is shown as deleted, and cannot be undeleted', async () => {
  const clock = createClock({ startMs: 0, frozen: true });
  const book = createRoleBook({ clock, ancestry: (resource) => [resource], showsPurgedRoles: true });
  const name = 'projects/ml-lab/roles/brief';
  const fields = { title: '', description: '', includedPermissions: [], stage: 'GA' };
  book.create(name, fields);
  book.delete(name);
  await clock.advance(8 * 86_400_000);
  assert.equal(book.of('projects/ml-lab').length, 1);
  assert.throws(() => book.undelete(name), /can't undelete/);
  assert.throws(() => book.create(name, fields), /marked for deletion/);
});
