import { describe, expect, it } from 'vitest';
import { noteRungsInForce, notebookRungInForce } from '../../../shared/state/rungs-in-force.ts';
import type { State } from '../../../shared/state/state.ts';

const NOW_MS = Date.parse('2026-11-18T21:40:00Z');
const MINUTE_MS = 60_000;
const BUDGET = 'billingAccounts/A/budgets/B';
const PAUSES = { sleep: () => Promise.resolve(), random: () => 0 };

/** One object, with this text. */
function stateOf(text: string | undefined): {
  readonly state: State;
  readonly text: () => string | undefined;
} {
  let stored = text;
  const state = {
    read: () =>
      Promise.resolve(stored === undefined ? undefined : { text: stored, generation: '1', ageMs: 0 }),
    write: (_name: string, written: string) => Promise.resolve(void (stored = written)),
  };
  return { state: state as unknown as State, text: () => stored };
}

async function readBack(minutesAgo: number): Promise<unknown> {
  const { state } = stateOf(undefined);
  const said = {
    budget: BUDGET,
    rungs: ['notify', 'stop-notebooks'] as const,
    atMs: NOW_MS - minutesAgo * MINUTE_MS,
  };
  await noteRungsInForce(state, PAUSES, 'ml-lab', said);
  return notebookRungInForce(state, 'ml-lab', NOW_MS);
}

describe('notebookRungInForce', () => {
  const IN_FORCE = { budget: BUDGET, rung: 'stop-notebooks' };
  it.each([
    ['just said', 0, IN_FORCE],
    ['said 29 minutes ago', 29, IN_FORCE],
    ['said 30 minutes ago', 30, undefined],
    ['said by a clock that is some minutes ahead', -5, IN_FORCE],
    ['said in a year’s time', -525_600, undefined],
  ])('%s', async (_, minutesAgo, expected) => {
    expect(await readBack(minutesAgo)).toEqual(expected);
  });

  it('what a later verdict said stays, also where an earlier one is said late', async () => {
    const { state } = stateOf(undefined);
    const say = (rungs: readonly 'stop-notebooks'[], atMs: number) =>
      noteRungsInForce(state, PAUSES, 'ml-lab', { budget: BUDGET, rungs, atMs });
    await say(['stop-notebooks'], NOW_MS);
    await say([], NOW_MS - 1);
    expect(await notebookRungInForce(state, 'ml-lab', NOW_MS)).toEqual(IN_FORCE);
    await say([], NOW_MS);
    expect(await notebookRungInForce(state, 'ml-lab', NOW_MS)).toBeUndefined();
    // Said by a clock that was wrong.
    await say(['stop-notebooks'], NOW_MS + 60 * MINUTE_MS);
    await say(['stop-notebooks'], NOW_MS);
    expect(await notebookRungInForce(state, 'ml-lab', NOW_MS)).toEqual(IN_FORCE);
  });

  it('tells what is in force by an estimate alone', async () => {
    const { state } = stateOf(undefined);
    const rungs = ['stop-notebooks', 'stop-compute'] as const;
    const say = (estimated: readonly (typeof rungs)[number][]) =>
      noteRungsInForce(state, PAUSES, 'ml-lab', { budget: BUDGET, rungs, estimated, atMs: NOW_MS });
    await say(rungs);
    expect(await notebookRungInForce(state, 'ml-lab', NOW_MS)).toEqual({ ...IN_FORCE, byEstimate: true });
    await say(['stop-compute']);
    expect(await notebookRungInForce(state, 'ml-lab', NOW_MS)).toEqual(IN_FORCE);
  });

  it('none where the object is damaged, and the next look of the switch writes it anew', async () => {
    const { state, text } = stateOf('{"version": 1, "budgets":');
    expect(await notebookRungInForce(state, 'ml-lab', NOW_MS)).toBeUndefined();
    await noteRungsInForce(state, PAUSES, 'ml-lab', {
      budget: BUDGET,
      rungs: ['stop-compute'],
      atMs: NOW_MS,
    });
    expect(JSON.parse(text() ?? '')).toEqual({
      version: 1,
      budgets: { [BUDGET]: { rungs: ['stop-compute'], atMs: NOW_MS } },
    });
  });
});
