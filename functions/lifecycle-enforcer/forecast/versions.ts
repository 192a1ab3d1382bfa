import * as z from 'zod/mini';
import type { Api } from '../../../shared/google/api.ts';
import { storageClient } from '../../../shared/google/clients/storage.ts';
import { readPages } from '../../../shared/google/list-pages.ts';
import { requireAbout } from '../../../shared/google/parse-answer.ts';
import { readItems, type StrangeItem } from '../../../shared/google/read-items.ts';
import type { ObjectVersion } from './object-lifecycle.ts';

/** A page of storage.objects.list holds at most this many. */
const PAGE_SIZE = 1_000;

const FIELDS =
  'items(bucket,name,generation,size,storageClass,timeCreated,timeDeleted,customTime,temporaryHold,eventBasedHold,retentionExpirationTime,retention(retainUntilTime)),nextPageToken';

const itemSchema = z.looseObject({
  bucket: z.optional(z.string()),
  name: z.string(),
  generation: z.string(),
  size: z.string(),
  storageClass: z.string(),
  timeCreated: z.string(),
  timeDeleted: z.optional(z.string()),
  customTime: z.optional(z.string()),
  temporaryHold: z.optional(z.boolean()),
  eventBasedHold: z.optional(z.boolean()),
  retentionExpirationTime: z.optional(z.string()),
  retention: z.optional(z.looseObject({ retainUntilTime: z.optional(z.string()) })),
});
type Item = z.infer<typeof itemSchema>;

const pageSchema = z.looseObject({ items: z.optional(z.unknown()) });

/**
 * Yields the objects of a bucket in the order of their names, each with all its versions, newest first. The last one of
 * a listing that is broken off may lack versions. `strange` is told of versions that are there and cannot be read. Throws
 * `GoogleApiError`.
 */
export async function* listVersions(
  api: Api,
  bucket: string,
  userProject: string | undefined,
  strange: (items: readonly StrangeItem[]) => void,
): AsyncGenerator<readonly ObjectVersion[]> {
  const call = 'storage.objects.list';
  const query = { versions: true, maxResults: PAGE_SIZE, fields: FIELDS, userProject };
  const readPage = (pageToken?: string): Promise<unknown> =>
    api.call(call, () => storageClient(api.auth).listObjects(bucket, { ...query, pageToken }));
  let open: ObjectVersion[] = [];
  for await (const page of readPages(api, call, readPage, pageSchema)) {
    const read = readItems(page.items, itemSchema, 'items');
    if (read.strange.length > 0) strange(read.strange);
    for (const item of read.items) {
      requireAbout(call, 'bucket', item.bucket, bucket);
      const version = toVersion(item);
      if (open[0] !== undefined && open[0].name !== version.name) {
        yield newestFirst(open);
        open = [];
      }
      open.push(version);
    }
  }
  if (open.length > 0) yield newestFirst(open);
}

function newestFirst(versions: readonly ObjectVersion[]): readonly ObjectVersion[] {
  return versions.toSorted((a, b) => (BigInt(a.generation) < BigInt(b.generation) ? 1 : -1));
}

function toVersion(item: Item): ObjectVersion {
  const until = [item.retentionExpirationTime, item.retention?.retainUntilTime]
    .map(momentOf)
    .filter((ms) => ms !== undefined);
  return {
    name: item.name,
    generation: item.generation,
    bytes: Number(item.size),
    storageClass: item.storageClass,
    createdMs: Date.parse(item.timeCreated),
    customMs: momentOf(item.customTime),
    noncurrentMs: momentOf(item.timeDeleted),
    held: item.temporaryHold === true || item.eventBasedHold === true,
    retainedUntilMs: until.length === 0 ? undefined : Math.max(...until),
  };
}

function momentOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}
