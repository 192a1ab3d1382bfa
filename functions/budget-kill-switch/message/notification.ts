import * as z from 'zod/mini';
import { PermanentError } from '../../../shared/errors.ts';
import { quote, type Message } from '../../../shared/run/message.ts';

/**
 * A budget's notification, schema version 1.0. Source: Google's page "Set up programmatic notifications" (2026-04-08).
 * Amounts are in `currencyCode`, shares are fractions of the budget's amount.
 */
export interface Notification {
  readonly kind: 'budget';
  /** billingAccounts/A/budgets/B */
  readonly budget: string;
  readonly displayName: string;
  readonly costAmount: number;
  readonly budgetAmount: number;
  readonly budgetAmountType: string;
  readonly currencyCode: string;
  /** Start of the budget's period, milliseconds since the epoch. */
  readonly periodStartMs: number;
  /** Highest actual threshold exceeded; undefined when none is. */
  readonly thresholdExceeded: number | undefined;
  /** Highest forecast threshold exceeded; undefined when none is. */
  readonly forecastExceeded: number | undefined;
  /** `projects/P/topics/T` that it came by; undefined when that is not known. */
  readonly topic: string | undefined;
}

/** A cost-anomaly message: it may share the topic and is none of this function's business. */
export interface Anomaly {
  readonly kind: 'anomaly';
  readonly name: string;
}

const ACCOUNT_ID = 'a billing account such as 01D4EE-079462-DFD6EC';
const BUDGET_ID = 'a budget such as de72f49d-779b-4945-a127-4d6ce8def0bb';
const CURRENCY = 'a currency code such as USD';

const attributesSchema = z.looseObject({
  billingAccountId: z.string(ACCOUNT_ID).check(z.regex(/^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$/, ACCOUNT_ID)),
  budgetId: z.string(BUDGET_ID).check(z.regex(/^[0-9A-Za-z_-]{1,64}$/, BUDGET_ID)),
  schemaVersion: z.literal('1.0', '"1.0", the only version known'),
});

const AMOUNT = 'a finite number of units of the currency';
/** Costs can be negative after credits, and so can an amount that is the last period's cost. */
const amount = z
  .number(AMOUNT)
  .check(z.minimum(-Number.MAX_SAFE_INTEGER, AMOUNT), z.maximum(Number.MAX_SAFE_INTEGER, AMOUNT));

const SHARE = 'a share from 0 on such as 0.9, or absent';
/** A threshold may be 0 (google/cloud/billing/budgets/v1/budget_model.proto). */
const share = z.number(SHARE).check(z.nonnegative(SHARE), z.maximum(1_000_000, SHARE));

const payloadSchema = z.looseObject(
  {
    budgetDisplayName: z.string('a text'),
    costAmount: amount,
    costIntervalStart: z.iso.datetime({ offset: true, error: 'a moment such as 2026-11-01T07:00:00Z' }),
    budgetAmount: amount,
    // It decides nothing: the amount does, whatever it is called.
    budgetAmountType: z.catch(z.string(), ''),
    currencyCode: z.string(CURRENCY).check(z.regex(/^[A-Z]{3}$/, CURRENCY)),
    alertThresholdExceeded: z.optional(share),
    forecastThresholdExceeded: z.optional(share),
  },
  'an object',
);

/**
 * Reads a message of the budget topic. Throws {@link PermanentError} when it is neither a budget's notification nor a
 * cost anomaly: which field, what it holds, what would be right.
 */
export function parseNotification(message: Message): Notification | Anomaly {
  if (isAnomaly(message))
    return { kind: 'anomaly', name: shorten(message.attributes['resourceDisplayName'] ?? 'unnamed') };
  const attributes = attributesSchema.safeParse(message.attributes);
  if (!attributes.success) throw malformed('attribute', message.attributes, attributes.error.issues);
  let value: unknown;
  try {
    value = JSON.parse(message.text);
  } catch (error) {
    throw new PermanentError(`Cannot read the budget notification ${quote(message.text)}: it is not JSON`, {
      cause: error,
    });
  }
  const payload = payloadSchema.safeParse(value);
  if (!payload.success) throw malformed('field', value, payload.error.issues);
  const { billingAccountId, budgetId } = attributes.data;
  const { data } = payload;
  return {
    kind: 'budget',
    budget: `billingAccounts/${billingAccountId}/budgets/${budgetId}`,
    displayName: shorten(data.budgetDisplayName),
    costAmount: data.costAmount,
    budgetAmount: data.budgetAmount,
    budgetAmountType: data.budgetAmountType,
    currencyCode: data.currencyCode,
    periodStartMs: Date.parse(data.costIntervalStart),
    thresholdExceeded: data.alertThresholdExceeded,
    forecastExceeded: data.forecastThresholdExceeded,
    topic: message.topic,
  };
}

/** A budget's name has 60 characters at most; whatever else comes shall not drown the log line that it stands in. */
function shorten(name: string): string {
  return name.slice(0, 120);
}

/** Anomalies spell the version with a capital S and carry no budget. */
function isAnomaly({ attributes }: Message): boolean {
  return (
    attributes['budgetId'] === undefined &&
    attributes['schemaVersion'] === undefined &&
    attributes['SchemaVersion'] !== undefined
  );
}

function malformed(
  what: 'attribute' | 'field',
  value: unknown,
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): PermanentError {
  const { path = [], message = 'something else' } = issues[0] ?? {};
  const [key] = path;
  // Both schemas are flat, so that the first step of the path is all of it.
  const [place, found] =
    key === undefined ? ['its data', value] : [`${what} "${String(key)}"`, at(value, key)];
  return new PermanentError(
    `Cannot read the budget notification: ${place} is ${show(found)}; expected ${message}`,
  );
}

/** Nothing that could be nested deeply is put into words. */
function show(value: unknown): string {
  if (value === undefined) return 'absent';
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}

function at(value: unknown, key: PropertyKey): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? Reflect.get(value, key)
    : undefined;
}
