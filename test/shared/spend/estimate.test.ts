import { describe, expect, it } from 'vitest';
import { accrue } from '../../../shared/spend/accrue.ts';
import { estimateSpend, type Estimate } from '../../../shared/spend/estimate.ts';
import type { Ledger } from '../../../shared/spend/ledger.ts';
import {
  addMessage,
  parseMessages,
  type BudgetMessages,
  type CostMessage,
} from '../../../shared/spend/messages.ts';
import { readReports } from '../../../shared/spend/reading.ts';
import { earlierOf, estimateBlocker, reachOf, type EarlierEstimate } from '../../../shared/spend/rungs.ts';

const HOUR = 3_600_000;
const START = Date.parse('2026-11-01T07:00:00Z');
const NOW = START + 72 * HOUR;

/** One machine of so many USD an hour from the beginning of the month, and another one from an hour on. */
function ledgerOf(rate: number, more: { readonly rate: number; readonly fromHour: number }): Ledger {
  let ledger: Ledger | undefined;
  const band = (usd: number) => ({ low: usd, expected: usd, high: usd });
  for (let atMs = START - HOUR; atMs <= NOW; atMs += HOUR / 12) {
    const fromMs = START + more.fromHour * HOUR;
    const resources = [
      { resource: 'calm', kind: 'vm', rate: band(rate), startedMs: START - HOUR },
      ...(atMs >= fromMs
        ? [{ resource: 'runaway', kind: 'custom-job', rate: band(more.rate), startedMs: fromMs }]
        : []),
    ];
    ledger = accrue(ledger, { project: 'p', atMs, resources, complete: true });
  }
  if (ledger === undefined) throw new Error('Cannot estimate without a look');
  return ledger;
}

function message(hour: number, cost: number, over: Partial<CostMessage> = {}): CostMessage {
  return {
    budget: 'billingAccounts/01D4EE-079462-DFD6EC/budgets/b',
    displayName: 'b',
    currencyCode: 'USD',
    amount: 1_000,
    projects: ['p'],
    complete: true,
    publishedMs: START + hour * HOUR,
    cost,
    startMs: START,
    endMs: START + 30 * 24 * HOUR,
    ...over,
  };
}

/** Every two hours, of a steady cost of 5 USD an hour that lags by 24 hours, times a factor. */
function reports(factor = 1): BudgetMessages | undefined {
  let messages: BudgetMessages | undefined;
  for (let hour = 2; hour <= 70; hour += 2)
    messages = addMessage(messages, message(hour, Math.max(0, hour - 24) * 5 * factor), NOW);
  return messages;
}

function estimate(ledger: Ledger, messages: BudgetMessages | undefined, nowMs = NOW): Estimate {
  return estimateSpend([ledger], readReports([ledger], messages, START, 0), nowMs);
}

describe('estimateSpend', () => {
  it('adds to the reported cost what accrued since, a runaway that no report holds yet among it', () => {
    const ledger = ledgerOf(5, { rate: 100, fromHour: 66 });
    const { spend, burn, byKind, reading } = estimate(ledger, reports());
    expect(reading.reported?.cost).toBe(230);
    expect(spend.low).toBeCloseTo(72 * 5 + 6 * 100, 1);
    expect(spend.expected).toBeCloseTo(72 * 5 + 6 * 100, 0);
    expect(spend.high).toBeGreaterThan(spend.expected);
    expect(burn.expected).toBe(105);
    expect(byKind['custom-job']).toBeCloseTo(600, 3);
  });

  it('fits lag and factor on the reports, with their ranges', () => {
    const { fit } = estimate(ledgerOf(5, { rate: 1, fromHour: 30 }), reports()).reading;
    expect(fit.settled).toBe(true);
    expect(fit.lagRangeHours[0]).toBeLessThanOrEqual(24);
    expect(fit.lagRangeHours[1]).toBeGreaterThanOrEqual(21);
    expect(fit.factor).toBeGreaterThan(0.85);
    expect(fit.factor).toBeLessThanOrEqual(1);
  });

  it('takes half an hour of lag for no price, where a report holds the first minutes of a runaway', () => {
    const ledger = ledgerOf(0.1, { rate: 50, fromHour: 50 });
    for (const lagHours of [10, 10.1, 10.4, 11.2]) {
      const reported = (hour: number): number =>
        Math.max(0, hour - lagHours) * 0.1 + Math.max(0, hour - lagHours - 50) * 50;
      let messages: BudgetMessages | undefined;
      for (const hour of [40, 44, 48, 62])
        messages = addMessage(messages, message(hour, reported(hour)), NOW);
      const { fit } = estimate(ledger, messages).reading;
      expect(Math.abs(fit.lagHours - lagHours)).toBeLessThanOrEqual(0.25);
      expect(fit.factor).toBeGreaterThan(0.8);
      expect(fit.factor).toBeLessThan(1.3);
    }
  });

  it('sees a discount that every lag agrees on, and lowers low by it', () => {
    const { reading, spend } = estimate(ledgerOf(5, { rate: 0, fromHour: 0 }), reports(0.45));
    expect(reading.leastFactor).toBeLessThan(0.7);
    expect(spend.low).toBeLessThanOrEqual(72 * 5 * 0.7);
  });

  it('goes by stated defaults until three reports have come', () => {
    const few = addMessage(addMessage(undefined, message(60, 100), NOW), message(62, 110), NOW);
    const { fit } = estimate(ledgerOf(5, { rate: 0, fromHour: 0 }), few).reading;
    expect(fit).toMatchObject({ settled: false, points: 2, lagHours: 24, factor: 1 });
  });

  it('takes no report of an earlier period for cost of this one', () => {
    const earlier = addMessage(undefined, message(-50, 900, { startMs: START - 31 * 24 * HOUR }), NOW);
    const { reading, spend } = estimate(ledgerOf(5, { rate: 0, fromHour: 0 }), earlier);
    expect(reading.reported).toBeUndefined();
    expect(spend.low).toBeCloseTo(360, 1);
  });
});

describe('reachOf', () => {
  const before = ledgerOf(5, { rate: 100, fromHour: 66 });

  const now = estimate(before, reports());
  const earlier: EarlierEstimate = {
    ...earlierOf(now),
    atMs: NOW - 300_000,
    low: now.spend.low - (now.burn.high * 300) / 3_600,
  };

  it('stops on what is spent at the least, and tells on what is expected', () => {
    expect(reachOf(900, now, earlier)).toMatchObject({ notify: true, stop: true });
    expect(reachOf(2_000, now, earlier)).toMatchObject({ notify: false, stop: false });
  });

  it('takes a second look where low jumped by more than what runs, or nothing is known of the look before', () => {
    expect(reachOf(900, now, undefined)).toMatchObject({ notify: true, stop: false });
    expect(reachOf(900, now, { ...earlier, low: 400 })).toMatchObject({
      stop: false,
      why: expect.stringContaining('grew from $400.00, by more than what runs') as unknown,
    });
    expect(reachOf(900, now, { ...earlier, low: 901 }).stop).toBe(true);
    expect(reachOf(900, now, { ...earlier, low: 400, reported: earlier.reported - 600 }).stop).toBe(true);
    expect(reachOf(900, now, { ...earlier, periodStartMs: 0 }).stop).toBe(false);
  });

  it('stops nothing by the stated defaults, whatever low is', () => {
    const few = addMessage(addMessage(undefined, message(60, 1_500), NOW), message(62, 1_600), NOW);
    const first = estimate(before, few);
    expect(first.spend.low).toBeGreaterThan(1_600);
    expect(reachOf(1_000, first, { ...earlierOf(first), atMs: NOW - 300_000 })).toMatchObject({
      notify: true,
      stop: false,
      why: expect.stringContaining('2 reports, and a stop takes three') as unknown,
    });
  });

  it('stops on expected in two looks running alone', () => {
    const near = { ...now, spend: { ...now.spend, low: 940, expected: 960 }, firm: 955 };
    const last = { ...earlierOf(near), atMs: NOW - 300_000 };
    expect(reachOf(950, near, undefined).stop).toBe(false);
    expect(reachOf(950, near, last)).toMatchObject({
      stop: true,
      why: expect.stringContaining('two looks running') as unknown,
    });
    expect(reachOf(950, near, { ...last, firm: 949 }).stop).toBe(false);
    expect(reachOf(950, near, { ...last, atMs: NOW - HOUR }).stop).toBe(false);
  });
});

describe('estimateBlocker', () => {
  const now = estimate(ledgerOf(5, { rate: 0, fromHour: 0 }), reports());
  const fine = { resource: 'a', usdPerHour: 10 };

  it('lets an estimate pass that holds water', () => {
    expect(estimateBlocker(now, fine)).toBeUndefined();
  });

  it('blocks one whose rate no machine has, or whose factor no discount explains', () => {
    expect(estimateBlocker(now, { resource: 'a', usdPerHour: 90_000 })).toMatch(/"a" would cost \$90000/);
    const odd = { ...now, reading: { ...now.reading, fit: { ...now.reading.fit, factor: 25 } } };
    expect(estimateBlocker(odd, fine)).toMatch(/25\.00 times/);
    expect(estimateBlocker({ ...now, spend: { low: NaN, expected: 1, high: 2 } }, fine)).toMatch(
      /contradict/,
    );
  });
});

describe('addMessage', () => {
  const LATE = START + 800 * HOUR;

  it('keeps what brings a new figure, once, and begins anew with each period', () => {
    let kept = addMessage(undefined, message(1, 5), LATE);
    expect(addMessage(kept, message(1, 5), LATE)).toBe(kept);
    kept = addMessage(kept, message(2, 5), LATE);
    kept = addMessage(kept, message(3, 7), LATE);
    expect(kept.period.points.map(({ cost }) => cost)).toEqual([5, 7]);
    expect(addMessage(kept, message(2.5, 6), LATE)).toBe(kept);
    const next = addMessage(kept, message(800, 0, { startMs: START + 720 * HOUR }), LATE);
    expect(next.period.points).toHaveLength(1);
    expect(next.previous?.points).toHaveLength(2);
    expect(addMessage(next, message(799, 99), LATE)).toBe(next);
    expect(parseMessages(JSON.stringify(next))).toEqual(next);
    expect(parseMessages('{"version":2}')).toBeUndefined();
  });

  it('follows a budget whose period was edited to an earlier start, but no message from before that', () => {
    const month = addMessage(undefined, message(10, 5), LATE);
    const quarterMs = START - 31 * 24 * HOUR;
    expect(addMessage(month, message(9, 400, { startMs: quarterMs, amount: 3_000 }), LATE)).toBe(month);
    const quarter = addMessage(month, message(11, 400, { startMs: quarterMs, amount: 3_000 }), LATE);
    expect(quarter).toMatchObject({
      amount: 3_000,
      lastMs: START + 11 * HOUR,
      period: { startMs: quarterMs, points: [{ atMs: START + 11 * HOUR, cost: 400 }] },
    });
    expect(quarter).not.toHaveProperty('previous');
    const later = addMessage(quarter, message(12, 410, { startMs: quarterMs, amount: 3_000 }), LATE);
    expect(later.period.points).toHaveLength(2);
    const again = addMessage(later, message(13, 6), LATE);
    expect(again).toMatchObject({ period: { startMs: START }, previous: { startMs: quarterMs } });
  });

  it('begins anew after what is dated ahead of the clock, and keeps what is a little ahead', () => {
    const kept = addMessage(undefined, message(1, 5), LATE);
    const now = START + 2 * HOUR;
    for (const ahead of [
      { ...kept, lastMs: 1e15 },
      { ...kept, period: { ...kept.period, startMs: 1e15 } },
      { ...kept, period: { ...kept.period, points: [{ atMs: 1e15, cost: 9 }] } },
    ])
      expect(addMessage(ahead, message(2, 7), now).period.points).toEqual([{ atMs: now, cost: 7 }]);
    const near = { ...kept, lastMs: now + 60_000 };
    expect(addMessage(near, message(2, 7), now)).toBe(near);
  });
});
