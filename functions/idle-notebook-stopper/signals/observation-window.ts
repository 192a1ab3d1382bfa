import type { Config } from '../config.ts';
import { BUSY_WINDOW_MINUTES } from '../decide.ts';
import { MINUTE_MS } from '../verdict/moments.ts';
import { workingPeriod } from '../working-hours.ts';

/** From when on a notebook must be observed, so that the verdict covers all that it claims. */
export function observationStartMs(config: Config, now: Date, warnedAtMs: number | undefined): number {
  if (simulatesWarning(config)) {
    // No warning is sent while observing. What enforce would stop now it would have warned of this long ago.
    const warning = new Date(now.getTime() - config.warnBeforeMinutes * MINUTE_MS);
    return observationStartMs({ ...config, warnBeforeMinutes: 0 }, warning, undefined);
  }
  const outside = config.hours !== null && workingPeriod(now, config.hours) === undefined;
  const minutes = outside ? Math.min(config.idleAfterMinutes, BUSY_WINDOW_MINUTES) : config.idleAfterMinutes;
  const startMs = now.getTime() - minutes * MINUTE_MS;
  // "Stayed idle since the warning" needs every minute since then.
  return warnedAtMs === undefined ? startMs : Math.min(startMs, warnedAtMs);
}

/** The same for a GPU that no metric tells of: cores, network and disks must have rested for twice `idleAfter`. */
export function longerLookStartMs(config: Config, now: Date, warnedAtMs: number | undefined): number {
  const waits = simulatesWarning(config) ? config.warnBeforeMinutes : 0;
  const startMs = now.getTime() - (waits + 2 * config.idleAfterMinutes) * MINUTE_MS;
  return Math.min(startMs, observationStartMs(config, now, warnedAtMs));
}

/** A trial remembers no warning: it tells from a longer look back what enforce would stop, and what that would save. */
export function simulatesWarning({ mode, warnBeforeMinutes }: Config): boolean {
  return mode === 'observe' && warnBeforeMinutes > 0;
}
