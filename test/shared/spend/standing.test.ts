import { describe, expect, it } from 'vitest';
import { accrue } from '../../../shared/spend/accrue.ts';
import { accruedBetween } from '../../../shared/spend/accrued.ts';
import type { Ledger, Running } from '../../../shared/spend/ledger.ts';
import type { BudgetMessages } from '../../../shared/spend/messages.ts';
import { billingMidnights, billingMonthEnd, billingStart } from '../../../shared/spend/pacific.ts';
import { whyStale } from '../../../shared/spend/stale.ts';
import { standingOf } from '../../../shared/spend/standing.ts';

const HOUR = 3_600_000;
const RATE = 2;
const WATCH = { discountAtMost: 0, regions: [] } as const;

/** One machine, looked at every hour. */
function ledgerOf(fromMs: number, toMs: number): Ledger {
  const band = { low: RATE, expected: RATE, high: RATE };
  let ledger: Ledger | undefined;
  for (let atMs = fromMs; atMs <= toMs; atMs += HOUR)
    ledger = accrue(ledger, {
      ...{ project: 'p', atMs, complete: true },
      resources: [{ resource: 'vm', kind: 'vm', rate: band, startedMs: fromMs }],
    });
  if (ledger === undefined) throw new Error('Cannot watch without a look');
  return ledger;
}

function messagesOf(startMs: number, endMs: number | undefined, reported = true): BudgetMessages {
  return {
    version: 1,
    budget: 'billingAccounts/A/budgets/b',
    displayName: 'b',
    currencyCode: 'USD',
    amount: 1_000,
    projects: ['p'],
    filter: ['projects/1'],
    complete: true,
    lastMs: startMs + HOUR,
    period: {
      startMs,
      ...(endMs === undefined ? {} : { endMs }),
      points: reported ? [{ atMs: startMs + HOUR, cost: 0 }] : [],
    },
  };
}

it.each([
  [
    'it is limited by more than projects (services, labels), and an estimate',
    { narrowed: ['services', 'labels'] },
  ],
  ['it counts in EUR', { currencyCode: 'EUR', complete: true }],
  ['not all of the projects that its filter names could be read', { narrowed: [], filter: ['projects/1'] }],
  ['not all of its projects could be read, or it is limited by more than projects', {}],
  ['its filter names no project', { narrowed: [], filter: [], projects: [] }],
  [
    'it has 101 projects, and of more than 100 no estimate is made',
    { narrowed: [], filter: Array.from({ length: 101 }, (_, at) => `projects/${at}`), projects: [] },
  ],
])('says of a budget that no ledgers can estimate why: %s', (why, over) => {
  const start = Date.parse('2026-11-15T08:00:00Z');
  const now = start + 10 * HOUR;
  const messages = { ...messagesOf(start, undefined), complete: false, ...over };
  const standing = standingOf({ messages, ledgers: [ledgerOf(start, now)], without: [] }, WATCH, now);
  expect(standing).toMatchObject({ kind: 'none', why: expect.stringContaining(why) as string });
});

describe('standingOf a budget with a period of its own', () => {
  const start = Date.parse('2026-11-15T08:00:00Z');
  /** The last day counts: the period ends at the midnight after it. */
  const end = Date.parse('2026-12-01T08:00:00Z');
  const ledger = ledgerOf(start - 48 * HOUR, end + 24 * HOUR);
  const at = (nowMs: number, endMs: number | undefined = end) =>
    standingOf({ messages: messagesOf(start, endMs), ledgers: [ledger], without: [] }, WATCH, nowMs);

  it('counts from its first day on, and nothing of what ran before', () => {
    const until = ledgerOf(start - 48 * HOUR, start + 100 * HOUR);
    const standing = standingOf(
      { messages: messagesOf(start, end), ledgers: [until], without: [] },
      WATCH,
      start + 100 * HOUR,
    );
    if (standing.kind !== 'estimate') throw new Error(standing.why);
    expect(standing.estimate.spend.low).toBeLessThanOrEqual(100 * RATE + 1e-6);
    expect(standing.estimate.spend.high).toBeGreaterThanOrEqual(100 * RATE);
    expect(standing.estimate.reading.fromStart).toBe(true);
  });

  it('says nothing of it from its end on, to the millisecond, and for ever where it has none', () => {
    expect(at(end - 1).kind).toBe('estimate');
    for (const nowMs of [end, end + 1, end + 24 * HOUR])
      expect(at(nowMs)).toEqual({ kind: 'none', why: 'no message of its present period has come yet' });
    const endless = standingOf(
      { messages: messagesOf(start, undefined), ledgers: [ledger], without: [] },
      WATCH,
      end + 24 * HOUR,
    );
    expect(endless.kind).toBe('estimate');
  });
});

describe('standingOf a budget with something that costs more than any machine', () => {
  const start = Date.parse('2026-11-15T08:00:00Z');
  const now = start + 10 * HOUR;
  const ledger = ledgerOf(start, now);
  const rate = { low: 5_040, expected: 5_040, high: 5_040 };
  const blocked = (over: Partial<Running>): string | undefined => {
    const running = ledger.running.map((one) => ({ ...one, rate, ...over }));
    const books = {
      messages: messagesOf(start, undefined),
      ledgers: [{ ...ledger, running }],
      without: [],
    };
    const found = standingOf(books, WATCH, now);
    return found.kind === 'estimate' ? found.blocked : found.why;
  };

  it('bounds each of its machines, and all of what an older version kept', () => {
    expect(blocked({ machines: 57 })).toBeUndefined();
    expect(blocked({ machines: 0 })).toMatch(/"vm" would cost \$5040\.00 an hour for one machine/);
    expect(blocked({})).toMatch(/"vm" would cost \$5040\.00 an hour for one machine, more than the 5000 /);
  });
});

describe('standingOf a budget of two projects, one of which no one looks at any more', () => {
  const start = Date.parse('2026-11-15T08:00:00Z');
  const nowMs = start + 100 * HOUR;
  const MINUTE = 60_000;
  const messages = { ...messagesOf(start, undefined), projects: ['p', 'ml-b'] };
  const standing = (lastMs: number) =>
    standingOf(
      {
        messages,
        ledgers: [ledgerOf(start, nowMs), { ...ledgerOf(lastMs - 90 * HOUR, lastMs), project: 'ml-b' }],
        without: [],
      },
      WATCH,
      nowMs,
    );
  const blocked = (lastMs: number): string | undefined => {
    const found = standing(lastMs);
    return found.kind === 'estimate' ? found.blocked : found.why;
  };

  it('names the project, since when, and what follows', () => {
    expect(blocked(nowMs - 47 * MINUTE)).toBe(
      `spend-watch has not looked at ml-b for 47 minutes, since ${new Date(nowMs - 47 * MINUTE).toISOString()}, and looks every five: what runs there now is not known, and no rung fires by this estimate until it is`,
    );
    expect(blocked(nowMs - 30 * 24 * HOUR)).toMatch(/^spend-watch has not looked at ml-b for 43200 minutes/);
  });

  it('keeps the numbers beside it', () => {
    const found = standing(nowMs - 47 * MINUTE);
    expect(found.kind === 'estimate' && found.estimate.spend.low).toBeGreaterThan(0);
  });

  it('holds by looks of the last quarter of an hour, and by clocks that differ by minutes', () => {
    for (const minutes of [0, 5, 16, -4]) expect(blocked(nowMs - minutes * MINUTE)).toBeUndefined();
    expect(blocked(nowMs - 16 * MINUTE - 1_000)).toMatch(/ml-b/);
    expect(blocked(nowMs + 60 * MINUTE)).toMatch(/the ledger of ml-b is of a moment 60 minutes from now/);
  });

  it('names five projects at the most', () => {
    const ledgers = Array.from({ length: 8 }, (_, at) => ({
      ...ledgerOf(start, nowMs - HOUR),
      project: `ml-${at}`,
    }));
    expect(whyStale(ledgers, nowMs)).toMatch(/^[^;]*ml-0 (?:[^;]*;){4}[^;]*ml-4 [^;]*; and 3 more projects$/);
  });
});

describe('billing days on which the clocks change', () => {
  for (const [title, day, hours] of [
    ['the day of 23 hours in March', '2027-03-14T12:00:00Z', 23],
    ['the day of 25 hours in November', '2026-11-01T12:00:00Z', 25],
    ['any other day', '2026-11-02T12:00:00Z', 24],
  ] as const)
    it(`${title} is as long as it is`, () => {
      const start = billingStart('day', Date.parse(day));
      const [end, ...more] = billingMidnights(start, start + 26 * HOUR);
      if (end === undefined) throw new Error('Cannot find the next midnight');
      expect(more).toEqual([]);
      expect(end - start).toBe(hours * HOUR);
      const ledger = ledgerOf(start - 5 * HOUR, end + 5 * HOUR);
      expect(accruedBetween(ledger, start, end)).toEqual({
        low: hours * RATE,
        expected: hours * RATE,
        high: hours * RATE,
      });
      expect(ledger.days.map(({ atMs }) => atMs)).toEqual([start, end]);
    });

  it('makes November of 2026 an hour longer than 30 days, and March of 2027 an hour shorter than 31', () => {
    for (const [month, hours] of [
      ['2026-11-10T00:00:00Z', 30 * 24 + 1],
      ['2027-03-20T00:00:00Z', 31 * 24 - 1],
    ] as const) {
      const nowMs = Date.parse(month);
      expect(billingMonthEnd(nowMs) - billingStart('month', nowMs)).toBe(hours * HOUR);
    }
  });
});
