import type { Config } from '../config.ts';
import type { Window } from './facts.ts';

export const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** The slowest of the metrics is visible after 210 seconds (list of metrics, April 2026). */
const DELAY_MINUTES = 4;

/** The window that ends where the metrics are complete, in steps that divide it evenly. */
export function windowOf({ window: { requested, hours } }: Config, now: Date): Window {
  const endMs = (Math.floor(now.getTime() / MINUTE_MS) - DELAY_MINUTES) * MINUTE_MS;
  return { requested, hours, startMs: endMs - hours * HOUR_MS, endMs, stepHours: stepHoursOf(hours) };
}

/** Hours of a day, days of longer windows; where a window is no number of days, the nearest step that divides it. */
function stepHoursOf(hours: number): number {
  if (hours <= 24) return 1;
  const divisors = Array.from({ length: hours }, (_, index) => index + 1).filter(
    (step) => hours % step === 0,
  );
  return divisors.findLast((step) => step >= 6 && step <= 24) ?? divisors.find((step) => step > 24) ?? hours;
}

/** Monitoring keeps these metrics for six weeks (https://cloud.google.com/monitoring/quotas). */
const RETENTION_HOURS = 1_008;

/** Whether the window before this one can still be read. */
export function hasPrevious({ hours }: Window): boolean {
  return 2 * hours <= RETENTION_HOURS;
}
