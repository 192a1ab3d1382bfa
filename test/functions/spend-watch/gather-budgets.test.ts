import { describe, expect, it } from 'vitest';
import { gatherBudgets } from '../../../functions/spend-watch/gather-budgets.ts';
import { accrue } from '../../../shared/spend/accrue.ts';
import { ledgerObject, printLedger } from '../../../shared/spend/ledger.ts';
import { messagesObject } from '../../../shared/spend/messages.ts';
import type { State } from '../../../shared/state/state.ts';
import { messagesOf, NOW, START } from '../../support/burn-lab.ts';

const MINUTE = 60_000;
const { budget } = messagesOf();
const PROJECTS = ['ml-c', 'ml-a', 'ml-b'];

const OWN = { project: 'ml-a', nowMs: NOW };

/** The state bucket with these objects. */
function stateWith(objects: ReadonlyMap<string, string>): State {
  const read = (name: string) => {
    const text = objects.get(name);
    return Promise.resolve(text === undefined ? undefined : { text, generation: '1', ageMs: 0 });
  };
  return { read } as unknown as State;
}

/** A project's ledger, last looked at so many minutes ago. */
function ledgerText(project: string, minutes: number): string {
  const look = { project, resources: [], complete: true };
  return printLedger(
    accrue(accrue(undefined, { ...look, atMs: START }), { ...look, atMs: NOW - minutes * MINUTE }),
  );
}

/** Who tells of a budget of `PROJECTS`, as an event of each project sees it; `ages` in minutes of each one's last look. */
async function tellers(ages: Readonly<Record<string, number>>, damaged: readonly string[] = []) {
  const objects = new Map([[messagesObject(budget), JSON.stringify(messagesOf({ projects: PROJECTS }))]]);
  for (const [project, minutes] of Object.entries(ages))
    objects.set(ledgerObject(project), ledgerText(project, minutes));
  for (const project of damaged) objects.set(ledgerObject(project), '{');
  const state = stateWith(objects);
  const told: Record<string, string> = {};
  for (const project of PROJECTS) {
    const { budgets, toldIn } = await gatherBudgets(state, [budget], {
      project,
      nowMs: NOW,
      earlier: undefined,
    });
    expect(budgets.length + toldIn.length).toBe(1);
    const [elsewhere] = toldIn;
    told[project] = elsewhere !== undefined && 'toldIn' in elsewhere ? elsewhere.toldIn : project;
  }
  return told;
}

describe('a budget none of whose projects is known', () => {
  const projects = (count: number): string[] => Array.from({ length: count }, (_, at) => `projects/${at}`);
  it.each([
    [
      'more than 100',
      projects(101),
      /^it has 101 projects, and of more than 100 no estimate is made; whether/,
    ],
    ['none', [], /^its filter names no project, .*; whether it covers ml-a is not known$/],
    ['some that could not be read', projects(2), /^not all of the projects .* could be read; whether/],
  ])('is named in each receipt with the reason: its filter has %s', async (_, filter, why) => {
    const messages = messagesOf({ projects: [], complete: false, filter, narrowed: [] });
    const text = JSON.stringify(messages);
    const state = {
      read: (name: string) =>
        Promise.resolve(name === messagesObject(budget) ? { text, generation: '1', ageMs: 0 } : undefined),
    } as unknown as State;
    expect(await gatherBudgets(state, [budget], { ...OWN, earlier: undefined })).toEqual({
      ...{ budgets: [], unestimated: [] },
      toldIn: [{ budget, name: messages.displayName, notEvaluable: expect.stringMatching(why) as string }],
    });
  });
});

describe('a budget without messages that can be used', () => {
  it.each([
    ['no message came yet', undefined, /^none of its messages has reached the kill switch yet; whether/],
    ['they are damaged', '{', /^"messages\/.*\.json" is damaged; whether it covers ml-a is not known$/],
    ['they lack a part', '{"version":1}', /is damaged; whether/],
    ['they have a later version', '{"version":2}', /has version 2, and this costguard knows 1; whether/],
    [
      'they are about another budget',
      JSON.stringify(messagesOf({ budget: 'billingAccounts/A/budgets/c' })),
      /is about another budget; whether/,
    ],
  ])('is named in each receipt with the reason: %s', async (_, text, why) => {
    const state = {
      read: () => Promise.resolve(text === undefined ? undefined : { text, generation: '1', ageMs: 0 }),
    } as unknown as State;
    expect(await gatherBudgets(state, [budget], { ...OWN, earlier: undefined })).toEqual({
      ...{ budgets: [], unestimated: [] },
      toldIn: [{ budget, name: budget, notEvaluable: expect.stringMatching(why) as string }],
    });
  });
});

describe('the receipt that tells of a budget of several projects', () => {
  it('is that of the first by name', async () => {
    expect(await tellers({ 'ml-a': 5, 'ml-b': 5, 'ml-c': 5 })).toEqual({
      ...{ 'ml-a': 'ml-a', 'ml-b': 'ml-a', 'ml-c': 'ml-a' },
    });
    expect(await tellers({ 'ml-a': 16, 'ml-b': 0, 'ml-c': 0 })).toMatchObject({ 'ml-c': 'ml-a' });
  });

  it.each([
    ['left the scope: its ledger grows no more', { 'ml-a': 17, 'ml-b': 5, 'ml-c': 5 }, []],
    ['was never in it', { 'ml-b': 5, 'ml-c': 5 }, []],
    ['has a ledger that is damaged', { 'ml-b': 5, 'ml-c': 5 }, ['ml-a']],
    ['has a ledger that is dated ahead of the clock', { 'ml-a': -60, 'ml-b': 5, 'ml-c': 5 }, []],
  ] as const)('is that of the next one where the first %s', async (_, ages, damaged) => {
    expect(await tellers(ages, damaged)).toMatchObject({ 'ml-b': 'ml-b', 'ml-c': 'ml-b' });
  });

  it('is that of the last one where no other is in scope', async () => {
    expect(await tellers({ 'ml-a': 600, 'ml-c': 5 })).toMatchObject({ 'ml-c': 'ml-c' });
  });
});

describe('the first event of a tick', () => {
  const first = async (
    messages: string | undefined,
    ages: Readonly<Record<string, number>>,
    { earlier }: { readonly earlier: readonly string[] | undefined } = { earlier: [] },
  ) => {
    const objects = new Map(messages === undefined ? [] : [[messagesObject(budget), messages]]);
    for (const [project, minutes] of Object.entries(ages))
      objects.set(ledgerObject(project), ledgerText(project, minutes));
    return gatherBudgets(stateWith(objects), [budget], { ...OWN, earlier });
  };
  const others = JSON.stringify(messagesOf({ projects: ['ml-x', 'ml-y'] }));

  it.each([
    ['no message came yet', undefined, {}],
    [
      'its projects are not known',
      JSON.stringify(messagesOf({ projects: [], filter: [], narrowed: [] })),
      {},
    ],
    ['none of its projects was ever looked at', others, {}],
    ['none of its projects is looked at any more', others, { 'ml-x': 17, 'ml-y': 600 }],
  ])('tells of a budget for all of them where %s; the others do not', async (_, messages, ages) => {
    const { budgets, unestimated, toldIn } = await first(messages, ages);
    expect(budgets).toEqual([]);
    expect(unestimated.map((one) => one.budget)).toEqual([budget]);
    expect(toldIn).toEqual(unestimated);
    expect((await first(messages, ages, { earlier: undefined })).unestimated).toEqual([]);
  });

  it.each([
    ['was looked at', { 'ml-0': 5 }, []],
    ['was not looked at for long', { 'ml-0': 17 }, [budget]],
    ['was never looked at', {}, [budget]],
    ['and the one after it were not looked at for long', { 'ml-0': 17, 'ml-1': 600 }, [budget]],
    ['was not looked at for long, and the one after it was', { 'ml-0': 17, 'ml-1': 5 }, []],
  ])('leaves it to those before it in the tick, where the first of them %s', async (_, ages, told) => {
    for (const messages of [undefined, others]) {
      const { unestimated } = await first(messages, ages, { earlier: ['ml-0', 'ml-1'] });
      expect(unestimated.map((one) => one.budget)).toEqual(told);
    }
  });

  it('leaves a budget to the event that estimates it', async () => {
    expect(await first(others, { 'ml-y': 5 })).toEqual({ budgets: [], unestimated: [], toldIn: [] });
    const own = await first(JSON.stringify(messagesOf({ projects: ['ml-a', 'ml-x'] })), { 'ml-x': 5 });
    expect([own.budgets.length, own.unestimated]).toEqual([1, []]);
  });
});
