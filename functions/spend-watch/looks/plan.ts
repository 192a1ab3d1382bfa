import type { Ledger } from '../../../shared/spend/ledger.ts';
import {
  isHeld,
  lastLookAt,
  listingOf,
  regionOf,
  type RegionLooks,
} from '../../../shared/spend/region-looks.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The Scheduler job's. */
const TICK_MS = 5 * MINUTE_MS;

/** Regions grow: they are listed again so often. */
const LIST_EVERY_MS = HOUR_MS;

/** After a pause all is looked at. */
const PAUSE_MS = HOUR_MS;

/** Calls of a look beside the regions: VMs and TPUs. Each hour the list of regions is one more. */
const OTHER_CALLS = 2;

/** Where fewer collections than these fit beside those that have something, a region has its turn with each look all the same. */
const MIN_TURNS = 5;

/** A region in which something of the project is, or was within a week, has its turn so many times as often as another, at the most. */
const WARM_TURNS = 6;

/** So long may the others have to wait for that. */
const MAX_CYCLE_MS = 5.25 * HOUR_MS;

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
  /** At most so many calls, where not more collections than fit have something and no listing fails. */
  readonly callsPerLook: number;
  /** Those of a region, such as `endpoints`. */
  readonly collections: readonly string[];
  /** Whether the policy wants a region looked at. */
  readonly isWatched: (region: string) => boolean;
}

/**
 * Which listings of Vertex AI it is the turn of: where something is or was within a day, what failed, and of the others those that have
 * waited longest. All, where it is not known what was looked at when. Pure.
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
  const isListed = Math.abs(nowMs - looks.listedMs) < LIST_EVERY_MS;
  const room = options.callsPerLook - OTHER_CALLS - always.size;
  const perLook = room < MIN_TURNS ? options.collections.length - 1 : room;
  const count = isListed || room < MIN_TURNS ? perLook : perLook - 1;
  const others = waitingOf(ledger, looks, { ...options, perLook }).filter(
    ({ listing }) => !always.has(listing) && !untried.includes(listing),
  );
  const inTurn = new Set(
    others.filter(({ waited }, index) => index < count || waited === Infinity).map(({ listing }) => listing),
  );
  return {
    holds,
    regions: isListed ? Object.keys(looks.regions) : undefined,
    // A region that was not there at the last look is looked at now.
    isSkipped: (listing) =>
      untried.includes(listing) ||
      (!always.has(listing) && Object.hasOwn(looks.regions, regionOf(listing)) && !inTurn.has(listing)),
    untried,
  };
}

/** The collections of all watched regions, what has waited longest first. */
function waitingOf(
  { running, notOffered = {} }: Ledger,
  looks: RegionLooks,
  { nowMs, collections, isWatched, perLook }: PlanOptions & { readonly perLook: number },
): readonly { readonly listing: string; readonly waited: number }[] {
  const warm = new Set([
    ...Object.keys(looks.held).map(regionOf),
    ...running.flatMap(({ resource }) => regionOfResource(resource) ?? []),
  ]);
  const watched = Object.keys(looks.regions).filter(isWatched);
  const warmCount = watched.filter((region) => warm.has(region)).length;
  const regionMs = (TICK_MS * collections.length) / perLook;
  const spare = (MAX_CYCLE_MS / regionMs - watched.length) / Math.max(1, warmCount);
  const warmTurns = Math.max(1, Math.min(WARM_TURNS, 1 + spare));
  const cycleMs = regionMs * (watched.length + (warmTurns - 1) * warmCount);
  /** In turns. A warm region does not come before its turn: the others have to wait for less long then. */
  const wait = (region: string, lookedMs: number): number => {
    // A look that lies ahead was written by a clock that was wrong.
    if (lookedMs <= 0 || lookedMs > nowMs + TICK_MS) return Infinity;
    const turns = (nowMs - lookedMs) / cycleMs;
    if (!warm.has(region)) return turns;
    return turns * warmTurns < 1 ? turns / 1_000 : turns * warmTurns;
  };
  return watched
    .flatMap((region) =>
      collections
        .map((collection) => `${collection} in ${region}`)
        // What a region turned out not to offer takes no turn.
        .filter((listing) => (notOffered[listing] ?? 0) <= nowMs)
        .map((listing) => ({ listing, region, waited: wait(region, lastLookAt(looks, listing)) })),
    )
    .sort((a, b) => (a.waited === b.waited ? a.region.localeCompare(b.region) : b.waited - a.waited));
}

/** Of a zone too. */
function regionOfResource(resource: string): string | undefined {
  return /\/(?:locations|zones|regions)\/([a-z]+-[a-z]+\d+)/.exec(resource)?.[1];
}
