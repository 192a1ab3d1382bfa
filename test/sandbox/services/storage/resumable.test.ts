import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { startHarness, type Answer, type Harness } from './harness.ts';

const BLOCK = 256 * 1024;

describe('resumable uploads', () => {
  let world: Harness;
  beforeAll(async () => {
    world = await startHarness({ buckets: [{ name: 'state', project: 'ml-dev' }] });
  });
  afterAll(() => world.close());

  const start = async (name: string, query = '', headers: Record<string, string> = {}): Promise<string> => {
    const path = `/upload/storage/v1/b/state/o?uploadType=resumable&name=${name}${query}`;
    const answer = await world.send('POST', path, { contentType: 'text/plain' }, headers);
    assert.equal(answer.status, 200);
    return answer.headers.get('location') ?? '';
  };
  const put = (uri: string, body: string, range?: string): Promise<Answer> =>
    world.send('PUT', uri, body, range === undefined ? {} : { 'content-range': range });

  it('chunks: 308 with the range so far, then the object; the same request again has the same answer', async () => {
    const uri = await start('chunks');
    const status = await put(uri, '', 'bytes */*');
    assert.deepEqual([status.status, status.headers.get('range')], [308, null]);
    const first = await put(uri, 'x'.repeat(BLOCK), `bytes 0-${BLOCK - 1}/*`);
    assert.deepEqual([first.status, first.headers.get('range')], [308, `bytes=0-${BLOCK - 1}`]);
    assert.equal(world.storage.objectText('state', 'chunks'), undefined);
    const last = await put(uri, 'yz', `bytes ${BLOCK}-${BLOCK + 1}/${BLOCK + 2}`);
    assert.equal(last.json['size'], String(BLOCK + 2));
    assert.deepEqual((await put(uri, '', 'bytes */*')).json, last.json);
  });

  it('a chunk that is no whole number of blocks is kept as far as its last whole block', async () => {
    const uri = await start('odd');
    const answer = await put(uri, 'x'.repeat(BLOCK + 5), `bytes 0-${BLOCK + 4}/*`);
    assert.equal(answer.headers.get('range'), `bytes=0-${BLOCK - 1}`);
  });

  it('what arrived before is not written twice; a gap is refused', async () => {
    const uri = await start('overlap');
    await put(uri, 'a'.repeat(BLOCK), `bytes 0-${BLOCK - 1}/*`);
    assert.equal((await put(uri, 'c', `bytes ${BLOCK + 9}-${BLOCK + 9}/*`)).status, 503);
    await put(uri, `${'b'.repeat(10)}cc`, `bytes ${BLOCK - 10}-${BLOCK + 1}/${BLOCK + 2}`);
    assert.equal(world.storage.objectText('state', 'overlap'), `${'a'.repeat(BLOCK)}cc`);
  });

  it('one PUT without Content-Range, and an empty object by a status query', async () => {
    await put(await start('whole'), 'all of it');
    assert.equal(world.storage.objectText('state', 'whole'), 'all of it');
    await put(await start('nothing'), '', 'bytes */0');
    assert.equal(world.storage.objectText('state', 'nothing'), '');
  });

  it('preconditions are those of the start, and checked again at the end', async () => {
    const uri = await start('raced', '&ifGenerationMatch=0');
    await put(await start('raced'), 'other');
    assert.equal((await put(uri, 'late')).status, 412);
    assert.equal(world.storage.objectText('state', 'raced'), 'other');
    const again = await world.send(
      'POST',
      '/upload/storage/v1/b/state/o?uploadType=resumable&name=raced&ifGenerationMatch=0',
      {},
    );
    assert.equal(again.status, 412);
  });

  it('the announced length must be kept', async () => {
    const uri = await start('announced', '', { 'x-upload-content-length': '3' });
    assert.equal((await put(uri, 'four', 'bytes 0-3/4')).status, 400);
    assert.equal((await put(uri, 'abc')).status, 200);
  });

  it('damaged bytes are refused at the end', async () => {
    const uri = await start('damaged');
    assert.equal((await world.send('PUT', uri, 'x', { 'x-goog-hash': 'crc32c=AAAAAA==' })).status, 400);
    assert.equal(world.storage.objectText('state', 'damaged'), undefined);
  });

  it('cancelled: 499, then and afterwards; unknown and expired sessions are 404', async () => {
    const uri = await start('cancelled');
    assert.equal((await world.send('DELETE', uri)).status, 499);
    assert.equal((await put(uri, 'x')).status, 499);
    assert.equal((await put(uri.replace(/upload_id=.*/, 'upload_id=none'), 'x')).status, 404);
    const old = await start('old');
    await world.clock.advance(8 * 86_400_000);
    assert.equal((await put(old, 'x')).status, 404);
  });
});
