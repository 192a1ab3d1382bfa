import assert from 'node:assert/strict';
import { it } from 'vitest';
import { createCallLog } from './call-log.ts';

const CALL = { at: '', method: 'GET', host: 'h', path: '/', query: '', principal: 'p', body: '', bodyBytes: 0, contentType: '', status: 200, permissions: [] }; // prettier-ignore

it('a call log numbers, selects, counts and forgets', () => {
  const log = createCallLog();
  for (const id of ['storage.buckets.get', 'storage.buckets.list', 'storage.buckets.get', 'unknown:GET h/']) log.add({ ...CALL, id });
  assert.deepEqual(log.calls().map(({ sequence }) => sequence), [1, 2, 3, 4]);
  assert.deepEqual(log.calls('storage.buckets.get').map(({ sequence }) => sequence), [1, 3]);
  assert.deepEqual(log.calls('storage.*').length, 3);
  assert.deepEqual(log.calls('storage.buckets').length, 0);
  assert.deepEqual(log.counts(), { 'storage.buckets.get': 2, 'storage.buckets.list': 1, 'unknown:GET h/': 1 });
  log.clear();
  assert.deepEqual([log.calls().length, log.counts()], [0, {}]);
}); // prettier-ignore
