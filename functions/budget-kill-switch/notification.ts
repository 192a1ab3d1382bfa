import * as z from 'zod/mini';
import { PermanentError } from '../../shared/errors.ts';
import { quote, type Message } from '../../shared/message.ts';

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
}

/** A cost-anomaly message: it may share the topic and is none of this function's business. */
export interface Anomaly {
  readonly kind: 'anomaly';
  readonly name: string;
}

const attributesSchema = z.looseObject({
  billingAccountId: z
    .string()
    .check(z.regex(/^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$/, 'an id such as 01D4EE-079462-DFD6EC')),
  budgetId: z
    .string()
    .check(z.regex(/^[0-9A-Za-z_-]{1,64}$/, 'a budget id such as de72f49d-779b-4945-a127-4d6ce8def0bb')),
  schemaVersion: z.literal('1.0', 'the only version known'),
});

const amount = z.number().check(z.nonnegative(), z.maximum(Number.MAX_SAFE_INTEGER));
const share = z.number().check(z.positive(), z.maximum(1_000_000));

/** Costs can be negative after credits; a budget of nothing cannot be exceeded by a share. */
const payloadSchema = z.looseObject({
  budgetDisplayName: z.string(),
  costAmount: z.number().check(z.minimum(-Number.MAX_SAFE_INTEGER), z.maximum(Number.MAX_SAFE_INTEGER)),
  costIntervalStart: z.iso.datetime({ offset: true }),
  budgetAmount: amount,
  budgetAmountType: z.enum(['SPECIFIED_AMOUNT', 'LAST_MONTH_COST', 'LAST_PERIODS_COST']),
  currencyCode: z.string().check(z.regex(/^[A-Z]{3}$/, 'a currency code such as USD')),
  alertThresholdExceeded: z.optional(share),
  forecastThresholdExceeded: z.optional(share),
});

/**
 * Reads a message of the budget topic. Throws {@link PermanentError} when it is neither a budget's notification nor a
 * cost anomaly: which field, what it holds, what would be right.
 */
export function parseNotification(message: Message): Notification | Anomaly {
  if (isAnomaly(message))
    return { kind: 'anomaly', name: message.attributes['resourceDisplayName'] ?? 'unnamed' };
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
    displayName: data.budgetDisplayName,
    costAmount: data.costAmount,
    budgetAmount: data.budgetAmount,
    budgetAmountType: data.budgetAmountType,
    currencyCode: data.currencyCode,
    periodStartMs: Date.parse(data.costIntervalStart),
    thresholdExceeded: data.alertThresholdExceeded,
    forecastExceeded: data.forecastThresholdExceeded,
  };
}

/** Anomalies name their resource and spell the version with a capital S; they carry no budget. */
function isAnomaly({ attributes }: Message): boolean {
  return (
    attributes['budgetId'] === undefined &&
    attributes['SchemaVersion'] !== undefined &&
    attributes['resourceName'] !== undefined
  );
}

function malformed(
  what: string,
  value: unknown,
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): PermanentError {
  const [issue] = issues;
  const name = issue?.path.map(String).join('.') ?? '';
  return new PermanentError(
    `Cannot read the budget notification: ${what} "${name}" is ${show(at(value, issue?.path ?? []))}: ${issue?.message ?? 'wrong'}`,
  );
}

function show(value: unknown): string {
  return value === undefined ? 'absent' : quote(JSON.stringify(value));
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  let inner = value;
  for (const key of path)
    inner = typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined;
  return inner;
}
