import * as z from 'zod/mini';
import { isAhead } from '../units.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** For so long it is known of a region that something was there. */
export const WARM_MS = 7 * DAY_MS;

/** What was looked at when: regions of Vertex AI where nothing is are looked at in turn. */
export const regionLooksSchema = z.object({
  /** When the regions were listed last. */
  listedMs: z.number(),
  /** When each was last looked at in all of its collections: the one that was looked at longest ago counts; 0: never. */
  regions: z.record(z.string(), z.number()),
  /** Collections that were looked at later than that, such as `endpoints in us-east4`. */
  seen: z.optional(z.record(z.string(), z.number())),
  /** Since when lists of the regions lack one that earlier ones named. */
  missing: z.optional(z.record(z.string(), z.number())),
  /** Collections that had something, such as `endpoints in us-east4`, and when last. */
  held: z.record(z.string(), z.number()),
  /** Those whose listing failed, the one tried longest ago first. */
  failed: z.array(z.string()),
  /** When a region last answered of a collection, such as `endpoints`. */
  answered: z.record(z.string(), z.number()),
});

export type RegionLooks = Readonly<z.infer<typeof regionLooksSchema>>;

/** `endpoints in us-east4` for `projects/P/locations/us-east4/endpoints/7`; undefined for what has a zone, or none of both. */
export function listingOf(resource: string): string | undefined {
  const [, region, collection] =
    /^projects\/[^/]+\/locations\/([a-z]+-[a-z]+\d+)\/([^/]+)\/[^/]+$/.exec(resource) ?? [];
  return region === undefined || collection === undefined ? undefined : `${collection} in ${region}`;
}

/** When a collection was last looked at; 0: never. */
export function lastLookAt({ regions, seen = {} }: RegionLooks, listing: string): number {
  return Math.max(regions[regionOf(listing)] ?? 0, seen[listing] ?? 0);
}

/** `us-east4` for `endpoints in us-east4`. */
export function regionOf(listing: string): string {
  return listing.slice(listing.lastIndexOf(' ') + 1);
}

/** Whether some region answered of a collection within the last day: one that refuses it then does not have it. */
export function worksSomewhere(looks: RegionLooks | undefined, collection: string, nowMs: number): boolean {
  return Math.abs(nowMs - (looks?.answered[collection] ?? -Infinity)) < DAY_MS;
}

/** Whether a collection had something within the last day, and is looked at with each look. */
export function isHeld({ held }: RegionLooks, listing: string, nowMs: number): boolean {
  return (held[listing] ?? -Infinity) > nowMs - DAY_MS;
}

/**
 * Since when a collection has not been looked at: what ended in it before was counted then. Undefined where it never was. What was
 * counted held something at that look. No more than a week: what ended before is in the reports.
 */
export function endedSince(
  looks: RegionLooks | undefined,
  listing: string,
  nowMs: number,
): number | undefined {
  const lookedMs = looks === undefined ? 0 : Math.max(lastLookAt(looks, listing), looks.held[listing] ?? 0);
  return lookedMs <= 0 ? undefined : Math.max(lookedMs, nowMs - WARM_MS);
}

/** Whether some region had something lately. */
export function wasHeld(looks: RegionLooks | undefined, nowMs: number): boolean {
  return Object.values(looks?.held ?? {}).some((atMs) => nowMs - atMs < WARM_MS);
}

/**
 * Since when a resource that was found may have run unseen, where its region was not part of the last look; undefined where that
 * look saw what there was. A region of which nothing is known counts a day.
 */
export function unseenSince(
  looks: RegionLooks | undefined,
  resource: string,
  lookedMs: number,
): number | undefined {
  const listing = listingOf(resource);
  if (looks === undefined || listing === undefined || isHeld(looks, listing, lookedMs)) return undefined;
  const seenMs = lastLookAt(looks, listing);
  return seenMs > 0 && seenMs <= lookedMs ? seenMs : lookedMs - DAY_MS;
}

/** What a ledger tells of its looks. */
interface Looked {
  readonly looks?: RegionLooks | undefined;
  readonly lookedMs: number;
}

/** With twelve calls a look each region has its turn within 2.5 to 4 hours; what an older look says of now is not known. */
const LOOK_COUNTS_MS = 6 * HOUR_MS;

/**
 * When each watched region of Vertex AI was last looked at, milliseconds since the epoch; undefined: never. None where each look saw
 * all of them, or Vertex AI is off and nothing was there.
 */
export function regionLooks(
  { looks, lookedMs }: Looked,
  watched: readonly string[],
): ReadonlyMap<string, number | undefined> {
  if (looks === undefined) return new Map();
  const regions = watched.length === 0 ? Object.keys(looks.regions) : watched;
  return new Map(regions.map((region) => [region, regionLook(looks, region, lookedMs)]));
}

function regionLook({ regions }: RegionLooks, region: string, ledgerMs: number): number | undefined {
  const lookedMs = regions[region] ?? 0;
  return lookedMs > 0 && !isAhead(lookedMs, ledgerMs) ? lookedMs : undefined;
}

/** The oldest of them, RFC 3339; `never` where one was never looked at, undefined where regions have no turns. */
export function oldestRegionLook(ledger: Looked, watched: readonly string[]): string | undefined {
  if (ledger.looks === undefined) return undefined;
  const times = [...regionLooks(ledger, watched).values()];
  const known = times.filter((time) => time !== undefined);
  // A damaged ledger knows of no region.
  return times.length === 0 || known.length < times.length
    ? 'never'
    : new Date(Math.min(...known)).toISOString();
}

/** Watched regions of which it is not known what runs: never looked at, or so long ago that it says nothing of now. */
export function unseenRegions(ledger: Looked, watched: readonly string[]): readonly string[] {
  return [...regionLooks(ledger, watched)]
    .filter(([, lookedMs = -Infinity]) => ledger.lookedMs - lookedMs > LOOK_COUNTS_MS)
    .map(([region]) => region)
    .sort();
}

/** Whether the looks saw all that is watched of every region: what they did not find is not there. */
export function sawAllRegions(ledger: Looked, watched: readonly string[]): boolean {
  return oldestRegionLook(ledger, watched) !== 'never' && unseenRegions(ledger, watched).length === 0;
}
