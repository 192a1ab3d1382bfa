import type { Listing } from '../../../shared/resources/look.ts';
import { lastLookAt, regionOf, WARM_MS, type RegionLooks } from '../../../shared/spend/region-looks.ts';

/** More are forgotten: those that had something longest ago, and the failures tried last. */
const MAX_HELD = 200;
const MAX_FAILED = 600;

/** A region that lists lack for so long is gone, if nothing was in it: one list may lack some. */
const GONE_MS = 24 * 3_600_000;

/** What a look listed of Vertex AI. */
export interface RegionsLooked {
  /** When it began, milliseconds since the epoch: what came up later may have been missed. */
  readonly startedMs: number;
  /** The regions that were looked at or left out; undefined where they could not be listed. */
  readonly regions: readonly string[] | undefined;
  /** Whether its API is off and nothing was there before: once it is on again all is looked at. */
  readonly isOff: boolean;
  /** Those that Google named in this look; undefined where it was not requested. */
  readonly listedRegions: readonly string[] | undefined;
  readonly listings: readonly Listing[];
  /** What it was not the turn of. */
  readonly skipped: ReadonlySet<string>;
  /** What the policy does not want. */
  readonly unwatched: ReadonlySet<string>;
}

/** What is known after a look. Where the regions could not be listed nothing changes; undefined where there are none. Pure. */
export function rememberLook(
  before: RegionLooks | undefined,
  looked: RegionsLooked,
): RegionLooks | undefined {
  const { startedMs, regions, isOff, listedRegions = [], listings } = looked;
  if (isOff) return undefined;
  if (regions === undefined || regions.length === 0) return before;
  // No region at all is no answer that can be believed.
  const isList = listedRegions.length > 0;
  const missing = isList ? missingAfter(before, looked) : (before?.missing ?? {});
  const holds = new Set(Object.keys(before?.held ?? {}).map(regionOf));
  const there = regions.filter(
    (region) => holds.has(region) || startedMs - (missing[region] ?? startedMs) < GONE_MS,
  );
  return {
    listedMs: isList ? startedMs : (before?.listedMs ?? startedMs),
    ...turnsAfter(before, looked, there),
    missing: Object.fromEntries(Object.entries(missing).filter(([region]) => there.includes(region))),
    held: heldAfter(before, looked, there),
    failed: failedAfter(before, looked, there),
    answered: {
      ...before?.answered,
      ...Object.fromEntries(
        listings
          .filter(({ answered }) => answered)
          .map(({ what }) => [what.slice(0, what.indexOf(' ')), startedMs]),
      ),
    },
  };
}

/** When each region was seen in full, and what of it was seen later. What a region does not offer is not waited for. */
function turnsAfter(
  before: RegionLooks | undefined,
  { startedMs, listings, skipped, unwatched }: RegionsLooked,
  there: readonly string[],
): Pick<RegionLooks, 'regions' | 'seen'> {
  const left = new Set([...unwatched].map(regionOf));
  const waiting = [...skipped, ...failedOf(listings)];
  // A clock that was wrong may have written of a moment ahead.
  const lastMs = (listing: string): number => {
    const atMs = before === undefined ? 0 : lastLookAt(before, listing);
    return atMs > startedMs ? 0 : atMs;
  };
  const oldest = new Map<string, number>();
  for (const listing of waiting) {
    const region = regionOf(listing);
    oldest.set(region, Math.min(oldest.get(region) ?? Infinity, lastMs(listing)));
  }
  const regions = Object.fromEntries(
    there.map((region) => [
      region,
      left.has(region) ? (before?.regions[region] ?? 0) : (oldest.get(region) ?? startedMs),
    ]),
  );
  const isLater = (listing: string, atMs: number): boolean => atMs > (regions[regionOf(listing)] ?? Infinity);
  const now = listings
    .filter(({ found }) => found !== undefined)
    .map(({ what }) => [what, startedMs] as const);
  return {
    regions,
    seen: Object.fromEntries(
      [...waiting.map((listing) => [listing, lastMs(listing)] as const), ...now].filter(([listing, atMs]) =>
        isLater(listing, atMs),
      ),
    ),
  };
}

function heldAfter(
  before: RegionLooks | undefined,
  { startedMs, listings }: RegionsLooked,
  there: readonly string[],
): RegionLooks['held'] {
  const now = listings.filter(({ found = 0 }) => found > 0).map(({ what }) => [what, startedMs] as const);
  return Object.fromEntries(
    Object.entries({ ...before?.held, ...Object.fromEntries(now) })
      // A clock that was wrong may have written of a moment ahead.
      .map(([what, atMs]) => [what, Math.min(atMs, startedMs)] as const)
      .filter(([what, atMs]) => there.includes(regionOf(what)) && startedMs - atMs < WARM_MS)
      .sort(([, a], [, b]) => b - a)
      .slice(0, MAX_HELD),
  );
}

/** What failed now, behind what failed before and waits for its turn. What is not listed any more has not failed. */
function failedAfter(
  before: RegionLooks | undefined,
  { listings, skipped }: RegionsLooked,
  there: readonly string[],
): RegionLooks['failed'] {
  return [...(before?.failed ?? []).filter((what) => skipped.has(what)), ...failedOf(listings)]
    .filter((what) => there.includes(regionOf(what)))
    .slice(0, MAX_FAILED);
}

function failedOf(listings: readonly Listing[]): readonly string[] {
  return listings.filter(({ found }) => found === undefined).map(({ what }) => what);
}

function missingAfter(
  before: RegionLooks | undefined,
  { startedMs, regions = [], listedRegions = [] }: RegionsLooked,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    regions
      .filter((region) => !listedRegions.includes(region))
      // A clock that was wrong may have written of a moment ahead.
      .map((region) => [region, Math.min(before?.missing?.[region] ?? startedMs, startedMs)] as const),
  );
}
