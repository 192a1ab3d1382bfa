import { describe, expect, it } from 'vitest';
import { accrue } from '../../../shared/spend/accrue.ts';
import { estimateSpend } from '../../../shared/spend/estimate.ts';
import { FACTOR_BOUNDS, MAX_LAG_HOURS, type Fit } from '../../../shared/spend/fit.ts';
import type { Ledger } from '../../../shared/spend/ledger.ts';
import { addMessage, type BudgetMessages } from '../../../shared/spend/messages.ts';
import { readReports } from '../../../shared/spend/reading.ts';
import { earlierOf, estimateBlocker, reachOf, type EarlierEstimate } from '../../../shared/spend/rungs.ts';
import { randomOf } from '../../sandbox/http/seeded.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const LOOK = 10 * MINUTE;
const PERIOD = Date.parse('2026-11-01T07:00:00Z');
const SPANS = [1, 2, 3, 4, 6, 8, 12] as const;
const LAGS = [0.25, 1, 1.5, 3, 6, 12, 24] as const;
const SHAPES = ['steady', 'one ended before the first look', 'one ends', 'one begins'] as const;

interface Scene {
  /** How long is watched before the burst. */
  readonly spanHours: number;
  readonly lagHours: number;
  readonly shape?: (typeof SHAPES)[number];
  /** Between what is billed and list prices. */
  readonly factor?: number;
  /** By so much the lag of a report differs from the one before, in hours. */
  readonly varies?: number;
  readonly burst?: boolean;
}

interface Machine {
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly rate: number;
}

interface Step {
  readonly fit: Fit;
  readonly blocked: string | undefined;
  readonly lowReached: boolean;
  readonly stop: boolean;
  readonly isAbove: boolean;
}

function machinesOf({ spanHours, shape, burst = true }: Scene, startMs: number, random: () => number) {
  const calm = 0.2 + random() * 5;
  const middleMs = startMs + random() * spanHours * HOUR;
  const more = { rate: calm * random() * 4, name: 'more' };
  const early = startMs - 500 * HOUR;
  const machines: Machine[] = [{ name: 'calm', fromMs: early, toMs: Infinity, rate: calm }];
  if (shape === SHAPES[1]) machines.push({ ...more, fromMs: early, toMs: startMs - random() * 5 * HOUR });
  if (shape === SHAPES[2]) machines.push({ ...more, fromMs: early, toMs: middleMs });
  if (shape === SHAPES[3]) machines.push({ ...more, fromMs: middleMs, toMs: Infinity });
  if (burst)
    machines.push({
      name: 'burst',
      fromMs: startMs + spanHours * HOUR,
      toMs: Infinity,
      rate: 20 + random() * 150,
    });
  return machines;
}

/** Looks from the first on until four hours after the burst began, each compared with the reports that had come by then. */
function watch(scene: Scene, seed: number): readonly Step[] {
  const { spanHours, lagHours, factor = 1, varies = 0 } = scene;
  const random = randomOf(`fit ${JSON.stringify(scene)} ${seed}`);
  const startMs = PERIOD + (200 + random() * 300) * HOUR;
  const endMs = startMs + (spanHours + 4) * HOUR;
  const machines = machinesOf(scene, startMs, random);
  const truth = (atMs: number): number =>
    machines.reduce(
      (sum, { fromMs, toMs, rate }) =>
        sum + (factor * rate * Math.max(0, Math.min(atMs, toMs) - Math.max(fromMs, PERIOD))) / HOUR,
      0,
    );
  const rungUsd = truth(startMs + spanHours * HOUR) + random() * 60;
  let [ledger, messages, before]: [
    Ledger | undefined,
    BudgetMessages | undefined,
    EarlierEstimate | undefined,
  ] = [undefined, undefined, undefined];
  let [lag, knownMs] = [lagHours, -Infinity];
  let messageMs = startMs - random() * 30 * MINUTE;
  const steps: Step[] = [];
  for (let atMs = startMs; atMs < endMs; atMs += LOOK) {
    for (; messageMs <= atMs; messageMs += (20 + 10 * random()) * MINUTE) {
      lag = Math.max(0.1, Math.min(MAX_LAG_HOURS, lag + (random() - 0.5) * varies));
      knownMs = Math.max(knownMs, messageMs - lag * HOUR);
      messages = addMessage(
        messages,
        {
          ...{ budget: 'billingAccounts/A/budgets/b', displayName: 'b', currencyCode: 'USD', amount: 1_000 },
          ...{ projects: ['p'], complete: true, publishedMs: messageMs },
          ...{ cost: Math.round(100 * truth(knownMs)) / 100, startMs: PERIOD, endMs: PERIOD + 721 * HOUR },
        },
        atMs,
      );
    }
    const resources = machines
      .filter(({ fromMs, toMs }) => fromMs <= atMs && toMs > atMs)
      .map(({ name: resource, fromMs: startedMs, rate }) => ({
        ...{ resource, kind: 'vm', startedMs },
        rate: { low: rate, expected: rate, high: rate },
      }));
    ledger = accrue(ledger, { project: 'p', atMs, resources, complete: true });
    const now = estimateSpend([ledger], readReports([ledger], messages, PERIOD, 0), atMs);
    const blocked = estimateBlocker(now, { resource: 'burst', usdPerHour: 1 });
    steps.push({
      fit: now.reading.fit,
      blocked,
      lowReached: now.spend.low >= rungUsd,
      stop: blocked === undefined && reachOf(rungUsd, now, before).stop,
      isAbove: now.spend.low > truth(atMs) + 0.02,
    });
    before = earlierOf(now, before);
  }
  return steps;
}

const last = (steps: readonly Step[]): Fit => {
  const step = steps.at(-1);
  if (step === undefined) throw new Error('no look was made');
  return step.fit;
};

describe('lag and factor, at list prices', () => {
  for (const spanHours of SPANS)
    for (const lagHours of LAGS)
      it(`are right or the stated defaults, ${spanHours} h watched and reports that lag by ${lagHours} h`, () => {
        for (const shape of SHAPES)
          for (const varies of [0, Math.min(1.5, lagHours)]) {
            const scene: Scene = { spanHours, lagHours, shape, varies };
            for (const [look, { fit, blocked, lowReached, stop, isAbove }] of watch(scene, 1).entries()) {
              const what = `${JSON.stringify(scene)}, look ${look}`;
              expect(fit.factor, what).toBe(1);
              expect(fit.factorRange[0], what).toBeLessThanOrEqual(1);
              expect(fit.factorRange[1], what).toBeGreaterThanOrEqual(1);
              if (!fit.determined)
                expect(fit, what).toMatchObject({
                  ...{
                    lagHours: 24,
                    lagRangeHours: [0, MAX_LAG_HOURS],
                    residualPerHour: 0,
                    factorRange: FACTOR_BOUNDS,
                  },
                });
              expect(blocked, what).toBeUndefined();
              expect(isAbove, what).toBe(false);
              // Once three reports have come a rung is stopped by in the look that proves it.
              if (fit.settled && look > 0) expect(stop, what).toBe(lowReached);
            }
          }
      });

  it('are told by a change that both show, long before every lag is known', () => {
    const scene: Scene = { spanHours: 8, lagHours: 1, shape: 'one begins' };
    const told = Array.from({ length: 8 }, (_, seed) => last(watch(scene, seed))).filter(
      ({ determined }) => determined,
    );
    expect(told.length).toBeGreaterThan(4);
    for (const { lagHours, lagRangeHours } of told) {
      expect(Math.abs(lagHours - 1)).toBeLessThanOrEqual(0.25);
      expect(lagRangeHours[1] - lagRangeHours[0]).toBeLessThanOrEqual(1);
    }
  });

  it('are not told by a steady cost, whatever it is: it may be of what ran before the first look', () => {
    const scene: Scene = {
      spanHours: 12,
      lagHours: 1.5,
      shape: 'one ended before the first look',
      burst: false,
    };
    for (let seed = 0; seed < 8; seed++) expect(last(watch(scene, seed)).determined).toBe(false);
  });
});

describe('a factor other than 1', () => {
  it.each([0.5, 0.25])('%d is not claimed of a short time, and found in four days', (factor) => {
    const scene: Scene = { spanHours: 12, lagHours: 3, factor, burst: false };
    for (const { fit } of watch(scene, 1)) expect(fit.factor).toBe(1);
    const fit = last(watch({ ...scene, spanHours: 96 }, 1));
    expect(fit.determined).toBe(true);
    expect(fit.factor).toBeCloseTo(factor, 1);
    expect(fit.factorRange[1]).toBeLessThan(factor * 1.3);
  });

  it('blocks what is done on the estimate, where it is out of bounds for days', () => {
    const steps = watch({ spanHours: 96, lagHours: 3, factor: 0.1, burst: false }, 1);
    expect(steps.at(-1)?.blocked).toMatch(/reported cost is 0\.10 times what accrued/);
    expect(steps[12 * 6]?.blocked).toBeUndefined();
  });
});

describe('what goes unseen', () => {
  it('has a range: nothing by default, at the most what the reports leave at list prices', () => {
    const scene: Scene = { spanHours: 12, lagHours: 1.5, factor: 1.5, burst: false };
    const { determined, residualPerHour, residualRange } = last(watch(scene, 1));
    expect([determined, residualPerHour]).toEqual([false, 0]);
    expect(residualRange[0]).toBe(0);
    expect(residualRange[1]).toBeGreaterThan(0.1);
  });
});
