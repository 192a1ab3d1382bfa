import pMap from 'p-map';
import * as z from 'zod/mini';
import type { Api } from '../../google/api.ts';
import { messageOf } from '../../errors.ts';
import { isServiceDisabled, GoogleApiError } from '../../google/google-api-error.ts';
import { firstTime, listPages } from '../../google/list-pages.ts';
import { isNotOffered, isUnknownHost } from '../../google/not-offered.ts';
import { parseAnswer, requireListed, requireNamed } from '../../google/parse-answer.ts';
import { noteStrange, readItems, textField, type StrangeItem } from '../../google/read-items.ts';
import { isPlaced, urlOf } from '../../google/vertex/vertex.ts';
import type { Look } from '../look.ts';
import { VERTEX } from '../inventory.ts';
import { whyUnseen } from '../why-unseen.ts';

/** A collection of Vertex AI: each region answers for itself, on a host of its own. */
export interface RegionalQuery<T> {
  /** `pipelineJobs` */
  readonly collection: string;
  /** Checks one resource. */
  readonly schema: z.ZodMiniType<T>;
  /** Field mask of one resource, where it has large parts that are not used. */
  readonly fields?: string;
  readonly filter?: string;
  /** The same, with what was created since a moment, whatever became of it; milliseconds since the epoch. */
  readonly filterSince?: (createdMs: number) => string;
  /** Whether a resource says that the collection is in use; all do without it. */
  readonly counts?: (item: T) => boolean;
  /** Where it is given the newest are listed first, and no page behind one of which it says that nothing older goes on. */
  readonly isLast?: (page: readonly T[]) => boolean;
}

/** What ended may have waited for machines for so long, and been created before. */
const WAITS_MS = 3_600_000;

/** Regions that one kind queries side by side. */
const REGIONS_AT_ONCE = 4;

interface Answer<T> {
  readonly region: string;
  readonly items: readonly T[];
  readonly strange: readonly StrangeItem[];
  readonly error: unknown;
}

/**
 * Reads a collection in all regions, but those that are known not to offer it. A region that fails is a gap and hides no
 * other; one that has no such collection is none, where the same call works in another region. Needs
 * aiplatform.locations.list and aiplatform.COLLECTION.list. Throws `GoogleApiError` where the regions cannot be listed.
 */
export async function listRegional<T>(look: Look, query: RegionalQuery<T>): Promise<readonly T[]> {
  const regions = (await look.vertexRegions()).filter(
    (region) => !look.skip(`${query.collection} in ${region}`),
  );
  const answers = await pMap(regions, (region) => listRegion(look, region, query), {
    concurrency: REGIONS_AT_ONCE,
  });
  const seen = answers.some(({ error }) => error === undefined) || look.works(query.collection);
  for (const { region, items, strange, error } of answers) {
    const what = `${query.collection} in ${region}`;
    const where = `projects/${look.projectId} Vertex AI ${what}`;
    noteStrange(look.gap, where, strange);
    // Where something of the project was seen lately the region has the collection, whatever it answers now.
    const isAbsent = seen && !look.holds(what) && (isNotOffered(error) || isUnknownHost(error));
    const isOff = isDisabled(error);
    const isSeen = error === undefined || isAbsent || isOff;
    look.listed({
      ...{ what, answered: error === undefined },
      found: isSeen ? items.filter(query.counts ?? (() => true)).length + strange.length : undefined,
      ...(isOff ? { isDisabled: true } : {}),
    });
    if (isOff) look.disabled(VERTEX);
    else if (isAbsent) look.notOffered({ what, why: messageOf(error) });
    else if (!isSeen) look.gap({ where, why: whyUnseen(error), cause: error });
  }
  return answers.flatMap(({ items }) => items);
}

function isDisabled(error: unknown): boolean {
  return error instanceof GoogleApiError && isServiceDisabled(error);
}

/** The collection itself, under its own name, is read item by item. */
const pageSchema = z.looseObject({});

async function listRegion<T>(look: Look, region: string, query: RegionalQuery<T>): Promise<Answer<T>> {
  const { collection, schema, fields, isLast } = query;
  const filter = filterOf(look, `${collection} in ${region}`, query);
  const items: T[] = [];
  const strange: StrangeItem[] = [];
  const isNew = firstTime();
  const isInOrder = newestFirst();
  const call = `aiplatform.${collection}.list`;
  const parent = `projects/${look.projectId}/locations/${region}`;
  const request = {
    url: urlOf(`${parent}/${collection}`),
    query: {
      pageSize: 100,
      filter,
      orderBy: isLast === undefined ? undefined : 'create_time desc',
      fields: fields === undefined ? undefined : `${collection}(${fields}),nextPageToken`,
    },
  };
  // One whose name leads to no host of Vertex AI is a gap, and hides no other.
  const placed = schema.check(z.refine((one) => isPlaced(textField(one, 'name') ?? ''), { path: ['name'] }));
  try {
    for await (const answer of listPages(look.api, call, request, pageSchema)) {
      const read = readItems(answer[collection], placed, collection);
      for (const one of read.items)
        requireListed(call, look.ofProject, textField(one, 'name'), `${parent}/${collection}/-`);
      // One that moves to the next page while they are read is listed on both.
      items.push(...read.items.filter((one) => isNew(textField(one, 'name') ?? '')));
      strange.push(...read.strange);
      const isTold = isInOrder(read.items) && read.strange.length === 0;
      if (isTold && isLast?.(read.items) === true) break;
    }
    return { region, items, strange, error: undefined };
  } catch (error) {
    // Not every collection documents what its filter takes, and a mask with a field that is not there is refused: then all is read.
    const less = withLess(query, filter !== undefined);
    if (less !== undefined && items.length === 0 && error instanceof GoogleApiError && error.status === 400)
      return listRegion(look, region, less);
    // An answer of another form, such as a page of HTML with status 200, hides this one listing and no other.
    return { region, items, strange, error };
  }
}

function filterOf(
  look: Look,
  listing: string,
  { filter, filterSince }: Pick<RegionalQuery<unknown>, 'filter' | 'filterSince'>,
): string | undefined {
  const endedMs = look.endedSince(listing);
  return endedMs === undefined || filterSince === undefined
    ? filter
    : filterSince(Math.min(endedMs - WAITS_MS, look.runsSince(listing) ?? Infinity));
}

/** Without its filter, else without its mask, else in any order; undefined where nothing is left to leave out. */
function withLess<T>(
  { collection, schema, fields, isLast }: RegionalQuery<T>,
  hasFilter: boolean,
): RegionalQuery<T> | undefined {
  const bare = { collection, schema };
  const ordered = { ...bare, ...(isLast === undefined ? {} : { isLast }) };
  if (hasFilter) return { ...ordered, ...(fields === undefined ? {} : { fields }) };
  if (fields !== undefined) return ordered;
  return isLast === undefined ? undefined : bare;
}

/** Tells of each page whether all until its end came newest first: an order that is not kept tells nothing of later pages. */
function newestFirst(): (page: readonly unknown[]) => boolean {
  let beforeMs = Infinity;
  return (page) => {
    for (const one of page) {
      const createdMs = Date.parse(textField(one, 'createTime') ?? '');
      beforeMs = createdMs <= beforeMs ? createdMs : NaN;
    }
    return page.length > 0 && !Number.isNaN(beforeMs);
  };
}

/** A resource of Vertex AI as it is now. Needs aiplatform.COLLECTION.get. Throws `GoogleApiError`, 404 when it is gone. */
export async function getVertex<T extends { readonly name: string }>(
  api: Api,
  resource: string,
  schema: z.ZodMiniType<T>,
  fields?: string,
): Promise<T> {
  const call = `aiplatform.${resource.split('/').at(-2) ?? ''}.get`;
  const answer = await api.request(call, { url: urlOf(resource), query: { fields } });
  const found = parseAnswer(call, schema, answer);
  requireNamed(call, found.name, resource);
  return found;
}
