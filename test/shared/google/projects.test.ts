import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { PermanentError } from '../../../shared/errors.ts';
import { GoogleApiError } from '../../../shared/google/google-api-error.ts';
import { getProject, isInScope, listProjects } from '../../../shared/google/projects.ts';
import { refuse, scriptedApi, type SentRequest, type Script } from '../../support/scripted-api.ts';

const HOST = 'cloudresourcemanager.googleapis.com/v3';

interface Node {
  readonly folders?: readonly object[];
  readonly projects?: readonly object[];
}

/** Google's two searches over a tree; pages of `pageSize`. */
function tree(nodes: Readonly<Record<string, Node>>, pageSize = 500): Script {
  return ({ target, query }: SentRequest) => {
    const [, parent = ''] = /^parent:(\S+)$/.exec(query['query'] ?? '') ?? [];
    const kind = target === `${HOST}/projects:search` ? 'projects' : 'folders';
    assert.equal(target, `${HOST}/${kind}:search`);
    const all = nodes[parent]?.[kind] ?? [];
    const from = Number(query['pageToken'] ?? 0);
    const more = from + pageSize < all.length;
    return {
      ...(all.length === 0 ? {} : { [kind]: all.slice(from, from + pageSize) }),
      ...(more ? { nextPageToken: String(from + pageSize) } : { nextPageToken: '' }),
    };
  };
}

function project(projectId: string, state?: string): object {
  return { name: 'projects/1', projectId, ...(state === undefined ? {} : { state }) };
}

describe('listProjects', () => {
  test('takes named projects as they are, sorted and once, without asking', async () => {
    const { api, requested } = scriptedApi(() => refuse(403));
    const scope = ['projects/ml-b', 'projects/ml-a', 'projects/ml-b'];
    assert.deepEqual(await listProjects(api, scope, () => undefined), ['ml-a', 'ml-b']);
    assert.equal(requested.length, 0);
  });

  test('goes down nested folders', async () => {
    const { api } = scriptedApi(
      tree({
        'organizations/1': { folders: [{ name: 'folders/10' }], projects: [project('top')] },
        'folders/10': { folders: [{ name: 'folders/20' }, { name: 'folders/21' }] },
        'folders/20': { projects: [project('deep', 'ACTIVE')] },
        'folders/21': { projects: [project('deeper')] },
      }),
    );
    assert.deepEqual(await listProjects(api, ['organizations/1'], () => undefined), [
      'deep',
      'deeper',
      'top',
    ]);
  });

  test('reads all pages', async () => {
    const projects = Array.from({ length: 7 }, (_, index) => project(`ml-${index}`));
    const folders = [{ name: 'folders/2' }, { name: 'folders/3' }, { name: 'folders/4' }];
    const nodes = { 'folders/1': { projects, folders }, 'folders/4': { projects: [project('last')] } };
    const { api, requested } = scriptedApi(tree(nodes, 2));
    assert.equal((await listProjects(api, ['folders/1'], () => undefined)).length, 8);
    const tokens = requested
      .filter(
        ({ target, query }) => target.endsWith('projects:search') && query['query'] === 'parent:folders/1',
      )
      .map(({ query }) => query['pageToken']);
    assert.deepEqual(tokens, [undefined, '2', '4', '6']);
  });

  test('counts a project once that several entries contain', async () => {
    const nodes = {
      'folders/1': { folders: [{ name: 'folders/2' }] },
      'folders/2': { projects: [project('ml-a'), project('ml-b')] },
    };
    const { api } = scriptedApi(tree(nodes));
    const scope = ['folders/1', 'projects/ml-a', 'folders/2'];
    assert.deepEqual(await listProjects(api, scope, () => undefined), ['ml-a', 'ml-b']);
  });

  test('leaves out what is being deleted, folders with all below them', async () => {
    const { api } = scriptedApi(
      tree({
        'folders/1': {
          folders: [
            { name: 'folders/2', state: 'DELETE_REQUESTED' },
            { name: 'folders/3', state: 'ACTIVE' },
          ],
          projects: [project('gone', 'DELETE_REQUESTED'), project('here', 'ACTIVE')],
        },
        'folders/2': { projects: [project('lost')] },
        'folders/3': { projects: [project('also-here')] },
      }),
    );
    assert.deepEqual(await listProjects(api, ['folders/1'], () => undefined), ['also-here', 'here']);
  });

  test('an entry that shows no project is an error: a missing permission looks just so', async () => {
    const { api } = scriptedApi(tree({ 'folders/1': { projects: [project('ml-a')] } }));
    await assert.rejects(
      listProjects(api, ['folders/1', 'folders/9'], () => undefined),
      (error) => {
        assert.ok(error instanceof PermanentError);
        assert.match(error.message, /"folders\/9": none is visible; grant resourcemanager\.projects\.get/);
        return true;
      },
    );
  });
});

describe('isInScope', () => {
  const parents: Readonly<Record<string, string | undefined>> = {
    'projects/ml-lab': 'folders/20',
    'folders/20': 'folders/10',
    'folders/10': 'organizations/1',
    'projects/lonely': undefined,
  };
  const ancestry: Script = ({ target }) => {
    const name = target.slice(`${HOST}/`.length);
    if (!Object.hasOwn(parents, name)) refuse(403);
    const [, projectId] = /^projects\/(.+)$/.exec(name) ?? [];
    return { name, ...(projectId === undefined ? {} : { projectId }), parent: parents[name] };
  };

  const cases: readonly [string, readonly string[], string, boolean, number][] = [
    ['named: yes, unasked', ['folders/9', 'projects/ml-lab'], 'ml-lab', true, 0],
    ['other projects only: no, unasked', ['projects/other', 'projects/ml-lab-2'], 'ml-lab', false, 0],
    ['its own folder', ['folders/20'], 'ml-lab', true, 1],
    ['a folder further up', ['folders/10'], 'ml-lab', true, 2],
    ['its organization', ['organizations/1'], 'ml-lab', true, 3],
    ['another folder: no', ['folders/11'], 'ml-lab', false, 3],
    ['another organization: no', ['organizations/2'], 'ml-lab', false, 3],
    ['no parent at all: no', ['organizations/1'], 'lonely', false, 1],
    ['not visible (403): no', ['organizations/1'], 'hidden', false, 1],
  ];
  for (const [name, scope, projectId, wanted, calls] of cases)
    test(name, async () => {
      const { api, requested } = scriptedApi(ancestry);
      assert.equal(await isInScope(api, scope, projectId), wanted);
      assert.equal(requested.length, calls);
    });

  test('a folder on the way that is not visible: no', async () => {
    const { api } = scriptedApi((requested) =>
      requested.target.endsWith('folders/20') ? refuse(403) : ancestry(requested),
    );
    assert.equal(await isInScope(api, ['organizations/1'], 'ml-lab'), false);
  });

  test('what may pass is thrown', async () => {
    const { api } = scriptedApi(() => refuse(503));
    await assert.rejects(isInScope(api, ['folders/1'], 'ml-lab'), { name: 'GoogleApiError', status: 503 });
  });

  test('an API that is switched off is thrown: it does not tell where the project is', async () => {
    const { api } = scriptedApi(() => refuse(403, 'SERVICE_DISABLED'));
    await assert.rejects(isInScope(api, ['folders/1'], 'ml-lab'), GoogleApiError);
  });
});

describe('getProject', () => {
  const DELETED = Date.parse('2026-11-17T10:00:00Z');

  test.each([
    ['active', { state: 'ACTIVE' }, {}],
    ['active, and deleted once', { state: 'ACTIVE', deleteTime: '2026-11-17T10:00:00Z' }, {}],
    ['deleted', { state: 'DELETE_REQUESTED', deleteTime: '2026-11-17T10:00:00Z' }, { isDeleted: true, deletedMs: DELETED }],
    ['deleted, at no time', { state: 'DELETE_REQUESTED' }, { isDeleted: true }],
    ['deleted, at no readable time', { state: 'DELETE_REQUESTED', deleteTime: 'soon' }, { isDeleted: true }],
  ] as const)('%s: says whether and when it was deleted', async (_, more, deletion) => {
    const { api } = scriptedApi(() => ({ name: 'projects/1', projectId: 'ml-b', ...more }));
    const { projectId, number, displayName, labels, parent, ...rest } = await getProject(api, 'projects/ml-b');
    assert.deepEqual([projectId, number, displayName, labels, parent], ['ml-b', '1', '', {}, undefined]);
    assert.deepEqual(rest, deletion);
  });
}); // prettier-ignore
