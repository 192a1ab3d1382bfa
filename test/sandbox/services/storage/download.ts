import { gunzipSync } from 'node:zlib';
import { ApiError, errorBody } from '../../http/api-error.ts';
import type { Call, Reply } from '../../http/route.ts';
import { checksumsOfObject } from './checksums.ts';
import { objectEtag } from './etag.ts';
import type { StoredBucket, StoredObject } from './model.ts';

/** `alt=media`: the bytes, or the part that `Range` names. */
export function download(bucket: StoredBucket, object: StoredObject, call: Call): Reply {
  if (object.content === undefined)
    throw new ApiError(
      'UNIMPLEMENTED',
      `The sandbox has no bytes of ${bucket.name}/${object.name}: it was seeded with a size only.`,
    );
  const headers = mediaHeaders(object);
  // Bytes stored as gzip are unpacked for a caller that cannot do it; ranges do not apply then.
  if (object.contentEncoding === 'gzip' && !/\bgzip\b/.test(call.headers['accept-encoding'] ?? ''))
    return { headers, body: gunzipSync(object.content) };
  const encoded =
    object.contentEncoding === undefined
      ? headers
      : { ...headers, 'content-encoding': object.contentEncoding };
  const range = readRange(call.headers.range, object.size);
  if (range === undefined) return { headers: encoded, body: object.content };
  if (range === 'unsatisfiable')
    return {
      status: 416,
      headers: { 'content-range': `bytes */${object.size}` },
      body: errorBody(416, 'requestedRangeNotSatisfiable', 'Request range not satisfiable'),
    };
  const [first, last] = range;
  return {
    status: 206,
    headers: { ...encoded, 'content-range': `bytes ${first}-${last}/${object.size}` },
    body: object.content.subarray(first, last + 1),
  };
}

function mediaHeaders(object: StoredObject): Record<string, string> {
  const { cacheControl, contentDisposition, contentLanguage, generation, metageneration } = object;
  const { crc32c, md5Hash } = checksumsOfObject(object);
  return {
    'content-type': object.contentType ?? 'application/octet-stream',
    etag: objectEtag(generation, metageneration),
    'last-modified': new Date(object.updatedMs).toUTCString(),
    'cache-control': cacheControl ?? 'no-cache, no-store, max-age=0, must-revalidate',
    ...(contentDisposition !== undefined && { 'content-disposition': contentDisposition }),
    ...(contentLanguage !== undefined && { 'content-language': contentLanguage }),
    'x-goog-generation': generation,
    'x-goog-metageneration': String(metageneration),
    'x-goog-storage-class': object.storageClass,
    'x-goog-hash': `crc32c=${crc32c},md5=${md5Hash}`,
    'x-goog-stored-content-encoding': object.contentEncoding ?? 'identity',
    'x-goog-stored-content-length': String(object.size),
  };
}

/** First and last byte; undefined for a header that is absent or of another form, which HTTP says to ignore. */
function readRange(
  header: string | undefined,
  size: number,
): readonly [number, number] | 'unsatisfiable' | undefined {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (from === '' && to === '') return undefined;
  const first = from === '' ? Math.max(size - Number(to), 0) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined;
  return first >= size ? 'unsatisfiable' : [first, last];
}
