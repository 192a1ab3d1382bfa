import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { Config } from '../../../functions/budget-kill-switch/config.ts';
import {
  judgeNotification,
  judgeSender,
  ladderOf,
  protection,
  type Verdict,
} from '../../../functions/budget-kill-switch/decide.ts';
import type { Notification } from '../../../functions/budget-kill-switch/message/notification.ts';
import type { Budget } from '../../../shared/google/budgets.ts';
import { at, BUDGET, budget, config, MIDMONTH, notification } from './builder.ts';

/** `ignore period-over`, `heartbeat INFO`, or the actions that are due and what comes next. */
function summary(verdict: Verdict | undefined): string {
  switch (verdict?.kind) {
    case undefined:
      return 'look at the budget';
    case 'ignore':
      return `ignore ${verdict.severity} ${verdict.reason}${verdict.notify === undefined ? '' : `; due ${verdict.notify.do}`}`;
    case 'heartbeat':
      return `heartbeat ${verdict.severity}`;
    case 'due': {
      const due = verdict.rungs.map((rung) => rung.do).join(', ');
      return `due ${due}; next ${verdict.next?.do ?? 'nothing'}`;
    }
  }
}

describe('judgeSender', () => {
  const otherBudget = BUDGET.replace(/.{4}$/, '0000');
  const otherAccount = BUDGET.replace('01D4EE', '0FFFFF');
  const cases: readonly {
    readonly name: string;
    readonly budget?: string;
    readonly allow?: readonly string[];
    readonly is: string;
  }[] = [
    { name: 'a budget of the list', is: 'look at the budget' },
    { name: 'a budget that is not in the list', budget: otherBudget, is: 'ignore INFO not-allowed' },
    { name: 'a budget of a foreign account', budget: otherAccount, is: 'ignore INFO foreign-budget' },
    {
      name: 'a budget of an account whose other budget is in the list beside foreign ones',
      allow: [otherAccount, otherBudget],
      is: 'ignore INFO not-allowed',
    },
    { name: 'any budget when the list is empty, which only notifies', allow: [], is: 'look at the budget' },
  ];
  for (const { name, budget: of = BUDGET, allow = [BUDGET], is } of cases)
    it(`${name}: ${is}`, () => {
      assert.equal(summary(judgeSender(notification({ budget: of }), config({ allow }))), is);
    });

  it('a cost anomaly, by its name', () => {
    const verdict = judgeSender({ kind: 'anomaly', name: 'ml-lab' }, config());
    assert.equal(summary(verdict), 'ignore INFO cost-anomaly');
    assert.match(verdict?.kind === 'ignore' ? verdict.why : '', /ml-lab/);
  });
});

interface Case {
  readonly name: string;
  readonly message?: Partial<Notification>;
  readonly budget?: Partial<Budget>;
  readonly config?: Partial<Config>;
  readonly now?: Date;
  readonly is: string;
  readonly why?: RegExp;
}

function testVerdicts(cases: readonly Case[]): void {
  for (const one of cases)
    it(one.name, () => {
      const facts = [notification(one.message), budget(one.budget), config(one.config)] as const;
      const before = JSON.stringify(facts);
      const verdict = judgeNotification(...facts, one.now ?? MIDMONTH);
      assert.equal(summary(verdict), one.is, JSON.stringify(verdict));
      assert.deepEqual(judgeNotification(...facts, one.now ?? MIDMONTH), verdict, 'the same input again');
      assert.equal(JSON.stringify(facts), before, 'the input is left alone');
      if (one.why !== undefined) assert.match(verdict.kind === 'due' ? '' : verdict.why, one.why);
    });
}

/** A message about so much of 100 USD; a threshold is exceeded. */
function spent(costAmount: number, more: Partial<Notification> = {}): Partial<Notification> {
  return { costAmount, thresholdExceeded: 0.5, ...more };
}

describe('judgeNotification: rungs by what was spent', () => {
  testVerdicts([
    {
      name: 'nothing spent',
      message: { costAmount: 0 },
      is: 'heartbeat INFO',
      why: /^0 % .*no threshold/,
    },
    { name: 'less than nothing, after credits', message: { costAmount: -20 }, is: 'heartbeat INFO' },
    {
      name: 'just below the first rung',
      message: spent(49.99),
      is: 'heartbeat INFO',
      why: /first rung is at 50/,
    },
    { name: 'at the first rung', message: spent(50), is: 'due notify; next stop-notebooks' },
    { name: 'just below the second', message: spent(79.99), is: 'due notify; next stop-notebooks' },
    { name: 'at the second', message: spent(80), is: 'due notify, stop-notebooks; next stop-compute' },
    {
      name: 'just below the third',
      message: spent(99.99),
      is: 'due notify, stop-notebooks; next stop-compute',
    },
    {
      name: 'at the third',
      message: spent(100),
      is: 'due notify, stop-notebooks, stop-compute; next unlink-billing',
    },
    {
      name: 'just below the last',
      message: spent(119.99),
      is: 'due notify, stop-notebooks, stop-compute; next unlink-billing',
    },
    {
      name: 'at the last',
      message: spent(120),
      is: 'due notify, stop-notebooks, stop-compute, unlink-billing; next nothing',
    },
    {
      name: 'a jump far beyond',
      message: spent(100_000),
      is: 'due notify, stop-notebooks, stop-compute, unlink-billing; next nothing',
    },
    {
      // 2.4 / 3 is 0.7999999999999999 in binary fractions, and Google counts it as 80 %.
      name: 'at the second to the cent',
      message: spent(2.4, { budgetAmount: 3 }),
      budget: { amount: { kind: 'specified', units: 3, currencyCode: 'USD' } },
      is: 'due notify, stop-notebooks; next stop-compute',
    },
    {
      name: 'one rung alone',
      message: spent(130),
      config: { ladder: [{ at: 1.25, do: 'unlink-billing' }] },
      is: 'due unlink-billing; next nothing',
    },
    {
      name: 'a threshold rule at a share that is no rung counts as alert',
      message: spent(130, { thresholdExceeded: 0.1 }),
      budget: { thresholds: [{ share: 0.1, basis: 'current' }] },
      is: 'due notify, stop-notebooks, stop-compute, unlink-billing; next nothing',
    },
    {
      name: 'a threshold of 0 counts as alert',
      message: spent(60, { thresholdExceeded: 0 }),
      budget: { thresholds: [{ share: 0, basis: 'current' }] },
      is: 'due notify; next stop-notebooks',
    },
    {
      name: 'a threshold that the budget does not have is none that Google wrote',
      message: spent(130, { thresholdExceeded: 0.7 }),
      is: 'ignore WARNING unlike-budget',
      why: /the threshold 70 %, and the budget has 50 %, 80 %/,
    },
    {
      name: 'nor is one of the forecast',
      message: spent(60, { forecastExceeded: 5 }),
      budget: {
        thresholds: [
          { share: 0.5, basis: 'current' },
          { share: 1, basis: 'forecast' },
        ],
      },
      is: 'ignore WARNING unlike-budget',
      why: /the threshold of the forecast 500 %, and the budget has 100 %/,
    },
    {
      name: 'a topic of the same name in another project is another one',
      message: spent(130, { topic: 'projects/other/topics/costguard-budget-kill-switch' }),
      budget: { topic: 'projects/ml-ops/topics/costguard-budget-kill-switch' },
      is: 'ignore WARNING unlike-budget',
      why: /came by projects\/other\/topics/,
    },
    {
      name: 'and one of another project by its number',
      message: spent(130, { topic: 'projects/100000000002/topics/t' }),
      budget: { topic: 'projects/100000000001/topics/t' },
      is: 'ignore WARNING unlike-budget',
    },
    {
      name: 'a message by another topic is none that Google sent',
      message: spent(130, { topic: 'projects/ml-ops/topics/other' }),
      budget: { topic: 'projects/ml-ops/topics/costguard-budget-kill-switch' },
      is: 'ignore WARNING unlike-budget',
      why: /came by projects\/ml-ops\/topics\/other/,
    },
    {
      name: 'the same topic by the number of its project counts',
      message: spent(60, { topic: 'projects/123/topics/alerts' }),
      budget: { topic: 'projects/ml-ops/topics/alerts' },
      is: 'due notify; next stop-notebooks',
    },
    {
      name: 'a threshold that nothing else bears out does nothing',
      message: spent(10, { thresholdExceeded: 1.2 }),
      is: 'heartbeat INFO',
    },
    {
      name: 'over a rung without a threshold is told loudly',
      message: { costAmount: 130 },
      is: 'heartbeat WARNING',
      why: /^130 % .*over the rung 120 %.*threshold rules/,
    },
  ]);
});

describe('judgeNotification: the budget as it is now', () => {
  const amount = (units: number, currencyCode = 'USD'): Partial<Budget> => ({
    amount: { kind: 'specified', units, currencyCode },
  });
  const lastPeriod: Partial<Budget> = { amount: { kind: 'last-period' } };
  testVerdicts([
    { name: 'raised since: calm', message: spent(130), budget: amount(1_000), is: 'heartbeat INFO' },
    {
      name: 'lowered since: more is due',
      message: spent(60),
      budget: amount(60),
      is: 'due notify, stop-notebooks, stop-compute; next unlink-billing',
    },
    {
      name: 'an amount below budgets.minAmount only notifies',
      message: spent(0.5),
      budget: amount(0.5),
      is: 'due notify; next nothing',
    },
    {
      name: 'an amount of cents',
      message: spent(0.5),
      budget: amount(0.5),
      config: { minAmount: 0 },
      is: 'due notify, stop-notebooks, stop-compute; next unlink-billing',
    },
    {
      name: 'an amount of nothing',
      message: spent(60),
      budget: amount(0),
      is: 'ignore WARNING no-amount; due notify',
      why: /amount is 0/,
    },
    {
      name: 'an amount of nothing acts no more where budgets.minAmount is 0',
      message: spent(60),
      budget: amount(0),
      config: { minAmount: 0 },
      is: 'ignore WARNING no-amount; due notify',
    },
    ...[0, -5].map((cost) => ({
      name: `an amount of nothing, and a cost of ${cost}`,
      message: spent(cost),
      budget: amount(0),
      is: 'ignore WARNING no-amount',
    })),
    {
      name: 'an amount of nothing without a threshold exceeded',
      message: { costAmount: 60 },
      budget: amount(0),
      is: 'ignore WARNING no-amount',
    },
    {
      name: 'an amount of nothing and no rung that notifies',
      message: spent(60),
      budget: amount(0),
      config: { ladder: [{ at: 0.8, do: 'stop-notebooks' }] },
      is: 'ignore WARNING no-amount',
    },
    {
      name: 'an amount below nothing',
      message: spent(60),
      budget: amount(-1),
      is: 'ignore WARNING no-amount',
    },
    {
      name: 'an amount that cannot be read',
      message: spent(60),
      budget: amount(NaN),
      is: 'ignore WARNING no-amount',
    },
    {
      name: 'another currency',
      message: spent(60),
      budget: amount(100, 'EUR'),
      is: 'ignore WARNING other-currency',
      why: /counts in USD, the budget in EUR/,
    },
    {
      name: 'no currency of its own: its account has just one',
      message: spent(60),
      budget: amount(100, ''),
      is: 'due notify; next stop-notebooks',
    },
    {
      name: "the last period's cost, as the message tells it",
      message: spent(60, { budgetAmount: 60, budgetAmountType: 'LAST_MONTH_COST' }),
      budget: lastPeriod,
      is: 'due notify, stop-notebooks, stop-compute; next unlink-billing',
    },
    {
      name: 'a last period that cost nothing',
      message: spent(60, { budgetAmount: 0 }),
      budget: lastPeriod,
      is: 'ignore WARNING no-amount; due notify',
    },
    {
      name: 'a last period that brought credits',
      message: spent(60, { budgetAmount: -5 }),
      budget: lastPeriod,
      is: 'ignore WARNING no-amount',
    },
    {
      name: 'without projects in its filter only messages',
      message: spent(130),
      budget: { projects: [] },
      is: 'due notify; next nothing',
    },
    {
      name: 'in no list, only messages',
      message: spent(130),
      config: { allow: [] },
      is: 'due notify; next nothing',
    },
    {
      name: 'in no list and no rung that notifies: nothing at all',
      message: spent(130),
      config: { allow: [], ladder: [{ at: 0.8, do: 'stop-notebooks' }] },
      is: 'heartbeat INFO',
      why: /no threshold is exceeded/,
    },
  ]);
});

describe('judgeNotification: periods', () => {
  testVerdicts([
    {
      name: 'a message of October in November',
      message: spent(130, { periodStartMs: at('2026-10-01T07:00:00Z') }),
      is: 'ignore WARNING period-over',
      why: /began at 2026-10-01T07:00:00\.000Z and ended at 2026-11-01T07:00:00\.000Z/,
    },
    {
      name: 'the last moment of November',
      message: spent(60),
      now: new Date('2026-12-01T07:59:59.999Z'),
      is: 'due notify; next stop-notebooks',
    },
    {
      name: 'the first moment of December',
      message: spent(60),
      now: new Date('2026-12-01T08:00:00Z'),
      is: 'ignore WARNING period-over',
    },
    {
      name: 'a message of December in November',
      message: spent(130, { periodStartMs: at('2026-12-01T08:00:00Z') }),
      is: 'ignore WARNING period-not-begun',
      why: /begins at 2026-12-01T08/,
    },
    ...['02', '15', '20'].map((day) => ({
      name: `a start on the ${day} of the month fires nothing once more`,
      message: spent(130, { periodStartMs: at(`2026-11-${day}T08:00:00Z`) }),
      now: new Date('2026-11-28T08:00:00Z'),
      is: 'ignore WARNING other-period',
      why: /no month of the budget begins then/,
    })),
    {
      name: 'a year that is said to begin in November',
      message: spent(130),
      budget: { period: { kind: 'calendar', unit: 'year' } },
      is: 'ignore WARNING other-period',
      why: /no year of the budget begins then/,
    },
    {
      name: 'a quarter that began in October',
      message: spent(60, { periodStartMs: at('2026-10-01T07:00:00Z') }),
      budget: { period: { kind: 'calendar', unit: 'quarter' } },
      is: 'due notify; next stop-notebooks',
    },
    {
      name: 'a custom period that begins on another day',
      message: spent(130),
      budget: {
        period: { kind: 'custom', start: { year: 2026, month: 11, day: 10 }, end: undefined },
      },
      is: 'ignore WARNING other-period',
    },
    {
      name: 'a period that is over counts before all else',
      message: spent(130, { periodStartMs: at('2026-10-01T07:00:00Z'), currencyCode: 'EUR' }),
      budget: { amount: { kind: 'specified', units: 0, currencyCode: 'USD' } },
      is: 'ignore WARNING period-over',
    },
  ]);
});

describe('judgeNotification: forecasts', () => {
  const forecast = (forecastExceeded: number, more: Partial<Notification> = {}): Partial<Notification> => ({
    costAmount: 20,
    forecastExceeded,
    ...more,
  });
  testVerdicts([
    {
      name: 'basis actual pays no heed to it',
      message: forecast(1.5),
      is: 'heartbeat INFO',
    },
    {
      name: 'basis forecast climbs by it, but never to unlinking',
      message: forecast(1.5),
      config: { basis: 'forecast' },
      is: 'due notify, stop-notebooks, stop-compute; next unlink-billing',
    },
    {
      name: 'basis either climbs by the higher one',
      message: forecast(0.8, { costAmount: 55, thresholdExceeded: 0.5 }),
      config: { basis: 'either' },
      is: 'due notify, stop-notebooks; next stop-compute',
    },
    {
      name: 'basis either climbs by what was spent when that is higher',
      message: forecast(0.5, { costAmount: 100, thresholdExceeded: 1 }),
      config: { basis: 'either' },
      is: 'due notify, stop-notebooks, stop-compute; next unlink-billing',
    },
    {
      name: 'basis forecast pays no heed to what was spent below unlinking',
      message: forecast(0.5, { costAmount: 110, thresholdExceeded: 1 }),
      config: { basis: 'forecast' },
      is: 'due notify; next stop-notebooks',
    },
    {
      name: 'unlinking by what was spent makes all below it due, whatever the forecast',
      message: spent(120),
      config: { basis: 'forecast' },
      is: 'due notify, stop-notebooks, stop-compute, unlink-billing; next nothing',
    },
    {
      name: 'unlinking out of reach still makes the message due',
      message: spent(120),
      budget: { projects: [] },
      config: { basis: 'forecast' },
      is: 'due notify; next nothing',
    },
    {
      name: 'a forecast makes no alert of what was spent',
      message: forecast(0.8, { costAmount: 130 }),
      config: { basis: 'either' },
      is: 'due notify, stop-notebooks; next stop-compute',
    },
    {
      name: 'a forecast just below a rung',
      message: forecast(0.79),
      config: { basis: 'either' },
      is: 'due notify; next stop-notebooks',
    },
    {
      name: 'a forecast over an amount that was raised since',
      message: forecast(1, { budgetAmount: 100 }),
      budget: { amount: { kind: 'specified', units: 1_000, currencyCode: 'USD' } },
      config: { basis: 'either' },
      is: 'heartbeat INFO',
    },
    {
      name: 'a forecast over an amount that was lowered since',
      message: forecast(0.5, { budgetAmount: 200 }),
      config: { basis: 'forecast' },
      is: 'due notify, stop-notebooks, stop-compute; next unlink-billing',
    },
  ]);

  it('tells the amount and the shares', () => {
    const verdict = judgeNotification(
      notification({ costAmount: 0, forecastExceeded: 0.5 }),
      budget(),
      config({ basis: 'forecast' }),
      MIDMONTH,
    );
    assert.partialDeepStrictEqual(verdict, { budgetAmount: 100, shares: { actual: 0, forecast: 0.5 } });
  });
});

it('ladderOf gives the rungs that a budget may set off', () => {
  const rungs = (of: Partial<Budget>, by: Partial<Config> = {}) =>
    ladderOf(budget(of), config(by)).map((rung) => rung.do);
  assert.deepEqual(rungs({}), ['notify', 'stop-notebooks', 'stop-compute', 'unlink-billing']);
  assert.deepEqual(rungs({ projects: [] }), ['notify']);
  assert.deepEqual(rungs({}, { allow: [] }), ['notify']);
  assert.deepEqual(rungs({ name: `${BUDGET}0` }), ['notify']);
});

describe('protection', () => {
  const policy = config({ protect: ['projects/ml-production'] });
  const cases: readonly [string, RegExp | undefined][] = [
    ['ml-lab', undefined],
    ['ml-production', /^budgets\.protect names it$/],
    ['ml-production-2', undefined],
    ['ml-ops', /costguard itself runs in it/],
  ];
  for (const [project, why] of cases)
    it(`${project}: ${why === undefined ? 'none' : 'protected'}`, () => {
      const found = protection(project, policy, 'ml-ops');
      if (why === undefined) assert.equal(found, undefined);
      else assert.match(found ?? '', why);
    });
});
