import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, test } from 'vitest';
import { isRetryable } from '../../../shared/google/google-api-error.ts';
import { Conflict, createState, type State } from '../../../shared/state/state.ts';
import {
  answerObjects,
  objectHeaders,
  type ObjectRequest,
  type StoredObject,
} from '../../support/object-answers.ts';
import { timelessApi } from '../../support/scripted-api.ts';

/** A whole second: the headers tell no more. */
const NOW_MS = Date.parse('2026-11-18T21:40:00Z');

interface Requested extends ObjectRequest {
  readonly headers: Readonly<Record<string, string>>;
  /** Lengths of the pieces in which the body came; undefined when it came whole. */
  readonly parts: readonly number[] | undefined;
}

interface World {
  readonly state: State;
  readonly objects: Map<string, StoredObject>;
  readonly requested: Requested[];
  /** Statuses of the next answers, before any is given. */
  readonly faults: number[];
  readonly put: (name: string, text: string) => void;
}

/** The state over a bucket in memory. `before` sees each request before it is answered. */
function world(
  before: (request: ObjectRequest, world: World) => void = () => undefined,
  hidden: readonly string[] = [],
): World {
  const objects: World['objects'] = new Map();
  const requested: World['requested'] = [];
  const faults: number[] = [];
  const api = timelessApi(async ({ url, method = 'GET', data, headers = {} }) => {
    const parts = data instanceof Readable ? ((await data.toArray()) as string[]) : undefined;
    const body: unknown = parts?.join('') ?? data;
    const request = { method, url: new URL(String(url)), body };
    requested.push({
      ...request,
      headers: headers as Readonly<Record<string, string>>,
      parts: parts?.map(({ length }) => length),
    });
    const fault = faults.shift();
    if (fault !== undefined) refused(fault);
    before(request, made);
    const content = answerObjects(objects, request, refused, NOW_MS);
    const answered = objectHeaders(objects, request, NOW_MS);
    for (const header of hidden) answered.delete(header);
    return { data: content, headers: answered } as never;
  });
  const made: World = {
    state: createState({ api, bucket: 'ml-ops-costguard' }),
    objects,
    requested,
    faults,
    put: (name, text) =>
      void objects.set(name, { text, generation: (objects.get(name)?.generation ?? 0) + 1 }),
  };
  return made;
}

function withoutHeader(before: Parameters<typeof world>[0]): World {
  return world(before, ['x-goog-generation', 'last-modified']);
}

function refused(status: number): never {
  throw Object.assign(new Error(`refused with ${status}`), { status });
}

function isDownload({ url }: ObjectRequest): boolean {
  return url.searchParams.get('alt') === 'media';
}

describe('State.read', () => {
  test('text and generation of an object', async () => {
    const { state, put, requested } = world();
    put('a b/c.json', '{"größe": 1}');
    assert.deepEqual(await state.read('a b/c.json'), { text: '{"größe": 1}', generation: '1', ageMs: 0 });
    const object = 'https://storage.googleapis.com/storage/v1/b/ml-ops-costguard/o/a%20b%2Fc.json';
    assert.deepEqual(
      requested.map(({ url }) => url.href),
      [`${object}?alt=media`],
    );
  });

  test('undefined where there is none', async () => {
    assert.equal(await world().state.read('a.json'), undefined);
  });

  test('its age, by the clock of Cloud Storage alone', async () => {
    const { state, objects } = world();
    objects.set('a.json', { text: 'old', generation: 7, updatedMs: NOW_MS - 95_000 });
    assert.deepEqual(await state.read('a.json'), { text: 'old', generation: '7', ageMs: 95_000 });
  });

  test('no less than 0, where one server of Cloud Storage is behind the other', async () => {
    const { state, objects } = world();
    objects.set('a.json', { text: 'new', generation: 7, updatedMs: NOW_MS + 2_000 });
    assert.deepEqual(await state.read('a.json'), { text: 'new', generation: '7', ageMs: 0 });
  });

  test('an object that is deleted when it is read is not there', async () => {
    const { state, put } = world((request, { objects }) => {
      if (isDownload(request)) objects.delete('a.json');
    });
    put('a.json', 'old');
    assert.equal(await state.read('a.json'), undefined);
  });

  test('where media answers do not carry it, the generation is read first and then its text', async () => {
    const { state, requested, objects } = withoutHeader(() => undefined);
    objects.set('a.json', { text: 'old', generation: 7, updatedMs: NOW_MS - 95_000 });
    assert.deepEqual(await state.read('a.json'), { text: 'old', generation: '7', ageMs: 95_000 });
    assert.equal(requested.at(-1)?.url.search, '?alt=media&generation=7');
    assert.equal(await state.read('none.json'), undefined);
  });

  test('one that is overwritten between the two is worth another delivery', async () => {
    const { state, put } = withoutHeader(({ url }, { put: overwrite }) => {
      if (url.searchParams.has('generation')) overwrite('a.json', 'new');
    });
    put('a.json', 'old');
    await assert.rejects(state.read('a.json'), (error) => {
      assert.match(String(error), /gs:\/\/ml-ops-costguard\/a\.json changed while it was read/);
      return isRetryable(error);
    });
  });

  test('any other refusal is thrown', async () => {
    const { state, faults } = world();
    faults.push(403);
    await assert.rejects(state.read('a.json'), { name: 'GoogleApiError', status: 403 });
  });
});

test('State.list names what begins so', async () => {
  const { state, put } = world();
  for (const name of ['runs/a', 'runs/b', 'other/c']) put(name, '');
  assert.deepEqual(await state.list('runs/'), { items: ['runs/a', 'runs/b'], strange: [] });
});

test('State.list: one strange item does not hide the others, and is named', async () => {
  const api = timelessApi(
    async () => ({ data: { items: [{ name: 'a' }, { name: 7 }, { name: 'c' }] } }) as never,
  );
  const { items, strange } = await createState({ api, bucket: 'ml-ops-costguard' }).list('');
  assert.deepEqual(items, ['a', 'c']);
  assert.deepEqual(
    strange.map(({ path, why }) => `${path}: ${why}`),
    ['items[1].name: it is 7, not string'],
  );
});

describe('State.write', () => {
  test('answers with the new generation, which the next write can name', async () => {
    const { state, objects } = world();
    assert.equal(await state.write('a.json', 'one', { ifGeneration: '0' }), '1');
    assert.equal(await state.write('a.json', 'two', { ifGeneration: '1' }), '2');
    assert.equal(objects.get('a.json')?.text, 'two');
  });

  test('without a generation it overwrites', async () => {
    const { state, objects, put, requested } = world();
    put('a.json', 'old');
    await state.write('a.json', 'new');
    assert.equal(objects.get('a.json')?.text, 'new');
    assert.ok(requested[0]?.url.searchParams.has('ifGenerationMatch') === false);
  });

  for (const [name, ifGeneration] of [
    ['an object that should not exist', '0'],
    ['an object that changed', '2'],
  ] as const)
    test(`${name} is a Conflict, and stays as it is`, async () => {
      const { state, objects, put } = world();
      put('a.json', 'theirs');
      await assert.rejects(state.write('a.json', 'mine', { ifGeneration }), (error) => {
        assert.ok(error instanceof Conflict);
        assert.equal(
          error.message,
          'Cannot write "gs://ml-ops-costguard/a.json": it changed since it was read',
        );
        return true;
      });
      assert.equal(objects.get('a.json')?.text, 'theirs');
    });

  test('tries again what may pass, also from pieces that can be read only once', async () => {
    const { state, objects, faults } = world();
    faults.push(503, 429);
    const large = 'ü'.repeat(300_000);
    function* pieces(): Generator<string> {
      yield '["';
      yield large;
      yield '"]';
    }
    await state.write('a.json', pieces());
    assert.equal(objects.get('a.json')?.text, `["${large}"]`);
  });

  test('throws a refusal as it came', async () => {
    const { state, faults } = world();
    faults.push(403);
    await assert.rejects(state.write('a.json', 'x'), { name: 'GoogleApiError', status: 403 });
  });

  test('of an object that should not exist, refused for want of the right to overwrite: a Conflict where one is there', async () => {
    const { state, faults, put } = world();
    faults.push(403);
    await assert.rejects(state.write('a.json', 'x', { ifGeneration: '0' }), { status: 403 });
    put('a.json', 'theirs');
    faults.push(403);
    await assert.rejects(state.write('a.json', 'x', { ifGeneration: '0' }), { name: 'Conflict' });
    faults.push(403);
    await assert.rejects(state.write('a.json', 'x', { ifGeneration: '1' }), { status: 403 });
  });

  test('sends metadata with the hash of the bytes, and the text, in one body', async () => {
    const { state, requested } = world();
    await state.write('a.json', ['{"größe":', '1}'], { ifGeneration: '0' });
    const [{ method, url, body, headers } = assert.fail()] = requested;
    assert.equal(
      `${method} ${url.href}`,
      'POST https://storage.googleapis.com/upload/storage/v1/b/ml-ops-costguard/o?uploadType=multipart&name=a.json&ifGenerationMatch=0&fields=generation',
    );
    const [, boundary = ''] =
      /^multipart\/related; boundary=(\w+)$/.exec(headers['content-type'] ?? '') ?? [];
    const md5Hash = createHash('md5').update('{"größe":1}').digest('base64');
    assert.deepEqual(String(body).split('\r\n'), [
      `--${boundary}`,
      'Content-Type: application/json',
      '',
      `{"contentType":"application/json","md5Hash":"${md5Hash}"}`,
      `--${boundary}`,
      'Content-Type: application/json',
      '',
      '{"größe":1}',
      `--${boundary}--`,
      '',
    ]);
  });

  test('sends a large object in parts, and says how many bytes they are', async () => {
    const { state, objects, requested } = world();
    const pieces = Array.from({ length: 1_000 }, () => 'ü'.repeat(1_000));
    await state.write('a.json', pieces);
    assert.equal(objects.get('a.json')?.text, pieces.join(''));
    const [{ body, headers, parts = [] } = assert.fail()] = requested;
    assert.equal(headers['content-length'], String(Buffer.byteLength(String(body))));
    assert.equal(parts.length, 4);
    assert.ok(Math.max(...parts) < 300_000);
  });
});
