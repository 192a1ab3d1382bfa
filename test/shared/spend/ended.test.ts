import { describe, expect, it } from 'vitest';
import { accrue, type Seen, type SeenNow } from '../../../shared/spend/accrue.ts';
import type { Ended } from '../../../shared/spend/ended.ts';
import { parseLedger, printLedger, type Ledger } from '../../../shared/spend/ledger.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Noon in Pacific time. */
const START = Date.parse('2026-11-18T20:00:00Z');
const JOB = 'projects/1/locations/us-east4/customJobs/7';
const RATE = { low: 10, expected: 10, high: 12 };

const running: Seen = { ...{ resource: JOB, kind: 'custom-job' }, rate: RATE, startedMs: START - HOUR };

/** A job that ran from one hour after START to another. */
const ran = (fromHours: number, toHours: number, more: Partial<Ended> = {}): Ended => ({
  ...{ resource: JOB, kind: 'custom-job', rate: RATE, owner: 'vision', isFailed: false },
  ...{ startedMs: START + fromHours * HOUR, endedMs: START + toHours * HOUR },
  ...more,
});

const look = (hours: number, more: Partial<SeenNow> = {}): SeenNow => ({
  ...{ project: 'p', atMs: START + hours * HOUR, resources: [], complete: true },
  ...more,
});

/** The ledger of a project whose region us-east4 had its turn at START alone. */
function watched(toHours: number, more: Partial<SeenNow> = {}): Ledger {
  const first = accrue(undefined, look(0, more));
  const looks = { listedMs: START, regions: { 'us-east4': START }, held: {}, failed: [], answered: {} };
  let ledger: Ledger = { ...first, looks };
  for (let hours = 1 / 12; hours <= toHours + 1e-9; hours += 1 / 12)
    ledger = accrue(ledger, look(hours, { ...more, skipped: new Set(['customJobs in us-east4']) }));
  return ledger;
}

const total = ({ checkpoints }: Ledger) => {
  const { low = NaN, expected = NaN, high = NaN } = checkpoints.at(-1) ?? {};
  return { low: round(low), expected: round(expected), high: round(high) };
};
const round = (usd: number): number => Math.round(usd * 1e4) / 1e4;

describe('a job that began and ended between two turns of its region', () => {
  it('counts from its start to its end in expected and high, and in low with nothing', () => {
    const after = accrue(watched(3), look(3 + 1 / 12, { ended: [ran(1, 1.5)] }));
    expect(total(after)).toEqual({ low: 0, expected: 5, high: 6 });
    expect(after.running).toEqual([]);
    expect(after.kinds['custom-job']).toBeCloseTo(5, 6);
    expect(after.owners).toEqual({ vision: { dayUsd: 5, monthUsd: 5 } });
  });

  it('counts at the time at which it ran, so that it falls into the right period', () => {
    const { checkpoints } = accrue(watched(3), look(3 + 1 / 12, { ended: [ran(1, 1.5)] }));
    const at = (hours: number): number | undefined =>
      checkpoints.find(({ atMs }) => Math.abs(atMs - START - hours * HOUR) < MINUTE)?.high;
    expect([at(1), at(1.25), at(1.5), at(3)].map((usd) => round(usd ?? NaN))).toEqual([0, 3, 6, 6]);
  });

  it('does not count before the last turn: what ran then was seen, and a start may lie before the machines', () => {
    expect(total(accrue(watched(3), look(3 + 1 / 12, { ended: [ran(-2, 0.5)] })))).toEqual({
      ...{ low: 0, expected: 5, high: 6 },
    });
    // Ended before the turn: counted then, or before the ledger began.
    expect(total(accrue(watched(3), look(3 + 1 / 12, { ended: [ran(-2, -0.5)] }))).high).toBe(0);
  });

  it('counts half in expected where it failed, for what fails is not billed unless by its user’s fault', () => {
    const after = accrue(watched(3), look(3 + 1 / 12, { ended: [ran(1, 2, { isFailed: true })] }));
    expect(total(after)).toEqual({ low: 0, expected: 5, high: 12 });
  });

  it('counts once, where two runs looked at a time or a later look lists it again', () => {
    const once = accrue(watched(3), look(3 + 1 / 12, { ended: [ran(1, 1.5)] }));
    const atMs = START + (3 + 1 / 12) * HOUR;
    const looks = {
      listedMs: atMs,
      regions: {},
      held: { 'customJobs in us-east4': atMs },
      failed: [],
      answered: {},
    };
    const again = accrue({ ...once, looks }, look(3.25, { ended: [ran(1, 1.5)] }));
    expect(total(again)).toEqual(total(once));
  });

  it('counts what ended between two looks five minutes apart, too', () => {
    const ledger = accrue(watched(1), look(1 + 1 / 12, { ended: [ran(1 + 1 / 60, 1 + 4 / 60)] }));
    // Its region had its turn at START; it tells its start.
    expect(total(ledger)).toEqual({ low: 0, expected: 0.5, high: 0.6 });
  });
});

describe('a job that was seen to run, and whose end is known', () => {
  const before = accrue(
    accrue(undefined, look(0, { resources: [running] })),
    look(1, { resources: [running] }),
  );

  it('counts until its end in all bounds', () => {
    const after = accrue(before, look(1 + 5 / 60, { ended: [ran(-1, 1 + 3 / 60)] }));
    expect(total(after)).toEqual({ low: 10.5, expected: 10.5, high: 12.6 });
    expect(after.changes?.at(-1)).toMatchObject({ what: 'gone', resource: JOB });
  });

  it('counts in low with nothing since it was seen first, where it failed: it may not be billed', () => {
    const end = ran(-1, 1 + 3 / 60, { isFailed: true });
    expect(total(accrue(before, look(1 + 5 / 60, { ended: [end] })))).toEqual({
      ...{ low: 0, expected: 5.25, high: 12.6 },
    });
  });

  it.each([
    ['also of what counted before its last look', [12, 12, 12, 12], [0, 6, 12, 18, 21]],
    ['and not of the time in which it waited for machines', [0, 0, 12, 12], [0, 0, 6, 12, 15]],
  ])('counts half in expected where it failed, %s', (_, rates, expected) => {
    let ledger: Ledger | undefined;
    for (const [hours, usd] of rates.entries()) {
      const one = { ...running, owner: 'vision', rate: { low: 0, expected: usd, high: 12 } };
      ledger = accrue(ledger, look(hours, { resources: [one] }));
    }
    const end = ran(-1, 3.5, { isFailed: true, rate: { low: 0, expected: 12, high: 12 } });
    ledger = accrue(ledger, look(4, { ended: [end] }));
    expect(ledger.checkpoints.map((one) => round(one.expected))).toEqual(expected);
    expect(ledger.kinds['custom-job']).toBeCloseTo(expected.at(-1) ?? NaN, 6);
    expect(ledger.owners?.['vision']?.monthUsd).toBeCloseTo(expected.at(-1) ?? NaN, 6);
    expect(parseLedger('p', printLedger(ledger)).kind).toBe('ledger');
  });

  it('never takes more out of expected than there was, where its price rose before it failed', () => {
    let ledger: Ledger | undefined;
    for (const [hours, usd] of [1, 1, 12].entries())
      ledger = accrue(
        ledger,
        look(hours, { resources: [{ ...running, rate: { low: usd, expected: usd, high: usd } }] }),
      );
    const end = ran(-1, 3, { isFailed: true });
    ledger = accrue(ledger, look(3, { ended: [end] }));
    const expected = ledger.checkpoints.map((one) => one.expected);
    expect(Math.min(...expected)).toBe(0);
    expect(expected).toEqual([...expected].sort((a, b) => a - b));
    expect(ledger.kinds['custom-job']).toBeGreaterThanOrEqual(0);
    expect(parseLedger('p', printLedger(ledger)).kind).toBe('ledger');
  });

  it.each([
    ['as it ran', [10, 10, 10, 10]],
    ['after it had waited for machines', [0, 0, 10, 10]],
    ['after its price changed', [10, 4, 12, 12]],
  ])('takes back of low what was its own where it failed, %s', (_, rates) => {
    const other: Seen = { ...running, resource: 'projects/1/locations/us-east4/endpoints/8' };
    const both = (hours: number, low: number): SeenNow =>
      look(hours, { resources: [other, { ...running, rate: { low, expected: 12, high: 12 } }] });
    let ledger: Ledger | undefined;
    for (const [hours, low] of rates.entries()) ledger = accrue(ledger, both(hours, low));
    ledger = accrue(ledger, look(4, { resources: [other], ended: [ran(-1, 3.5, { isFailed: true })] }));
    const lows = ledger.checkpoints.map(({ low }) => round(low));
    expect(lows).toEqual([...lows].sort((a, b) => a - b));
    // Never more than the other's, and none of it is lost where the rate stayed the same.
    for (const [hours, low] of lows.entries()) expect(low).toBeLessThanOrEqual(10 * hours);
    if (!rates.includes(4)) expect(lows).toEqual([0, 10, 20, 30, 40]);
    expect(parseLedger('p', printLedger(ledger)).kind).toBe('ledger');
  });

  it('ends also where another listing failed', () => {
    const after = accrue(before, look(1 + 5 / 60, { complete: false, ended: [ran(-1, 1 + 3 / 60)] }));
    expect(after.running).toEqual([]);
    expect(total(after).high).toBe(12.6);
  });

  it('makes up in low for looks that missed it', () => {
    const missed = accrue(before, look(1.5, { complete: false }));
    const after = accrue(missed, look(1.75, { ended: [ran(-1, 1.25)] }));
    expect(total(after).low).toBe(12.5);
  });
});
