import type { Call, Reply } from '../../http/route.ts';
import { checksumsOf, expectedChecksums, verifyChecksums } from './checksums.ts';
import type { StorageState, StoredBucket } from './model.ts';
import { objectResource } from './object-resource.ts';
import type { ObjectInsert } from './object-schema.ts';
import { createObject } from './object-writes.ts';
import { requirePreconditions } from './preconditions.ts';
import { projectionOf } from './routes.ts';

/** What an upload says about the object before its bytes. */
export interface Upload {
  readonly bucket: StoredBucket;
  readonly name: string;
  readonly fields: ObjectInsert;
}

/** Verifies the bytes and stores them under the preconditions of `query`, in one step that nothing can come between. */
export function storeUpload(
  state: StorageState,
  query: URLSearchParams,
  { bucket, name, fields }: Upload,
  content: Buffer,
  headers: Call['headers'],
): Reply {
  verifyChecksums(expectedChecksums(fields, headers), checksumsOf(content));
  requirePreconditions(query, bucket.objects.live(name));
  const object = createObject(state, bucket, name, fields, content);
  return { body: objectResource(bucket, object, projectionOf(query)) };
}
