import { describe, expect, it } from 'vitest';
import type { Config } from '../../../functions/spend-watch/config.ts';
import { judgeSpend } from '../../../functions/spend-watch/decide.ts';
import type { ProjectFacts } from '../../../functions/spend-watch/facts.ts';
import { accrue, type Seen } from '../../../shared/spend/accrue.ts';
import type { Ledger } from '../../../shared/spend/ledger.ts';

const HOUR = 3_600_000;
/** The month of November in Pacific time, 30 days and the hour of the clock change in it. */
const START = Date.parse('2026-11-01T07:00:00Z');
const NOW = START + 100 * HOUR;

const ANOMALIES = {
  burnFactor: 2,
  burnAtLeastUsdPerHour: 10,
  gpuIdleAfterHours: 6,
  newKindAtLeastUsdPerHour: 1,
};

const CONFIG: Config = {
  mode: 'enforce',
  discountAtMost: 0,
  unpricedAtMost: 10,
  anomalies: ANOMALIES,
  regions: [],
  metrics: false,
  callsPerLook: 12,
  budgets: ['billingAccounts/A/budgets/b'],
  ladder: [
    { at: 0.5, do: 'notify' },
    { at: 1, do: 'stop-compute' },
  ],
  ownerLabel: 'owner',
};

function vm(resource: string, usd: number, over: Partial<Seen> = {}): Seen {
  return {
    ...{ resource, kind: 'vm', rate: { low: usd, expected: usd, high: usd }, startedMs: START },
    ...{ description: 'n1-standard-8', ...over },
  };
}

const RUNNING = [vm('a', 4, { owner: 'alice' }), vm('b', 1, { owner: 'bob' })];

function watched(resources: readonly Seen[]): Ledger {
  let ledger: Ledger | undefined;
  for (let atMs = START - HOUR; atMs < NOW; atMs += HOUR)
    ledger = accrue(ledger, { project: 'p', atMs, resources, complete: true });
  if (ledger === undefined) throw new Error('Cannot watch without a look');
  return ledger;
}

function facts(over: Partial<ProjectFacts> = {}): ProjectFacts {
  return {
    seen: { project: 'p', atMs: NOW, resources: RUNNING, complete: true },
    before: watched(RUNNING),
    unestimated: [],
    budgets: [
      {
        messages: {
          version: 1,
          budget: 'billingAccounts/A/budgets/b',
          displayName: 'team',
          currencyCode: 'USD',
          amount: 1_000,
          projects: ['p'],
          complete: true,
          lastMs: NOW - HOUR,
          period: { startMs: START, endMs: START + 721 * HOUR, points: [{ atMs: NOW - HOUR, cost: 380 }] },
        },
        others: [],
        without: [],
      },
    ],
    toldIn: [],
    gpus: { idle: [] },
    notOffered: [],
    looked: {
      startedMs: NOW,
      isOff: false,
      regions: undefined,
      listedRegions: undefined,
      listings: [],
      skipped: new Set(),
      unwatched: new Set(),
    },
    ...over,
  };
}

function told(given: ProjectFacts): Readonly<Record<string, unknown>> {
  return judgeSpend(given, CONFIG)[0]?.evidence ?? {};
}

describe('judgeSpend', () => {
  it('tells burn now, today, the month, and its projected end', () => {
    expect(told(facts())).toMatchObject({
      burnUsdPerHour: { low: 5, expected: 5, high: 5 },
      monthUsd: { expected: 500 },
      monthEndUsd: { low: 3_605, expected: 3_605, high: 3_605 },
      unpriced: 0,
    });
  });

  it('tells the same by owner, the most expensive first', () => {
    const { owners } = told(facts()) as { owners: Readonly<Record<string, object>> };
    expect(Object.keys(owners)).toEqual(['alice', 'bob']);
    expect(owners['alice']).toEqual({
      ...{ burnUsdPerHour: 4, todayUsd: 12, monthUsd: 400, monthEndUsd: 2_884, unpriced: 0 },
    });
  });

  it('tells the hour at which each rung is reached, as expected and at the earliest', () => {
    const [budget] = told(facts())['budgets'] as readonly {
      spendUsd: { low: number; expected: number; high: number };
      growthUsdPerHour: { expected: number; high: number };
      rungs: readonly { when: string; earliest: string }[];
    }[];
    const [half, full] = budget?.rungs ?? [];
    expect([half?.when, half?.earliest]).toEqual(['reached', 'reached']);
    const hours = (1_000 - (budget?.spendUsd.expected ?? NaN)) / 5;
    expect(Date.parse(full?.when ?? '')).toBeCloseTo(NOW + hours * HOUR, -4);
    // What is out of sight grows, too.
    expect(budget?.growthUsdPerHour).toMatchObject({ expected: 5, high: expect.any(Number) as number });
    const { high: growth } = budget?.growthUsdPerHour ?? { high: NaN };
    expect(growth).toBeGreaterThanOrEqual(1.5 * 5);
    const soonest = (1_000 - (budget?.spendUsd.high ?? NaN)) / growth;
    expect(Date.parse(full?.earliest ?? '')).toBeCloseTo(NOW + soonest * HOUR, -5);
    expect(Date.parse(full?.earliest ?? '')).toBeLessThan(Date.parse(full?.when ?? ''));
  });

  it('says of a burn that no look has seen that it is not known: not of a rung that it is never reached', () => {
    const resources: readonly Seen[] = [];
    const nothing = { project: 'p', atMs: NOW, resources, complete: false };
    const before = accrue(undefined, { ...nothing, atMs: NOW - HOUR });
    const [budget] = told(facts({ seen: nothing, before }))['budgets'] as readonly {
      spendUsd: { expected: number; high: null };
      rungs: readonly { when: string; earliest: string }[];
    }[];
    expect(budget?.spendUsd).toMatchObject({ expected: 380, high: null });
    expect(budget).not.toHaveProperty('growthUsdPerHour');
    expect(budget?.rungs).toMatchObject([
      { when: 'not known', earliest: 'not known' },
      { when: 'not known', earliest: 'not known' },
    ]);
  });

  it('says which other project of a budget no one looks at, since when, and that no rung fires by it', () => {
    const [budget] = facts().budgets;
    if (budget === undefined) throw new Error('Cannot find the budget');
    const other = { ...watched([vm('c', 1)]), project: 'ml-other' };
    const messages = { ...budget.messages, projects: ['p', 'ml-other'] };
    expect(told(facts({ budgets: [{ ...budget, messages, others: [other] }] }))['budgets']).toMatchObject([
      {
        blocked: expect.stringMatching(
          /spend-watch has not looked at ml-other for 60 minutes, since 2026-11-05T10:00:00\.000Z.* no rung fires/,
        ) as string,
        spendUsd: { low: expect.any(Number) as number },
      },
    ]);
  });

  it('names the receipt that tells of a budget with several projects', () => {
    const elsewhere = { budget: 'billingAccounts/A/budgets/b', name: 'team', toldIn: 'a-first' };
    expect(told(facts({ budgets: [], toldIn: [elsewhere] }))['budgets']).toEqual([elsewhere]);
  });

  it('calls unknown, not zero, what no look has seen', () => {
    const seen = { project: 'p', atMs: NOW, resources: [], complete: false };
    const [decision] = judgeSpend(facts({ before: undefined, seen }), CONFIG);
    expect(decision?.usdPerHour).toBe('unpriced');
    expect(decision?.evidence).toMatchObject({ burnUsdPerHour: 'unknown', monthEndUsd: 'unknown' });
  });

  it('tells a price that is missing, and why, beside what is known', () => {
    const strange = vm('c', 0, { rate: { low: 0, expected: 0, high: 10 }, unpriced: 'no price of x9-mega' });
    const seen = { project: 'p', atMs: NOW, resources: [...RUNNING, strange], complete: true };
    expect(told(facts({ seen }))).toMatchObject({
      unpriced: 1,
      burnUsdPerHour: { low: 5, expected: 5, high: 15 },
      top: [{ resource: 'c', cost: 'unpriced: no price of x9-mega' }, {}, {}],
    });
  });
});
