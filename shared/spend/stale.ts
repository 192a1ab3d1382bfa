import { isAhead } from '../units.ts';
import type { Ledger } from './ledger.ts';
import { LOOK_AGE_MS } from './rungs.ts';

/** Of projects in a text. */
const MAX_NAMED = 5;

/**
 * Why ledgers say nothing about now, by project: the watch looks there no more, or a clock was wrong. Undefined when all of them do.
 * What came up since is in no bound of an estimate. Pure.
 */
export function whyStale(ledgers: readonly Ledger[], nowMs: number): string | undefined {
  const all = ledgers.flatMap((ledger) => strangeTime(ledger, nowMs) ?? []).sort();
  if (all.length === 0) return undefined;
  const more = all.length > MAX_NAMED ? `; and ${all.length - MAX_NAMED} more projects` : '';
  return `${all.slice(0, MAX_NAMED).join('; ')}${more}`;
}

function strangeTime({ project, lookedMs }: Ledger, nowMs: number): string | undefined {
  const minutes = Math.round((nowMs - lookedMs) / 60_000);
  if (nowMs - lookedMs > LOOK_AGE_MS)
    return `spend-watch has not looked at ${project} for ${minutes} minutes, since ${new Date(lookedMs).toISOString()}, and looks every five`;
  return isAhead(lookedMs, nowMs)
    ? `the ledger of ${project} is of a moment ${-minutes} minutes from now`
    : undefined;
}
