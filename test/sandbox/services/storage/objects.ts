import { ApiError } from '../../http/api-error.ts';
import type { Call, Need, Reply } from '../../http/route.ts';
import { checkBody, mergePatch, withoutFields } from './body.ts';
import { download } from './download.ts';
import { listObjects } from './listing.ts';
import type { StorageState, StoredBucket, StoredObject } from './model.ts';
import { objectResource } from './object-resource.ts';
import { OBJECT_OUTPUT_FIELDS, objectPatchSchema, type ObjectFields } from './object-schema.ts';
import {
  changeObject,
  findSoftDeleted,
  findVersion,
  removeVersion,
  restoreObject,
  retireLive,
} from './object-writes.ts';
import {
  OBJECT_PRECONDITIONS,
  booleanParameter,
  failedPrecondition,
  int64Parameter,
  requirePreconditions,
} from './preconditions.ts';
import {
  BUCKET,
  NO_CONTENT,
  OBJECT,
  bucketOf,
  needsOnBucket,
  parameter,
  projectionOf,
  type StorageRoute,
} from './routes.ts';

const VERSION_QUERY = ['generation', ...OBJECT_PRECONDITIONS];

export function objectRoutes(state: StorageState): StorageRoute[] {
  const get = {
    id: 'storage.objects.get',
    method: 'GET',
    query: ['projection', 'softDeleted', ...VERSION_QUERY],
    needs: (call: Call) =>
      needsOnBucket(state, 'storage.objects.get', ...toTellAbsence(state, call), ...forLists(call))(call),
  } as const;
  return [
    {
      id: 'storage.objects.list',
      method: 'GET',
      path: `${BUCKET}/o`,
      query: [
        'delimiter', 'endOffset', 'includeFoldersAsPrefixes', 'includeTrailingDelimiter', 'matchGlob', 'maxResults', 'pageToken',
        'prefix', 'projection', 'softDeleted', 'startOffset', 'versions',
      ], // prettier-ignore
      needs: (call) => needsOnBucket(state, 'storage.objects.list', ...forLists(call))(call),
      handle: (call) => ({ body: listObjects(bucketOf(state, call), call.query, state.clock.now()) }),
    },
    { ...get, path: OBJECT, handle: (call) => getObject(state, call, call.query.get('alt') === 'media') },
    // Media downloads have a path of their own; without `alt=media` it gives the metadata like the other one.
    {
      ...get,
      path: `/download${OBJECT}`,
      handle: (call) => getObject(state, call, call.query.get('alt') === 'media'),
    },
    {
      id: 'storage.objects.patch',
      method: 'PATCH',
      path: OBJECT,
      query: ['projection', ...VERSION_QUERY],
      needs: (call) =>
        needsOnBucket(state, 'storage.objects.update', 'storage.objects.get', ...forLists(call))(call),
      handle: (call) => {
        const { bucket, object } = versionOf(state, call);
        requirePreconditions(call.query, object);
        const changed = changeObject(state, bucket, object, patchedFields(object, call.json()));
        return { body: objectResource(bucket, changed, projectionOf(call.query, 'full')) };
      },
    },
    {
      id: 'storage.objects.delete',
      method: 'DELETE',
      path: OBJECT,
      query: VERSION_QUERY,
      needs: needsOnBucket(state, 'storage.objects.delete'),
      handle: (call) => {
        const { bucket, object } = versionOf(state, call);
        requirePreconditions(call.query, object);
        const nowMs = state.clock.now();
        if (call.query.has('generation')) removeVersion(bucket, object, nowMs);
        else retireLive(bucket, object, nowMs);
        return NO_CONTENT;
      },
    },
    {
      id: 'storage.objects.restore',
      method: 'POST',
      path: `${OBJECT}/restore`,
      query: ['projection', 'copySourceAcl', ...VERSION_QUERY],
      needs: needsOnBucket(state, 'storage.objects.restore', 'storage.objects.create'),
      handle: (call) => {
        const bucket = bucketOf(state, call);
        const object = softDeletedOf(state, bucket, call);
        requirePreconditions(call.query, bucket.objects.live(object.name));
        return {
          body: objectResource(bucket, restoreObject(state, bucket, object), projectionOf(call.query)),
        };
      },
    },
  ];
}

function forLists(call: Call): string[] {
  return call.query.get('projection') === 'full' ? ['storage.objects.getIamPolicy'] : [];
}

function getObject(state: StorageState, call: Call, media: boolean): Reply {
  const bucket = bucketOf(state, call);
  const soft = booleanParameter(call.query, 'softDeleted');
  const object = soft ? softDeletedOf(state, bucket, call) : versionOf(state, call).object;
  if (failedPrecondition(call.query, object) === 'not-match') return { status: 304 };
  requirePreconditions(call.query, object);
  return media
    ? download(bucket, object, call)
    : { body: objectResource(bucket, object, projectionOf(call.query)) };
}

function versionOf(state: StorageState, call: Call): { bucket: StoredBucket; object: StoredObject } {
  const bucket = bucketOf(state, call);
  const name = parameter(call, 'object');
  const object = findVersion(bucket, name, int64Parameter(call.query, 'generation'));
  if (object === undefined) throw noSuchObject(bucket, name);
  return { bucket, object };
}

/**
 * Only who may list the objects learns that one is not there; others get a 403. Sources disagree about that: with
 * `missingObjects` on `not-found` every caller gets the 404.
 */
function toTellAbsence(state: StorageState, call: Call): readonly string[] {
  if (state.missingObjects === 'not-found' || call.query.get('softDeleted') === 'true') return [];
  const generation = int64Parameter(call.query, 'generation');
  const found = findVersion(bucketOf(state, call), parameter(call, 'object'), generation);
  return found === undefined ? ['storage.objects.list'] : [];
}

function softDeletedOf(state: StorageState, bucket: StoredBucket, call: Call): StoredObject {
  const name = parameter(call, 'object');
  parameter(call, 'generation');
  const object = findSoftDeleted(bucket, name, int64Parameter(call.query, 'generation'), state.clock.now());
  if (object === undefined) throw noSuchObject(bucket, name);
  return object;
}

export function noSuchObject(bucket: StoredBucket, name: string): ApiError {
  return new ApiError('NOT_FOUND', `No such object: ${bucket.name}/${name}`);
}

function patchedFields(object: StoredObject, patch: Readonly<Record<string, unknown>>): ObjectFields {
  const { storageClass, name, ...rest } = withoutFields(patch, OBJECT_OUTPUT_FIELDS);
  if (name !== undefined && name !== object.name)
    throw new ApiError('INVALID_ARGUMENT', 'The name of an object cannot be changed.');
  if (storageClass !== undefined && storageClass !== object.storageClass)
    throw new ApiError('INVALID_ARGUMENT', 'The storage class of an object is changed by rewriting it.');
  const { cacheControl, contentDisposition, contentEncoding, contentLanguage, contentType } = object;
  const { customTime, eventBasedHold, metadata, temporaryHold } = object;
  const current = {
    ...{ cacheControl, contentDisposition, contentEncoding, contentLanguage, contentType },
    ...{ customTime, eventBasedHold, metadata, temporaryHold },
  };
  return checkBody(objectPatchSchema, mergePatch(current, rest));
}

/** Permissions for writing an object: replacing one deletes it, unless the call can only create. */
export function needsToWrite(bucket: StoredBucket, name: string, query: URLSearchParams): Need[] {
  const on = `buckets/${bucket.name}`;
  const replaces =
    bucket.objects.live(name) !== undefined && int64Parameter(query, 'ifGenerationMatch') !== '0';
  return ['storage.objects.create', ...(replaces ? ['storage.objects.delete'] : [])].map((permission) => ({
    permission,
    on,
    object: name,
  }));
}
