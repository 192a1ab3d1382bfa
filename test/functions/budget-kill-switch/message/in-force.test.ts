import { expect, it } from 'vitest';
import { noteInForce, recallInForce } from '../../../../functions/budget-kill-switch/message/in-force.ts';
import type { Verdict } from '../../../../functions/budget-kill-switch/decide.ts';
import { holdAtTick } from '../../../../functions/budget-kill-switch/message/hold-at-tick.ts';
import type { EventContext } from '../../../../shared/run/handle-event.ts';
import { noteSpend } from '../../../../functions/budget-kill-switch/message/spend-rate.ts';
import type { State } from '../../../../shared/state/state.ts';
import { BUDGET, budget, config, MIDMONTH, notification } from '../builder.ts';

/** A state bucket of these texts by the object's last name, and what is logged. */
function contextOf(texts: Record<string, string>): {
  readonly context: EventContext;
  readonly logged: string[];
} {
  const logged: string[] = [];
  const fileOf = (name: string): string => name.split('/').at(-1) ?? '';
  const state = {
    read(name: string) {
      const text = texts[fileOf(name)];
      return Promise.resolve(text === undefined ? undefined : { text, generation: '1', ageMs: 0 });
    },
    write: (name: string, text: string) => Promise.resolve(void (texts[fileOf(name)] = text)),
  };
  const runtime = { now: () => MIDMONTH, sleep: () => Promise.resolve(), random: () => 0 };
  const log = (_: string, text: string): void => void logged.push(text);
  return { context: { state, runtime, log, policy: {} } as unknown as EventContext, logged };
}

const AT_MS = MIDMONTH.getTime();

/** A message as the switch notes it: for the ticks, and among what the budget's messages reported. */
async function note(context: EventContext, costAmount: number, publishedMs: number): Promise<void> {
  const told = { notification: notification({ costAmount, thresholdExceeded: 1 }), verdict: DUE };
  await noteInForce(context, config(), told, publishedMs);
  await noteSpend(context.state as State, context.runtime, told, publishedMs, { take: (message) => message });
}

const DUE: Extract<Verdict, { kind: 'due' }> = {
  kind: 'due',
  budgetAmount: 100,
  ladder: config().ladder,
  next: undefined,
  shares: { actual: 1, forecast: 0 },
  rungs: config().ladder.slice(0, 3),
};

it('a damaged memory reaches nothing, and the next message writes it anew', async () => {
  const texts: Record<string, string> = { 'in-force.json': '{"version": 1, "reached":' };
  const { context, logged } = contextOf(texts);
  expect(await recallInForce(context, BUDGET)).toBeUndefined();
  await note(context, 100, MIDMONTH.getTime());
  const recalled = await recallInForce(context, BUDGET);
  expect(recalled?.reached).toEqual(['stop-notebooks', 'stop-compute']);
  expect(recalled?.notification.costAmount).toBe(100);
  expect(logged).toEqual([]);
});

it('a message of the year 33658 keeps no later one out', async () => {
  const texts: Record<string, string> = {};
  const { context } = contextOf(texts);
  await note(context, 100, MIDMONTH.getTime());
  const stored = JSON.parse(texts['in-force.json'] ?? '') as object;
  texts['in-force.json'] = JSON.stringify({ ...stored, publishedMs: 1e15 });
  await note(context, 101, MIDMONTH.getTime());
  expect((await recallInForce(context, BUDGET))?.notification.costAmount).toBe(101);
  await note(context, 99, MIDMONTH.getTime() - 60_000);
  expect((await recallInForce(context, BUDGET))?.notification.costAmount).toBe(101);
});

it('a budget is told silent at a tick although its rungs cannot be held', async () => {
  const day = 86_400_000;
  const heard = { version: 1, heardMs: MIDMONTH.getTime() - 2 * day, saidMs: null };
  const texts: Record<string, string> = { 'heard.json': JSON.stringify(heard) };
  const { context, logged } = contextOf(texts);
  await note(context, 100, MIDMONTH.getTime() - 2 * day);
  const atTick = {
    lookUp: () => Promise.reject(new Error('503')),
    fire: () => Promise.resolve(),
  };
  const tick = { text: '{}', attributes: {}, publishedMs: MIDMONTH.getTime() };
  await expect(holdAtTick(context, config(), tick as never, atTick)).rejects.toThrow('503');
  expect(logged.join('\n')).toMatch(
    /Cannot hold the rungs of .* at this tick: 503\n.*No message of .* for 48 h/,
  );
});

it('a tick holds on where the budget has other thresholds by now', async () => {
  const { context } = contextOf({});
  const message = notification({ costAmount: 105, thresholdExceeded: 1 });
  const told = { notification: message, verdict: DUE };
  await noteSpend(context.state as State, context.runtime, told, AT_MS, { take: (one) => one });
  await noteInForce(context, config(), told, AT_MS);
  const held: string[] = [];
  const edited = budget({ thresholds: [{ share: 0.9, basis: 'current' }] });
  await holdAtTick(context, config(), { text: '{}', attributes: {}, publishedMs: AT_MS } as never, {
    lookUp: () => Promise.resolve(edited),
    fire: async ({ verdict }) => void held.push(...verdict.rungs.map((rung) => rung.do)),
  });
  expect(held).toEqual(['stop-notebooks', 'stop-compute']);
});

const RECALLED = ['stop-notebooks', 'stop-compute'];

it.each([
  ['a cost', { costAmount: 120 }],
  ['a forecast', { forecastExceeded: 5 }],
  ['an amount', { budgetAmount: 1 }],
])('a planted memory with %s that no message reported makes nothing due, and is said', async (_, planted) => {
  const texts: Record<string, string> = {};
  const { context, logged } = contextOf(texts);
  await note(context, 90, AT_MS - 3_600_000);
  const other = { notification: notification({ costAmount: 90, ...planted }), verdict: DUE };
  await noteInForce(context, config(), other, AT_MS);
  expect(await recallInForce(context, BUDGET)).toBeUndefined();
  expect(logged.join()).toMatch(/in-force\.json" holds a message of .* no message is known to have reported/);
});

it('the memory of another budget counts for nothing', async () => {
  const texts: Record<string, string> = {};
  const { context } = contextOf(texts);
  await note(context, 100, AT_MS);
  expect((await recallInForce(context, BUDGET))?.reached).toEqual(RECALLED);
  expect(await recallInForce(context, `${BUDGET}-other`)).toBeUndefined();
});

it('two messages within minutes, each with its own figure, are both held', async () => {
  const texts: Record<string, string> = {};
  const { context } = contextOf(texts);
  await note(context, 100, AT_MS);
  await note(context, 101, AT_MS + 60_000);
  expect((await recallInForce(context, BUDGET))?.notification.costAmount).toBe(101);
  await note(context, 101, AT_MS + 120_000);
  expect((await recallInForce(context, BUDGET))?.reached).toEqual(RECALLED);
});

it.each([
  ['none, where the newer one reaches none', 40, { ...DUE, rungs: [] }, undefined],
  ['one, where the newer one reaches one', 85, { ...DUE, rungs: DUE.rungs.slice(0, 2) }, ['stop-notebooks']],
  ['all, where the newer one reaches as many', 130, DUE, RECALLED],
])('of a message that is kept after a newer one, ticks hold %s', async (_, costAmount, newer, reached) => {
  const { context } = contextOf({});
  const noted = async (cost: number, verdict: typeof DUE, publishedMs: number) => {
    const told = { notification: notification({ costAmount: cost }), verdict };
    await noteSpend(context.state as State, context.runtime, told, publishedMs, { take: (one) => one });
    return () => noteInForce(context, config(), told, publishedMs);
  };
  // The first one is noted, and held up before it is kept for the ticks.
  const keepFirst = await noted(105, DUE, AT_MS - 60_000);
  await noted(costAmount, newer, AT_MS);
  await keepFirst();
  expect((await recallInForce(context, BUDGET))?.reached).toEqual(reached);
});

const HOUR_MS = 3_600_000;

it.each([
  ['one message has come', [[1, 100]], undefined],
  ['two messages have come', [[3, 100], [1, 106]], 3],
  ['the latest repeats a figure', [[4, 100], [2, 106], [1, 106]], 2],
  ['the latest is older than six hours', [[9, 100], [6.1, 106]], undefined],
] as const)('a tick fires with the rate that messages tell: %s', async (_, told, perHour) => {
  const { context } = contextOf({});
  for (const [hoursAgo, cost] of told) await note(context, cost, AT_MS - hoursAgo * HOUR_MS);
  const rates: unknown[] = [];
  await holdAtTick(context, config(), { text: '{}', attributes: {}, publishedMs: AT_MS } as never, {
    lookUp: () => Promise.resolve(budget()),
    fire: async ({ rate }) => void rates.push(rate),
  });
  expect(rates).toEqual([perHour]);
}); // prettier-ignore
