import { describe, expect, it } from 'vitest';
import { accrue } from '../../../shared/spend/accrue.ts';
import { estimateSpend } from '../../../shared/spend/estimate.ts';
import type { Ledger } from '../../../shared/spend/ledger.ts';
import { addMessage, type BudgetMessages } from '../../../shared/spend/messages.ts';
import { leastFactor } from '../../../shared/spend/least-factor.ts';
import { DEFAULT_FIT } from '../../../shared/spend/fit.ts';
import { readReports, type Reading } from '../../../shared/spend/reading.ts';

const HOUR = 3_600_000;
const START = Date.parse('2026-11-01T07:00:00Z');
const NEXT = START + 721 * HOUR;
const LAG_HOURS = 6;

/** USD an hour at list prices: a machine, and another one for six hours of each twelve. */
const rateAt = (atMs: number): number => 4 + (Math.floor((atMs - START) / (6 * HOUR)) % 2 === 0 ? 6 : 0);

/** What was spent between two moments at list prices. */
function listed(fromMs: number, toMs: number): number {
  let usd = 0;
  for (let atMs = fromMs; atMs < toMs; atMs += HOUR / 4)
    usd += (rateAt(atMs) * Math.min(HOUR / 4, toMs - atMs)) / HOUR;
  return usd;
}

/** Looks and reports from one moment to another, the reports in periods that begin at START and NEXT. */
function watched(fromMs: number, toMs: number, billed: number) {
  let [ledger, messages]: [Ledger | undefined, BudgetMessages | undefined] = [undefined, undefined];
  for (let atMs = fromMs; atMs <= toMs; atMs += HOUR / 4) {
    const resources = [
      {
        ...{ resource: `vm at ${rateAt(atMs)}`, kind: 'vm', startedMs: atMs - ((atMs - START) % (6 * HOUR)) },
        rate: { low: rateAt(atMs), expected: rateAt(atMs), high: rateAt(atMs) },
      },
    ];
    ledger = accrue(ledger, { project: 'p', atMs, resources, complete: true });
    if (atMs < START || (atMs - START) % (HOUR / 2) !== 0) continue;
    const startMs = atMs < NEXT ? START : NEXT;
    messages = addMessage(
      messages,
      {
        ...{ budget: 'billingAccounts/A/budgets/b', displayName: 'b', currencyCode: 'USD', amount: 9_000 },
        ...{ projects: ['p'], complete: true, publishedMs: atMs, startMs, endMs: startMs + 721 * HOUR },
        cost: Math.round(100 * billed * listed(startMs, atMs - LAG_HOURS * HOUR)) / 100,
      },
      atMs,
    );
  }
  if (ledger === undefined) throw new Error('Cannot watch without a look');
  return { ledger, messages };
}

function reading(
  fromHour: number,
  toHour: number,
  billed: number,
  discountAtMost: number | null = 0,
): Reading & { readonly low: number } {
  const toMs = START + toHour * HOUR;
  const { ledger, messages } = watched(START + fromHour * HOUR, toMs, billed);
  const found = readReports([ledger], messages, toMs < NEXT ? START : NEXT, discountAtMost);
  return { ...found, low: estimateSpend([ledger], found, toMs).spend.low };
}

const SPANS = [
  [-1, 60],
  [-1, 120],
  [200, 290],
  [500, 731],
] as const;

/** What was spent at list prices in the period that an hour lies in. */
function listedUntil(toHour: number): number {
  const toMs = START + toHour * HOUR;
  return listed(toMs < NEXT ? START : NEXT, toMs);
}

describe('a discount, where what runs varies', () => {
  it.each([0.5, 0.7, 0.8, 0.9, 0.97])(
    'down to a share of %d is taken from low after two days of reports, all of it: from the period’s beginning on, in the midst of it, and in the next one',
    (billed) => {
      for (const [fromHour, toHour] of SPANS) {
        const { leastFactor } = reading(fromHour, toHour, billed);
        expect(leastFactor, `${fromHour} to ${toHour}`).toBeLessThanOrEqual(billed);
        expect(leastFactor).toBeGreaterThan(0.95 * billed);
      }
    },
  );

  it.each([0.5, 0.7, 0.8, 0.9, 0.97, 0.98, 0.99, 1])(
    'leaves low below the truth, and not far below it, where %d is billed',
    (billed) => {
      for (const [fromHour, toHour] of SPANS) {
        const truth = billed * listedUntil(toHour);
        const { low } = reading(fromHour, toHour, billed);
        expect(low, `${fromHour} to ${toHour}`).toBeLessThanOrEqual(truth);
        expect(low).toBeGreaterThan(0.9 * truth);
      }
    },
  );

  it('is not known before: low counts what the policy says', () => {
    expect(reading(-1, 24, 0.8).leastFactor).toBe(1);
    expect(reading(-1, 24, 0.8, 0.2).leastFactor).toBe(0.8);
    expect(reading(-1, 24, 0.8, 0.3).leastFactor).toBeCloseTo(0.7, 9);
  });

  it('counts in low as the policy states it, and with more where reports tell of more', () => {
    expect(reading(-1, 120, 1, 0.2).leastFactor).toBe(0.8);
    expect(reading(-1, 120, 0.5, 0.2).leastFactor).toBeLessThanOrEqual(0.5);
  });

  it('that the policy does not state is the largest that a fit may find, whatever reports tell', () => {
    for (const billed of [0.5, 1]) expect(reading(-1, 120, billed, null).leastFactor).toBe(0.2);
  });
});

describe('a period that begins with 60 idle hours and a trickle of disks', () => {
  const points = Array.from({ length: 120 }, (_, at) => ({
    ...{ atMs: START + (at * HOUR) / 2, cost: Math.round(at / 10) / 100 },
  }));
  const fit = {
    ...DEFAULT_FIT,
    settled: true,
    determined: true,
    watchedHours: 60,
    factorRange: [1, 1] as const,
  };
  const earlier = { ...fit, watchedHours: 500, factorRange: [0.6, 0.65] as const, mostFactor: 0.7 };
  /** Looks up to an hour, with a GPU that runs from another one on. */
  const ledgerOf = (gpuFromHour: number): Ledger => {
    let ledger: Ledger | undefined;
    for (let hour = -1; hour <= 60; hour += 1) {
      const rate = { low: 30, expected: 30, high: 30 };
      const resources = hour >= gpuFromHour ? [{ resource: 'gpu', kind: 'vm', rate }] : [];
      ledger = accrue(ledger, { project: 'p', atMs: START + hour * HOUR, resources, complete: true });
    }
    if (ledger === undefined) throw new Error('Cannot watch without a look');
    return ledger;
  };

  it('keeps the discount of the period before, also once GPUs have begun that no report covers yet', () => {
    for (const gpuFromHour of [61, 59, 48])
      expect(leastFactor([ledgerOf(gpuFromHour)], points, { present: fit, earlier }, 0)).toBe(0.6);
  });
});

describe('list prices', () => {
  it('are not mistaken for a discount', () => {
    for (const [fromHour, toHour] of SPANS)
      expect(reading(fromHour, toHour, 1).leastFactor, `${fromHour} to ${toHour}`).toBeGreaterThan(0.95);
  });
});
