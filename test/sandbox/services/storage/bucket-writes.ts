import { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';
import { checkBody, withoutFields } from './body.ts';
import {
  BUCKET_OUTPUT_FIELDS,
  bucketFields,
  bucketSettingsSchema,
  type BucketSettings,
} from './bucket-schema.ts';
import { patchSettings, settleSettings } from './bucket-settings.ts';
import { announceRules, startTimeline } from './lifecycle/timeline.ts';
import { locationTypeOf } from './location.ts';
import type { StorageState, StoredBucket } from './model.ts';
import { createObjectStore } from './object-store.ts';

type Body = Readonly<Record<string, unknown>>;

const insertSchema = z.strictObject({
  ...bucketFields,
  name: z.string().refine(isBucketName, 'invalid bucket name'),
  location: z.string().default('US'),
});

/** Lower-case letters, digits, `-`, `_` and `.`; 3 to 63 characters, with dots 222; nothing that looks like an address or like Google. */
function isBucketName(name: string): boolean {
  const parts = name.split('.');
  return (
    /^[a-z0-9][a-z0-9._-]*[a-z0-9]$/.test(name) &&
    name.length >= 3 &&
    name.length <= 222 &&
    parts.every((part) => part.length > 0 && part.length <= 63) &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(name) &&
    !/^goog|google|g00gle/.test(name)
  );
}

export function insertBucket(state: StorageState, projectId: string, body: Body): StoredBucket {
  const { name, location, ...wanted } = checkBody(insertSchema, withoutFields(body, BUCKET_OUTPUT_FIELDS));
  const taken = state.buckets.get(name);
  if (taken?.projectId === projectId)
    throw new ApiError(
      'ALREADY_EXISTS',
      'Your previous request to create the named bucket succeeded and you already own it.',
    );
  if (taken !== undefined)
    throw new ApiError(
      'ALREADY_EXISTS',
      'The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.',
    );
  const nowMs = state.clock.now();
  const settings = settleSettings(wanted, undefined, nowMs);
  const bucket: StoredBucket = {
    name,
    projectId,
    location: location.toUpperCase(),
    locationType: locationTypeOf(location.toUpperCase(), wanted.customPlacementConfig !== undefined),
    // A bucket's generation counts nanoseconds, unlike an object's.
    generation: `${state.nextGeneration()}000`,
    createdMs: nowMs,
    unreachable: false,
    objects: createObjectStore(),
    uploads: new Set(),
    timeline: startTimeline({ seed: state.seed, bucket: name, nowMs }, settings.lifecycle?.rule ?? []),
    updatedMs: nowMs,
    metageneration: 1,
    settings,
    policy: defaultPolicy(projectId),
  };
  state.buckets.set(name, bucket);
  return bucket;
}

/** The bindings that every new bucket has. */
export function defaultPolicy(projectId: string): StoredBucket['policy'] {
  return {
    version: 1,
    revision: 1,
    bindings: [
      {
        role: 'roles/storage.legacyBucketOwner',
        members: [`projectEditor:${projectId}`, `projectOwner:${projectId}`],
      },
      { role: 'roles/storage.legacyBucketReader', members: [`projectViewer:${projectId}`] },
    ],
  };
}

export function patchBucket(state: StorageState, bucket: StoredBucket, body: Body): void {
  apply(state, bucket, patchSettings(bucket.settings, writable(bucket, body)));
}

/** PUT: what the body leaves out is cleared. */
export function replaceBucket(state: StorageState, bucket: StoredBucket, body: Body): void {
  apply(state, bucket, checkBody(bucketSettingsSchema, writable(bucket, body)));
}

/** The body's writable part. What a bucket keeps for life may be sent back, but not changed. */
function writable(bucket: StoredBucket, body: Body): Body {
  const { name, location, ...rest } = withoutFields(body, BUCKET_OUTPUT_FIELDS);
  if (name !== undefined && name !== bucket.name) throw fixed('name');
  if (location !== undefined && (typeof location !== 'string' || location.toUpperCase() !== bucket.location))
    throw fixed('location');
  return rest;
}

function apply(state: StorageState, bucket: StoredBucket, wanted: BucketSettings): void {
  for (const field of ['hierarchicalNamespace', 'customPlacementConfig'] as const)
    if (JSON.stringify(wanted[field]) !== JSON.stringify(bucket.settings[field])) throw fixed(field);
  const nowMs = state.clock.now();
  const before = bucket.settings;
  bucket.settings = settleSettings(wanted, before, nowMs);
  bucket.metageneration += 1;
  if (JSON.stringify(before.lifecycle) !== JSON.stringify(bucket.settings.lifecycle))
    announceRules(bucket.timeline, bucket.settings.lifecycle?.rule ?? [], {
      seed: state.seed,
      bucket: bucket.name,
      nowMs,
      change: bucket.metageneration,
    });
  bucket.updatedMs = nowMs;
}

function fixed(field: string): ApiError {
  return new ApiError('INVALID_ARGUMENT', `The ${field} of a bucket cannot be changed.`);
}

/** From now on the retention policy cannot be shortened or removed. */
export function lockRetention(state: StorageState, bucket: StoredBucket): void {
  const { retentionPolicy } = bucket.settings;
  if (retentionPolicy === undefined)
    throw new ApiError('INVALID_ARGUMENT', `Bucket '${bucket.name}' does not have a retention policy.`);
  bucket.settings = { ...bucket.settings, retentionPolicy: { ...retentionPolicy, isLocked: true } };
  bucket.metageneration += 1;
  bucket.updatedMs = state.clock.now();
}

export function deleteBucket(state: StorageState, bucket: StoredBucket): void {
  const held = bucket.objects.all().some((object) => object.softDeletedMs === undefined);
  if (held) throw new ApiError('ALREADY_EXISTS', 'The bucket you tried to delete is not empty.');
  state.setPolicy(bucket, { ...bucket.policy, bindings: [] });
  state.buckets.delete(bucket.name);
}
