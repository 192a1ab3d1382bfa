import { DateTime } from 'luxon';
import type { Message } from '../../http/proto-service.ts';

/** A message as it is published: attributes and the JSON that goes into `data`, before base64. */
export interface Notification {
  readonly attributes: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Billing periods begin at midnight there (budget_model.proto). */
const BILLING_ZONE = 'America/Los_Angeles';

export interface Period {
  readonly startMs: number;
  /** Absent for a custom period without an end. */
  readonly endMs?: number;
  /** Start of the period before; absent for a custom period. */
  readonly previousStartMs?: number;
}

/** The period of a budget that a moment lies in. */
export function periodOf(budget: Message, atMs: number): Period {
  const filter = (budget['budgetFilter'] ?? {}) as Message;
  const custom = filter['customPeriod'] as Message | undefined;
  if (custom !== undefined) {
    const end = custom['endDate'] as CalendarDate | undefined;
    return {
      startMs: dateMs(custom['startDate'] as CalendarDate),
      ...(end === undefined ? {} : { endMs: dateMs(end, 1) }),
    };
  }
  const unit = ({ QUARTER: 'quarter', YEAR: 'year' } as const)[String(filter['calendarPeriod'])] ?? 'month';
  const start = DateTime.fromMillis(atMs, { zone: BILLING_ZONE }).startOf(unit);
  return {
    startMs: start.toMillis(),
    endMs: start.plus({ [unit]: 1 }).toMillis(),
    previousStartMs: start.minus({ [unit]: 1 }).toMillis(),
  };
}

interface CalendarDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

function dateMs({ year, month, day }: CalendarDate, plusDays = 0): number {
  return DateTime.fromObject({ year, month, day }, { zone: BILLING_ZONE })
    .plus({ days: plusDays })
    .toMillis();
}

/**
 * The programmatic notification of a budget, schema version 1.0
 * (https://cloud.google.com/billing/docs/how-to/budgets-programmatic-notifications). `costUsd` is what was spent from
 * the period's start until `atMs`, `previousUsd` what the period before cost.
 */
export function budgetNotification(
  budget: Message,
  status: {
    readonly atMs: number;
    readonly costUsd: number;
    readonly previousUsd: number;
    readonly currencyCode: string;
  },
): Notification {
  const [, billingAccountId = '', budgetId = ''] =
    /^billingAccounts\/([^/]+)\/budgets\/([^/]+)$/.exec(String(budget['name'])) ?? [];
  const period = periodOf(budget, status.atMs);
  const { amount, type } = amountOf(budget, status.previousUsd);
  const costAmount = cents(status.costUsd);
  const forecast = forecastOf(costAmount, period, status.atMs);
  const actual = highestExceeded(budget, 'CURRENT_SPEND', costAmount, amount);
  const expected =
    forecast === undefined ? undefined : highestExceeded(budget, 'FORECASTED_SPEND', forecast, amount);
  return {
    attributes: { billingAccountId, budgetId, schemaVersion: '1.0' },
    data: {
      budgetDisplayName: budget['displayName'] ?? '',
      ...(actual === undefined ? {} : { alertThresholdExceeded: actual }),
      ...(expected === undefined ? {} : { forecastThresholdExceeded: expected }),
      costAmount,
      costIntervalStart: new Date(period.startMs).toISOString().replace('.000Z', 'Z'),
      budgetAmount: amount,
      budgetAmountType: type,
      currencyCode: status.currencyCode,
    },
  };
}

function cents(usd: number): number {
  return Math.round(usd * 100) / 100;
}

function amountOf(budget: Message, previousUsd: number): { readonly amount: number; readonly type: string } {
  const specified = (budget['amount'] as Message)['specifiedAmount'] as Message | undefined;
  if (specified !== undefined)
    return {
      amount: Number(specified['units'] ?? 0) + Number(specified['nanos'] ?? 0) / 1e9,
      type: 'SPECIFIED_AMOUNT',
    };
  const monthly = ((budget['budgetFilter'] ?? {}) as Message)['calendarPeriod'] === 'MONTH';
  return { amount: cents(previousUsd), type: monthly ? 'LAST_MONTH_COST' : 'LAST_PERIODS_COST' };
}

/** Straight on from the period's start to its end. */
function forecastOf(cost: number, { startMs, endMs }: Period, atMs: number): number | undefined {
  if (endMs === undefined || atMs <= startMs) return undefined;
  return (cost * (endMs - startMs)) / (atMs - startMs);
}

function highestExceeded(budget: Message, basis: string, cost: number, amount: number): number | undefined {
  if (amount <= 0) return undefined;
  const exceeded = ((budget['thresholdRules'] ?? []) as readonly Message[])
    .filter((rule) => rule['spendBasis'] === basis)
    .map((rule) => Number(rule['thresholdPercent']))
    .filter((threshold) => cost >= threshold * amount);
  return exceeded.length === 0 ? undefined : Math.max(...exceeded);
}

/**
 * A cost-anomaly notification (Preview) as it comes to the same topics (same page): other attributes, `SchemaVersion` with
 * a capital S and no `budgetId`.
 */
export function anomalyMessage(about: {
  readonly billingAccountId: string;
  readonly project: { readonly id: string; readonly number: string; readonly displayName: string };
  readonly atMs: number;
  readonly expectedUsd: number;
  readonly actualUsd: number;
}): Notification {
  const { billingAccountId, project, atMs, expectedUsd, actualUsd } = about;
  const date = new Date(atMs).toISOString().slice(0, 10);
  return {
    attributes: {
      scope: 'PROJECT',
      billingAccountName: `billingAccounts/${billingAccountId}`,
      resourceDisplayName: project.displayName,
      resourceName: `projects/${project.number}`,
      SchemaVersion: '1.0',
    },
    data: {
      anomalyName: `billingAccounts/${billingAccountId}/anomalies/${project.id}-${date}`,
      detectionDate: date,
      expectedSpendAmount: cents(expectedUsd),
      actualSpendAmount: cents(actualUsd),
      deviationAmount: cents(actualUsd - expectedUsd),
      deviationPercentage: expectedUsd > 0 ? cents((100 * (actualUsd - expectedUsd)) / expectedUsd) : 0,
      currencyCode: 'USD',
    },
  };
}
