import { DateTime } from 'luxon';
import type { Budget } from '../../shared/budgets.ts';

/** Budget periods begin at midnight US and Canadian Pacific time (google/cloud/billing/budgets/v1/budget_model.proto). */
const ZONE = 'America/Los_Angeles';

/**
 * When the period that began at `startMs` is over, milliseconds since the epoch; undefined when it has no end. Calendar
 * periods are counted from the start that the notification names.
 */
export function periodEndMs(period: Budget['period'], startMs: number): number | undefined {
  if (period.kind === 'custom') {
    const { end } = period;
    if (end === undefined) return undefined;
    // The end date is the last day.
    return DateTime.fromObject(end, { zone: ZONE }).plus({ days: 1 }).toMillis();
  }
  const start = DateTime.fromMillis(startMs, { zone: ZONE });
  const months = { month: 1, quarter: 3, year: 12 }[period.unit];
  return start.plus({ months }).toMillis();
}

/** A period's key in object names: the day on which it began, Pacific time, e.g. `2026-11-01`. */
export function periodKey(startMs: number): string {
  return DateTime.fromMillis(startMs, { zone: ZONE }).toISODate() ?? String(startMs);
}
