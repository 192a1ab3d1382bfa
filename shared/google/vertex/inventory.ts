import pMap from 'p-map';
import type { Api } from '../api.ts';
import { messageOf } from '../../errors.ts';
import { isNotOffered, isUnknownHost } from '../not-offered.ts';
import { GoogleApiError, isBillingDisabled, isServiceDisabled } from '../google-api-error.ts';
import type { Items, StrangeItem } from '../read-items.ts';
import {
  listServingEndpoints,
  listVertexJobs,
  listVertexRegions,
  VERTEX_JOB_COLLECTIONS,
  type Endpoint,
  type VertexJob,
} from './vertex.ts';

/** Something that could not be looked at: what runs there is unknown. */
export interface VertexGap {
  readonly where: string;
  readonly error: unknown;
}

/** A collection that a region does not have: nothing can run there. */
export interface NotOffered {
  /** `tuningJobs in me-central1` */
  readonly what: string;
  readonly why: string;
}

/** Resources that are there and cannot be read. */
export interface StrangeItems {
  /** `endpoints in us-east4`, or the resource that they are a part of. */
  readonly where: string;
  readonly items: readonly StrangeItem[];
}

export interface VertexInventory {
  readonly jobs: readonly VertexJob[];
  readonly endpoints: readonly Endpoint[];
  readonly gaps: readonly VertexGap[];
  readonly strange: readonly StrangeItems[];
  /** Those that were queried in this run, without the remembered ones. */
  readonly notOffered: readonly NotOffered[];
}

/** Regions, each with a host of its own, that are looked at side by side. */
const REGIONS_AT_ONCE = 4;

const COLLECTIONS = ['endpoints', ...VERTEX_JOB_COLLECTIONS] as const;
type Collection = (typeof COLLECTIONS)[number];

/** One listing: what it found, or what it failed with. */
interface Look {
  readonly region: string;
  readonly collection: Collection;
  readonly jobs: readonly VertexJob[];
  readonly endpoints: readonly Endpoint[];
  readonly strange: readonly StrangeItem[];
  readonly error: unknown;
}

/**
 * Looks at everything of Vertex AI that bills in a project, in the regions that Google names for it. `skip` tells what is
 * known not to be offered (`tuningJobs in me-central1`). One listing that fails does not hide the others. Throws
 * `GoogleApiError` where the regions cannot be listed.
 */
export async function readVertexInventory(
  api: Api,
  projectId: string,
  skip: (what: string) => boolean = () => false,
): Promise<VertexInventory> {
  const regions = await listVertexRegions(api, projectId);
  const looks = await pMap(
    regions.items,
    (region) =>
      Promise.all(
        COLLECTIONS.filter((collection) => !skip(`${collection} in ${region}`)).map((collection) =>
          look(api, projectId, region, collection),
        ),
      ),
    { concurrency: REGIONS_AT_ONCE },
  );
  return judge(looks.flat(), regions);
}

async function look(api: Api, projectId: string, region: string, collection: Collection): Promise<Look> {
  const found = { region, collection, jobs: [], endpoints: [], strange: [], error: undefined };
  try {
    if (collection === 'endpoints') {
      const { items, strange } = await listServingEndpoints(api, projectId, region);
      return { ...found, endpoints: items, strange };
    }
    const { items, strange } = await listVertexJobs(api, projectId, region, collection);
    return { ...found, jobs: items, strange };
  } catch (error) {
    // An answer of another form, such as a page of HTML with status 200, hides this one listing and no other.
    return { ...found, error };
  }
}

/** Tells what is not offered from what was denied: the same call must have worked in another region of the project. */
function judge(looks: readonly Look[], regions: Items<string>): VertexInventory {
  const seen = looks.filter(({ error }) => error === undefined);
  const listed = new Set(seen.map(({ collection }) => collection));
  const gaps: VertexGap[] = [];
  const notOffered: NotOffered[] = [];
  for (const { region, collection, error } of looks) {
    if (error === undefined) continue;
    const what = `${collection} in ${region}`;
    // Where no host has an address, it is the resolver that fails.
    const absent = isUnknownHost(error) ? seen.length > 0 : listed.has(collection) && isNotOffered(error);
    if (absent) notOffered.push({ what, why: messageOf(error) });
    else gaps.push({ where: `Vertex AI ${what}`, error });
  }
  const endpoints = seen.flatMap((one) => one.endpoints);
  const strange = [
    { where: 'Vertex AI locations', items: regions.strange },
    ...seen.map(({ region, collection, strange: items }) => ({
      where: `Vertex AI ${collection} in ${region}`,
      items,
    })),
    ...endpoints.map(({ resource, strange: items }) => ({ where: resource, items })),
  ];
  return {
    jobs: seen.flatMap(({ jobs }) => jobs),
    // One of which no model can be read is no item to act on.
    endpoints: endpoints.filter(({ models }) => models.length > 0),
    gaps: gaps.filter(({ error }) => !isOff(error)),
    strange: strange.filter(({ items }) => items.length > 0),
    notOffered,
  };
}

/** What a disabled API offers cannot run, and without billing nothing does. */
function isOff(error: unknown): boolean {
  return error instanceof GoogleApiError && (isServiceDisabled(error) || isBillingDisabled(error));
}
