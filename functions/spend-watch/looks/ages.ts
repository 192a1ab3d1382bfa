import type { Ledger } from '../../../shared/spend/ledger.ts';
import { oldestRegionLook, sawAllRegions } from '../../../shared/spend/region-looks.ts';
import { isRegional, isWatchedKind } from '../kinds.ts';

const MINUTE_MS = 60_000;

/** How old the oldest look at a watched region is, to the minute; null where one was never looked at. */
export function oldestRegionMinutes(
  ledger: Ledger,
  watched: readonly string[],
  nowMs: number,
): number | null | undefined {
  const oldest = oldestRegionLook(ledger, watched);
  if (oldest === undefined) return undefined;
  return oldest === 'never' ? null : minutesBetween(Date.parse(oldest), nowMs);
}

export function minutesBetween(fromMs: number, toMs: number): number {
  return Math.max(0, Math.round((toMs - fromMs) / MINUTE_MS));
}

/** Whether all resources of a kind were seen, in every region. `complete` of a look says only that nothing failed. */
export function sawAllOf(kind: string, ledger: Ledger, watched: readonly string[]): boolean {
  const { completeMs, lookedMs } = ledger;
  return (
    completeMs === lookedMs && isWatchedKind(kind) && (!isRegional(kind) || sawAllRegions(ledger, watched))
  );
}
