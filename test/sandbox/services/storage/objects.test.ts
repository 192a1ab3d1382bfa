import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { crc32c } from './crc32c.ts';
import { messageOf, startHarness, type Harness } from './harness.ts';

const DAY_MS = 86_400_000;

describe('objects', () => {
  let world: Harness;
  beforeAll(async () => {
    world = await startHarness({
      buckets: [
        { name: 'plain', project: 'ml-dev', softDeletePolicy: { retentionDurationSeconds: '0' } },
        { name: 'soft', project: 'ml-dev' },
        {
          name: 'versioned',
          project: 'ml-dev',
          versioning: { enabled: true },
          softDeletePolicy: { retentionDurationSeconds: 0 },
        },
        { name: 'held', project: 'ml-dev', retentionPolicy: { retentionPeriod: '172800' } },
        {
          name: 'tree',
          project: 'ml-dev',
          objects: ['a.txt', 'b/', 'b/1', 'b/c/2', 'c.txt', 'd/1', 'e'].map((name) => ({ name, size: 1 })),
        },
        {
          name: 'aged',
          project: 'ml-dev',
          objects: [
            {
              name: 'model.bin',
              size: 5_000_000_000,
              storageClass: 'NEARLINE',
              timeCreated: '-40d',
              customTime: '-50d',
              noncurrent: [{ size: 7, timeCreated: '-60d', timeDeleted: '-40d' }],
            },
          ],
        },
      ],
    });
  });
  afterAll(() => world.close());

  const put = (bucket: string, name: string, body: string, query = '', headers = {}) =>
    world.send(
      'POST',
      `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=${encodeURIComponent(name)}${query}`,
      body,
      headers,
    );
  const get = (bucket: string, name: string, query = '') =>
    world.send('GET', `/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}${query}`);
  const remove = (bucket: string, name: string, query = '') =>
    world.send('DELETE', `/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}${query}`);
  const list = async (bucket: string, query = '') => {
    const { json } = await world.send('GET', `/storage/v1/b/${bucket}/o?${query}`);
    const {
      items = [],
      prefixes = [],
      nextPageToken,
    } = json as {
      items?: { name: string; generation: string }[];
      prefixes?: string[];
      nextPageToken?: string;
    };
    return { names: items.map((item) => item.name), items, prefixes, nextPageToken };
  };

  it('crc32c: the check value of the polynomial', () => {
    assert.equal(crc32c(Buffer.from('123456789')), Buffer.from('e3069283', 'hex').toString('base64'));
  });

  it('insert media: name, type, size, checksums, link', async () => {
    const { json } = await put('plain', 'dir/a b.txt', 'hello', '', { 'content-type': 'text/plain' });
    assert.equal(json['name'], 'dir/a b.txt');
    assert.equal(json['contentType'], 'text/plain');
    assert.equal(json['size'], '5');
    assert.equal(json['crc32c'], 'mnG7TA==');
    assert.equal(json['md5Hash'], 'XUFAKrxLKna5cZ2REBfFkg==');
    assert.equal(json['id'], `plain/dir/a b.txt/${String(json['generation'])}`);
    assert.equal(json['selfLink'], 'https://www.googleapis.com/storage/v1/b/plain/o/dir%2Fa%20b.txt');
    const media = await get('plain', 'dir/a b.txt', '?alt=media');
    assert.equal(media.text, 'hello');
    assert.equal(media.headers.get('x-goog-hash'), 'crc32c=mnG7TA==,md5=XUFAKrxLKna5cZ2REBfFkg==');
    const part = await world.send(
      'GET',
      '/download/storage/v1/b/plain/o/dir%2Fa%20b.txt?alt=media',
      undefined,
      { range: 'bytes=-3' },
    );
    assert.deepEqual(
      [part.status, part.text, part.headers.get('content-range')],
      [206, 'llo', 'bytes 2-4/5'],
    );
    const beyond = await world.send('GET', '/storage/v1/b/plain/o/dir%2Fa%20b.txt?alt=media', undefined, {
      range: 'bytes=9-',
    });
    assert.equal(beyond.status, 416);
  });

  it('insert: damaged bytes and bad names are refused, nothing is stored', async () => {
    assert.equal((await put('plain', 'bad', 'hello', '', { 'x-goog-hash': 'crc32c=AAAAAA==' })).status, 400);
    assert.equal((await put('plain', 'bad', 'hello', '', { 'x-goog-hash': 'md5=AAAAAA==' })).status, 400);
    assert.equal((await put('plain', '..', 'x')).status, 400);
    assert.equal((await put('plain', 'x'.repeat(1025), 'x')).status, 400);
    assert.equal((await get('plain', 'bad')).status, 404);
  });

  it('insert multipart: metadata and bytes in one body; cut short it stores nothing', async () => {
    const path = '/upload/storage/v1/b/plain/o?uploadType=multipart';
    const metadata = { name: 'multi', customTime: '2026-01-01T00:00:00Z', metadata: { k: 'v' } };
    const body = `--=b=\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(metadata)}\r\n--=b=\r\ncontent-type: text/csv\r\n\r\na\r\n--b\r\n\r\n--=b=--`;
    const headers = { 'content-type': "multipart/related; boundary='=b='" };
    assert.equal((await world.send('POST', path, body.slice(0, -4), headers)).status, 400);
    assert.equal((await get('plain', 'multi')).status, 404);
    const { json } = await world.send('POST', path, body, headers);
    assert.equal(json['contentType'], 'text/csv');
    assert.equal(json['customTime'], metadata.customTime);
    assert.equal(world.storage.objectText('plain', 'multi'), 'a\r\n--b\r\n');
    const damaged = body.replace('"name":"multi"', '"name":"damaged","md5Hash":"AAAAAA=="');
    assert.equal((await world.send('POST', path, damaged, headers)).status, 400);
    assert.equal((await get('plain', 'damaged')).status, 404);
    // gcloud's own form: lines end with LF alone, while the content may end with a CR.
    const lines = body.replaceAll('\r\n', '\n').replace('a\n--b\n', 'gcloud\r');
    assert.equal((await world.send('POST', path, lines, headers)).status, 200);
    assert.equal(world.storage.objectText('plain', 'multi'), 'gcloud\r');
  });

  it('insert: replacing needs storage.objects.delete too, creating alone does not', async () => {
    const needed = () => world.lastNeeds.map((need) => `${need.permission} ${need.on}`);
    await put('plain', 'twice', '1');
    assert.deepEqual(needed(), ['storage.objects.create buckets/plain']);
    await put('plain', 'twice', '2');
    assert.deepEqual(needed(), [
      'storage.objects.create buckets/plain',
      'storage.objects.delete buckets/plain',
    ]);
  });

  it('preconditions: generation and metageneration on insert, patch, get, delete', async () => {
    const { json } = await put('plain', 'pre', '1', '&ifGenerationMatch=0');
    const generation = String(json['generation']);
    assert.equal((await put('plain', 'pre', '2', '&ifGenerationMatch=0')).status, 412);
    assert.equal((await put('plain', 'absent', '2', '&ifGenerationMatch=5')).status, 412);
    assert.equal((await put('plain', 'absent', '2', '&ifGenerationNotMatch=0')).status, 412);
    assert.equal((await put('plain', 'pre', '2', '&ifMetagenerationMatch=2')).status, 412);
    assert.equal((await get('plain', 'pre', `?ifGenerationNotMatch=${generation}`)).status, 304);
    assert.equal((await get('plain', 'pre', '?ifGenerationMatch=1')).status, 412);
    const patch = (query: string) =>
      world.send('PATCH', `/storage/v1/b/plain/o/pre${query}`, { metadata: { a: '1' } });
    assert.equal((await patch('?ifMetagenerationMatch=2')).status, 412);
    assert.equal((await patch('?ifMetagenerationMatch=1')).json['metageneration'], '2');
    assert.equal((await remove('plain', 'pre', '?ifGenerationMatch=1')).status, 412);
    assert.equal(world.storage.objectText('plain', 'pre'), '1');
    assert.equal((await remove('plain', 'pre', `?ifGenerationMatch=${generation}`)).status, 204);
    const again = await put('plain', 'pre', '3');
    assert.ok(BigInt(String(again.json['generation'])) > BigInt(generation));
  });

  it('versioning: the old version stays, noncurrent, until it is deleted by generation', async () => {
    const first = String((await put('versioned', 'v', '1')).json['generation']);
    const second = String((await put('versioned', 'v', '2')).json['generation']);
    assert.deepEqual(
      (await list('versioned')).items.map((item) => item.generation),
      [second],
    );
    assert.deepEqual(
      (await list('versioned', 'versions=true')).items.map((item) => item.generation),
      [first, second],
    );
    assert.equal((await get('versioned', 'v', `?generation=${first}&alt=media`)).text, '1');
    assert.ok((await get('versioned', 'v', `?generation=${first}`)).json['timeDeleted']);
    await remove('versioned', 'v');
    assert.equal((await get('versioned', 'v')).status, 404);
    assert.equal((await list('versioned', 'versions=true')).items.length, 2);
    await remove('versioned', 'v', `?generation=${first}`);
    assert.deepEqual(
      (await list('versioned', 'versions=true')).items.map((item) => item.generation),
      [second],
    );
  });

  it('soft delete: listed, restorable, and gone for good after its time', async () => {
    await put('soft', 's', 'back');
    await remove('soft', 's');
    assert.deepEqual((await list('soft')).names, []);
    const [gone] = (await list('soft', 'softDeleted=true')).items;
    const restored = await world.send(
      'POST',
      `/storage/v1/b/soft/o/s/restore?generation=${gone?.generation ?? ''}`,
    );
    assert.equal(restored.status, 200);
    assert.equal(world.storage.objectText('soft', 's'), 'back');
    await world.clock.advance(8 * DAY_MS);
    assert.deepEqual((await list('soft', 'softDeleted=true')).names, []);
  });

  it('holds and retention: 403 until released or run out', async () => {
    await put('held', 'h', '1');
    const early = await remove('held', 'h');
    assert.equal(early.status, 403);
    assert.match(messageOf(early), /retention policy/);
    assert.equal((await put('held', 'h', '2')).status, 403);
    await world.send('PATCH', '/storage/v1/b/held/o/h', { temporaryHold: true });
    await world.clock.advance(2 * DAY_MS);
    assert.match(messageOf(await remove('held', 'h')), /Temporary hold/);
    await world.send('PATCH', '/storage/v1/b/held/o/h', { temporaryHold: false, eventBasedHold: true });
    assert.match(messageOf(await remove('held', 'h')), /Event-Based hold/);
    const released = await world.send('PATCH', '/storage/v1/b/held/o/h', { eventBasedHold: false });
    const until = Date.parse(String(released.json['retentionExpirationTime']));
    assert.equal(until, world.clock.now() + 2 * DAY_MS, 'the period counts from the release');
    await world.clock.advance(2 * DAY_MS);
    assert.equal((await remove('held', 'h')).status, 204);
  });

  it('rewrite: copies with a new class', async () => {
    await put('plain', 'from', 'data', '', { 'content-type': 'text/x' });
    const path = '/storage/v1/b/plain/o/from/rewriteTo/b/soft/o/to%2Fhere';
    const { json } = await world.send('POST', path, { storageClass: 'COLDLINE' });
    assert.equal(json['done'], true);
    const { json: copy } = await get('soft', 'to/here');
    assert.deepEqual([copy['storageClass'], copy['contentType'], copy['size']], ['COLDLINE', 'text/x', '4']);
    assert.equal((await world.send('POST', `${path}?ifSourceGenerationMatch=1`)).status, 412);
  });

  it('list: delimiter, prefix, offsets, glob', async () => {
    const top = await list('tree', 'delimiter=/');
    assert.deepEqual(
      [top.names, top.prefixes],
      [
        ['a.txt', 'c.txt', 'e'],
        ['b/', 'd/'],
      ],
    );
    const below = await list('tree', 'delimiter=/&prefix=b/');
    assert.deepEqual([below.names, below.prefixes], [['b/', 'b/1'], ['b/c/']]);
    const trailing = await list('tree', 'delimiter=/&includeTrailingDelimiter=true');
    assert.deepEqual(trailing.names, ['a.txt', 'b/', 'c.txt', 'e']);
    assert.deepEqual((await list('tree', 'startOffset=b/1&endOffset=d/1')).names, ['b/1', 'b/c/2', 'c.txt']);
    assert.deepEqual((await list('tree', 'matchGlob=*.txt')).names, ['a.txt', 'c.txt']);
    assert.deepEqual((await list('tree', 'matchGlob=**/{1,2}')).names, ['b/1', 'b/c/2', 'd/1']);
  });

  it('list: pages hold items and prefixes, each exactly once', async () => {
    for (const size of [1, 2, 3, 4, 10]) {
      const seen: string[] = [];
      let token: string | undefined = '';
      while (token !== undefined) {
        const page = await list('tree', `delimiter=/&maxResults=${size}&pageToken=${token}`);
        assert.ok(page.names.length + page.prefixes.length <= size);
        seen.push(...[...page.names, ...page.prefixes].sort());
        token = page.nextPageToken;
      }
      assert.deepEqual(seen.sort(), ['a.txt', 'b/', 'c.txt', 'd/', 'e'], `pages of ${size}`);
    }
    assert.equal((await world.send('GET', '/storage/v1/b/tree/o?pageToken=nonsense')).status, 400);
  });

  it('seed: sizes without bytes, ages, noncurrent versions', async () => {
    const { json } = await get('aged', 'model.bin');
    assert.deepEqual(
      [json['size'], json['storageClass'], json['timeCreated']],
      ['5000000000', 'NEARLINE', '2026-10-09T09:00:00.000Z'],
    );
    assert.equal(json['customTime'], '2026-09-29T09:00:00.000Z');
    assert.equal((await list('aged', 'versions=true')).items.length, 2);
    assert.equal((await get('aged', 'model.bin', '?alt=media')).status, 501);
    await assert.rejects(
      startHarness({ buckets: [{ name: 'x', project: 'p', objects: [{ name: 'o' }] }] }),
      /content and size/,
    );
  });
});
