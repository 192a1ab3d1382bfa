import { describe, expect, it } from 'vitest';
import { judgeNotification } from '../../../../functions/budget-kill-switch/decide.ts';
import { believeFigure } from '../../../../functions/budget-kill-switch/jump/believe-figure.ts';
import { recallInForce } from '../../../../functions/budget-kill-switch/message/in-force.ts';
import { rememberMessage } from '../../../../functions/budget-kill-switch/message/remember.ts';
import type { EventContext } from '../../../../shared/run/handle-event.ts';
import { BUDGET, budget, config, MIDMONTH, notification } from '../builder.ts';

const MINUTE_MS = 60_000;
const FOLDER = `spend/${BUDGET.split('/')[1]}/${BUDGET.split('/')[3]}`;
const SAMPLES = `${FOLDER}/2026-11-01.json`;
const IN_FORCE = `${FOLDER}/in-force.json`;

/** A state bucket of these texts, whose writes of `refused` fail, and what is logged. */
function contextOf(texts: Record<string, string> = {}, refused: { name?: string } = {}) {
  const logged: string[] = [];
  const state = {
    read(name: string) {
      const text = texts[name];
      return Promise.resolve(text === undefined ? undefined : { text, generation: '1', ageMs: 0 });
    },
    write(name: string, text: string) {
      if (name === refused.name) return Promise.reject(new Error('HTTP 503'));
      return Promise.resolve(void (texts[name] = text));
    },
  };
  const runtime = { now: () => MIDMONTH, sleep: () => Promise.resolve(), random: () => 0 };
  const log = (severity: string, text: string): void => void logged.push(`${severity} ${text}`);
  return { context: { state, runtime, log, policy: {} } as unknown as EventContext, logged, texts };
}

/** Does with a message of so many minutes before now what the switch does. */
async function hear(context: EventContext, minute: number, costAmount: number): Promise<void> {
  const told = notification({ costAmount, thresholdExceeded: 0.5 });
  const settings = config();
  const believed = await believeFigure(context, settings, {
    ...{ message: { id: `m${minute}` }, notification: told, budget: budget() },
    publishedMs: MIDMONTH.getTime() + (minute - 100) * MINUTE_MS,
    verdict: judgeNotification(told, budget(), settings, MIDMONTH),
  });
  const { notification: taken, verdict, asOfMs } = believed;
  if (verdict.kind === 'ignore') throw new Error(verdict.why);
  await rememberMessage(context, settings, budget(), { notification: taken, verdict }, asOfMs);
}

const heldBy = async (context: EventContext): Promise<string> =>
  (await recallInForce(context, BUDGET))?.reached.join(' ') ?? '';

const NOTEBOOKS = 'stop-notebooks';
const ALL = 'stop-notebooks stop-compute unlink-billing';

describe('what ticks hold after messages that came', () => {
  it.each<[string, readonly (readonly [minute: number, cost: number])[], string]>([
    ['in order', [[0, 85], [25, 136], [50, 137]], ALL],
    ['once, with a jump', [[0, 85], [25, 136]], NOTEBOOKS],
    ['twice, with a jump', [[0, 85], [25, 136], [25, 136]], NOTEBOOKS],
    ['with the confirmation of a jump before the jump', [[0, 85], [50, 137], [25, 136]], ALL],
    ['with the jump again after its confirmation', [[0, 85], [25, 136], [50, 137], [25, 136]], ALL],
    ['with one from before a jump after its confirmation', [[0, 85], [25, 136], [50, 137], [10, 86]], ALL],
    ['with a jump again after a message that contradicts it', [[0, 85], [25, 136], [50, 86], [25, 136]], NOTEBOOKS],
    ['with the lower one late', [[25, 101], [0, 85]], 'stop-notebooks stop-compute'],
    ['with one below the rungs last', [[0, 85], [25, 60]], ''],
    ['with one below the rungs late', [[0, 60], [50, 85], [25, 60]], NOTEBOOKS],
    ['with a jump after a low one', [[0, 85], [25, 86], [30, 0], [50, 137]], NOTEBOOKS],
    ['in steps within minutes', [[0, 60], [25, 61], [26, 105], [27, 150]], 'stop-notebooks stop-compute'],
  ])('%s', async (_, messages, held) => {
    const { context, logged } = contextOf();
    for (const [minute, cost] of messages) await hear(context, minute, cost);
    expect(await heldBy(context)).toBe(held);
    expect(logged.filter((line) => !line.startsWith('ERROR Budget'))).toEqual([]);
  }); // prettier-ignore
});

describe('where what a message reported cannot be kept', () => {
  it('ticks go on with the message before, and it is said', async () => {
    const refused: { name?: string } = {};
    const { context, logged } = contextOf({}, refused);
    await hear(context, 0, 85);
    refused.name = SAMPLES;
    await hear(context, 25, 105);
    expect(await heldBy(context)).toBe(NOTEBOOKS);
    expect(logged).toEqual([expect.stringMatching(/^WARNING Cannot keep what the message of .*: HTTP 503$/)]);
  });

  it('one that reaches nothing releases all the same', async () => {
    const refused: { name?: string } = {};
    const { context } = contextOf({}, refused);
    await hear(context, 0, 85);
    refused.name = SAMPLES;
    await hear(context, 25, 60);
    expect(await heldBy(context)).toBe('');
  });
});

describe('what an earlier version kept', () => {
  const message = notification({ costAmount: 105, thresholdExceeded: 1 });
  const stored = { ...message, forecastExceeded: null, topic: null };
  const atMs = MIDMONTH.getTime() - 10 * MINUTE_MS;
  const inForce = { version: 1, publishedMs: atMs, reached: [NOTEBOOKS, 'stop-compute'], message: stored };
  const samples = (cost: number) => JSON.stringify({ version: 1, samples: [{ atMs, cost }] });

  it('is held until the first message of this one', async () => {
    const { context, logged } = contextOf({
      [IN_FORCE]: JSON.stringify(inForce),
      [SAMPLES]: samples(105),
    });
    expect(await heldBy(context)).toBe('stop-notebooks stop-compute');
    expect(logged).toEqual([]);
    await hear(context, 100, 106);
    expect(await heldBy(context)).toBe('stop-notebooks stop-compute');
  });

  it('counts for nothing where no message reported its cost, and not beside what this version noted', async () => {
    const { context, logged, texts } = contextOf({
      [IN_FORCE]: JSON.stringify(inForce),
      [SAMPLES]: samples(50),
    });
    expect(await heldBy(context)).toBe('');
    expect(logged).toHaveLength(1);
    texts[SAMPLES] = JSON.stringify({
      version: 1,
      samples: [{ atMs, cost: 105 }, { atMs, cost: 60, amount: 100, forecast: 0 }], // prettier-ignore
    });
    expect(await heldBy(context)).toBe('');
  });
});

describe('observing', () => {
  const verdict = judgeNotification(notification({ costAmount: 105 }), budget(), config(), MIDMONTH);
  const remember = (context: EventContext, costAmount: number, minute: number) => {
    const told = notification({ costAmount });
    const atMs = MIDMONTH.getTime() + (minute - 100) * MINUTE_MS;
    if (verdict.kind === 'ignore') throw new Error(verdict.why);
    const message = { notification: told, verdict };
    return rememberMessage(context, config({ mode: 'observe' }), budget(), message, atMs);
  };

  it('keeps what messages reported, which tells the rate, and no message for the ticks', async () => {
    const { context, texts, logged } = contextOf();
    expect((await remember(context, 105, 0)).rate).toBeUndefined();
    expect((await remember(context, 108, 60)).rate).toBe(3);
    expect(Object.keys(texts)).toEqual([SAMPLES]);
    expect(logged).toEqual([]);
  });

  it('says that the rate is not known where that cannot be kept, and nothing of ticks', async () => {
    const { context, logged } = contextOf({}, { name: SAMPLES });
    expect((await remember(context, 105, 0)).rate).toBeUndefined();
    expect(logged).toEqual([expect.stringMatching(/the present rate of spending is not known: HTTP 503$/)]);
  });
});
