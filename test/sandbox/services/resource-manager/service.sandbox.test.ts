import { describe, expect, it } from 'vitest';
import { errorOf, type Answer } from '../../../support/ask-google.ts';
import { OWNER, useSandbox } from '../../../support/use-sandbox.ts';

const HOST = 'https://cloudresourcemanager.googleapis.com';
const VIEWER = 'viewer@example.com';

type Json = Readonly<Record<string, unknown>>;

/** What is answered has the types of cloudresourcemanager v1, v2 and v3 (../../discovery): another answer is a 500 here. */
describe('Cloud Resource Manager', () => {
  const { sandbox, ask } = useSandbox({
    organization: { id: '900', displayName: 'example.com' },
    folders: [{ id: '10', parent: 'organizations/900', displayName: 'Research' }],
    projects: [
      { id: 'lab', number: '77', displayName: 'Lab', parent: 'folders/10', labels: { env: 'dev' } },
      { id: 'shop', number: '78' },
      { id: 'gone', number: '79', state: 'DELETE_REQUESTED' },
    ],
  });
  const ids = ({ body }: Answer, key = 'projects'): unknown =>
    ((body[key] ?? []) as Json[]).map((one) => one['projectId'] ?? one['name']);

  it('shows a project by id or number: v3 by number, state and parent, v1 by id and lifecycle', async () => {
    for (const name of ['lab', '77']) {
      const { body } = await ask('GET', `${HOST}/v3/projects/${name}`);
      expect(body).toMatchObject({
        name: 'projects/77',
        projectId: 'lab',
        displayName: 'Lab',
        parent: 'folders/10',
        state: 'ACTIVE',
        labels: { env: 'dev' },
      });
      const older = await ask('GET', `${HOST}/v1/projects/${name}`);
      expect(older.body).toMatchObject({
        projectNumber: '77',
        projectId: 'lab',
        name: 'Lab',
        lifecycleState: 'ACTIVE',
        parent: { type: 'folder', id: '10' },
      });
    }
  });

  // "The caller does not have permission" for what there is not and for what the caller may not see alike: the methods'
  // documentation has PERMISSION_DENIED where a project or folder cannot be told from one that there is not.
  it.each(['v3/projects/none', 'v1/projects/none', 'v3/folders/11', 'v2/folders/11', 'v3/organizations/1'])(
    'does not tell whether there is %s',
    async (path) => {
      expect(errorOf(await ask('GET', `${HOST}/${path}`))).toMatch(/^403 PERMISSION_DENIED/);
    },
  );

  it('shows a folder and the organization', async () => {
    for (const version of ['v2', 'v3'])
      expect((await ask('GET', `${HOST}/${version}/folders/10`)).body).toMatchObject({
        name: 'folders/10',
        parent: 'organizations/900',
        displayName: 'Research',
      });
    for (const version of ['v1', 'v3'])
      expect((await ask('GET', `${HOST}/${version}/organizations/900`)).body).toMatchObject({
        name: 'organizations/900',
        displayName: 'example.com',
        [version === 'v1' ? 'lifecycleState' : 'state']: 'ACTIVE',
      });
  });

  it('names what is above a project, itself first', async () => {
    const { body } = await ask('POST', `${HOST}/v1/projects/lab:getAncestry`, {});
    expect(body).toEqual({
      ancestor: [
        { resourceId: { type: 'project', id: 'lab' } },
        { resourceId: { type: 'folder', id: '10' } },
        { resourceId: { type: 'organization', id: '900' } },
      ],
    });
  });

  it.each([
    ['', ['lab', 'shop', 'gone']],
    ['parent:folders/10', ['lab']],
    ['state:DELETE_REQUESTED', ['gone']],
    ['projectId:la*', ['lab']],
    ['displayName=LAB', ['lab']],
    ['parent:folders/10 OR projectId:shop', ['lab', 'shop']],
    ['projectId:none', []],
  ])('searches projects by "%s"', async (query, expected) => {
    const answer = await ask('GET', `${HOST}/v3/projects:search?query=${encodeURIComponent(query)}`);
    expect(ids(answer)).toEqual(expected);
    if (expected.length === 0) expect(answer.body).toEqual({});
  });

  it('gives the pages of a search and of the older list', async () => {
    for (const url of [`${HOST}/v3/projects:search?pageSize=2`, `${HOST}/v1/projects?pageSize=2`]) {
      const first = await ask('GET', url);
      const token = encodeURIComponent(String(first.body['nextPageToken']));
      const last = await ask('GET', `${url}&pageToken=${token}`);
      expect([ids(first), ids(last)]).toEqual([['lab', 'shop'], ['gone']]);
      expect(last.body['nextPageToken']).toBeUndefined();
      expect(errorOf(await ask('GET', url.replace('=2', '=-2')))).toBe('400 INVALID_ARGUMENT');
    }
  });

  it('finds what the caller may see and nothing else, without a refusal', async () => {
    const permissions = ['resourcemanager.projects.get', 'resourcemanager.folders.get'];
    sandbox().iam.bind({ member: VIEWER, role: 'viewer', permissions, on: 'folders/10' });
    const found = async (path: string, account: string) => ask('GET', `${HOST}/${path}`, undefined, account);
    expect(ids(await found('v3/projects:search', VIEWER))).toEqual(['lab']);
    expect(ids(await found('v1/projects', VIEWER))).toEqual(['lab']);
    expect(ids(await found('v3/folders:search', VIEWER), 'folders')).toEqual(['folders/10']);
    expect((await found('v3/projects:search', 'outsider@example.com')).body).toEqual({});
  });

  it('tells which permissions the caller holds, and is silent where none', async () => {
    const test = async (path: string, account: string): Promise<Json> => {
      const permissions = ['resourcemanager.projects.get', 'resourcemanager.projects.delete'];
      return (await ask('POST', `${HOST}/${path}:testIamPermissions`, { permissions }, account)).body;
    };
    for (const path of ['v3/projects/lab', 'v1/projects/lab']) {
      expect(await test(path, VIEWER)).toEqual({ permissions: ['resourcemanager.projects.get'] });
      expect((await test(path, OWNER))['permissions']).toHaveLength(2);
      expect(await test(path, 'outsider@example.com')).toEqual({});
    }
  });

  // "Permissions with wildcards (such as * or storage.*) are not allowed": google/iam/v1/iam_policy.proto.
  it.each(['v1/projects/lab', 'v3/projects/lab', 'v3/folders/10', 'v3/organizations/900'])(
    'tests no wildcard on %s',
    async (path) => {
      const body = { permissions: ['resourcemanager.*'] };
      expect(errorOf(await ask('POST', `${HOST}/${path}:testIamPermissions`, body))).toBe(
        '400 INVALID_ARGUMENT',
      );
    },
  );

  it('refuses a policy that was read before another change', async () => {
    const url = `${HOST}/v3/folders/10`;
    const { body } = await ask('POST', `${url}:getIamPolicy`, {});
    const bindings = [{ role: 'roles/browser', members: ['user:ada@example.com'] }];
    const set = () => ask('POST', `${url}:setIamPolicy`, { policy: { bindings, etag: body['etag'] } });
    expect((await set()).body).toMatchObject({ bindings });
    expect(errorOf(await set())).toBe('409 ABORTED');
  });
});
