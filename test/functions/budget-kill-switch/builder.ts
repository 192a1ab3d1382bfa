import type { Config } from '../../../functions/budget-kill-switch/config.ts';
import type { Notification } from '../../../functions/budget-kill-switch/message/notification.ts';
import type { Budget } from '../../../shared/google/budgets.ts';
import type { Message } from '../../../shared/run/message.ts';

export const ACCOUNT = '01D4EE-079462-DFD6EC';
export const BUDGET_ID = 'de72f49d-779b-4945-a127-4d6ce8def0bb';
export const BUDGET = `billingAccounts/${ACCOUNT}/budgets/${BUDGET_ID}`;

/** November began at midnight Pacific Daylight Time; it ends in standard time. */
export const NOVEMBER = '2026-11-01T07:00:00Z';
export const MIDMONTH = new Date('2026-11-18T21:40:00Z');

export function at(moment: string): number {
  return Date.parse(moment);
}

/** 40.00 of 100.00 USD, below every threshold. */
export function notification(more: Partial<Notification> = {}): Notification {
  return {
    kind: 'budget',
    budget: BUDGET,
    displayName: 'ML, monthly',
    costAmount: 40,
    budgetAmount: 100,
    budgetAmountType: 'SPECIFIED_AMOUNT',
    currencyCode: 'USD',
    periodStartMs: at(NOVEMBER),
    thresholdExceeded: undefined,
    forecastExceeded: undefined,
    topic: undefined,
    ...more,
  };
}

export function budget(more: Partial<Budget> = {}): Budget {
  return {
    name: BUDGET,
    displayName: 'ML, monthly',
    projects: ['projects/100000000002'],
    ancestors: [],
    narrowed: [],
    subaccounts: [],
    filterDigest: '',
    amount: { kind: 'specified', units: 100, currencyCode: 'USD' },
    thresholds: [0.5, 0.8, 1, 1.2].map((share) => ({ share, basis: 'current' })),
    topic: undefined,
    credits: 'exclude-all',
    period: { kind: 'calendar', unit: 'month' },
    ...more,
  };
}

export function config(more: Partial<Config> = {}): Config {
  return {
    mode: 'enforce',
    allow: [BUDGET],
    protect: [],
    modelAccounts: [],
    basis: 'actual',
    ladder: [
      { at: 0.5, do: 'notify' },
      { at: 0.8, do: 'stop-notebooks' },
      { at: 1, do: 'stop-compute' },
      { at: 1.2, do: 'unlink-billing' },
    ],
    keepLabel: 'costguard-keep',
    settleHours: 24,
    silenceHours: 24,
    maxActions: 1_000,
    minAmount: 1,
    jump: 0.5,
    ...more,
  };
}

/** The attributes and the data of a notification as Google sends it. */
export const ATTRIBUTES: Readonly<Record<string, string>> = {
  billingAccountId: ACCOUNT,
  budgetId: BUDGET_ID,
  schemaVersion: '1.0',
};

export const DATA: Readonly<Record<string, unknown>> = {
  budgetDisplayName: 'ML, monthly',
  alertThresholdExceeded: 0.8,
  costAmount: 86.25,
  costIntervalStart: NOVEMBER,
  budgetAmount: 100,
  budgetAmountType: 'SPECIFIED_AMOUNT',
  currencyCode: 'USD',
};

export function message(
  data: unknown = DATA,
  attributes: Readonly<Record<string, string>> = ATTRIBUTES,
): Message {
  return {
    id: '13000000000001',
    text: typeof data === 'string' ? data : JSON.stringify(data),
    attributes,
    publishedMs: MIDMONTH.getTime(),
    topic: undefined,
  };
}
