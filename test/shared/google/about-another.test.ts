import { describe, expect, it } from 'vitest';
import { getBucket } from '../../../shared/google/buckets.ts';
import { getMachineStart } from '../../../shared/google/machines.ts';
import { isInScope } from '../../../shared/google/projects.ts';
import { getEndpointOperation } from '../../../shared/google/vertex/deployment.ts';
import { getPool } from '../../../shared/resources/container/node-pool-facts.ts';
import { readSecret } from '../../../shared/google/secrets.ts';
import { createState } from '../../../shared/state/state.ts';
import { findObject } from '../../../shared/state/store-once.ts';
import type { Api } from '../../../shared/google/api.ts';
import { scriptedApi } from '../../support/scripted-api.ts';

const OPERATION = 'projects/1/locations/us-east4/endpoints/7/operations/9';
const LINK = 'https://www.googleapis.com/compute/v1/projects/p/zones/z/instances';

/** A look, what it reads out of a true answer, and answers that are not about what was requested. */
const LOOKS: readonly (readonly [string, (api: Api) => Promise<unknown>, object, readonly unknown[]])[] = [
  [
    'the start of a VM by its id',
    (api) => getMachineStart(api, 'projects/p/zones/z/instances/7'),
    { id: '7', name: 'vm', selfLink: `${LINK}/vm` },
    [
      { id: '8', name: 'vm' },
      { name: 'vm' },
      { id: '7', name: 'vm', selfLink: `${LINK}/vm`.replace('/p/', '/q/') },
    ],
  ],
  [
    'a bucket',
    (api) => getBucket(api, 'b'),
    { name: 'b', metageneration: '1' },
    [
      { name: 'c', metageneration: '1' },
      { name: '', metageneration: '1' },
    ],
  ],
  [
    'an operation on an endpoint',
    (api) => getEndpointOperation(api, OPERATION),
    { name: OPERATION, done: true },
    [{ name: OPERATION.replace('/9', '/8'), done: true }, { done: true }],
  ],
  [
    'a version of a secret',
    (api) => readSecret(api, 'projects/p/secrets/s/versions/3'),
    { name: 'projects/1/secrets/s/versions/3', payload: { data: 'aG9vaw==' } },
    [
      { name: 'projects/1/secrets/s/versions/2', payload: { data: 'aG9vaw==' } },
      { name: 'projects/1/secrets/t/versions/3', payload: { data: 'aG9vaw==' } },
      { payload: { data: 'aG9vaw==' } },
    ],
  ],
  [
    'the latest version of a secret',
    (api) => readSecret(api, 'projects/p/secrets/s/versions/latest'),
    { name: 'projects/p/secrets/s/versions/3', payload: { data: 'aG9vaw==' } },
    [{ name: 'projects/q/secrets/s/versions/3', payload: { data: 'aG9vaw==' } }],
  ],
  [
    'what is stored below a folder of the state bucket',
    (api) => createState({ api, bucket: 'b' }).list('receipts/'),
    { items: [{ name: 'receipts/1.json' }] },
    [{ items: [{ name: 'manifests/1.json' }] }, { items: [{ name: '' }] }],
  ],
  [
    'the project that a scope is compared with',
    (api) => isInScope(api, ['folders/1'], 'p'),
    { projectId: 'p', parent: 'folders/1' },
    [
      { projectId: 'q', parent: 'folders/1' },
      { projectId: '', parent: 'folders/1' },
    ],
  ],
];

describe.each(LOOKS)('%s', (_, look, answer, others) => {
  it('is read out of its own answer', async () => {
    await expect(look(scriptedApi(() => answer).api)).resolves.toBeDefined();
  });

  it.each([...others, [], undefined].map((other) => ({ other })))(
    'is not known by $other',
    async ({ other }) => {
      await expect(look(scriptedApi(() => other).api)).rejects.toMatchObject({ retryable: true });
    },
  );
});

it('the folder above a project is not known by the answer about another', async () => {
  const { api } = scriptedApi(({ target }) =>
    target.includes('/projects/')
      ? { projectId: 'p', parent: 'folders/2' }
      : { name: 'folders/3', parent: 'folders/1' },
  );
  await expect(isInScope(api, ['folders/1'], 'p')).rejects.toMatchObject({ retryable: true });
});

it('folders above a project that lie below each other are no answer, and end', async () => {
  const { api, requested } = scriptedApi(({ target }) => {
    if (target.includes('/projects/')) return { projectId: 'p', parent: 'folders/2' };
    const name = target.replace(/^.*\/folders/, 'folders');
    return { name, parent: name === 'folders/2' ? 'folders/3' : 'folders/2' };
  });
  const answered = isInScope(api, ['folders/1'], 'p');
  await expect(answered).rejects.toMatchObject({ retryable: true });
  await expect(answered).rejects.toThrow('folders/2 lies below itself');
  expect(requested).toHaveLength(3);
});

it('a node pool that cannot be read is not one that is gone', async () => {
  const cluster = { name: 'c', location: 'z', nodePools: [{ name: 'n', autoscaling: 'on' }] };
  const { api } = scriptedApi(() => cluster);
  await expect(getPool(api, 'projects/p/locations/z/clusters/c/nodePools/n')).rejects.toThrow(
    'nodePools[0].autoscaling',
  );
  expect(await getPool(api, 'projects/p/locations/z/clusters/c/nodePools/m')).toBeUndefined();
});

describe('an object of the state bucket whose text comes without its generation', () => {
  const read = (name: string) => {
    const { api } = scriptedApi(({ query }) =>
      query['alt'] === 'media' ? '{}' : { name, generation: '7', updated: '2026-01-01T00:00:00Z' },
    );
    return createState({ api, bucket: 'b' }).read('a.json');
  };

  it('is read with that of its own metadata alone', async () => {
    expect(await read('a.json')).toMatchObject({ text: '{}', generation: '7' });
    await expect(read('other.json')).rejects.toMatchObject({ retryable: true });
  });
});

it('an object that another answer is about does not say that this one was stored', async () => {
  const found = (name: string) =>
    findObject(scriptedApi(() => ({ name, md5Hash: 'x' })).api, { bucket: 'b', name: 'a.json' });
  expect(await found('a.json')).toMatchObject({ md5Hash: 'x' });
  expect(await found('other.json')).toBeUndefined();
});
