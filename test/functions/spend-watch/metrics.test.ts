import { describe, expect, it } from 'vitest';
import { budgetEvidence } from '../../../functions/spend-watch/evidence/budget.ts';
import { pointsOf, type MetricPoint } from '../../../functions/spend-watch/metrics/points.ts';
import { accrue, type Seen } from '../../../shared/spend/accrue.ts';
import type { Ledger } from '../../../shared/spend/ledger.ts';
import type { BudgetMessages } from '../../../shared/spend/messages.ts';
import { CONFIG, ledgerOf, messagesOf, NOW, vm } from '../../support/burn-lab.ts';

const MINUTE = 60_000;
const JOB: Seen = {
  ...vm('job', 3),
  resource: 'projects/ml-burn/locations/us-central1/customJobs/7',
  kind: 'custom-job',
};

/** `{'vm low': 1}` */
function valuesOf(points: readonly MetricPoint[], metric: MetricPoint['metric']): Record<string, number> {
  return Object.fromEntries(
    points
      .filter((point) => point.metric === metric)
      .map(({ labels: { kind = '', bound = '' }, value }) => [`${kind} ${bound}`.trim(), value]),
  );
}

/** The ledger after one more look, five minutes later. */
function looked(before: Ledger, resources: readonly Seen[], complete: boolean): Ledger {
  return accrue(before, {
    ...{ project: 'ml-burn', atMs: before.lookedMs + 5 * MINUTE, resources, complete },
    gaps: complete ? [] : [{ where: 'VMs', why: 'HTTP 403' }],
  });
}

const BOTH = ledgerOf(() => [vm('calm', 0.74), JOB]);

/** Reports of what both cost. */
function bothReported(): BudgetMessages {
  const { period, ...messages } = messagesOf();
  const points = period.points.map(({ atMs, cost }) => ({ atMs, cost: (cost * 3.74) / 0.74 }));
  return { ...messages, period: { ...period, points } };
}

describe('pointsOf', () => {
  it('has burn by kind and bound, the month by kind, and that the look was complete', () => {
    const points = pointsOf(BOTH, [], CONFIG);
    expect(valuesOf(points, 'burn_usd_per_hour')).toEqual({
      ...{ 'vm low': 0.666, 'vm expected': 0.74, 'vm high': 0.74 },
      ...{ 'custom-job low': 2.7, 'custom-job expected': 3, 'custom-job high': 3 },
    });
    const month = valuesOf(points, 'month_usd');
    expect(month['custom-job']).toBeGreaterThan(1_000);
    expect(Object.keys(month).sort()).toEqual(['custom-job', 'vm']);
    expect(valuesOf(points, 'look_incomplete')).toEqual({ '': 0 });
    expect(points.every(({ labels }) => 'project' in labels)).toBe(true);
  });

  it('says that a kind burns nothing once a look that saw all finds none of it', () => {
    const points = pointsOf(looked(BOTH, [vm('calm', 0.74)], true), [], CONFIG);
    expect(valuesOf(points, 'burn_usd_per_hour')).toMatchObject({
      ...{ 'custom-job low': 0, 'custom-job expected': 0, 'custom-job high': 0 },
    });
  });

  it('leaves out what a failed listing hides: no zero, no upper bound, and low of what was seen alone', () => {
    const points = pointsOf(looked(BOTH, [JOB], false), [], CONFIG);
    expect(valuesOf(points, 'burn_usd_per_hour')).toEqual({
      ...{ 'vm expected': 0.74, 'custom-job low': 2.7, 'custom-job expected': 3 },
    });
    expect(valuesOf(points, 'look_incomplete')).toEqual({ '': 1 });
    const gone = looked(BOTH, [vm('calm', 0.74)], true);
    const hidden = pointsOf(looked(gone, [vm('calm', 0.74)], false), [], CONFIG);
    expect(Object.keys(valuesOf(hidden, 'burn_usd_per_hour')).join()).not.toMatch(/custom-job/);
  });

  const gone = looked(BOTH, [], true);
  const HOURS = 60 * MINUTE;
  const looks = { listedMs: 0, held: {}, failed: [], answered: {} };
  const seen = gone.lookedMs - MINUTE;
  const REST = { 'vm low': 0, 'vm expected': 0, 'vm high': 0 };
  const JOBS = { 'custom-job low': 0, 'custom-job expected': 0, 'custom-job high': 0 };

  it.each<readonly [string, Partial<NonNullable<Ledger['looks']>>, readonly string[], boolean]>([
    ['every region of this hour', { regions: { 'us-central1': seen, 'asia-east1': seen - HOURS } }, [], true],
    ['one left to its turn, five hours old', { regions: { 'asia-east1': seen - 5 * HOURS } }, [], true],
    ['one never looked at', { regions: { 'us-central1': seen, 'asia-east1': 0 } }, [], false],
    [
      'one looked at long ago',
      { regions: { 'us-central1': seen, 'asia-east1': seen - 7 * HOURS } },
      [],
      false,
    ],
    [
      'one of which some was looked at five hours ago, and the rest since',
      { regions: { 'asia-east1': seen - 5 * HOURS }, seen: { 'endpoints in asia-east1': seen } },
      [],
      true,
    ],
    [
      'one that fails, others of it having answered',
      {
        ...{ regions: { 'asia-east1': 0 }, seen: { 'endpoints in asia-east1': seen } },
        failed: ['customJobs in asia-east1'],
      },
      [],
      false,
    ],
    ['one of a clock that was ahead', { regions: { 'asia-east1': seen + 3 * HOURS } }, [], false],
    ['none known, of a damaged ledger', { regions: {} }, [], false],
    [
      'one the policy leaves out',
      { regions: { 'us-central1': seen, 'asia-east1': 0 } },
      ['us-central1'],
      true,
    ],
    [
      'one the policy names, and Google never did',
      { regions: { 'us-central1': seen } },
      ['us-east99'],
      false,
    ],
  ])('a kind of which nothing runs is 0 where every region was seen: %s', (_, over, regions, isKnown) => {
    const points = pointsOf({ ...gone, looks: { ...looks, regions: {}, ...over } }, [], {
      ...CONFIG,
      regions,
    });
    expect(valuesOf(points, 'burn_usd_per_hour')).toEqual({ ...REST, ...(isKnown ? JOBS : {}) });
  });

  it('has no upper bound of what runs in one region while another was not seen, and all of what has no regions', () => {
    const regions = { 'us-central1': seen, 'asia-east1': 0 };
    const points = pointsOf({ ...BOTH, looks: { ...looks, regions } }, [], CONFIG);
    expect(valuesOf(points, 'burn_usd_per_hour')).toEqual({
      ...{ 'vm low': 0.666, 'vm expected': 0.74, 'vm high': 0.74 },
      ...{ 'custom-job low': 2.7, 'custom-job expected': 3 },
    });
  });

  it('has how old the oldest look at a region was, in minutes; none where one was never looked at, or each look sees all', () => {
    const of = (regions: Readonly<Record<string, number>> | undefined, watched: readonly string[] = []) =>
      valuesOf(
        pointsOf({ ...BOTH, ...(regions === undefined ? {} : { looks: { ...looks, regions } }) }, [], {
          ...CONFIG,
          regions: watched,
        }),
        'oldest_region_minutes',
      );
    const old = { 'us-central1': BOTH.lookedMs - MINUTE, 'asia-east1': BOTH.lookedMs - 100 * MINUTE };
    expect(of(old)).toEqual({ '': 100 });
    expect(of(old, ['us-central1'])).toEqual({ '': 1 });
    expect(of({ ...old, 'us-east1': 0 })).toEqual({});
    expect(of({})).toEqual({});
    expect(of(undefined)).toEqual({});
  });

  it('tells nothing of a kind that is not looked at any more', () => {
    const former = { ...gone, kinds: { ...gone.kinds, 'former-kind': 3 } };
    expect(valuesOf(pointsOf(former, [], CONFIG), 'burn_usd_per_hour')).toEqual({ ...REST, ...JOBS });
  });

  it('shows what has no price by its upper bound, and rounds no rate to nothing', () => {
    const unpriced = vm('new', 0, { rate: { low: 0, expected: 0, high: 10 }, unpriced: 'no price' });
    const cheap: Seen = { ...vm('cheap', 0.004), kind: 'colab-runtime' };
    const points = pointsOf(
      ledgerOf(() => [unpriced, cheap]),
      [],
      CONFIG,
    );
    const burn = valuesOf(points, 'burn_usd_per_hour');
    expect(burn).toMatchObject({
      ...{ 'vm low': 0, 'vm high': 10, 'colab-runtime expected': 0.004 },
    });
    expect(burn).not.toHaveProperty(['vm expected']);
  });

  it('has no upper bound of a budget after a look that could not see all', () => {
    const cut = looked(BOTH, [JOB], false);
    const points = pointsOf(cut, [{ messages: bothReported(), others: [], without: [] }], CONFIG);
    expect(Object.keys(valuesOf(points, 'budget_spend_usd'))).toEqual(['low', 'expected']);
    expect(valuesOf(points, 'budget_estimate_blocked')).toEqual({ '': 0 });
  });

  it('has nothing expected of a budget, and no share, where nothing was seen and not all could be looked at', () => {
    const { period, ...rest } = messagesOf();
    const messages = { ...rest, period: { ...period, points: [] } };
    const nothing = ledgerOf(() => [], NOW, false);
    const points = pointsOf(nothing, [{ messages, others: [], without: [] }], CONFIG);
    expect(valuesOf(points, 'budget_spend_usd')).toEqual({ low: 0 });
    expect(valuesOf(points, 'budget_estimate_blocked')).toEqual({ '': 0 });
    const evidence = budgetEvidence({ messages, others: [], without: [] }, nothing, CONFIG, NOW);
    expect(evidence.spendUsd).toEqual({ low: 0, expected: 0, high: null });
    expect(evidence).not.toHaveProperty('share');
    // All of it was looked at, and nothing ran.
    const whole = ledgerOf(() => []);
    const known = pointsOf(whole, [{ messages, others: [], without: [] }], CONFIG);
    expect(valuesOf(known, 'budget_spend_usd')).toMatchObject({ low: 0, expected: 0 });
    expect(budgetEvidence({ messages, others: [], without: [] }, whole, CONFIG, NOW).share).toBe(0);
  });

  it('has a budget with its bounds, what was reported and its amount; one without an estimate has none of them', () => {
    const points = pointsOf(BOTH, [{ messages: bothReported(), others: [], without: [] }], CONFIG);
    const spend = valuesOf(points, 'budget_spend_usd');
    expect(spend['low']).toBeGreaterThan(0);
    expect(spend['expected']).toBeGreaterThanOrEqual(spend['low'] ?? NaN);
    expect(spend['high']).toBeGreaterThanOrEqual(spend['expected'] ?? NaN);
    expect(valuesOf(points, 'budget_amount_usd')).toEqual({ '': 600 });
    expect(valuesOf(points, 'budget_reported_usd')['']).toBeCloseTo(
      bothReported().period.points.at(-1)?.cost ?? NaN,
    );
    expect(points.find(({ metric }) => metric === 'budget_spend_usd')?.labels).toMatchObject({
      budget: 'billingAccounts/0A1B2C-3D4E5F-6A7B8C/budgets/b',
      name: 'ML, monthly',
    });
    for (const unknown of [
      { messages: messagesOf({ currencyCode: 'EUR' }), others: [], without: [] },
      { messages: messagesOf(), others: [], without: ['ml-other: there is no ledger yet'] },
    ])
      expect(
        pointsOf(BOTH, [unknown], CONFIG).flatMap(({ metric, value }) =>
          metric.startsWith('budget') ? [`${metric} ${value}`] : [],
        ),
      ).toEqual(['budget_estimate_blocked 1']);
    const silent = messagesOf();
    const { startMs } = silent.period;
    const unreported = pointsOf(
      BOTH,
      [{ messages: { ...silent, period: { startMs, points: [] } }, others: [], without: [] }],
      CONFIG,
    );
    expect(valuesOf(unreported, 'budget_reported_usd')).toEqual({});
  });

  it('has no spend of an estimate that nothing may be done on, and says so', () => {
    const stale = { ...ledgerOf(() => [vm('x', 1)], NOW - 60 * MINUTE), project: 'ml-other' };
    const messages = messagesOf({ projects: ['ml-burn', 'ml-other'] });
    const absurd = ledgerOf(() => [vm('calm', 9_000)]);
    for (const points of [
      pointsOf(BOTH, [{ messages, others: [stale], without: [] }], CONFIG),
      pointsOf(absurd, [{ messages: messagesOf(), others: [], without: [] }], CONFIG),
    ]) {
      expect(valuesOf(points, 'budget_spend_usd')).toEqual({});
      expect(valuesOf(points, 'budget_estimate_blocked')).toEqual({ '': 1 });
      // What Cloud Billing and the budget themselves say stays true.
      expect(valuesOf(points, 'budget_amount_usd')).toEqual({ '': 600 });
      expect(valuesOf(points, 'budget_reported_usd')['']).toBeGreaterThan(0);
    }
    const held = pointsOf(BOTH, [{ messages: bothReported(), others: [], without: [] }], CONFIG);
    expect(valuesOf(held, 'budget_estimate_blocked')).toEqual({ '': 0 });
  });

  it('says of a budget that no event estimates that it has no estimate, and nothing else', () => {
    const unknown = { budget: 'billingAccounts/A/budgets/c', name: 'x'.repeat(2_000), notEvaluable: 'why' };
    const points = pointsOf(BOTH, [{ messages: bothReported(), others: [], without: [] }], CONFIG, [unknown]);
    const states = points.filter(({ metric }) => metric === 'budget_estimate_blocked');
    expect(states.map(({ labels, value }) => [labels['budget'], value])).toEqual([
      [messagesOf().budget, 0],
      [unknown.budget, 1],
    ]);
    expect(states[1]?.labels['name']?.length).toBeLessThanOrEqual(1_024);
    expect(points.filter(({ labels }) => labels['budget'] === unknown.budget)).toHaveLength(1);
  });

  it('begins the month anew at midnight in Pacific time', () => {
    const midnight = Date.parse('2026-12-01T08:00:00Z');
    const rest = (endMs: number): Record<string, number> =>
      valuesOf(
        pointsOf(
          ledgerOf(() => [JOB], endMs),
          [],
          CONFIG,
        ),
        'month_usd',
      );
    expect(rest(midnight - MINUTE)['custom-job']).toBeGreaterThan(2_000);
    expect(rest(midnight + 30 * MINUTE)['custom-job'] ?? NaN).toBeLessThan(3);
    expect(NOW).toBeLessThan(midnight);
  });
});
