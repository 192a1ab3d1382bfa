import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import type { Runtime } from '../../../shared/run/runtime.ts';
import { createState } from '../../../shared/state/state.ts';
import { claimPart, endPart, type PartEnd, type SweepPart } from '../../../shared/run/sweep-chain.ts';
import { answerObjects, objectHeaders, type StoredObject } from '../../support/object-answers.ts';
import { timelessApi } from '../../support/scripted-api.ts';

const START_MS = Date.parse('2026-11-18T21:40:00Z');
const OBJECT = 'sweeps/lifecycle-enforcer/ml-lab.json';

/** A state bucket in memory, and a clock. */
function world() {
  const objects = new Map<string, StoredObject>();
  const clock = { nowMs: START_MS };
  const api = timelessApi(({ url, method = 'GET', data: body }) => {
    const request = { method, url: new URL(String(url)), body };
    const data = answerObjects(objects, request, (status) => {
      throw Object.assign(new Error(`refused with ${status}`), { status });
    });
    return Promise.resolve({ data, headers: objectHeaders(objects, request) } as never);
  });
  const runtime = {
    functionName: 'lifecycle-enforcer',
    now: () => new Date(clock.nowMs),
    random: () => 0,
    sleep: () => Promise.resolve(),
  } as unknown as Runtime;
  const context = { state: createState({ api, bucket: 'state' }), runtime, projectId: 'ml-lab' };
  return { objects, clock, context };
}

const TICK: SweepPart = { id: '13', part: 1, after: '' };

function ended(runId: string, more: Partial<PartEnd> = {}): PartEnd {
  return { runId, next: undefined, reached: '', unread: false, failed: false, stored: 'gs://b/r', ...more };
}

describe('a sweep in parts', () => {
  test('of a tick that is done in one event leaves nothing in the bucket', async () => {
    const { objects, context } = world();
    assert.deepEqual(await claimPart(context, TICK, 'a'), { kind: 'go', part: TICK });
    assert.deepEqual(await endPart(context, TICK, ended('a')), { next: undefined, again: false });
    assert.equal(objects.size, 0);
  });

  test('hands what is used up of the cap on to the next part, and to its next delivery where its listing broke off', async () => {
    const { context, clock } = world();
    const { next = assert.fail() } = await endPart(context, TICK, ended('a', { next: 'm', used: 7 }));
    assert.deepEqual(next, { id: '13', part: 2, after: 'm', previous: 'gs://b/r', used: 7 });
    assert.equal((await claimPart(context, next, 'b')).kind, 'go');
    await endPart(context, next, ended('b', { reached: 'p', unread: true, used: 9 }));
    clock.nowMs += 600_000;
    assert.deepEqual(await claimPart(context, next, 'c'), {
      kind: 'go',
      part: { ...next, after: 'p', used: 9 },
    });
  });

  test('a part is held by one run for as long as an event can run', async () => {
    const { clock, context } = world();
    const { next = assert.fail() } = await endPart(context, TICK, ended('a', { next: 'm' }));
    assert.deepEqual(next, { id: '13', part: 2, after: 'm', previous: 'gs://b/r' });
    assert.equal((await claimPart(context, next, 'b')).kind, 'go');
    await assert.rejects(claimPart(context, next, 'c'), { name: 'BusyError' });
    clock.nowMs -= 5_000;
    await assert.rejects(claimPart(context, next, 'c'), { name: 'BusyError' }, 'of a clock that is late');
    clock.nowMs += 600_000;
    assert.equal((await claimPart(context, next, 'c')).kind, 'go');
    assert.deepEqual(await endPart(context, next, ended('b', { next: 'x' })), {
      next: undefined,
      again: false,
    });
    assert.equal((await endPart(context, next, ended('c', { next: 'x' }))).next?.after, 'x');
  });

  test('a lease of a clock that was hours ahead holds no run up', async () => {
    const { clock, context } = world();
    const { next = assert.fail() } = await endPart(context, TICK, ended('a', { next: 'm' }));
    clock.nowMs += 7_200_000;
    await claimPart(context, next, 'b');
    clock.nowMs -= 7_200_000;
    assert.equal((await claimPart(context, next, 'c')).kind, 'go');
  });

  test('goes on where the bucket says, not where the message says', async () => {
    const { context } = world();
    const { next = assert.fail() } = await endPart(context, TICK, ended('a', { next: 'm' }));
    const claim = await claimPart(context, { ...next, after: 'zzz' }, 'b');
    assert.deepEqual(claim, { kind: 'go', part: next });
  });

  test('an earlier message publishes the next part again until it is taken, and is ignored after that', async () => {
    const { context } = world();
    const { next = assert.fail() } = await endPart(context, TICK, ended('a', { next: 'm' }));
    assert.deepEqual(await claimPart(context, TICK, 'b'), { kind: 'publish', part: next });
    await claimPart(context, next, 'b');
    assert.equal((await claimPart(context, TICK, 'c')).kind, 'ignore');
    await endPart(context, next, ended('b'));
    assert.equal((await claimPart(context, next, 'c')).kind, 'ignore', 'it is finished');
    assert.equal((await claimPart(context, TICK, 'c')).kind, 'ignore');
  });

  test('a newer tick takes the place of a sweep', async () => {
    const { context } = world();
    const { next = assert.fail() } = await endPart(context, TICK, ended('a', { next: 'm' }));
    const newer = { ...TICK, id: '14' };
    assert.equal((await claimPart(context, newer, 'b')).kind, 'go');
    await endPart(context, newer, ended('b', { next: 'c' }));
    const claim = await claimPart(context, next, 'c');
    assert.deepEqual(claim, { kind: 'ignore', why: 'sweep 13, part 2: sweep 14 took its place' });
  });

  test('a listing that broke off goes on where it was, with the same message', async () => {
    const { context } = world();
    const { next = assert.fail() } = await endPart(context, TICK, ended('a', { next: 'm' }));
    await claimPart(context, next, 'b');
    const end = await endPart(context, next, ended('b', { unread: true, reached: 'q' }));
    assert.equal(end.next, undefined);
    const claim = await claimPart(context, next, 'c');
    assert.deepEqual(claim, { kind: 'go', part: { ...next, after: 'q' } });
  });

  test('with a failure in any part begins again once all was seen, and is finished only without', async () => {
    const { context } = world();
    const { next = assert.fail() } = await endPart(context, TICK, ended('a', { next: 'm', failed: true }));
    await claimPart(context, next, 'b');
    assert.deepEqual(await endPart(context, next, ended('b')), { next: undefined, again: true });
    const claim = await claimPart(context, next, 'c');
    assert.deepEqual(claim, { kind: 'go', part: { ...next, after: '' } });
    assert.deepEqual(await endPart(context, next, ended('c')), { next: undefined, again: false });
    assert.equal((await claimPart(context, next, 'd')).kind, 'ignore');
  });

  test('what stands in the bucket and is no chain counts as none: everything is looked at', async () => {
    const { objects, context } = world();
    objects.set(OBJECT, { text: '{"done": true, "id": "13"}', generation: 7 });
    assert.deepEqual(await claimPart(context, TICK, 'a'), { kind: 'go', part: TICK });
    const { next = assert.fail() } = await endPart(context, TICK, ended('a', { next: 'm' }));
    assert.equal((await claimPart(context, next, 'b')).kind, 'go');
  });

  test('without a state bucket goes by the message alone', async () => {
    const { context } = world();
    const bare = { ...context, state: undefined };
    const { next = assert.fail() } = await endPart(bare, TICK, ended('a', { next: 'm' }));
    assert.deepEqual(await claimPart(bare, next, 'b'), { kind: 'go', part: next });
  });
});
