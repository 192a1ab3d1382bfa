import { expect, it } from 'vitest';
import { believeFigure } from '../../../../functions/budget-kill-switch/jump/believe-figure.ts';
import { judgeNotification } from '../../../../functions/budget-kill-switch/decide.ts';
import type { EventContext } from '../../../../shared/run/handle-event.ts';
import { budget, config, MIDMONTH, notification } from '../builder.ts';

/** A state bucket of figures and forecasts; what is logged. */
function contextOf(memory: { text: string | undefined; refuses?: boolean }): {
  readonly context: EventContext;
  readonly logged: string[];
} {
  const logged: string[] = [];
  let forecasts: string | undefined;
  const state = {
    read(name: string) {
      if (memory.refuses === true) return Promise.reject(new Error('HTTP 403'));
      const text = name.endsWith('/figures.json') ? memory.text : forecasts;
      return Promise.resolve(text === undefined ? undefined : { text, generation: '1', ageMs: 0 });
    },
    write(name: string, text: string) {
      if (name.endsWith('/figures.json')) memory.text = text;
      else forecasts = text;
      return Promise.resolve('2');
    },
  };
  const runtime = { now: () => MIDMONTH, sleep: () => Promise.resolve(), random: () => 0 };
  const log = (severity: string, text: string): void => void logged.push(`${severity} ${text}`);
  return { context: { state, runtime, log, policy: {} } as unknown as EventContext, logged };
}

function believe(context: EventContext, id: string, costAmount: number, more: Parameters<typeof config>[0] = {}, forecastExceeded: number | undefined = 1) {
  const told = notification({ costAmount, thresholdExceeded: 0.5, forecastExceeded });
  const settings = config(more);
  return believeFigure(context, settings, {
    ...{ message: { id }, notification: told, budget: budget(), publishedMs: MIDMONTH.getTime() },
    verdict: judgeNotification(told, budget(), settings, MIDMONTH),
  });
} // prettier-ignore

const rungsOf = (verdict: Awaited<ReturnType<typeof believe>>['verdict']): readonly string[] =>
  verdict.kind === 'due' ? verdict.rungs.map((rung) => rung.do) : [];

it('a doubted message only notifies, and its forecast counts no more than its cost', async () => {
  const { context, logged } = contextOf({ text: undefined });
  const first = notification({ costAmount: 60, thresholdExceeded: 0.5 });
  await believeFigure(context, config({ basis: 'either' }), {
    ...{ message: { id: 'a' }, notification: first, budget: budget(), publishedMs: MIDMONTH.getTime() },
    verdict: judgeNotification(first, budget(), config({ basis: 'either' }), MIDMONTH),
  });
  const {
    verdict,
    notification: believed,
    isDoubted,
  } = await believe(context, 'b', 130, { basis: 'either' });
  expect(rungsOf(verdict)).toEqual(['notify']);
  expect(believed).toMatchObject({ costAmount: 60, forecastExceeded: undefined });
  expect(isDoubted).toBe(true);
  expect(logged.join()).toMatch(/^ERROR .*: stop-notebooks .* wait for a second message/);
});

it('a doubted message keeps in force what was due by the forecast before', async () => {
  const { context } = contextOf({ text: undefined });
  await believe(context, 'a', 60, { basis: 'either' });
  const {
    verdict,
    notification: believed,
    isDoubted,
  } = await believe(context, 'b', 130, { basis: 'either' }, 1.2);
  expect(rungsOf(verdict)).toEqual(['notify', 'stop-notebooks', 'stop-compute']);
  expect(believed).toMatchObject({ costAmount: 60, forecastExceeded: 1 });
  expect(isDoubted).toBe(true);
});

it('also where its threshold is none of the budget any more', async () => {
  const { context } = contextOf({ text: undefined });
  await believe(context, 'a', 60, { basis: 'either' }, 1);
  const told = notification({ costAmount: 130, thresholdExceeded: 0.5, forecastExceeded: 1.2 });
  const settings = config({ basis: 'either' });
  const now = budget({
    thresholds: [
      ...budget().thresholds,
      { share: 0.8, basis: 'forecast' },
      { share: 1.2, basis: 'forecast' },
    ],
  });
  const { verdict } = await believeFigure(context, settings, {
    ...{ message: { id: 'b' }, notification: told, budget: now, publishedMs: MIDMONTH.getTime() },
    verdict: judgeNotification(told, now, settings, MIDMONTH),
  });
  expect(rungsOf(verdict)).toEqual(['notify', 'stop-notebooks', 'stop-compute']);
});

it('a ladder that does not notify waits as a heartbeat, and says so', async () => {
  const { context, logged } = contextOf({ text: undefined });
  const ladder = config().ladder.slice(1);
  await believe(context, 'a', 60, { ladder });
  const { verdict } = await believe(context, 'b', 130, { ladder });
  expect(verdict.kind).toBe('heartbeat');
  expect(logged).toHaveLength(1);
});

it('a memory that is damaged or cannot be kept makes no message wait', async () => {
  for (const memory of [{ text: '{"version":1,"known":' }, { text: undefined, refuses: true }]) {
    const { context, logged } = contextOf(memory);
    const { verdict } = await believe(context, 'a', 130);
    expect(rungsOf(verdict)).toHaveLength(4);
    expect(logged).toHaveLength(memory.refuses === true ? 1 : 0);
  }
});

it('budgets.jump 0 keeps nothing and believes each', async () => {
  const memory = { text: undefined };
  const { context } = contextOf(memory);
  await believe(context, 'a', 1, { jump: 0 });
  expect(rungsOf((await believe(context, 'b', 500, { jump: 0 })).verdict)).toHaveLength(4);
  expect(memory.text).toBeUndefined();
});

it('a forecast that jumps waits as a cost does, where it counts', async () => {
  const { context, logged } = contextOf({ text: undefined });
  const tell = (minutes: number, forecastExceeded: number | undefined, basis: 'forecast' | 'actual') => {
    const told = notification({ costAmount: 60, thresholdExceeded: 0.5, forecastExceeded });
    const settings = config({ basis });
    return believeFigure(context, settings, {
      ...{ message: { id: `m${minutes}` }, notification: told, budget: budget() },
      publishedMs: MIDMONTH.getTime() + (minutes - 100) * 60_000,
      verdict: judgeNotification(told, budget(), settings, MIDMONTH),
    });
  };
  await tell(0, 0.5, 'forecast');
  const planted = await tell(25, 5, 'forecast');
  expect(rungsOf(planted.verdict)).toEqual(['notify']);
  expect(planted).toMatchObject({
    isDoubted: false,
    notification: { costAmount: 60, forecastExceeded: 0.5 },
  });
  expect(logged.join()).toMatch(
    /a forecast of at least 500 % reported, where the last known one was 50 % \(at .*: stop-notebooks \(80 %\), stop-compute \(100 %\) wait/,
  );
  // One step of half of the budget is believed.
  expect(rungsOf((await tell(30, 1, 'forecast')).verdict)).toEqual([
    'notify',
    'stop-notebooks',
    'stop-compute',
  ]);
  expect(rungsOf((await tell(50, 5, 'actual')).verdict)).toEqual(['notify']);
});

it('a forecast that jumps is believed with the second message', async () => {
  const { context } = contextOf({ text: undefined });
  const tell = (minutes: number, forecastExceeded: number | undefined) => {
    const told = notification({ costAmount: 60, thresholdExceeded: 0.5, forecastExceeded });
    return believeFigure(context, config({ basis: 'either' }), {
      ...{ message: { id: `m${minutes}` }, notification: told, budget: budget() },
      publishedMs: MIDMONTH.getTime() + (minutes - 100) * 60_000,
      verdict: judgeNotification(told, budget(), config({ basis: 'either' }), MIDMONTH),
    });
  };
  await tell(0, undefined);
  expect(rungsOf((await tell(25, 1)).verdict)).toEqual(['notify']);
  expect(rungsOf((await tell(50, 1)).verdict)).toEqual(['notify', 'stop-notebooks', 'stop-compute']);
});

it('an amount that the message alone names is compared: what it makes due waits', async () => {
  const { context, logged } = contextOf({ text: undefined });
  const ofLastPeriod = budget({ amount: { kind: 'last-period' } });
  const tell = (id: string, budgetAmount: number, currencyCode: string, minutes: number) => {
    const told = notification({ costAmount: 40, budgetAmount, currencyCode, thresholdExceeded: 0.5 });
    return believeFigure(context, config(), {
      ...{ message: { id }, notification: told, budget: ofLastPeriod },
      publishedMs: MIDMONTH.getTime() + minutes * 60_000,
      verdict: judgeNotification(told, ofLastPeriod, config(), MIDMONTH),
    });
  };
  await tell('a', 100, 'USD', 0);
  const planted = await tell('b', 20, 'EUR', 1);
  expect(rungsOf(planted.verdict)).toEqual(['notify']);
  expect(planted.notification).toMatchObject({ costAmount: 40, budgetAmount: 100, currencyCode: 'USD' });
  expect(logged.join()).toMatch(
    /40\.00 EUR of 20\.00 EUR reported, where the last known figure was 40\.00 USD of 100\.00 USD /,
  );
  expect(rungsOf((await tell('c', 20, 'EUR', 20)).verdict)).toHaveLength(4);
});

it('a confirmation that comes late is of the moment of the later message', async () => {
  const { context } = contextOf({ text: undefined });
  const tell = (minutes: number, costAmount: number) => {
    const told = notification({ costAmount, thresholdExceeded: 0.5 });
    return believeFigure(context, config(), {
      ...{ message: { id: `m${minutes}` }, notification: told, budget: budget() },
      publishedMs: MIDMONTH.getTime() + minutes * 60_000,
      verdict: judgeNotification(told, budget(), config(), MIDMONTH),
    });
  };
  await tell(-60, 40);
  await tell(-10, 130);
  const { asOfMs, isDoubted } = await tell(-35, 129);
  expect({ asOfMs, isDoubted }).toEqual({ asOfMs: MIDMONTH.getTime() - 600_000, isDoubted: false });
});

it.each([
  ['month', { kind: 'calendar', unit: 'month' }, 11],
  ['custom period', { kind: 'custom', start: { year: 2026, month: 11, day: 1 }, end: undefined }, 30],
] as const)('another reading of the midnight at which a %s begins makes it no other one', async (_, period, hours) => {
  const { context } = contextOf({ text: undefined });
  const tell = (id: string, costAmount: number, aheadHours: number) => {
    const periodStartMs = notification().periodStartMs + aheadHours * 3_600_000;
    const told = notification({ costAmount, thresholdExceeded: 0.5, periodStartMs });
    return believeFigure(context, config(), {
      ...{ message: { id }, notification: told, budget: budget({ period }), publishedMs: MIDMONTH.getTime() },
      verdict: judgeNotification(told, budget({ period }), config(), MIDMONTH),
    });
  };
  await tell('a', 40, 0);
  for (const shift of [-hours, hours]) {
    const { verdict, isDoubted } = await tell(`b${shift}`, 500, shift);
    expect([isDoubted, rungsOf(verdict)]).toEqual([true, ['notify']]);
  }
}); // prettier-ignore
