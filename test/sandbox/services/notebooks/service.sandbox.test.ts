import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorOf } from '../../../support/ask-google.ts';
import { useSandbox } from '../../../support/use-sandbox.ts';

const PROJECT = 'https://notebooks.googleapis.com/v2/projects/lab';
const ZONE = 'us-central1-a';
const NAME = `projects/lab/locations/${ZONE}/instances`;
const INSTANCES = `${PROJECT}/locations/${ZONE}/instances`;

type Json = Readonly<Record<string, unknown>>;

/** cloud-custodian's flight data of a real project. */
function recorded(file: string): Json {
  const path = join(import.meta.dirname, `../../../fixtures/notebooks-v2-heartbeat/${file}.json`);
  return (JSON.parse(readFileSync(path, 'utf8')) as { readonly body: Json }).body;
}

const shapeOf = (one: Json): Readonly<Record<string, unknown>> => ({
  fields: Object.keys(one).sort(),
  gceSetup: Object.keys(one['gceSetup'] as object).sort(),
  bootDisk: Object.keys((one['gceSetup'] as { bootDisk: object }).bootDisk).sort(),
  metadata: Object.keys((one['gceSetup'] as { metadata: object }).metadata).sort(),
});

describe('Notebooks v2', () => {
  const notebook = (id: string, rest: object = {}) => ({
    id,
    zone: ZONE,
    machineType: 'e2-standard-4',
    externalIp: '34.0.0.1',
    ...rest,
  });
  const { sandbox, ask } = useSandbox({
    projects: [
      {
        id: 'lab',
        number: '1',
        unreachable: ['europe-west4-a'],
        notebooks: [
          notebook('nb'),
          notebook('meta', { metadata: { a: '1', b: '2' } }),
          notebook('off', { state: 'STOPPED' }),
          notebook('far', { zone: 'europe-west4-a' }),
        ],
        managedNotebooks: [{ id: 'old' }, { id: 'older', location: 'europe-west4' }],
      },
    ],
  });
  const get = async (id: string): Promise<Json> => (await ask('GET', `${INSTANCES}/${id}`)).body;
  const setupOf = (one: Json) => one['gceSetup'] as { readonly metadata: Json };

  it('shows an instance with the fields of a recorded one, which are fewer in a list', async () => {
    expect(shapeOf(await get('nb'))).toEqual(shapeOf(recorded('test_notebook_v2_get.get')));
    const firstOf = (body: Json): Json => (body['instances'] as Json[])[0] ?? {};
    const listed = firstOf((await ask('GET', INSTANCES)).body);
    expect(shapeOf(listed)).toEqual(shapeOf(firstOf(recorded('notebook_v2.list'))));
  });

  it('lists all locations at once, and on the last page those that it could not reach', async () => {
    const list = (query: string) => ask('GET', `${PROJECT}/locations/-/instances?${query}`);
    const first = await list('pageSize=2');
    const token = encodeURIComponent(String(first.body['nextPageToken']));
    const last = await list(`pageSize=2&pageToken=${token}`);
    const names = [first, last].flatMap(({ body }) =>
      (body['instances'] as Json[]).map((one) => one['name']),
    );
    expect(names).toEqual(['nb', 'meta', 'off'].map((id) => `${NAME}/${id}`));
    expect([first.body['unreachable'], last.body['unreachable']]).toEqual([
      undefined,
      ['projects/lab/locations/europe-west4-a'],
    ]);
  });

  it('stops an instance by an operation with the fields of a recorded one', async () => {
    const { body } = await ask('POST', `${INSTANCES}/nb:stop`, {});
    const example = recorded('test_notebook_v2_update_metadata.patch');
    expect(Object.keys(body).sort()).toEqual(Object.keys(example).sort());
    expect(Object.keys(body['metadata'] as object).sort()).toEqual(
      Object.keys(example['metadata'] as object).sort(),
    );
    expect((await get('nb'))['state']).toBe('STOPPING');
    const operation = `https://notebooks.googleapis.com/v2/${String(body['name'])}`;
    expect((await ask('GET', operation)).body['done'] ?? false).toBe(false);
    await sandbox().clock.advance(120_000);
    const { body: ended } = await ask('GET', operation);
    expect(ended).toMatchObject({ done: true, response: { name: `${NAME}/nb`, state: 'STOPPED' } });
    expect((await get('nb'))['proxyUri']).toBeUndefined();
    await ask('POST', `${INSTANCES}/nb:start`, {});
    await sandbox().clock.advance(300_000);
    expect((await get('nb'))['state']).toBe('ACTIVE');
  });

  // Recorded: after a patch with one key the others were still there (test_notebook_v2_update_metadata).
  it('merges metadata, and replaces labels', async () => {
    const patch = (mask: string, body: object) => ask('PATCH', `${INSTANCES}/meta?updateMask=${mask}`, body);
    await patch('gce_setup.metadata', { gceSetup: { metadata: { b: '3', c: '4' } } });
    expect(setupOf(await get('meta')).metadata).toMatchObject({ a: '1', b: '3', c: '4' });
    await patch('labels', { labels: { x: 'y' } });
    await patch('labels', { labels: { z: '1' } });
    expect((await get('meta'))['labels']).toMatchObject({ z: '1' });
    expect((await get('meta'))['labels']).not.toHaveProperty('x');
  });

  it.each([
    ['to stop what is stopped', 'POST', 'off:stop', {}, '400 FAILED_PRECONDITION'],
    ['to start what runs', 'POST', 'meta:start', {}, '400 FAILED_PRECONDITION'],
    ['an update of the state', 'PATCH', 'meta?updateMask=state', { state: 'STOPPED' }, '400 INVALID_ARGUMENT'],
    ['an update without a mask', 'PATCH', 'meta', { labels: {} }, '400 INVALID_ARGUMENT'],
    ['a field that an instance does not have', 'PATCH', 'meta?updateMask=labels', { colour: 'red' }, '400 INVALID_ARGUMENT'],
    ['an instance that there is not', 'GET', 'none', undefined, '404 NOT_FOUND'],
    ['to stop an instance that there is not', 'POST', 'none:stop', {}, '404 NOT_FOUND'],
  ])('refuses %s', async (_title, method, path, body, expected) => {
    expect(errorOf(await ask(method, `${INSTANCES}/${path}`, body))).toBe(expected);
  }); // prettier-ignore

  it('does not find an operation that there is not', async () => {
    expect(errorOf(await ask('GET', `${PROJECT}/locations/${ZONE}/operations/none`))).toBe('404 NOT_FOUND');
  });

  it('lists its locations page by page', async () => {
    const { body } = await ask('GET', `${PROJECT}/locations?pageSize=1`);
    expect(body['locations']).toHaveLength(1);
    expect(body['nextPageToken']).toBeTypeOf('string');
    expect(errorOf(await ask('GET', `${PROJECT}/locations?pageSize=-1`))).toBe('400 INVALID_ARGUMENT');
    expect((await ask('GET', `${PROJECT}/locations?filter=x`)).status).toBe(501);
  });

  it('lists by v1 the managed notebooks that are left, of one location or of all', async () => {
    const list = async (location: string): Promise<unknown> => {
      const { body } = await ask('GET', `${PROJECT.replace('v2', 'v1')}/locations/${location}/runtimes`);
      return ((body['runtimes'] ?? []) as Json[]).map((one) => one['name']);
    };
    const old = 'projects/lab/locations/us-central1/runtimes/old';
    expect(await list('-')).toEqual([old, 'projects/lab/locations/europe-west4/runtimes/older']);
    expect(await list('us-central1')).toEqual([old]);
    expect(await list('asia-east1')).toEqual([]);
  });
});
