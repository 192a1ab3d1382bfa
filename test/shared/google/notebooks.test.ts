import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'vitest';
import type { Api } from '../../../shared/google/api.ts';
import {
  getNotebook,
  LIST_FIELDS,
  listNotebooks,
  replaceNotebookMetadata,
  requestNotebook,
  type NotebookPage,
} from '../../../shared/google/notebooks.ts';
import { selectFields } from '../../sandbox/http/fields.ts';
import { anyPermit, refuse, scriptedApi, type Script } from '../../support/scripted-api.ts';

const PARENT = 'notebooks.googleapis.com/v2/projects/ml-lab/locations';
/** What Google's client adds to each request. */
const ENUMS_AS_NUMBERS = { $alt: 'json;enum-encoding=int' };
const NAME = 'projects/ml-lab/locations/us-central1-a/instances/nb-1';

const inPlace = (location: string): string => `projects/ml-lab/locations/${location}/instances/nb`;
const ONE = inPlace('one');

async function pagesOf(api: Api, project = 'ml-lab'): Promise<NotebookPage[]> {
  const pages: NotebookPage[] = [];
  for await (const page of listNotebooks(api, project)) pages.push(page);
  return pages;
}

function idsOf(pages: readonly NotebookPage[]): readonly (readonly string[])[] {
  return pages.map(({ instances }) => instances.map(({ name }) => name));
}

/** Refuses the wildcard with `status`; two locations over two pages, with an instance each. */
function withoutWildcard(status: number): Script {
  return ({ target, query }) => {
    if (target === `${PARENT}/-/instances`) refuse(status);
    if (target === PARENT)
      return query['pageToken'] === undefined
        ? { locations: [{ name: 'projects/ml-lab/locations/a' }], nextPageToken: 'more' }
        : { locations: [{ name: 'projects/ml-lab/locations/b' }], nextPageToken: '' };
    return { instances: [{ name: `${target.replace(/^.*\/projects/, 'projects')}/nb` }] };
  };
}

describe('listNotebooks', () => {
  test('lists all locations at once, page by page, with what could not be reached', async () => {
    const { api, requested } = scriptedApi(({ query }) =>
      query['pageToken'] === undefined
        ? { instances: [{ name: ONE }], nextPageToken: 'p2', unreachable: ['projects/ml-lab/locations/x'] }
        : { nextPageToken: '' },
    );
    assert.deepEqual(await pagesOf(api), [
      {
        instances: [{ name: ONE }],
        strange: [],
        only: false,
        unreachable: ['projects/ml-lab/locations/x'],
      },
      { instances: [], strange: [], only: false, unreachable: [] },
    ]);
    assert.deepEqual(
      requested.map(({ target, query }) => [target, query]),
      [
        [`${PARENT}/-/instances`, { pageSize: '100', fields: LIST_FIELDS }],
        [`${PARENT}/-/instances`, { pageSize: '100', fields: LIST_FIELDS, pageToken: 'p2' }],
      ],
    );
  });

  test('asks for no less than it reads of a recorded page, and for a good part less than all of it', async () => {
    const file = '../../fixtures/notebooks-v2-heartbeat/notebook_v2.list.json';
    const { body } = JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')) as {
      readonly body: { readonly instances: readonly { readonly name: string; readonly gceSetup: object }[] };
    };
    const [first] = body.instances;
    const withGpu = {
      ...first,
      name: `${first?.name ?? ''}-gpu`,
      instanceOwners: ['ada@example.com'],
      gceSetup: { ...first?.gceSetup, acceleratorConfigs: [{ type: 'NVIDIA_TESLA_T4', coreCount: '1' }] },
    };
    const all = { instances: [...body.instances, withGpu], unreachable: ['projects/ml-lab/locations/x'] };
    const masked = selectFields(all, LIST_FIELDS);
    const read = async (answer: unknown) => pagesOf(scriptedApi(() => answer).api, first?.name.split('/')[1]);
    const pages = await read(masked);
    assert.deepEqual(pages, await read(all));
    assert.deepEqual(Object.keys(pages[0]?.instances.at(-1) ?? {}).sort(), [
      'createTime',
      'creator',
      'gceSetup',
      'healthState',
      'instanceOwners',
      'labels',
      'name',
      'state',
    ]);
    assert.ok(JSON.stringify(masked).length < 0.75 * JSON.stringify(all).length);
  });

  test('says of a single page that it is the only one', async () => {
    const { api } = scriptedApi(() => ({ instances: [{ name: ONE }] }));
    assert.deepEqual(await pagesOf(api), [
      { instances: [{ name: ONE }], strange: [], only: true, unreachable: [] },
    ]);
  });

  for (const status of [400, 404, 501])
    test(`goes location by location where the wildcard is refused with ${status}`, async () => {
      const { api } = scriptedApi(withoutWildcard(status));
      assert.deepEqual(idsOf(await pagesOf(api)), [[inPlace('a')], [inPlace('b')]]);
      assert.deepEqual(api.calls, { 'notebooks.instances.list': 3, 'notebooks.locations.list': 2 });
    });

  for (const status of [400, 404, 501])
    test(`a ${status} after the first page is an error, not a refusal of the wildcard`, async () => {
      const { api, requested } = scriptedApi(({ query }) =>
        query['pageToken'] === undefined
          ? { instances: [{ name: ONE }], nextPageToken: 'p2' }
          : refuse(status),
      );
      const seen: string[] = [];
      const listing = (async () => {
        for await (const { instances } of listNotebooks(api, 'ml-lab'))
          for (const { name } of instances) seen.push(name);
      })();
      await assert.rejects(listing, { name: 'GoogleApiError', status });
      assert.deepEqual(seen, [ONE]);
      assert.ok(requested.every(({ target }) => target === `${PARENT}/-/instances`));
    });

  test('a missing permission is no refusal of the wildcard', async () => {
    const { api, requested } = scriptedApi(() => refuse(403));
    await assert.rejects(pagesOf(api), { status: 403 });
    assert.equal(requested.length, 1);
  });

  test('a location that fails by itself does not hide the others', async () => {
    const script = withoutWildcard(400);
    const { api } = scriptedApi((requested) =>
      requested.target === `${PARENT}/a/instances` ? refuse(403) : script(requested),
    );
    const [failed, other] = await pagesOf(api);
    assert.deepEqual([failed?.instances, failed?.failed?.location], [[], 'projects/ml-lab/locations/a']);
    assert.equal(failed?.failed?.error.status, 403);
    assert.deepEqual(other, {
      instances: [{ name: inPlace('b') }],
      strange: [],
      only: false,
      unreachable: [],
    });
  });

  test('an answer of another shape is a refusal that no retry helps against', async () => {
    const { api } = scriptedApi(() => ({ instances: [], unreachable: 'all' }));
    await assert.rejects(pagesOf(api), { name: 'GoogleApiError', retryable: false });
  });
});

describe('getNotebook', () => {
  test('has what a listing has, with the id of the VM that the client itself does not know', async () => {
    const { api, requested } = scriptedApi(() => ({
      name: NAME,
      state: 3,
      createTime: '2026-08-12T10:20:30.1234567Z',
      labels: { team: 'vision' },
      gceSetup: {
        instanceId: '7808380286500077568',
        machineType: 'n1-standard-8',
        acceleratorConfigs: [{ type: 5, coreCount: '2' }],
        metadata: { 'idle-timeout-seconds': '3600' },
      },
    }));
    assert.deepEqual(await getNotebook(api, NAME), {
      name: NAME,
      state: 'ACTIVE',
      createTime: '2026-08-12T10:20:30.123456700Z',
      labels: { team: 'vision' },
      gceSetup: {
        instanceId: '7808380286500077568',
        machineType: 'n1-standard-8',
        acceleratorConfigs: [{ type: 'NVIDIA_TESLA_T4', coreCount: '2' }],
        metadata: { 'idle-timeout-seconds': '3600' },
      },
    });
    assert.equal(requested[0]?.target, `notebooks.googleapis.com/v2/${NAME}`);
  });

  test('keeps a state that is newer than the client, and no type of an accelerator that is', async () => {
    const gceSetup = { acceleratorConfigs: [{ type: 99, coreCount: '8' }] };
    const { api } = scriptedApi(() => ({ name: NAME, state: 99, newField: 1, gceSetup }));
    const { state, gceSetup: setup } = await getNotebook(api, NAME);
    assert.deepEqual([state, setup?.acceleratorConfigs], ['99', [{ coreCount: '8' }]]);
  });

  test('an empty answer is a failure that may pass, and no instance without a state', async () => {
    const { api } = scriptedApi(() => ({}));
    await assert.rejects(getNotebook(api, NAME), { name: 'GoogleApiError', retryable: true });
  });
});

test('requestNotebook requests once, and names the operation', async () => {
  const { api, requested } = scriptedApi(() => ({
    name: 'projects/ml-lab/locations/us-central1-a/operations/o',
  }));
  assert.equal(
    await requestNotebook(api, anyPermit(), 'stop', NAME),
    'projects/ml-lab/locations/us-central1-a/operations/o',
  );
  assert.deepEqual(requested, [
    { method: 'POST', target: `notebooks.googleapis.com/v2/${NAME}:stop`, query: ENUMS_AS_NUMBERS, body: {} },
  ]);
});

test('requestNotebook does not ask again by itself', async () => {
  const { api } = scriptedApi(() => refuse(503));
  await assert.rejects(requestNotebook(api, anyPermit(), 'start', NAME), { status: 503 });
  assert.deepEqual(api.calls, { 'notebooks.instances.start': 1 });
});

test('replaceNotebookMetadata sends the whole map under its mask', async () => {
  const { api, requested } = scriptedApi(() => ({ name: 'operation' }));
  await replaceNotebookMetadata(api, anyPermit(), NAME, { 'idle-timeout-seconds': '3600', other: 'stays' });
  assert.deepEqual(requested, [
    {
      method: 'PATCH',
      target: `notebooks.googleapis.com/v2/${NAME}`,
      query: { updateMask: 'gce_setup.metadata', ...ENUMS_AS_NUMBERS },
      // What the mask does not name is no part of the change.
      body: {
        gceSetup: { metadata: { 'idle-timeout-seconds': '3600', other: 'stays' } },
        healthInfo: {},
        labels: {},
      },
    },
  ]);
});
