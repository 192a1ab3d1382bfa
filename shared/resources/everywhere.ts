import * as z from 'zod/mini';
import { GoogleApiError } from '../google/google-api-error.ts';
import { listPages } from '../google/list-pages.ts';
import { isNotOffered } from '../google/not-offered.ts';
import { requireListed } from '../google/parse-answer.ts';
import { noteStrange, readItems, textField } from '../google/read-items.ts';
import { unreachable, type Look } from './look.ts';
import { whyUnseen } from './why-unseen.ts';

/** A collection that can be listed for all its parents at once, by `-` in their place. */
export interface EverywhereQuery<T> {
  /** `https://tpu.googleapis.com/v2` */
  readonly base: string;
  /** The collections down to this one: `locations`, `nodes`. */
  readonly path: readonly string[];
  /** Of the receipt: `tpu`. */
  readonly service: string;
  /** For people, in the plural. */
  readonly title: string;
  readonly schema: z.ZodMiniType<T>;
}

const parentSchema = z.looseObject({ name: z.string() });

/**
 * Reads a collection over all locations, and over all parents between. Where the service refuses the wildcard, parent by
 * parent. Locations that cannot be reached are gaps. Needs SERVICE.COLLECTION.list, and those of its parents for the latter.
 * Throws `GoogleApiError`.
 */
export async function listEverywhere<T>(look: Look, query: EverywhereQuery<T>): Promise<readonly T[]> {
  const { path } = query;
  const parents = path.slice(0, -1).map((collection) => `${collection}/-`);
  const project = `projects/${look.projectId}`;
  try {
    return await listOne(look, query, path.length - 1, `${project}/${parents.join('/')}`, query.schema);
  } catch (error) {
    if (!isRefusedWildcard(error)) throw error;
    let names: readonly string[] = [project];
    for (let level = 0; level < path.length - 1; level++)
      names = await below(look, query, level, names, parentSchema, ({ name }) => name);
    return below(look, query, path.length - 1, names, query.schema, (item) => item);
  }
}

/** A wildcard that is not understood is a bad or unknown parent. */
function isRefusedWildcard(error: unknown): boolean {
  return error instanceof GoogleApiError && [400, 404, 501].includes(error.status ?? 0);
}

/** One level below several parents. One that fails is a gap and hides no other. */
async function below<T, Item, Result>(
  look: Look,
  query: EverywhereQuery<T>,
  level: number,
  parents: readonly string[],
  schema: z.ZodMiniType<Item>,
  pick: (item: Item) => Result,
): Promise<readonly Result[]> {
  const found: Result[] = [];
  let answered = level === 0;
  const failed: { readonly parent: string; readonly error: unknown }[] = [];
  for (const parent of parents)
    try {
      found.push(...(await listOne(look, query, level, parent, schema)).map(pick));
      answered = true;
    } catch (error) {
      if (!(error instanceof GoogleApiError) || level === 0) throw error;
      failed.push({ parent, error });
    }
  for (const { parent, error } of failed)
    if (!answered || !isNotOffered(error))
      look.gap({ where: `${parent} ${query.title}`, why: whyUnseen(error), cause: error });
  return found;
}

const placeSchema = z.string();

/** The collection itself, under its own name, is read item by item. */
const pageSchema = z.looseObject({ unreachable: z.optional(z.array(placeSchema)) });

async function listOne<T, Item>(
  look: Look,
  { base, path, service, title }: EverywhereQuery<T>,
  level: number,
  parent: string,
  schema: z.ZodMiniType<Item>,
): Promise<readonly Item[]> {
  const collection = path[level] ?? '';
  const items: Item[] = [];
  const call = `${service}.${collection}.list`;
  const request = { url: `${base}/${parent}/${collection}`, query: { pageSize: 100 } };
  for await (const answer of listPages(look.api, call, request, pageSchema)) {
    const read = readItems(answer[collection], schema, collection);
    for (const one of read.items)
      requireListed(call, look.ofProject, textField(one, 'name'), `${parent}/${collection}/-`);
    items.push(...read.items);
    noteStrange(look.gap, `projects/${look.projectId} ${title}`, read.strange);
    const places = readItems(answer['unreachable'], placeSchema, 'unreachable');
    for (const place of places.items)
      look.gap(unreachable(`projects/${look.projectId} ${place.replace(/^.*\//, '')}`, title));
  }
  return items;
}
