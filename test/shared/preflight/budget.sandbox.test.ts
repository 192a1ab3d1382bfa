import { describe, expect, it } from 'vitest';
import type { Budget } from '../../../shared/google/budgets.ts';
import { parsePolicy } from '../../../shared/policy/policy.ts';
import { judgeBudget, judgeDiscount } from '../../../shared/preflight/budget.ts';
import { BUDGET } from '../../support/budget-lab.ts';

const TOPIC = 'projects/ml-ops/topics/alerts';

function policyOf(basis: string, watch = '') {
  return parsePolicy(
    [
      'scope: [projects/ml-burn]',
      'state: gs://ml-ops-costguard',
      `budgets: {mode: observe, allow: [${BUDGET}], basis: ${basis}}`,
      `watch: ${watch}`,
    ].join('\n'),
  );
}

function budgetsOf(basis: string) {
  const { budgets } = policyOf(basis);
  if (budgets === undefined) throw new Error('the policy has no budgets');
  return budgets;
}

function budgetOf(over: Partial<Budget>): Budget {
  return {
    name: BUDGET,
    displayName: 'ML, monthly',
    topic: TOPIC,
    thresholds: [],
    amount: { kind: 'specified', units: 600, currencyCode: 'USD' },
    projects: ['projects/100000000001'],
    ancestors: [],
    narrowed: [],
    subaccounts: [],
    filterDigest: '',
    credits: 'include-all',
    period: { kind: 'calendar', unit: 'month' },
    ...over,
  };
}

const estimateCheck = (over: Partial<Budget>, basis = 'live') =>
  judgeBudget(budgetOf(over), budgetsOf(basis), TOPIC).find(({ id }) => id === 'budget-estimate');

describe('a budget whose ladder counts estimates', () => {
  it('passes in US dollars and with a filter of projects alone', () => {
    expect(estimateCheck({})?.status).toBe('pass');
  });

  it('passes with an amount of the last period, which has no currency of its own', () => {
    expect(estimateCheck({ amount: { kind: 'last-period' } })?.status).toBe('pass');
  });

  it.each([
    [
      /it counts in EUR, and spend-watch prices in USD/,
      { amount: { kind: 'specified', units: 600, currencyCode: 'EUR' } },
    ],
    [/limited by more than projects/, { narrowed: ['services'] }],
    [
      /it has 101 projects, and of more than 100 no estimate is made/,
      { projects: Array.from({ length: 101 }, (_, at) => `projects/${at + 1}`) },
    ],
    [/its filter names no project/, { projects: [] }],
  ] as const)('fails where %s, and says what helps', (says, over) => {
    const check = estimateCheck(over);
    expect(check?.status).toBe('fail');
    expect(check?.detail).toMatch(says);
    expect(check?.remedy.join()).toMatch(/Set budgets\.basis: actual, or give the budget an amount in USD/);
  });

  it('is not checked where messages alone count', () => {
    expect(estimateCheck({ narrowed: ['services'] }, 'actual')).toBeUndefined();
  });
});

describe('a ladder that counts estimates', () => {
  it('is warned of while the policy does not say how much discounts take off', () => {
    const [check] = judgeDiscount(policyOf('live'));
    expect(check).toMatchObject({ id: 'policy-discount', status: 'warn' });
    expect(judgeDiscount(policyOf('live', '{discountAtMost: 0}'))[0]).toMatchObject({
      status: 'pass',
      detail: 'stops by the estimate count list prices less 0 %, watch.discountAtMost',
    });
  });

  it('is none where reported cost alone counts', () => {
    expect(judgeDiscount(policyOf('actual'))).toEqual([]);
  });
});
