import { ApiError } from '../../http/api-error.ts';
import { checksumsOf, type Checksums } from './checksums.ts';
import { rfc3339 } from './bucket-settings.ts';
import type { StorageState, StoredBucket, StoredObject } from './model.ts';
import type { ObjectFields, ObjectInsert } from './object-schema.ts';

/** An object's bytes, or for a copy of a seeded object only what is known of them. */
export type Content = Buffer | (Checksums & { readonly size: number; readonly content?: Buffer });

/** Makes a new live version. The one before becomes noncurrent or goes, as the bucket's versioning says. */
export function createObject(
  state: StorageState,
  bucket: StoredBucket,
  name: string,
  fields: ObjectInsert,
  content: Content,
): StoredObject {
  const nowMs = state.clock.now();
  const previous = bucket.objects.live(name);
  if (previous !== undefined) retireLive(bucket, previous, nowMs);
  // The checksums among the fields are what the caller expected; those of the content replace them.
  const held = fields.eventBasedHold ?? bucket.settings.defaultEventBasedHold;
  const object: StoredObject = {
    ...fields,
    ...(held !== undefined && { eventBasedHold: held }),
    ...(Buffer.isBuffer(content) ? { content, size: content.length, ...checksumsOf(content) } : content),
    name,
    generation: state.nextGeneration(),
    metageneration: 1,
    // Autoclass starts every object as STANDARD, whatever the request says.
    storageClass:
      bucket.settings.autoclass?.enabled === true
        ? 'STANDARD'
        : (fields.storageClass ?? bucket.settings.storageClass ?? 'STANDARD'),
    createdMs: nowMs,
    updatedMs: nowMs,
    storageClassUpdatedMs: nowMs,
    retentionStartMs: nowMs,
  };
  bucket.objects.put(object);
  return object;
}

/** Applies a metadata change that `merged` spells out; throws when a rule of the service forbids it. */
export function changeObject(
  state: StorageState,
  bucket: StoredBucket,
  object: StoredObject,
  merged: ObjectFields,
): StoredObject {
  const nowMs = state.clock.now();
  const earlier =
    object.customTime !== undefined && Date.parse(merged.customTime ?? '') < Date.parse(object.customTime);
  if (object.customTime !== undefined && (merged.customTime === undefined || earlier))
    throw new ApiError('INVALID_ARGUMENT', 'Custom time cannot be removed or set to an earlier time.');
  const released = object.eventBasedHold === true && merged.eventBasedHold !== true;
  const changed: StoredObject = {
    ...object,
    ...WRITABLE_CLEARED,
    ...merged,
    metageneration: object.metageneration + 1,
    updatedMs: nowMs,
    retentionStartMs: released ? nowMs : object.retentionStartMs,
  };
  bucket.objects.put(changed);
  return changed;
}

const WRITABLE_CLEARED = {
  cacheControl: undefined,
  contentDisposition: undefined,
  contentEncoding: undefined,
  contentLanguage: undefined,
  contentType: undefined,
  customTime: undefined,
  eventBasedHold: undefined,
  metadata: undefined,
  temporaryHold: undefined,
} satisfies Record<keyof ObjectFields, undefined>;

/** Deletes the live object as the service does: with versioning it becomes noncurrent. */
export function retireLive(bucket: StoredBucket, object: StoredObject, nowMs: number): void {
  guardRemoval(bucket, object, nowMs);
  if (bucket.settings.versioning?.enabled === true) bucket.objects.put({ ...object, deletedMs: nowMs });
  else discard(bucket, object, nowMs);
}

/** Deletes one version for good, apart from what soft delete keeps of it. */
export function removeVersion(bucket: StoredBucket, object: StoredObject, nowMs: number): void {
  guardRemoval(bucket, object, nowMs);
  discard(bucket, object, nowMs);
}

function discard(bucket: StoredBucket, object: StoredObject, nowMs: number): void {
  const keptMs = Number(bucket.settings.softDeletePolicy?.retentionDurationSeconds ?? 0) * 1_000;
  if (keptMs === 0) bucket.objects.remove(object);
  else bucket.objects.put({ ...object, softDeletedMs: nowMs, hardDeleteMs: nowMs + keptMs });
}

/** Brings a soft-deleted version back as a new live one. */
export function restoreObject(state: StorageState, bucket: StoredBucket, object: StoredObject): StoredObject {
  const live = bucket.objects.live(object.name);
  const nowMs = state.clock.now();
  if (live !== undefined) retireLive(bucket, live, nowMs);
  const restored: StoredObject = {
    ...object,
    deletedMs: undefined,
    softDeletedMs: undefined,
    hardDeleteMs: undefined,
    generation: state.nextGeneration(),
    metageneration: 1,
    createdMs: nowMs,
    updatedMs: nowMs,
  };
  bucket.objects.put(restored);
  return restored;
}

/** Until when the bucket's retention policy or the object's own keeps it; undefined without both. */
export function retainedUntilMs(bucket: StoredBucket, object: StoredObject): number | undefined {
  const own = object.retention && Date.parse(object.retention.retainUntilTime);
  const byPolicy = policyRetainsUntilMs(bucket, object);
  return own === undefined || byPolicy === undefined ? (own ?? byPolicy) : Math.max(own, byPolicy);
}

/** Until when the bucket's retention policy keeps the object; undefined without one and while an event-based hold stands. */
export function policyRetainsUntilMs(bucket: StoredBucket, object: StoredObject): number | undefined {
  const period = bucket.settings.retentionPolicy?.retentionPeriod;
  if (period === undefined || object.eventBasedHold === true) return undefined;
  return object.retentionStartMs + Number(period) * 1_000;
}

/** From when on nothing forbids to remove the object: infinite under a hold, which a user has to release. */
export function removableFromMs(bucket: StoredBucket, object: StoredObject): number {
  if (object.temporaryHold === true || object.eventBasedHold === true) return Infinity;
  return retainedUntilMs(bucket, object) ?? object.createdMs;
}

function guardRemoval(bucket: StoredBucket, object: StoredObject, nowMs: number): void {
  const path = `${bucket.name}/${object.name}`;
  for (const [held, hold] of [
    [object.temporaryHold, 'Temporary'],
    [object.eventBasedHold, 'Event-Based'],
  ] as const)
    // prettier-ignore
    if (held === true)
      throw new ApiError('PERMISSION_DENIED', `Object '${path}' is under active ${hold} hold and cannot be deleted, overwritten or archived until hold is removed.`);
  const untilMs = retainedUntilMs(bucket, object);
  if (untilMs !== undefined && untilMs > nowMs)
    throw new ApiError(
      'PERMISSION_DENIED',
      `Object '${path}' is subject to bucket's retention policy or object retention and cannot be deleted or overwritten until ${rfc3339(untilMs)}`,
    );
}

/** The version that a call means: the live one, or with `generation` exactly that one, live or noncurrent. */
export function findVersion(
  bucket: StoredBucket,
  name: string,
  generation: string | undefined,
): StoredObject | undefined {
  if (generation === undefined) return bucket.objects.live(name);
  return bucket.objects
    .versions(name)
    .find((object) => object.generation === generation && object.softDeletedMs === undefined);
}

/** A soft-deleted version that has not run out. */
export function findSoftDeleted(
  bucket: StoredBucket,
  name: string,
  generation: string | undefined,
  nowMs: number,
): StoredObject | undefined {
  return bucket.objects
    .versions(name)
    .find((object) => object.generation === generation && isRestorable(object, nowMs));
}

export function isRestorable(object: StoredObject, nowMs: number): boolean {
  return object.hardDeleteMs !== undefined && object.hardDeleteMs > nowMs;
}
