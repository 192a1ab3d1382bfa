import type { Ledger } from '../../../shared/spend/ledger.ts';
import { isHeld, listingOf, regionOf, type RegionLooks } from '../../../shared/spend/region-looks.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The Scheduler job's. */
const TICK_MS = 5 * MINUTE_MS;

/** Regions grow: they are listed again so often. */
const LIST_EVERY_MS = HOUR_MS;

/** After a pause all is looked at. */
const PAUSE_MS = HOUR_MS;

/** Calls of a look beside the regions, on average: VMs, TPUs, and each hour the list of regions. */
const OTHER_CALLS = 2.25;

/** A region in which something of the project is, or was within a week, has its turn so many times as often as another. */
const WARM_TURNS = 6;

/** Listings that failed and are tried with each look; when all fail they are tried in turn. */
const MAX_RETRIES = 20;

/** What one look lists of Vertex AI. */
export interface LookPlan {
  /** The regions as last listed; undefined: to be listed. */
  readonly regions: readonly string[] | undefined;
  /** Whether a listing has something that runs, or had something within a day. */
  readonly holds: (listing: string) => boolean;
  /** Whether it is not the turn of a listing, such as `endpoints in us-east4`. */
  readonly isSkipped: (listing: string) => boolean;
  /** Listings that failed in the last look and are not tried in this one: what is there is not known. */
  readonly untried: readonly string[];
}

export interface PlanOptions {
  readonly nowMs: number;
  /** At most so many calls on average, where not more collections than fit have something. */
  readonly callsPerLook: number;
  /** Collections of a region. */
  readonly listingsPerRegion: number;
  /** Whether the policy wants a region looked at. */
  readonly isWatched: (region: string) => boolean;
}

/**
 * Which listings of Vertex AI it is the turn of: where something is or was within a day, what failed, and of the other regions those
 * that have waited longest. All, where it is not known what was looked at when. Pure.
 */
export function planLook(ledger: Ledger | undefined, options: PlanOptions): LookPlan {
  const { nowMs, isWatched } = options;
  const looks = ledger?.looks;
  const held = looks === undefined ? [] : Object.keys(looks.held).filter((one) => isHeld(looks, one, nowMs));
  const running = (ledger?.running ?? []).flatMap(({ resource }) => listingOf(resource) ?? []);
  const burning = new Set([...held, ...running]);
  const holds = (listing: string): boolean => burning.has(listing);
  if (ledger === undefined || looks === undefined || Math.abs(nowMs - ledger.lookedMs) > PAUSE_MS)
    return { regions: undefined, holds, isSkipped: () => false, untried: [] };
  // What has something comes first: more than a few looks without it, and what it accrued is lost.
  const failed = looks.failed
    .filter((listing) => isWatched(regionOf(listing)))
    .sort((a, b) => Number(holds(b)) - Number(holds(a)));
  const untried = failed.slice(MAX_RETRIES);
  const always = new Set([...burning, ...failed.slice(0, MAX_RETRIES)]);
  const inTurn = regionsInTurn(ledger, looks, always.size, options);
  return {
    holds,
    regions: Math.abs(nowMs - looks.listedMs) < LIST_EVERY_MS ? Object.keys(looks.regions) : undefined,
    // A region that was not there at the last look is looked at now.
    isSkipped: (listing) =>
      untried.includes(listing) ||
      (!always.has(listing) &&
        Object.hasOwn(looks.regions, regionOf(listing)) &&
        !inTurn.has(regionOf(listing))),
    untried,
  };
}

function regionsInTurn(
  { running }: Ledger,
  looks: RegionLooks,
  always: number,
  { nowMs, callsPerLook, listingsPerRegion, isWatched }: PlanOptions,
): ReadonlySet<string> {
  const warm = new Set([
    ...Object.keys(looks.held).map(regionOf),
    ...running.flatMap(({ resource }) => regionOfResource(resource) ?? []),
  ]);
  // A fraction of a region has its turn every so many ticks.
  const share = Math.max(1, (callsPerLook - OTHER_CALLS - always) / listingsPerRegion);
  const tick = Math.floor(nowMs / TICK_MS);
  const count = Math.floor((tick + 1) * share) - Math.floor(tick * share);
  const watched = Object.entries(looks.regions).filter(([region]) => isWatched(region));
  const warmCount = watched.filter(([region]) => warm.has(region)).length;
  const cycleMs = (TICK_MS * (watched.length + (WARM_TURNS - 1) * warmCount)) / share;
  /** In turns. A warm region does not come before its turn: the others have to wait for less long then. */
  const wait = (region: string, lookedMs: number): number => {
    // A look that lies ahead was written by a clock that was wrong.
    if (lookedMs <= 0 || lookedMs > nowMs + TICK_MS) return Infinity;
    const turns = (nowMs - lookedMs) / cycleMs;
    if (!warm.has(region)) return turns;
    return turns * WARM_TURNS < 1 ? turns / 1_000 : turns * WARM_TURNS;
  };
  return new Set(
    watched
      .map(([region, lookedMs]) => ({
        region,
        // Where a listing fails the region has its turn no more often than others.
        waited: wait(region, Math.max(lookedMs, looks.tried?.[region] ?? 0)),
      }))
      .sort((a, b) => (a.waited === b.waited ? a.region.localeCompare(b.region) : b.waited - a.waited))
      .filter(({ waited }, index) => index < count || waited === Infinity)
      .map(({ region }) => region),
  );
}

/** Of a zone too. */
function regionOfResource(resource: string): string | undefined {
  return /\/(?:locations|zones|regions)\/([a-z]+-[a-z]+\d+)/.exec(resource)?.[1];
}
