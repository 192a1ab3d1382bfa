import type { Call, Need, Route } from '../../http/route.ts';
import { checkBody, withoutFields } from './body.ts';
import { checksumsOfObject } from './checksums.ts';
import type { StorageState, StoredBucket, StoredObject } from './model.ts';
import { objectResource } from './object-resource.ts';
import {
  OBJECT_OUTPUT_FIELDS,
  checkObjectName,
  objectInsertSchema,
  type ObjectInsert,
} from './object-schema.ts';
import { createObject, findVersion } from './object-writes.ts';
import { needsToWrite, noSuchObject } from './objects.ts';
import {
  OBJECT_PRECONDITIONS,
  SOURCE_PRECONDITIONS,
  int64Parameter,
  requirePreconditions,
} from './preconditions.ts';
import { OBJECT, bucketOf, parameter, projectionOf, type StorageRoute } from './routes.ts';

const TO = 'b/(?<toBucket>[^/]+)/o/(?<toObject>[^/]+)';
const QUERY = ['projection', 'sourceGeneration', ...OBJECT_PRECONDITIONS, ...SOURCE_PRECONDITIONS];

/** Copies within the service. A rewrite is always done in one call here; a big one at Google takes several. */
export function rewriteRoutes(state: StorageState): StorageRoute[] {
  const shared: Pick<Route, 'method' | 'needs'> = {
    method: 'POST',
    needs: (call) => needsOfCopy(state, call),
  };
  return [
    {
      ...shared,
      id: 'storage.objects.rewrite',
      path: `${OBJECT}/rewriteTo/${TO}`,
      query: [...QUERY, 'maxBytesRewrittenPerCall', 'rewriteToken'],
      handle: (call) => {
        const { bucket, object } = copyObject(state, call);
        const resource = objectResource(bucket, object, projectionOf(call.query));
        const size = String(object.size);
        return {
          body: {
            kind: 'storage#rewriteResponse',
            totalBytesRewritten: size,
            objectSize: size,
            done: true,
            resource,
          },
        };
      },
    },
    {
      ...shared,
      id: 'storage.objects.copy',
      path: `${OBJECT}/copyTo/${TO}`,
      query: QUERY,
      handle: (call) => {
        const { bucket, object } = copyObject(state, call);
        return { body: objectResource(bucket, object, projectionOf(call.query)) };
      },
    },
  ];
}

function needsOfCopy(state: StorageState, call: Call): Need[] {
  const source = bucketOf(state, call);
  const target = bucketOf(state, call, parameter(call, 'toBucket'));
  const read = {
    permission: 'storage.objects.get',
    on: `buckets/${source.name}`,
    object: parameter(call, 'object'),
  };
  return [read, ...needsToWrite(target, parameter(call, 'toObject'), call.query)];
}

function copyObject(state: StorageState, call: Call): { bucket: StoredBucket; object: StoredObject } {
  const from = bucketOf(state, call);
  const bucket = bucketOf(state, call, parameter(call, 'toBucket'));
  const name = checkObjectName(parameter(call, 'toObject'));
  const sourceName = parameter(call, 'object');
  const source = findVersion(from, sourceName, int64Parameter(call.query, 'sourceGeneration'));
  if (source === undefined) throw noSuchObject(from, sourceName);
  requirePreconditions(call.query, source, 'ifSource');
  requirePreconditions(call.query, bucket.objects.live(name));
  const { content, size } = source;
  const copied = { size, ...checksumsOfObject(source), ...(content !== undefined && { content }) };
  return { bucket, object: createObject(state, bucket, name, fieldsOfCopy(source, call), copied) };
}

/** Without a body the copy keeps the source's metadata; a body replaces all of it. The class is the target bucket's either way. */
function fieldsOfCopy(source: StoredObject, call: Call): ObjectInsert {
  const given = checkBody(objectInsertSchema, withoutFields(call.json(), OBJECT_OUTPUT_FIELDS));
  if (Object.keys(given).some((key) => key !== 'name' && key !== 'storageClass')) return given;
  const { cacheControl, contentDisposition, contentEncoding, contentLanguage, contentType, customTime } =
    source;
  return {
    ...{ cacheControl, contentDisposition, contentEncoding, contentLanguage, contentType, customTime },
    metadata: source.metadata,
    storageClass: given.storageClass,
  };
}
