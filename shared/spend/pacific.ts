import { DateTime } from 'luxon';

/** Cloud Billing's days, and with them budget periods, begin at midnight in this zone (google/cloud/billing/budgets/v1/budget_model.proto). */
const BILLING_ZONE = 'America/Los_Angeles';

const HOUR_MS = 3_600_000;

/** Midnight in Pacific time is one of these hours of UTC. */
const UTC_HOURS: ReadonlySet<number> = new Set([7, 8]);

/** The billing days that begin after `fromMs` and not after `toMs`, milliseconds since the epoch, ascending. */
export function billingMidnights(fromMs: number, toMs: number): readonly number[] {
  const found: number[] = [];
  for (let atMs = (Math.floor(fromMs / HOUR_MS) + 1) * HOUR_MS; atMs <= toMs; atMs += HOUR_MS)
    if (UTC_HOURS.has((atMs / HOUR_MS) % 24) && DateTime.fromMillis(atMs, { zone: BILLING_ZONE }).hour === 0)
      found.push(atMs);
  return found;
}

/** The beginning of the billing day, or of the calendar month, that a moment lies in. */
export function billingStart(unit: 'day' | 'month', atMs: number): number {
  return DateTime.fromMillis(atMs, { zone: BILLING_ZONE }).startOf(unit).toMillis();
}

/** The end of the calendar month, in billing time, that a moment lies in. */
export function billingMonthEnd(atMs: number): number {
  return DateTime.fromMillis(atMs, { zone: BILLING_ZONE }).startOf('month').plus({ months: 1 }).toMillis();
}
