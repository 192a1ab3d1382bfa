import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Bucket } from '@google-cloud/storage';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { startHarness, type Harness } from './harness.ts';

const MIB = 1024 * 1024;
const precondition = { code: 412 };

describe('Cloud Storage as its own client sees it', () => {
  let world: Harness;
  beforeAll(async () => {
    const names = Array.from({ length: 7 }, (_, index) => `bucket-${index}`);
    world = await startHarness({
      buckets: [
        { name: 'state', project: 'ml-dev' },
        ...names.map((name) => ({ name, project: 'ml-dev' })),
        { name: 'elsewhere', project: 'other' },
        { name: 'dark', project: 'ml-dev', unreachable: true },
      ],
    });
  });
  afterAll(() => world.close());

  it('save: creates once, and refuses the second creation with 412', async () => {
    for (const resumable of [false, true]) {
      const file = world.client.bucket('state').file(`once-${resumable}.json`);
      await file.save('{"a":1}', {
        resumable,
        preconditionOpts: { ifGenerationMatch: 0 },
        contentType: 'application/json',
      });
      await assert.rejects(
        file.save('{}', { resumable, preconditionOpts: { ifGenerationMatch: 0 } }),
        precondition,
      );
      const [content] = await file.download();
      assert.equal(content.toString(), '{"a":1}');
      const [metadata] = await file.getMetadata();
      assert.equal(metadata.contentType, 'application/json');
      await file.save('{"a":2}', {
        resumable,
        preconditionOpts: { ifGenerationMatch: Number(metadata.generation) },
      });
      assert.equal(world.storage.objectText('state', file.name), '{"a":2}');
    }
  });

  it('save: of 50 parallel creations exactly one wins', async () => {
    const file = world.client.bucket('state').file('race');
    const saves = Array.from({ length: 50 }, (_, index) =>
      file
        .save(String(index), { resumable: false, preconditionOpts: { ifGenerationMatch: 0 } })
        .then(() => index),
    );
    const results = await Promise.allSettled(saves);
    const won = results.flatMap((result) => (result.status === 'fulfilled' ? [String(result.value)] : []));
    assert.deepEqual(won, [world.storage.objectText('state', 'race')]);
    const lost = results.flatMap((result) =>
      result.status === 'rejected' ? [(result.reason as { code: number }).code] : [],
    );
    assert.deepEqual(
      lost,
      Array.from({ length: 49 }, () => 412),
    );
  });

  it('createWriteStream: 5 MiB in chunks arrive whole, and download verifies them', async () => {
    const bytes = randomBytes(5 * MIB + 17);
    const file = world.client.bucket('state').file('big');
    const seen = world.calls.length;
    await file.save(bytes, { resumable: true, chunkSize: MIB });
    assert.equal(world.calls.length - seen, 7, 'one request to start and six chunks');
    const [back] = await file.download({ validation: true });
    assert.ok(back.equals(bytes));
    const [part] = await file.download({ start: 10, end: 19, validation: false });
    assert.ok(part.equals(bytes.subarray(10, 20)));
  });

  it('createWriteStream: a stream of unknown length', async () => {
    const file = world.client.bucket('state').file('stream.log');
    const stream = file.createWriteStream({ resumable: true });
    for (const line of ['one\n', 'two\n', 'three\n']) stream.write(line);
    stream.end();
    await once(stream, 'finish');
    assert.equal(world.storage.objectText('state', 'stream.log'), 'one\ntwo\nthree\n');
  });

  it('createWriteStream: nothing at all makes an empty object', async () => {
    await world.client.bucket('state').file('empty').save('', { resumable: true });
    assert.equal(world.storage.objectText('state', 'empty'), '');
  });

  it('getBuckets: pages, own project only, unreachable ones marked', async () => {
    const pages: string[][] = [];
    const dark: string[] = [];
    let query: object | null = { maxResults: 4, autoPaginate: false, returnPartialSuccess: true };
    while (query !== null) {
      const page: [Bucket[], object | null, unknown] = await world.client.getBuckets(query);
      pages.push(page[0].filter((bucket) => !bucket.unreachable).map((bucket) => bucket.name));
      dark.push(...page[0].filter((bucket) => bucket.unreachable).map((bucket) => bucket.name));
      query = page[1];
    }
    assert.deepEqual(pages, [
      ['bucket-0', 'bucket-1', 'bucket-2', 'bucket-3'],
      ['bucket-4', 'bucket-5', 'bucket-6'],
      ['state'],
    ]);
    assert.deepEqual(dark, ['dark']);
    await assert.rejects(world.client.getBuckets(), { code: 503 });
  });

  it('setMetadata: lifecycle under ifMetagenerationMatch, 412 for who comes second', async () => {
    const bucket = world.client.bucket('bucket-1');
    const [before] = await bucket.getMetadata();
    const ifMetagenerationMatch = Number(before.metageneration);
    const lifecycle = { rule: [{ action: { type: 'Delete' as const }, condition: { age: 30 } }] };
    const [changed] = await bucket.setMetadata({ lifecycle }, { ifMetagenerationMatch });
    assert.deepEqual(changed.lifecycle, lifecycle);
    assert.equal(changed.metageneration, String(ifMetagenerationMatch + 1));
    await assert.rejects(bucket.setMetadata({ lifecycle: null }, { ifMetagenerationMatch }), precondition);
    const [cleared] = await bucket.setMetadata({ lifecycle: null });
    assert.equal(cleared.lifecycle, undefined);
  });

  it('copy, setMetadata, getFiles, exists and delete', async () => {
    const bucket = world.client.bucket('bucket-2');
    await bucket.file('a/1').save('x', { metadata: { metadata: { owner: 'me' } }, resumable: false });
    await bucket.file('a/1').copy(bucket.file('a/2'));
    await bucket.file('a/2').setMetadata({ metadata: { owner: null, other: 'you' } });
    const [copied] = await bucket.file('a/2').getMetadata();
    assert.deepEqual(copied.metadata, { other: 'you' });
    const [files] = await bucket.getFiles({ prefix: 'a/' });
    assert.deepEqual(
      files.map((file) => file.name),
      ['a/1', 'a/2'],
    );
    await bucket.file('a/1').delete();
    assert.deepEqual(await bucket.file('a/1').exists(), [false]);
    await assert.rejects(bucket.file('a/1').delete(), { code: 404 });
    await assert.rejects(bucket.delete(), { code: 409 });
  });
});
