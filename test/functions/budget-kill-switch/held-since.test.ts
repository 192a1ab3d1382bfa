import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../../functions/budget-kill-switch/decide.ts';
import { noteHeld } from '../../../functions/budget-kill-switch/settle/held-since.ts';
import { budget, config, MIDMONTH } from './builder.ts';

const NOW_MS = MIDMONTH.getTime();
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const HELD = { kind: 'due', rungs: [{ at: 1, do: 'stop-compute' }] } as unknown as Verdict;
const BELOW = { kind: 'heartbeat' } as unknown as Verdict;

const FILTER = 'f1';

interface Note {
  readonly filterDigest?: string;
  readonly editedMs?: number;
  readonly sinceMs: number | null;
  readonly publishedMs?: number;
}

/** A bucket with one object; `lost`: so many of its next writes get no answer, each carried out. */
function bucketOf(before?: Note, lost = 0) {
  let text = before === undefined ? undefined : JSON.stringify({ version: 1, ...before });
  let generation = 1;
  let left = lost;
  const state = {
    read: () =>
      Promise.resolve(text === undefined ? undefined : { text, generation: String(generation), ageMs: 0 }),
    write: (_: string, written: string) => {
      text = written;
      generation++;
      return left-- > 0 ? Promise.reject(new Error('no answer')) : Promise.resolve('');
    },
  };
  const noteBoth = (
    verdict: Verdict,
    publishedMs?: number,
    more = {},
    unheldMs?: number,
    filterDigest = FILTER,
  ) =>
    noteHeld(
      {
        ...{ state, log: () => undefined },
        runtime: { now: () => MIDMONTH, sleep: () => Promise.resolve(), random: () => 0 },
      } as unknown as Parameters<typeof noteHeld>[0],
      config(more),
      budget({ filterDigest }),
      verdict,
      { publishedMs, unheldMs },
    );
  const note = async (...by: Parameters<typeof noteBoth>) => (await noteBoth(...by)).heldSinceMs;
  return { note, noteBoth, stored: () => (text === undefined ? undefined : (JSON.parse(text) as object)) };
}

describe('noteHeld', () => {
  it('begins anew where the filter was edited, and goes on where none was noted', async () => {
    const bucket = bucketOf({ sinceMs: 5, publishedMs: 1 });
    expect(await bucket.note(HELD, 2)).toBe(5);
    expect(bucket.stored()).toEqual({ version: 1, sinceMs: 5, publishedMs: 2, filterDigest: FILTER });
    expect(await bucket.note(HELD, 2, {}, undefined, 'f2')).toBe(NOW_MS);
    const edited = { version: 1, sinceMs: 5, publishedMs: 2, filterDigest: 'f2', editedMs: NOW_MS };
    expect(bucket.stored()).toEqual(edited);
    expect(await bucketOf({ sinceMs: 5, filterDigest: 'f2' }).note(HELD, 2)).toBe(NOW_MS);
    expect(await bucketOf({ sinceMs: 5, filterDigest: FILTER }).note(HELD, 2)).toBe(5);
  });

  it('counts an edit of the filter until the next break, and never as time in which an owner had a free hand', async () => {
    const edited = { sinceMs: 5, publishedMs: 1, filterDigest: FILTER, editedMs: 9 };
    expect(await bucketOf(edited).noteBoth(HELD, 2)).toEqual({ heldSinceMs: 9, freeHandUntilMs: 5 });
    const anew = bucketOf({ ...edited, filterDigest: 'f2' });
    expect(await anew.noteBoth(HELD, 2)).toEqual({ heldSinceMs: NOW_MS, freeHandUntilMs: 5 });
    expect(anew.stored()).toMatchObject({ sinceMs: 5, editedMs: NOW_MS });
    const ahead = bucketOf({ ...edited, editedMs: NOW_MS + DAY_MS });
    expect(await ahead.noteBoth(HELD, 2)).toEqual({ heldSinceMs: NOW_MS, freeHandUntilMs: 5 });
    expect(ahead.stored()).toMatchObject({ sinceMs: 5, editedMs: NOW_MS });
    const below = bucketOf(edited);
    await below.note(BELOW, 2);
    expect(below.stored()).toEqual({ version: 1, sinceMs: null, publishedMs: 2, filterDigest: FILTER });
    expect(await below.noteBoth(HELD, 3)).toEqual({ heldSinceMs: NOW_MS, freeHandUntilMs: NOW_MS });
  });

  it('begins now where nothing was noted before, and goes on from what was', async () => {
    const bucket = bucketOf();
    expect(await bucket.note(BELOW, 1)).toBe(NOW_MS);
    expect(bucket.stored()).toBeUndefined();
    expect(await bucket.note(HELD, 1)).toBe(NOW_MS);
    expect(bucket.stored()).toEqual({ version: 1, sinceMs: NOW_MS, publishedMs: 1, filterDigest: FILTER });
    expect(await bucketOf({ sinceMs: 5 }).note(HELD, 1)).toBe(5);
  });

  it('knows what it noted also where the answers to its writes are lost, and nothing where all are', async () => {
    const bucket = bucketOf({ sinceMs: null }, 1);
    expect(await bucket.note(HELD, 1)).toBe(NOW_MS);
    expect(bucket.stored()).toMatchObject({ sinceMs: NOW_MS });
    const refusing = { read: () => Promise.reject(new Error('out')) };
    const context = { state: refusing, log: () => undefined, runtime: { now: () => MIDMONTH } };
    expect(
      await noteHeld(context as unknown as Parameters<typeof noteHeld>[0], config(), budget(), HELD, {
        publishedMs: 1,
      }),
    ).toEqual({ heldSinceMs: undefined, freeHandUntilMs: undefined });
  });

  it('observing, notes a break, and plans by what enforcing would go by', async () => {
    const bucket = bucketOf({ sinceMs: 5 });
    expect(await bucket.note(HELD, 1, { mode: 'observe' })).toBe(5);
    expect(bucket.stored()).toMatchObject({ sinceMs: null });
    expect(await bucket.note(HELD, 2, { mode: 'observe' })).toBe(NOW_MS);
    expect(bucket.stored()).toMatchObject({ sinceMs: null });
    const none = bucketOf();
    expect(await none.note(HELD, 1, { mode: 'observe' })).toBe(NOW_MS);
    expect(none.stored()).toBeUndefined();
  });

  it('leaves what a later message tells, and not what a clock ahead has noted', async () => {
    const late = NOW_MS - MINUTE_MS;
    const bucket = bucketOf({ sinceMs: 5, publishedMs: NOW_MS });
    await bucket.note(BELOW, late);
    expect(bucket.stored()).toMatchObject({ sinceMs: 5 });
    const broken = bucketOf({ sinceMs: null, publishedMs: NOW_MS });
    expect(await broken.note(HELD, late)).toBe(NOW_MS);
    expect(broken.stored()).toMatchObject({ sinceMs: null });
    // A tick judges the same message once more, or none.
    await bucket.note(BELOW, NOW_MS);
    expect(bucket.stored()).toMatchObject({ sinceMs: null, publishedMs: NOW_MS });
    await bucket.note(HELD);
    expect(bucket.stored()).toEqual({
      version: 1,
      sinceMs: NOW_MS,
      publishedMs: NOW_MS,
      filterDigest: FILTER,
    });
    const ahead = bucketOf({ sinceMs: 5, publishedMs: NOW_MS + DAY_MS });
    await ahead.note(BELOW, NOW_MS);
    expect(ahead.stored()).toMatchObject({ sinceMs: null, publishedMs: NOW_MS });
  });

  it('begins now, once, where a message since the last note held nothing and could not note that', async () => {
    const bucket = bucketOf({ sinceMs: 5, publishedMs: 10 });
    expect(await bucket.note(HELD, 20, {}, 10)).toBe(5);
    const broken = bucketOf({ sinceMs: 5, publishedMs: 10 });
    expect(await broken.note(HELD, 20, {}, 15)).toBe(NOW_MS);
    expect(broken.stored()).toEqual({ version: 1, sinceMs: NOW_MS, publishedMs: 20, filterDigest: FILTER });
    expect(await bucketOf({ sinceMs: 5, publishedMs: 20 }).note(HELD, 30, {}, 15)).toBe(5);
    // A note by the estimate alone names no message.
    expect(await bucketOf({ sinceMs: 20 }).note(HELD, 30, {}, 15)).toBe(20);
    expect(await bucketOf({ sinceMs: 10 }).note(HELD, 30, {}, 15)).toBe(NOW_MS);
    // It was below before the hold began, which an estimate alone began.
    expect(await bucketOf({ sinceMs: 20, publishedMs: 10 }).note(HELD, 30, {}, 15)).toBe(20);
    const below = bucketOf({ sinceMs: 5, publishedMs: 10 });
    await below.note(BELOW, 15, {}, 15);
    expect(below.stored()).toMatchObject({ sinceMs: null, publishedMs: 15 });
  });

  it('begins now, once, what a clock ahead has begun', async () => {
    const bucket = bucketOf({ sinceMs: NOW_MS + DAY_MS });
    expect(await bucket.note(HELD, 1)).toBe(NOW_MS);
    expect(bucket.stored()).toMatchObject({ sinceMs: NOW_MS });
  });
});
