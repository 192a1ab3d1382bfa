import { describe, expect, it } from 'vitest';
import { accrue, type Seen } from '../../../shared/spend/accrue.ts';
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
    expect(spend.high ?? NaN).toBeGreaterThan(spend.expected);
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

  it.each([
    ['at list prices', 1],
    ['with a discount', 0.45],
  ])('grows by what it says, until the next look, %s', (_, factor) => {
    const ledger = ledgerOf(5, { rate: 0, fromHour: 0 });
    const [now, then] = [NOW, NOW + HOUR / 6].map((atMs) => estimate(ledger, reports(factor), atMs));
    const { expected, high } = now?.growth ?? { expected: NaN, high: NaN };
    const grown = (of: (one: Estimate) => number | null): number =>
      6 * ((then === undefined ? NaN : (of(then) ?? NaN)) - (now === undefined ? NaN : (of(now) ?? NaN)));
    expect(grown(({ spend }) => spend.expected)).toBeCloseTo(expected, 3);
    expect(grown(({ spend }) => spend.high)).toBeCloseTo(high, 3);
    expect(expected).toBeCloseTo(5 * factor, 0);
    expect(high).toBeGreaterThan(5);
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

describe('estimateSpend where most of the cost is out of sight', () => {
  it.each([
    [30, 0],
    [34, 1],
    [34, 3],
  ])(
    'bounds it in a young period by the one before: reports %i hours late, USD %i an hour in sight',
    (lagHours, rate) => {
      const [early, hours] = [-240, 37];
      const cost = (hour: number): number => (4 + rate) * Math.max(0, hour);
      let messages: BudgetMessages | undefined;
      for (let hour = early; hour < hours; hour += 2) {
        const atMs = START + hour * HOUR;
        const before = { startMs: START + early * HOUR, endMs: START };
        messages =
          hour < 0
            ? addMessage(messages, message(hour, cost(hour - lagHours - early), before), atMs)
            : addMessage(messages, message(hour, cost(hour - lagHours)), atMs);
      }
      let ledger: Ledger | undefined;
      const vm = { resource: 'vm', kind: 'vm', rate: { low: rate, expected: rate, high: rate } };
      for (let atMs = START + early * HOUR; atMs <= START + hours * HOUR; atMs += HOUR / 4)
        ledger = accrue(ledger, {
          ...{ project: 'p', atMs, complete: true },
          resources: rate === 0 ? [] : [{ ...vm, startedMs: START + early * HOUR }],
        });
      if (ledger === undefined) throw new Error('Cannot estimate without a look');
      const { spend } = estimate(ledger, messages, ledger.lookedMs);
      expect(spend.low).toBeLessThanOrEqual(cost(hours));
      expect(spend.high).toBeGreaterThanOrEqual(cost(hours));
    },
  );
});

describe('estimateSpend once cost stands still', () => {
  /** Its look two days into the period is the first; the figure is of then, and messages repeat it. */
  const began = accrue(undefined, { project: 'p', atMs: START + 48 * HOUR, complete: true, resources: [] });
  const at = (hour: number, confirmedHour: number): Estimate => {
    const ledger = accrue(began, { project: 'p', atMs: START + hour * HOUR, complete: true, resources: [] });
    let messages: BudgetMessages | undefined;
    for (const each of [10, 20, 50, 51, confirmedHour])
      messages = addMessage(messages, message(each, each < 50 ? each : 200), ledger.lookedMs);
    return estimate(ledger, messages, ledger.lookedMs);
  };

  it('knows what ran before a ledger began once a message comes 36 hours later, also with the same figure', () => {
    expect(at(90, 83.9)).toMatchObject({ beganMs: START + 48 * HOUR, spend: { high: null } });
    const known = at(90, 84);
    expect(known.beganMs).toBeUndefined();
    expect(known.spend.high).not.toBeNull();
  });

  it('counts services out of sight for 36 hours before the last message alone', () => {
    const [early, late] = [at(90, 85), at(150, 145)].map(({ spend }) => spend.high ?? NaN);
    expect(early).toBeGreaterThan(200);
    expect(late).toBeCloseTo(early ?? NaN, 2);
  });
});

describe('estimateSpend where no report tells yet of what is out of sight', () => {
  const runs = (usd: number, fromHour: number): Seen => ({
    ...{ resource: 'runaway', kind: 'vm', rate: { low: usd, expected: usd, high: usd } },
    startedMs: START + fromHour * HOUR,
  });
  /** Something of so many USD an hour runs from an hour of the period to another one; looks every five minutes. */
  const highAt = (hour: number, usd: number, [fromHour, toHour]: readonly [number, number]): number => {
    let ledger: Ledger | undefined;
    for (let atMs = START; atMs <= START + hour * HOUR + 1; atMs += HOUR / 12) {
      const isOn = atMs >= START + fromHour * HOUR && atMs < START + toHour * HOUR;
      const resources = isOn ? [runs(usd, fromHour)] : [];
      ledger = accrue(ledger, { project: 'p', atMs, complete: true, resources });
    }
    if (ledger === undefined) throw new Error('Cannot estimate without a look');
    const { high } = estimate(ledger, undefined, ledger.lookedMs).spend;
    if (high === null) throw new Error('Cannot find an upper point');
    return high;
  };

  /** By the stated defaults up to 1.3 times list prices, and half of them out of sight; two looks bound a start or an end. */
  const MOST = 1.3 + 0.5;

  it('adds half of what accrued, and nothing for the hours before something began', () => {
    expect(highAt(40, 708, [39 + 11 / 12, 99])).toBeGreaterThan(1.5 * (708 / 12));
    expect(highAt(40, 708, [39 + 11 / 12, 99])).toBeLessThan(MOST * (708 / 6) + 0.01);
  });

  it('keeps that once all has stopped, for as long as no report holds it', () => {
    const spent = 10 * 708 * 1.4;
    for (const hour of [14, 16, 20, 30]) {
      expect(highAt(hour, 708, [4, 14])).toBeGreaterThanOrEqual(spent);
      expect(highAt(hour, 708, [4, 14])).toBeLessThan(MOST * 708 * (10 + 1 / 6) + 0.01);
    }
  });
});

describe('estimateSpend after a look that could not see all', () => {
  const calm = ledgerOf(5, { rate: 0, fromHour: 0 });
  const [one] = calm.running;
  if (one === undefined) throw new Error('Cannot look without a machine');
  const look = (before: Ledger, minutes: number, complete: boolean, more: readonly Seen[] = []): Ledger =>
    accrue(before, {
      ...{ project: 'p', atMs: NOW + minutes * 60_000, complete },
      resources: [{ ...one, startedMs: START - HOUR }, ...more],
    });
  const cut = look(look(calm, 5, false), 10, false);
  /** It was started three minutes after the last look that saw all. */
  const runaway: Seen = {
    ...{ resource: 'runaway', kind: 'vm', startedMs: NOW + 3 * 60_000 },
    rate: { low: 120, expected: 120, high: 120 },
  };

  it('has no upper point, for more may have begun', () => {
    const { spend } = estimate(cut, reports(), cut.lookedMs);
    expect(spend.high).toBeNull();
    expect(spend.low).toBeGreaterThan(355);
    expect(spend.expected).toBeGreaterThanOrEqual(spend.low);
  });

  it('says so in the reason of a rung', () => {
    const now = estimate(cut, reports(), cut.lookedMs);
    expect(reachOf(900, now, undefined).why).toMatch(/: estimated \$\d+\.\d\d or more, expected \$/);
    expect(estimateBlocker(now, { resource: 'a', usdPerHour: 10 })).toBeUndefined();
  });

  it('bounds with the next look that sees all what began meanwhile, since the last one that did', () => {
    const seen = look(cut, 15, true, [runaway]);
    const without = look(cut, 15, true);
    const at = (ledger: Ledger): number => {
      const { high } = estimate(ledger, reports(), ledger.lookedMs).spend;
      if (high === null) throw new Error('Cannot find an upper point');
      return high;
    };
    // What is out of sight beside it comes on top.
    expect(at(seen) - at(without)).toBeGreaterThanOrEqual((120 * 15) / 60);
  });

  it('says nothing of a project that another budget has', () => {
    const other = { ...calm, project: 'q' };
    const both = estimateSpend([calm, cut], readReports([calm, cut], reports(), START, 0), cut.lookedMs);
    expect(both.spend.high).toBeNull();
    const whole = estimateSpend([calm, other], readReports([calm, other], reports(), START, 0), NOW);
    expect(whole.spend.high).not.toBeNull();
  });

  const looks = (hours: number): Ledger['looks'] => ({
    ...{ listedMs: NOW, held: {}, failed: [], answered: {} },
    regions: { 'us-central1': NOW, 'asia-east1': NOW - hours * HOUR },
  });

  it.each<readonly [string, number, readonly string[], boolean]>([
    ['had its turn five hours ago', 5, [], false],
    ['had its turn seven hours ago', 7, [], true],
    ['was never looked at', NOW / HOUR, [], true],
    ['is not watched', NOW / HOUR, ['us-central1'], false],
  ])('goes by the regions of Vertex AI: one that %s', (_, hours, watched, isOpen) => {
    const ledger = { ...calm, looks: looks(hours) };
    const { spend } = estimateSpend([ledger], readReports([ledger], reports(), START, 0), NOW, watched);
    expect(spend.high === null).toBe(isOpen);
  });

  it('has none either once no one has looked for 16 minutes', () => {
    expect(estimate(calm, reports(), NOW + 16 * 60_000).spend.high).not.toBeNull();
    expect(estimate(calm, reports(), NOW + 17 * 60_000).spend.high).toBeNull();
  });
});

describe('reachOf', () => {
  const before = ledgerOf(5, { rate: 100, fromHour: 66 });

  const now = estimate(before, reports());
  const earlier: EarlierEstimate = {
    ...earlierOf(now, undefined),
    atMs: NOW - 300_000,
    countedUsd: { p: (now.counted.usd['p'] ?? NaN) - (now.burn.high * 300) / 3_600 },
  };

  it('stops on what is spent at the least, and tells on what is expected', () => {
    expect(reachOf(900, now, earlier)).toMatchObject({ notify: true, stop: true });
    expect(reachOf(2_000, now, earlier)).toMatchObject({ notify: false, stop: false });
  });

  it('takes a second look where nothing is known of the look before, or it was of another period', () => {
    expect(reachOf(900, now, undefined)).toMatchObject({ notify: true, stop: false });
    expect(reachOf(900, now, { ...earlier, periodStartMs: 0 }).stop).toBe(false);
  });

  /** The ledgers were at so much one look before. */
  const jumped = (usd: number, over: Partial<EarlierEstimate> = {}): EarlierEstimate => ({
    ...{ ...earlier, countedUsd: { p: usd } },
    ...over,
  });

  it('counts nothing of what a ledger grew by at once and nothing that ran explains, in all looks that follow', () => {
    expect(reachOf(900, now, jumped(400))).toMatchObject({
      stop: false,
      why: expect.stringMatching(/a ledger grew by \$5\d\d\.\d\d at once, which nothing that ran/) as unknown,
    });
    let last = earlierOf(now, jumped(400));
    for (let look = 1; look < 40; look++) {
      const next = { ...now, atMs: NOW + look * 300_000 };
      expect(reachOf(900, next, last).stop).toBe(false);
      last = earlierOf(next, last);
    }
    expect(last.unexplainedUsd).toBeGreaterThan(500);
  });

  it('counts it once it is reported, and what runs on top of the rest', () => {
    const held = earlierOf(now, jumped(400));
    const next = { ...now, atMs: NOW + 300_000 };
    const reading = { ...now.reading, reported: { atMs: NOW, cost: 901 } };
    expect(reachOf(900, { ...next, reading }, held).stop).toBe(true);
    expect(reachOf(400, next, held).stop).toBe(true);
    const more = { ...next, spend: { ...next.spend, low: 901 + held.unexplainedUsd, expected: 2_000 } };
    expect(reachOf(900, more, held).stop).toBe(true);
  });

  it('holds of it the share of list prices that low has', () => {
    const held = earlierOf(now, jumped(400));
    const half = { ...now.reading, leastFactor: 0.5 };
    const next = (low: number): Estimate => ({
      ...{ ...now, atMs: NOW + 300_000, reading: half },
      spend: { ...now.spend, low: low + held.unexplainedUsd / 2, expected: 2_000 },
    });
    expect(reachOf(900, next(901), held).stop).toBe(true);
    expect(reachOf(900, next(899), held)).toMatchObject({
      stop: false,
      why: expect.stringContaining('nothing that ran explains') as unknown,
    });
  });

  it('holds nothing where a report that came after it proves the most', () => {
    const held = earlierOf(now, jumped(400));
    const last = earlierOf({ ...now, atMs: NOW + 300_000 }, held);
    const next = (atMs: number): Estimate => ({
      ...{ ...now, atMs: NOW + 600_000 },
      reading: { ...now.reading, proof: { atMs, cost: 800 } },
    });
    expect(reachOf(900, next(NOW), last)).toMatchObject({
      stop: true,
      why: expect.stringContaining('at the least it is spent') as unknown,
    });
    expect(reachOf(900, next(NOW - 1), last).stop).toBe(false);
  });

  it('remembers the look at the project that was looked at first', () => {
    const late = { ...before, lookedMs: NOW - 900_000 };
    const both = estimateSpend([before, late], now.reading, NOW + 60_000);
    expect(earlierOf(both, undefined)).toMatchObject({ atMs: NOW + 60_000, oldestMs: NOW - 900_000 });
  });

  it('counts it no more once the ledger is what it was, and in another period', () => {
    const held = earlierOf(now, jumped(400));
    const healed = { ...now, atMs: NOW + 300_000, counted: { ...now.counted, usd: { p: 400 } } };
    expect(earlierOf(healed, held).unexplainedUsd).toBe(0);
    expect(earlierOf(now, { ...held, periodStartMs: 0 }).unexplainedUsd).toBe(0);
    // In a pause nothing is judged, and nothing forgotten.
    const late = { ...now, atMs: NOW + 2 * HOUR };
    expect(earlierOf(late, held).unexplainedUsd).toBe(held.unexplainedUsd);
    expect(earlierOf({ ...healed, atMs: late.atMs }, held).unexplainedUsd).toBeLessThan(10);
  });

  it.each<readonly [string, number, Partial<EarlierEstimate>, Partial<Estimate['counted']>, boolean]>([
    ['within the burn', 955, {}, {}, true],
    ['a burn that was there before', 700, { burnHigh: 3_000 }, {}, true],
    ['what was not seen for a while', 400, { hiddenUsd: 560 }, {}, true],
    [
      'what was found at its turn, by its start',
      400,
      {},
      { found: [{ foundMs: NOW, sinceMs: NOW - 6 * HOUR, usdPerHour: 100 }] },
      true,
    ],
    [
      'what was found in an earlier look',
      400,
      {},
      { found: [{ foundMs: NOW - 600_000, sinceMs: NOW - 6 * HOUR, usdPerHour: 100 }] },
      false,
    ],
    ['a project that was looked at late', 700, { oldestMs: NOW - 900_000, burnHigh: 600 }, {}, true],
    [
      'what such a project found by then',
      400,
      { oldestMs: NOW - 900_000 },
      { found: [{ foundMs: NOW - 600_000, sinceMs: NOW - 6 * HOUR, usdPerHour: 100 }] },
      true,
    ],
    ['more than ran since its look', 400, { oldestMs: NOW - 900_000 }, {}, false],
    ['a project that the budget has now', 0, { countedUsd: { q: 0 } }, {}, true],
  ])('takes for explained %s', (_, usd, over, counted, isExplained) => {
    const then = { ...now, counted: { ...now.counted, ...counted } };
    expect(reachOf(900, then, jumped(usd, over)).stop).toBe(isExplained);
  });

  it('does not take for a jump what a discount that is less than thought adds', () => {
    const whole = { ...now, spend: { ...now.spend, low: 960 } };
    expect(reachOf(900, whole, earlier).stop).toBe(true);
  });

  it('stops nothing by the stated defaults, whatever low is', () => {
    const few = addMessage(addMessage(undefined, message(60, 1_500), NOW), message(62, 1_600), NOW);
    const first = estimate(before, few);
    expect(first.spend.low).toBeGreaterThan(1_600);
    expect(reachOf(1_000, first, { ...earlierOf(first, undefined), atMs: NOW - 300_000 })).toMatchObject({
      notify: true,
      stop: false,
      why: expect.stringContaining('2 reports, and a stop takes three') as unknown,
    });
  });

  it('stops on expected in two looks running alone', () => {
    const near = { ...now, spend: { ...now.spend, low: 940, expected: 960 }, firm: 955 };
    const last = { ...earlierOf(near, undefined), atMs: NOW - 300_000 };
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

  it.each([0, 1, 2, 30, 62])('keeps a fall after %i reports, however many come after it', (at) => {
    const costs = [...Array.from({ length: at + 1 }, (_, index) => 100 + index), 60];
    let kept: BudgetMessages | undefined;
    for (let index = 0; index < 200; index++)
      kept = addMessage(kept, message(1 + index, costs[index] ?? 60 + index), LATE);
    const points = kept?.period.points.map(({ cost }) => cost) ?? [];
    expect(points).toHaveLength(64);
    expect(points[0]).toBe(100);
    expect(points.at(-1)).toBe(259);
    expect(points[points.indexOf(60) - 1]).toBe(100 + at);
    const hours = Array.from({ length: 20 }, (_, index) => points.at(-1 - index));
    expect(hours).toEqual(Array.from({ length: 20 }, (_, index) => 259 - index));
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

  it.each<readonly [string, Partial<CostMessage>, boolean]>([
    ['other projects in its filter', { filter: ['projects/2', 'projects/3'], projects: ['q', 'r'] }, true],
    ['one project less', { filter: ['projects/1'], projects: ['p'] }, true],
    ['a limit to services', { narrowed: ['services'] }, true],
    ['its projects in another order', { filter: ['projects/2', 'projects/1'] }, false],
    ['a project that could not be read', { projects: ['p'], complete: false }, false],
    ['another amount and name', { amount: 5_000, displayName: 'c' }, false],
  ])(
    'begins anew once a budget is edited to another cost, in this period and the last: %s',
    (_, over, isNew) => {
      const about = { filter: ['projects/1', 'projects/2'], projects: ['p', 'q'], narrowed: [] };
      let kept = addMessage(undefined, message(-3, 800, { ...about, startMs: START - 31 * 24 * HOUR }), LATE);
      for (const hour of [1, 2, 3]) kept = addMessage(kept, message(hour, 100 * hour, about), LATE);
      const next = addMessage(kept, message(4, 900, { ...about, ...over }), LATE);
      expect(next.period.points.map(({ cost }) => cost)).toEqual(isNew ? [900] : [100, 200, 300, 900]);
      expect('previous' in next).toBe(!isNew);
      expect(addMessage(kept, message(2.5, 900, { ...about, ...over }), LATE)).toBe(kept);
    },
  );

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
