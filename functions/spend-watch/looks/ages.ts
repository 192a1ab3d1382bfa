import type { Ledger } from '../../../shared/spend/ledger.ts';
import { isAhead } from '../../../shared/units.ts';
import { isRegional, isWatchedKind } from '../kinds.ts';

const MINUTE_MS = 60_000;

/** With twelve calls a look each region has its turn within 2.5 to 4 hours; what an older look says of now is not known. */
const LOOK_COUNTS_MS = 6 * 60 * MINUTE_MS;

/**
 * When each watched region of Vertex AI was last looked at, milliseconds since the epoch; undefined: never. None where each look saw
 * all of them, or Vertex AI is off and nothing was there.
 */
export function regionLooks(
  ledger: Ledger,
  watched: readonly string[],
): ReadonlyMap<string, number | undefined> {
  const { looks } = ledger;
  if (looks === undefined) return new Map();
  const regions = watched.length === 0 ? Object.keys(looks.regions) : watched;
  return new Map(regions.map((region) => [region, regionLook(looks, region, ledger.lookedMs)]));
}

function regionLook(
  { regions }: NonNullable<Ledger['looks']>,
  region: string,
  ledgerMs: number,
): number | undefined {
  const lookedMs = regions[region] ?? 0;
  return lookedMs > 0 && !isAhead(lookedMs, ledgerMs) ? lookedMs : undefined;
}

/** The oldest of them, RFC 3339; `never` where one was never looked at, undefined where regions have no turns. */
export function oldestRegionLook(ledger: Ledger, watched: readonly string[]): string | undefined {
  if (ledger.looks === undefined) return undefined;
  const times = [...regionLooks(ledger, watched).values()];
  const known = times.filter((time) => time !== undefined);
  // A damaged ledger knows of no region.
  return times.length === 0 || known.length < times.length
    ? 'never'
    : new Date(Math.min(...known)).toISOString();
}

/** How old the oldest of them is, to the minute; null where one was never looked at. */
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

/** Watched regions of which it is not known what runs: never looked at, or so long ago that it says nothing of now. */
export function unseenRegions(ledger: Ledger, watched: readonly string[]): readonly string[] {
  return [...regionLooks(ledger, watched)]
    .filter(([, lookedMs = -Infinity]) => ledger.lookedMs - lookedMs > LOOK_COUNTS_MS)
    .map(([region]) => region)
    .sort();
}

/** Whether the looks saw all that is watched of every region: what they did not find is not there. */
export function sawAllRegions(ledger: Ledger, watched: readonly string[]): boolean {
  return oldestRegionLook(ledger, watched) !== 'never' && unseenRegions(ledger, watched).length === 0;
}

/** Whether all resources of a kind were seen, in every region. `complete` of a look says only that nothing failed. */
export function sawAllOf(kind: string, ledger: Ledger, watched: readonly string[]): boolean {
  const { completeMs, lookedMs } = ledger;
  return (
    completeMs === lookedMs && isWatchedKind(kind) && (!isRegional(kind) || sawAllRegions(ledger, watched))
  );
}
