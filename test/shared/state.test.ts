import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Conflict, createState, type ObjectBucket, type State } from '../../shared/state.ts';
import { scriptedApi } from './scripted-api.ts';

interface Version {
  readonly text: string;
  readonly generation: number;
}

interface SaveOptions {
  readonly resumable?: boolean;
  readonly contentType?: string;
  readonly validation?: string;
  readonly preconditionOpts?: { readonly ifGenerationMatch: number };
}

/** A bucket in memory, as far as the state uses the client. `onDownload` runs before a download is answered. */
function memoryBucket(
  onDownload: (put: (name: string, text: string | undefined) => void) => void = () => undefined,
) {
  const objects = new Map<string, Version>();
  const saves: SaveOptions[] = [];
  const faults: number[] = [];
  let generation = 1_700_000_000_000_000;
  const put = (name: string, text: string | undefined): void => {
    if (text === undefined) objects.delete(name);
    else objects.set(name, { text, generation: ++generation });
  };
  const get = (name: string, wanted?: string): Version => {
    const found = objects.get(name);
    if (found === undefined || (wanted !== undefined && wanted !== String(found.generation))) refused(404);
    return found;
  };
  const bucket: ObjectBucket = {
    getFiles: async ({ prefix }) => [
      [...objects.keys()].filter((name) => name.startsWith(prefix)).map((name) => ({ name })),
    ],
    file: (name, options) => {
      let metadata: unknown = {};
      return {
        get metadata() {
          return metadata;
        },
        getMetadata: async () => [{ generation: String(get(name).generation) }],
        download: async () => {
          onDownload(put);
          return [Buffer.from(get(name, options?.generation).text)];
        },
        async save(data, given: SaveOptions) {
          saves.push(given);
          const fault = faults.shift();
          if (fault !== undefined) refused(fault);
          const wanted = given.preconditionOpts?.ifGenerationMatch;
          if (wanted !== undefined && wanted !== (objects.get(name)?.generation ?? 0)) refused(412);
          put(name, typeof data === 'string' ? data : [...data].join(''));
          metadata = { generation: objects.get(name)?.generation };
        },
      };
    },
  };
  return { bucket, objects, saves, faults, put };
}

function refused(status: number): never {
  throw Object.assign(new Error(`refused with ${status}`), { code: status });
}

function stateIn(bucket: ObjectBucket): State {
  return createState({
    api: scriptedApi(() => undefined).api,
    bucket: 'ml-ops-costguard',
    open: async () => bucket,
  });
}

describe('State.read', () => {
  test('text and generation of an object', async () => {
    const { bucket, put } = memoryBucket();
    put('a.json', '{"größe": 1}');
    const stored = await stateIn(bucket).read('a.json');
    assert.deepEqual(stored, { text: '{"größe": 1}', generation: '1700000000000001' });
  });

  test('undefined where there is none', async () => {
    assert.equal(await stateIn(memoryBucket().bucket).read('a.json'), undefined);
  });

  test('an object that is replaced in between is read again: text and generation belong together', async () => {
    let raced = false;
    const { bucket, put } = memoryBucket((write) => {
      if (!raced) write('a.json', 'new');
      raced = true;
    });
    put('a.json', 'old');
    assert.deepEqual(await stateIn(bucket).read('a.json'), { text: 'new', generation: '1700000000000002' });
  });

  test('an object that is deleted in between is not there', async () => {
    const { bucket, put } = memoryBucket((write) => {
      write('a.json', undefined);
    });
    put('a.json', 'old');
    assert.equal(await stateIn(bucket).read('a.json'), undefined);
  });

  test('any other refusal is thrown', async () => {
    const { bucket } = memoryBucket();
    const forbidden: ObjectBucket = {
      ...bucket,
      file: () => ({ ...bucket.file('a'), getMetadata: async () => refused(403) }),
    };
    await assert.rejects(stateIn(forbidden).read('a.json'), { name: 'OutsideError', status: 403 });
  });
});

test('State.list names what begins so', async () => {
  const { bucket, put } = memoryBucket();
  for (const name of ['runs/a', 'runs/b', 'other/c']) put(name, '');
  assert.deepEqual(await stateIn(bucket).list('runs/'), ['runs/a', 'runs/b']);
});

describe('State.write', () => {
  test('answers with the new generation, which the next write can name', async () => {
    const { bucket, objects } = memoryBucket();
    const state = stateIn(bucket);
    const first = await state.write('a.json', 'one', { ifGeneration: '0' });
    assert.equal(first, '1700000000000001');
    assert.equal(await state.write('a.json', 'two', { ifGeneration: first }), '1700000000000002');
    assert.equal(objects.get('a.json')?.text, 'two');
  });

  test('without a generation it overwrites', async () => {
    const { bucket, objects, put, saves } = memoryBucket();
    put('a.json', 'old');
    await stateIn(bucket).write('a.json', 'new');
    assert.equal(objects.get('a.json')?.text, 'new');
    assert.ok(!Object.hasOwn(saves[0] ?? {}, 'preconditionOpts'));
  });

  for (const [name, ifGeneration] of [
    ['an object that should not exist', '0'],
    ['an object that changed', '1600000000000000'],
  ] as const)
    test(`${name} is a Conflict, and stays as it is`, async () => {
      const { bucket, objects, put } = memoryBucket();
      put('a.json', 'theirs');
      await assert.rejects(stateIn(bucket).write('a.json', 'mine', { ifGeneration }), (error) => {
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
    const { bucket, objects, faults } = memoryBucket();
    faults.push(503, 429);
    function* pieces(): Generator<string> {
      yield '[1,';
      yield '2]';
    }
    await stateIn(bucket).write('a.json', pieces());
    assert.equal(objects.get('a.json')?.text, '[1,2]');
  });

  test('throws a refusal as it came', async () => {
    const { bucket, faults } = memoryBucket();
    faults.push(403);
    await assert.rejects(stateIn(bucket).write('a.json', 'x'), { name: 'OutsideError', status: 403 });
  });

  test('goes up in one request to 4 MiB, resumable above', async () => {
    const { bucket, saves } = memoryBucket();
    const state = stateIn(bucket);
    for (const length of [1, 4 * 1024 * 1024, 4 * 1024 * 1024 + 1])
      await state.write('a.json', 'x'.repeat(length));
    assert.deepEqual(
      saves.map(({ resumable, contentType, validation }) => [resumable, contentType, validation]),
      [false, false, true].map((resumable) => [resumable, 'application/json', 'md5']),
    );
  });
});
