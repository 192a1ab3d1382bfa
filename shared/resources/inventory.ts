import pMap from 'p-map';
import { GoogleApiError, isServiceDisabled } from '../google/google-api-error.ts';
import { firstTime } from '../google/list-pages.ts';
import { addUsd, NO_USD, type UsdRange } from '../prices/money.ts';
import { atLeast, isPriced, type Price } from '../prices/price.ts';
import { joinMembers } from './join.ts';
import type { EndedResource, ResourceKind, RunningResource } from './kind.ts';
import { whyUnseen } from './why-unseen.ts';
import {
  startLook,
  type Listing,
  type Look,
  type LookGap,
  type LookOptions,
  type NotOffered,
} from './look.ts';

/** What runs in a project, and what could not be looked at. */
export interface ResourceInventory {
  readonly projectId: string;
  /** In the order in which they are stopped. */
  readonly resources: readonly RunningResource[];
  /** What ended since the moments that `endedSince` told; none without it. */
  readonly ended: readonly EndedResource[];
  readonly gaps: readonly LookGap[];
  /** Areas whose API is disabled: nothing is known of what was made there before. See `disabledGaps`. */
  readonly disabledAreas: readonly string[];
  /** Collections that a region does not have, those that were queried this time. */
  readonly notOffered: readonly NotOffered[];
  /** Every listing of a collection in a region of Vertex AI, and the regions; undefined where they could not be listed. */
  readonly listings: readonly Listing[];
  readonly regions: readonly string[] | undefined;
  /** Those of them that Google names now; undefined where they were not listed. */
  readonly listedRegions: readonly string[] | undefined;
}

/** Kinds that are listed side by side; those of Vertex AI query several regions at once. */
const KINDS_AT_ONCE = 6;

/** The area of the kinds that each region lists by itself. */
export const VERTEX = 'Vertex AI';

/**
 * Looks at what runs in a project, of the given kinds. One listing that fails does not hide the others: it is a gap, unless its API is
 * disabled, which `disabledAreas` tells. `skip` tells what is not to be listed, such as what is known not to be offered; `known` the
 * project's number, and what an earlier look has found of Vertex AI.
 */
export async function readResources(
  { api, now }: Pick<Look, 'api' | 'now'>,
  projectId: string,
  kinds: readonly ResourceKind[],
  skip: (what: string) => boolean = () => false,
  known: Pick<
    LookOptions,
    'projectNumber' | 'regions' | 'formerRegions' | 'works' | 'holds' | 'endedSince' | 'runsSince'
  > = {},
): Promise<ResourceInventory> {
  const gaps = new Map<string, LookGap>();
  const notOffered: NotOffered[] = [];
  const ended: EndedResource[] = [];
  const gap: Look['gap'] = (one) => void gaps.set(`${one.where}: ${one.why}`, one);
  const listings: Listing[] = [];
  const disabled = new Set<string>();
  let listedRegions: readonly string[] | undefined;
  const look = startLook({
    ...{ api, now, projectId, gap, skip, ...known },
    regionsListed: (regions) => void (listedRegions = regions),
    ended: (resource) => void ended.push(resource),
    notOffered: (what) => void notOffered.push(what),
    listed: (listing) => void listings.push(listing),
    disabled: (area) => void disabled.add(area),
  });
  const listed = await pMap(kinds, (kind) => attempt(look, kind), { concurrency: KINDS_AT_ONCE });
  // What a listing shows on two of its pages is there once.
  const isNew = firstTime();
  const found = listed.flat().filter(({ kind, resource }) => isNew(`${kind} ${resource}`));
  const order = new Map(kinds.map(({ kind, order: place }) => [kind, place]));
  const place = ({ kind }: RunningResource): number => order.get(kind) ?? Number.MAX_VALUE;
  // Listed already where a kind of Vertex AI is among them; else there is nothing to tell.
  const regions = kinds.some(({ area }) => area === VERTEX)
    ? await look.vertexRegions().catch(() => undefined)
    : undefined;
  return {
    projectId,
    resources: [...joinMembers(found)].sort((a, b) => place(a) - place(b)),
    ended,
    gaps: [...gaps.values()],
    disabledAreas: [...disabled].sort(),
    ...{ notOffered, listings, regions, listedRegions },
  };
}

async function attempt(look: Look, kind: ResourceKind): Promise<readonly RunningResource[]> {
  try {
    return await kind.list(look);
  } catch (error) {
    if (!(error instanceof GoogleApiError)) throw error;
    if (isServiceDisabled(error)) look.disabled(kind.area);
    else look.gap({ where: `projects/${look.projectId} ${kind.area}`, why: whyUnseen(error), cause: error });
    return [];
  }
}

/**
 * A disabled API hides what was made while it was on, and that may go on; or it is disabled in the caller's project alone. Where
 * nothing was ever seen in the area nothing is there; where something `wasSeen` it is a gap.
 */
export function disabledGaps(
  { projectId, disabledAreas }: Pick<ResourceInventory, 'projectId' | 'disabledAreas'>,
  wasSeen: (area: string) => boolean,
): readonly LookGap[] {
  return disabledAreas.filter(wasSeen).map((area) => ({
    where: `projects/${projectId} ${area}`,
    why: 'the API is disabled: what ran there before may go on, and is seen once the API is enabled',
  }));
}

/** What resources cost an hour: the sum of those that have a price, and how many have none. */
export interface Burn {
  readonly usd: UsdRange;
  readonly unpriced: number;
  /** Beside how many of those with a price something comes on top; absent where beside none. */
  readonly onTop?: number;
}

/** The cost of all of them; what belongs to another one is counted with that. What has no price counts what it costs at the least. */
export function burnOf(resources: readonly RunningResource[]): Burn {
  const costs = resources.filter(({ partOf }) => partOf === undefined).map(({ cost }) => cost);
  const onTop = costs.filter((cost) => isPriced(cost) && cost.onTop !== undefined).length;
  return {
    usd: costs.reduce((sum, cost) => addUsd(sum, leastAndMost(cost)), NO_USD),
    unpriced: costs.filter((cost) => !isPriced(cost)).length,
    ...(onTop === 0 ? {} : { onTop }),
  };
}

function leastAndMost(cost: Price): UsdRange {
  return isPriced(cost) ? cost.usd : { low: atLeast(cost), high: atLeast(cost) };
}

/** Worst first: what has no price stands first, for it may be the worst, unless it is known what it costs at the most. */
export function worstFirst(resources: readonly RunningResource[]): readonly RunningResource[] {
  const rate = ({ cost, atMostUsd = Infinity }: RunningResource): number =>
    isPriced(cost) ? cost.usd.high : atMostUsd;
  return [...resources].sort((a, b) => {
    const [one, other] = [rate(a), rate(b)];
    return one === other ? a.resource.localeCompare(b.resource) : other - one;
  });
}
