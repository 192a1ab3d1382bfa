import { DateTime } from 'luxon';
import { daysOfWeek, type WorkingHours } from '../../shared/policy/policy.ts';

/**
 * The working period that a moment lies in, as [opensMs, closesMs), or undefined outside working hours. Local times are
 * resolved in the policy's zone: a time that a spring change skips moves forward by the gap, one that an autumn change
 * repeats is its first occurrence.
 */
export function workingPeriod(
  now: Date,
  hours: WorkingHours,
): { opensMs: number; closesMs: number } | undefined {
  const local = DateTime.fromJSDate(now, { zone: hours.timezone });
  // Hours that go over midnight may have begun the day before.
  for (const day of [local, local.minus({ days: 1 })]) {
    const name = daysOfWeek[day.weekday - 1];
    if (name === undefined || !hours.days.includes(name)) continue;
    const closingDay = hours.toMinuteOfDay > hours.fromMinuteOfDay ? day : day.plus({ days: 1 });
    const opensMs = at(day, hours.fromMinuteOfDay);
    const closesMs = at(closingDay, hours.toMinuteOfDay);
    if (opensMs <= now.getTime() && now.getTime() < closesMs) return { opensMs, closesMs };
  }
  return undefined;
}

/** The wall-clock time on that day. Not "midnight plus minutes", which is an hour off on a day of change. */
function at(day: DateTime, minuteOfDay: number): number {
  const wall = day.set({
    hour: Math.floor(minuteOfDay / 60),
    minute: minuteOfDay % 60,
    second: 0,
    millisecond: 0,
  });
  // `set` takes a repeated time with the offset of `day`; the first of them must not depend on when that is.
  return Math.min(...wall.getPossibleOffsets().map((possible) => possible.toMillis()));
}
