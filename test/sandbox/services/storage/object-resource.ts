import { rfc3339 } from './bucket-settings.ts';
import type { Projection } from './bucket-resource.ts';
import { checksumsOfObject } from './checksums.ts';
import { objectEtag } from './etag.ts';
import type { StoredBucket, StoredObject } from './model.ts';
import { policyRetainsUntilMs } from './object-writes.ts';

/** One version of an object as the JSON API shows it. */
export function objectResource(
  bucket: StoredBucket,
  object: StoredObject,
  projection: Projection = 'noAcl',
): Record<string, unknown> {
  const path = `b/${bucket.name}/o/${encodeURIComponent(object.name)}`;
  const etag = objectEtag(object.generation, object.metageneration);
  const until = policyRetainsUntilMs(bucket, object);
  const time = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : rfc3339(ms));
  const fineGrained = bucket.settings.iamConfiguration?.uniformBucketLevelAccess?.enabled !== true;
  return {
    kind: 'storage#object',
    id: `${bucket.name}/${object.name}/${object.generation}`,
    selfLink: `https://www.googleapis.com/storage/v1/${path}`,
    mediaLink: `https://storage.googleapis.com/download/storage/v1/${path}?generation=${object.generation}&alt=media`,
    name: object.name,
    bucket: bucket.name,
    generation: object.generation,
    metageneration: String(object.metageneration),
    contentType: object.contentType,
    contentEncoding: object.contentEncoding,
    contentDisposition: object.contentDisposition,
    contentLanguage: object.contentLanguage,
    cacheControl: object.cacheControl,
    metadata: object.metadata,
    storageClass: object.storageClass,
    size: String(object.size),
    ...checksumsOfObject(object),
    componentCount: object.componentCount,
    etag,
    temporaryHold: object.temporaryHold,
    eventBasedHold: object.eventBasedHold,
    retention: object.retention,
    retentionExpirationTime: time(until),
    customTime: object.customTime,
    timeCreated: time(object.createdMs),
    updated: time(object.updatedMs),
    timeDeleted: time(object.deletedMs),
    timeStorageClassUpdated: time(object.storageClassUpdatedMs),
    timeFinalized: time(object.createdMs),
    softDeleteTime: time(object.softDeletedMs),
    hardDeleteTime: time(object.hardDeleteMs),
    ...(projection === 'full' && fineGrained && { acl: objectAccess(bucket, object, etag) }),
  };
}

/** The bucket's default list: the sandbox takes no list of an object's own. */
function objectAccess(bucket: StoredBucket, object: StoredObject, etag: string): object[] {
  return (bucket.settings.defaultObjectAcl ?? []).map(({ entity, role }) => ({
    kind: 'storage#objectAccessControl',
    object: object.name,
    generation: object.generation,
    id: `${bucket.name}/${object.name}/${object.generation}/${entity}`,
    bucket: bucket.name,
    entity,
    role,
    etag,
  }));
}
