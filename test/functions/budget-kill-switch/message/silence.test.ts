import { describe, expect, it } from 'vitest';
import {
  noteHeard,
  rememberedName,
  tellSilence,
} from '../../../../functions/budget-kill-switch/message/silence.ts';

type Place = Parameters<typeof noteHeard>[0];

const BUDGET = 'billingAccounts/A/budgets/B';
const HEARD = { budget: BUDGET, displayName: 'ML' };

it('noteHeard: writes a damaged memory anew, so that silence can be told again', async () => {
  let text = '{"version": 1, "heardMs":';
  const state = {
    read: () => Promise.resolve({ text, generation: '1', ageMs: 0 }),
    write: (_name: string, data: string) => Promise.resolve((text = data)),
  };
  const runtime = { now: () => new Date(5), sleep: () => Promise.resolve(), random: () => 0 };
  const place = { state, runtime, log: () => undefined } as unknown as Place;
  await noteHeard(place, HEARD, 5);
  expect(JSON.parse(text)).toEqual({ version: 1, heardMs: 5, saidMs: null, displayName: 'ML' });
});

const NOW = Date.parse('2026-11-18T21:40:00Z');
const HOUR_MS = 3_600_000;

/** A memory of this text, at a moment that tests move, and what is logged. */
function placeOf(text: string) {
  const memory = { text, nowMs: NOW, logged: [] as string[] };
  const state = {
    read: () => Promise.resolve({ text: memory.text, generation: '1', ageMs: 0 }),
    write: (_name: string, data: string) => Promise.resolve((memory.text = data)),
  };
  const runtime = { now: () => new Date(memory.nowMs), sleep: () => Promise.resolve(), random: () => 0 };
  const log = (_severity: string, said: string) => void memory.logged.push(said);
  return {
    memory,
    place: { state, runtime, log, policy: {} } as unknown as Parameters<typeof tellSilence>[0],
  };
}

describe('a memory that is dated ahead of the clock', () => {
  for (const [name, heard] of [
    ['heard', { heardMs: 1e15, saidMs: null }],
    ['told', { heardMs: NOW, saidMs: 1e15 }],
  ] as const)
    it(`${name}: mutes no silence`, async () => {
      const { memory, place } = placeOf(JSON.stringify({ version: 1, ...heard }));
      await tellSilence(place, { silenceHours: 24 }, BUDGET);
      expect(memory.logged).toEqual([]);
      memory.nowMs += 25 * HOUR_MS;
      await tellSilence(place, { silenceHours: 24 }, BUDGET);
      expect(memory.logged.join()).toMatch(/^No message of .* for 25 h/);
    });

  it('is replaced by the next message', async () => {
    const { memory, place } = placeOf(JSON.stringify({ version: 1, heardMs: 1e15, saidMs: null }));
    await noteHeard(place, HEARD, NOW);
    expect(JSON.parse(memory.text)).toMatchObject({ heardMs: NOW });
  });

  it('a little ahead is another clock, and stays', async () => {
    const { memory, place } = placeOf(JSON.stringify({ version: 1, heardMs: NOW + 60_000, saidMs: null }));
    await noteHeard(place, HEARD, NOW);
    expect(JSON.parse(memory.text)).toMatchObject({ heardMs: NOW + 60_000 });
  });
});

describe('what a budget was called', () => {
  it('is remembered, and what an older version kept has none', async () => {
    const { place } = placeOf(JSON.stringify({ version: 1, heardMs: NOW - 60_000, saidMs: null }));
    expect(await rememberedName(place.state, BUDGET)).toBeUndefined();
    await noteHeard(place, HEARD, NOW);
    expect(await rememberedName(place.state, BUDGET)).toBe('ML');
    expect(await rememberedName(undefined, BUDGET)).toBeUndefined();
  });

  it('is what the latest message says, not one that comes late', async () => {
    const { place } = placeOf('');
    await noteHeard(place, HEARD, NOW);
    await noteHeard(place, { ...HEARD, displayName: 'renamed' }, NOW + 1);
    await noteHeard(place, HEARD, NOW);
    expect(await rememberedName(place.state, BUDGET)).toBe('renamed');
  });

  it('outlives its silence', async () => {
    const { memory, place } = placeOf('');
    await noteHeard(place, HEARD, NOW);
    memory.nowMs += 25 * HOUR_MS;
    await tellSilence(place, { silenceHours: 24 }, BUDGET);
    expect(memory.logged.join()).toMatch(/^No message of .* for 25 h/);
    expect(await rememberedName(place.state, BUDGET)).toBe('ML');
  });
});
