import { isAhead } from '../units.ts';
import type { Ledger } from './ledger.ts';
import { sawAllRegions } from './region-looks.ts';

/** Two looks that are further apart do not follow each other, and an older one says nothing about now. Looks come every five minutes. */
export const LOOK_AGE_MS = 16 * 60_000;

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

/**
 * Whether something may have begun by a moment that no look has seen: the last one could not see all, a watched region of Vertex AI was
 * not looked at, or the last look is long ago. The next look that sees all bounds it, by what it finds and since when that may run. Pure.
 */
export function mayHideMore(ledger: Ledger, watched: readonly string[], atMs: number): boolean {
  const { completeMs = -Infinity, lookedMs } = ledger;
  if (completeMs < lookedMs && completeMs < atMs) return true;
  return atMs >= lookedMs && (atMs - lookedMs > LOOK_AGE_MS || !sawAllRegions(ledger, watched));
}
