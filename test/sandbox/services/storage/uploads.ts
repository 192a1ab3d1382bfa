import { ApiError } from '../../http/api-error.ts';
import type { Call, Reply } from '../../http/route.ts';
import { checkBody, withoutFields } from './body.ts';
import type { StorageState } from './model.ts';
import { readMultipart } from './multipart.ts';
import { OBJECT_OUTPUT_FIELDS, checkObjectName, objectInsertSchema } from './object-schema.ts';
import { storeUpload, type Upload } from './store-upload.ts';
import { needsToWrite } from './objects.ts';
import { OBJECT_PRECONDITIONS, requirePreconditions } from './preconditions.ts';
import { cancelUpload, continueUpload, startUpload } from './resumable.ts';
import { BUCKET, bucketOf, type StorageRoute } from './routes.ts';

const QUERY = ['name', 'contentEncoding', 'projection', ...OBJECT_PRECONDITIONS];

/** All of storage.objects.insert: bytes only, metadata and bytes in one body, or a session for several requests. */
export function uploadRoutes(state: StorageState): StorageRoute[] {
  const id = 'storage.objects.insert';
  // The session's URI is the permission: a caller that holds it may continue.
  const session = { id, query: QUERY, needs: () => [] };
  return ['/upload', '/resumable/upload'].flatMap((prefix): StorageRoute[] => {
    const path = `${prefix}${BUCKET}/o`;
    return [
      {
        id,
        method: 'POST',
        path,
        query: QUERY,
        needs: (call) => {
          if (call.query.has('upload_id')) return [];
          const { bucket, name } = readUpload(state, call);
          return needsToWrite(bucket, name, call.query);
        },
        handle: (call) =>
          call.query.has('upload_id') ? continueUpload(state, call) : insertObject(state, call),
      },
      { ...session, method: 'PUT', path, handle: (call) => continueUpload(state, call) },
      { ...session, method: 'DELETE', path, handle: (call) => cancelUpload(state, call) },
    ];
  });
}

function insertObject(state: StorageState, call: Call): Reply {
  const upload = readUpload(state, call);
  requirePreconditions(call.query, upload.bucket.objects.live(upload.name));
  if (uploadTypeOf(call) === 'resumable') return startUpload(state, call, upload);
  const declared = call.headers['content-length'];
  if (declared !== undefined && Number(declared) !== call.body.length)
    throw new ApiError('INVALID_ARGUMENT', 'The request body is shorter than its Content-Length.');
  const content = uploadTypeOf(call) === 'media' ? call.body : (partsOf(call)[1]?.body ?? Buffer.alloc(0));
  return storeUpload(state, call.query, upload, content, call.headers);
}

function uploadTypeOf(call: Call): 'media' | 'multipart' | 'resumable' {
  const type = call.query.get('uploadType');
  if (type === 'media' || type === 'multipart' || type === 'resumable') return type;
  throw new ApiError(
    'INVALID_ARGUMENT',
    `Invalid value "${type ?? ''}" for uploadType: use media, multipart or resumable.`,
  );
}

function partsOf(call: Call): ReturnType<typeof readMultipart> {
  const parts = readMultipart(call.headers['content-type'] ?? '', call.body);
  if (parts.length !== 2)
    throw new ApiError('INVALID_ARGUMENT', 'Malformed multipart body: expected two parts.');
  return parts;
}

function readUpload(state: StorageState, call: Call): Upload {
  const bucket = bucketOf(state, call);
  const type = uploadTypeOf(call);
  const [metadata, media] = type === 'multipart' ? partsOf(call) : [];
  const given =
    type === 'multipart' ? parseMetadata(metadata?.body) : type === 'resumable' ? call.json() : {};
  const { name: nameInBody, ...fields } = checkBody(
    objectInsertSchema,
    withoutFields(given, OBJECT_OUTPUT_FIELDS),
  );
  const contentType =
    fields.contentType ??
    (type === 'resumable' ? [call.headers['x-upload-content-type'] ?? []].flat()[0] : undefined) ??
    (type === 'media' ? call.headers['content-type'] : media?.headers['content-type']);
  const contentEncoding = fields.contentEncoding ?? call.query.get('contentEncoding') ?? undefined;
  const name = checkObjectName(call.query.get('name') ?? nameInBody);
  return { bucket, name, fields: { ...fields, contentType, contentEncoding } };
}

function parseMetadata(bytes: Buffer | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(bytes?.toString() ?? '');
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Answered below like every other body that is not an object.
  }
  throw new ApiError('INVALID_ARGUMENT', 'Metadata part is not a JSON object.');
}
