import { isAhead, percentText } from '../units.ts';
import type { Grace, Manifest } from './manifest.ts';

/** The longest grace that a restore can be given: the hours of a long month. */
export const MAX_GRACE_HOURS = 744;

/** The most that a restore can let be spent in addition, as a share of the budget. */
export const MAX_GRACE_SHARE = 1;

const HOUR_MS = 3_600_000;

/**
 * What of a grace no restore can have given, so that it was planted, or written by a clock that was wrong: field, value, and the most that
 * it can be. Undefined where a restore can have given it. `share`: what is spent now, of the budget. Pure.
 */
export function excessOf(
  { sinceMs, untilMs, untilShare }: Grace,
  { spent, rungs = [] }: Partial<Pick<Manifest, 'spent' | 'rungs'>>,
  share: number,
  nowMs: number,
): string | undefined {
  if (sinceMs < 0 || isAhead(sinceMs, nowMs))
    return `grace.sinceMs is ${sinceMs}, no moment up to now, ${nowMs}`;
  const maxMs = sinceMs + MAX_GRACE_HOURS * HOUR_MS;
  if (untilMs !== undefined && untilMs > maxMs)
    return `grace.untilMs is ${untilMs}, more than ${MAX_GRACE_HOURS} h after grace.sinceMs: at most ${maxMs}`;
  const maxShare = Math.max(share, spent?.share ?? 0, ...rungs.map(({ at }) => at)) + MAX_GRACE_SHARE;
  if (untilShare !== undefined && untilShare > maxShare)
    return `grace.untilShare is ${untilShare}, more than ${percentText(MAX_GRACE_SHARE)} of the budget above what was spent: at most ${maxShare}`;
  return undefined;
}
