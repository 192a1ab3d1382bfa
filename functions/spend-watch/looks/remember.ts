import type { Listing } from '../../../shared/resources/look.ts';
import { regionOf, type RegionLooks } from '../../../shared/spend/region-looks.ts';

/** For so long it is known of a region that something was there. */
const WARM_MS = 7 * 24 * 3_600_000;

/** More are forgotten: those that had something longest ago, and the failures tried last. */
const MAX_HELD = 200;
const MAX_FAILED = 300;

/** A region that lists lack for so long is gone, if nothing was in it: one list may lack some. */
const GONE_MS = 24 * 3_600_000;

/** What a look listed of Vertex AI. */
export interface RegionsLooked {
  /** When it began, milliseconds since the epoch: what came up later may have been missed. */
  readonly startedMs: number;
  /** The regions that were looked at or left out; undefined where they could not be listed. */
  readonly regions: readonly string[] | undefined;
  /** Those that Google named in this look; undefined where it was not requested. */
  readonly listedRegions: readonly string[] | undefined;
  readonly listings: readonly Listing[];
  /** What was left out: it was not its turn, or the policy does not want it. */
  readonly skipped: ReadonlySet<string>;
}

/** What is known after a look. Where the regions could not be listed nothing changes. Two looks at a time both count. Pure. */
export function rememberLook(
  before: RegionLooks | undefined,
  { startedMs, regions: known, listedRegions, listings, skipped }: RegionsLooked,
): RegionLooks | undefined {
  if (known === undefined || known.length === 0) return before;
  // No region at all is no answer that can be believed.
  const isList = listedRegions !== undefined && listedRegions.length > 0;
  const missing = isList ? missingAfter(before, known, listedRegions, startedMs) : (before?.missing ?? {});
  const holds = new Set(Object.keys(before?.held ?? {}).map(regionOf));
  const regions = known.filter(
    (region) => holds.has(region) || startedMs - (missing[region] ?? startedMs) < GONE_MS,
  );
  const there = new Set(regions);
  const partly = new Set([...skipped].map(regionOf));
  const looked = new Set(listings.map(({ what }) => what));
  const failedNow = listings.filter(({ found }) => found === undefined).map(({ what }) => what);
  const heldNow = listings.filter(({ found = 0 }) => found > 0).map(({ what }) => [what, startedMs] as const);
  return {
    listedMs: isList ? startedMs : (before?.listedMs ?? startedMs),
    regions: Object.fromEntries(
      regions.map((region) => [region, partly.has(region) ? (before?.regions[region] ?? 0) : startedMs]),
    ),
    missing: Object.fromEntries(Object.entries(missing).filter(([region]) => there.has(region))),
    held: Object.fromEntries(
      Object.entries({ ...before?.held, ...Object.fromEntries(heldNow) })
        // A clock that was wrong may have written of a moment ahead.
        .map(([what, atMs]) => [what, Math.min(atMs, startedMs)] as const)
        .filter(([what, atMs]) => there.has(regionOf(what)) && startedMs - atMs < WARM_MS)
        .sort(([, a], [, b]) => b - a)
        .slice(0, MAX_HELD),
    ),
    failed: [...(before?.failed ?? []).filter((what) => !looked.has(what)), ...failedNow]
      .filter((what) => there.has(regionOf(what)))
      .slice(0, MAX_FAILED),
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

function missingAfter(
  before: RegionLooks | undefined,
  known: readonly string[],
  listed: readonly string[],
  nowMs: number,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    known
      .filter((region) => !listed.includes(region))
      // A clock that was wrong may have written of a moment ahead.
      .map((region) => [region, Math.min(before?.missing?.[region] ?? nowMs, nowMs)] as const),
  );
}
