import { ApiError } from '../../http/api-error.ts';
import { globPattern } from './glob.ts';
import type { StoredBucket, StoredObject } from './model.ts';
import { objectResource } from './object-resource.ts';
import { compareNames, isLive } from './object-store.ts';
import { isRestorable } from './object-writes.ts';
import { pageSize, readPageToken, writePageToken } from './paging.ts';
import { booleanParameter } from './preconditions.ts';
import { projectionOf } from './routes.ts';

/** One line of a listing: a version of an object, or a common prefix that stands for all below it. */
type Entry =
  | { readonly kind: 'object'; readonly object: StoredObject }
  | { readonly kind: 'prefix'; readonly prefix: string };

/** One page of storage.objects.list. */
export function listObjects(bucket: StoredBucket, query: URLSearchParams, nowMs: number): object {
  const projection = projectionOf(query);
  const max = pageSize(query);
  const after = readPageToken(query);
  const items: object[] = [];
  const prefixes: string[] = [];
  let last: Entry | undefined;
  for (const entry of entries(bucket, query, nowMs, after?.[0])) {
    if (after !== undefined && comparePositions(positionOf(entry), after) <= 0) continue;
    if (items.length + prefixes.length === max && last !== undefined)
      return page(items, prefixes, writePageToken(positionOf(last)));
    if (entry.kind === 'prefix') prefixes.push(entry.prefix);
    else items.push(objectResource(bucket, entry.object, projection));
    last = entry;
  }
  return page(items, prefixes, undefined);
}

function page(
  items: readonly object[],
  prefixes: readonly string[],
  nextPageToken: string | undefined,
): object {
  return {
    kind: 'storage#objects',
    ...(nextPageToken !== undefined && { nextPageToken }),
    ...(prefixes.length > 0 && { prefixes }),
    ...(items.length > 0 && { items }),
  };
}

/** Everything the query selects, in order, from the name `from` on. */
function* entries(bucket: StoredBucket, query: URLSearchParams, nowMs: number, from = ''): Generator<Entry> {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const start = [prefix, query.get('startOffset') ?? '', from].sort(compareNames).at(-1) ?? '';
  const end = query.get('endOffset') ?? '';
  const glob = globPattern(query.get('matchGlob'), delimiter);
  const withTrailing = booleanParameter(query, 'includeTrailingDelimiter');
  const shown = visibility(query, nowMs);
  let group: string | undefined;
  const names = bucket.objects.names();
  for (let at = firstAtLeast(names, start); at < names.length; at += 1) {
    const name = names[at] ?? '';
    if (!name.startsWith(prefix) || (end !== '' && compareNames(name, end) >= 0)) return;
    if (glob?.test(name) === false) continue;
    const versions = bucket.objects.versions(name).filter(shown);
    if (versions.length === 0) continue;
    const cut = delimiter === '' ? -1 : name.indexOf(delimiter, prefix.length);
    const common = cut < 0 ? undefined : name.slice(0, cut + delimiter.length);
    if (common !== undefined && common !== group) yield { kind: 'prefix', prefix: common };
    group = common;
    if (common === undefined || (withTrailing && common === name))
      for (const object of versions) yield { kind: 'object', object };
  }
}

function visibility(query: URLSearchParams, nowMs: number): (object: StoredObject) => boolean {
  const soft = booleanParameter(query, 'softDeleted');
  const versions = booleanParameter(query, 'versions');
  if (soft && versions)
    throw new ApiError('INVALID_ARGUMENT', 'softDeleted and versions cannot both be true.');
  if (soft) return (object) => isRestorable(object, nowMs);
  return versions ? (object) => object.softDeletedMs === undefined : isLive;
}

/** Name, then the prefix before the versions, then the generation; generations have equally many digits in one listing. */
function positionOf(entry: Entry): readonly [string, string] {
  return entry.kind === 'prefix'
    ? [entry.prefix, '']
    : [entry.object.name, entry.object.generation.padStart(20, '0')];
}

function comparePositions(a: readonly [string, string], b: readonly string[]): number {
  return compareNames(a[0], b[0] ?? '') || compareNames(a[1], b[1] ?? '');
}

function firstAtLeast(names: readonly string[], start: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareNames(names[middle] ?? '', start) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
