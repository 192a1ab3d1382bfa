import { DateTime } from 'luxon';
import type { Budget, CalendarDate } from '../../../shared/google/budgets.ts';

/** Budget periods begin at midnight US and Canadian Pacific time (google/cloud/billing/budgets/v1/budget_model.proto). */
const ZONE = 'America/Los_Angeles';

const DAY_MS = 86_400_000;

/** Whether a notification's period is the budget's present one. */
export type PeriodStanding = 'present' | 'not-begun' | 'over' | 'other';

/** A moment before the period began is one from the future; clocks differ a little. */
const CLOCK_SKEW_MS = 3_600_000;

/**
 * Judges the period that began at `startMs`. Calendar periods are counted from the start that the notification names.
 * `other`: the budget has had a custom period since that begins on another day, so that the notification's cost is not
 * that of the budget's period.
 */
export function periodStanding(period: Budget['period'], startMs: number, now: Date): PeriodStanding {
  if (startMs > now.getTime() + CLOCK_SKEW_MS) return 'not-begun';
  // Any other day would be a period of its own, in which every rung fires once more.
  if (period.kind === 'calendar') {
    const start = midnight(startMs);
    if (!start.equals(start.startOf(period.unit))) return 'other';
  }
  const endMs = periodEndMs(period, startMs);
  if (endMs !== undefined && endMs <= now.getTime()) return 'over';
  if (period.kind === 'custom' && period.start !== undefined) {
    const apart = Math.abs(midnight(startMs).toMillis() - dayStart(period.start).toMillis());
    // A day either way may be another reading of midnight.
    if (apart > DAY_MS + CLOCK_SKEW_MS) return 'other';
  }
  return 'present';
}

/** When the period that began at `startMs` is over, milliseconds since the epoch; undefined when it has no end. */
export function periodEndMs(period: Budget['period'], startMs: number): number | undefined {
  if (period.kind === 'calendar') {
    const months = { month: 1, quarter: 3, year: 12 }[period.unit];
    return midnight(startMs).plus({ months }).toMillis();
  }
  // The end date is the last day.
  return period.end === undefined ? undefined : dayStart(period.end).plus({ days: 1 }).toMillis();
}

/** A period's key in object names: the day on which it began, Pacific time, e.g. `2026-11-01`. */
export function periodKey(startMs: number, period?: Budget['period']): string {
  return startOf(startMs, period).toISODate() ?? String(startMs);
}

/** When the period began that a message names: one moment, whichever reading of midnight that is. */
export function periodBeginMs(startMs: number, period: Budget['period']): number {
  return startOf(startMs, period).toMillis();
}

/** A custom period has one start, whichever midnight the message means. */
function startOf(startMs: number, period: Budget['period'] | undefined): DateTime {
  return period?.kind === 'custom' && period.start !== undefined ? dayStart(period.start) : midnight(startMs);
}

/**
 * The midnight in Pacific time that is nearest. Google's own examples also have a start at midnight UTC and one that
 * forgot about daylight saving time: one period must not have two keys.
 */
function midnight(startMs: number): DateTime {
  if (latest?.startMs !== startMs)
    latest = {
      startMs,
      midnight: DateTime.fromMillis(startMs, { zone: ZONE }).plus({ hours: 12 }).startOf('day'),
    };
  return latest.midnight;
}

/** A run looks at one period many times, and time zones are slow. */
let latest: { readonly startMs: number; readonly midnight: DateTime } | undefined;

function dayStart({ year, month, day }: CalendarDate): DateTime {
  return DateTime.fromObject({ year, month, day }, { zone: ZONE });
}
