import { z } from 'zod';
import { momentMs, momentSchema } from '../../clock/moment.ts';
import { bucketFields } from './bucket-schema.ts';
import { settleSettings } from './bucket-settings.ts';
import { policySeedSchema } from '../iam/seed.ts';
import { defaultPolicy } from './bucket-writes.ts';
import { startTimeline } from './lifecycle/timeline.ts';
import { locationTypeOf } from './location.ts';
import type { StorageState, StoredBucket, StoredObject } from './model.ts';
import { checkObjectName } from './object-schema.ts';
import { createObjectStore } from './object-store.ts';
import {
  makeObjects,
  makeUploads,
  manyObjectsSchema,
  manyUploadsSchema,
  objectSeedSchema,
  versionsOfSeed,
} from './seed-objects.ts';

const bucketSeedSchema = z.strictObject({
  ...bucketFields,
  name: z.string(),
  project: z.string(),
  location: z.string().default('US'),
  timeCreated: momentSchema.default('-90d'),
  metageneration: z.int().positive().default(1),
  /** Uniform access, as the console creates buckets; the API's own default is off. */
  iamConfiguration: bucketFields.iamConfiguration.default({ uniformBucketLevelAccess: { enabled: true } }),
  /** The retention policy, if there is one, is locked. */
  retentionLocked: z.boolean().default(false),
  unreachable: z.boolean().default(false),
  /** Single objects may have a retention of their own. */
  objectRetention: z.boolean().default(false),
  /** Bindings of its allow policy beside the ones that a new bucket has: they are shown, and allow nothing in the sandbox. */
  iam: z.array(policySeedSchema).default([]),
  objects: z.array(objectSeedSchema).default([]),
  manyObjects: z.array(manyObjectsSchema).default([]),
  manyUploads: z.array(manyUploadsSchema).default([]),
});

/** The buckets that exist when the sandbox starts. */
export const storageSeedSchema = z.strictObject({
  /** Another seed, other moments of the day at which lifecycle rules act. */
  lifecycleSeed: z.int().optional(),
  buckets: z.array(bucketSeedSchema).default([]),
});
export type StorageSeed = z.input<typeof storageSeedSchema>;

type BucketSeed = z.output<typeof bucketSeedSchema>;

/** Creates what the seed describes. Throws with the path of what it cannot use. */
export function applySeed(state: StorageState, seed: StorageSeed): void {
  for (const bucketSeed of storageSeedSchema.parse(seed).buckets) {
    for (const { name } of bucketSeed.objects) checkObjectName(name);
    if (state.buckets.has(bucketSeed.name))
      throw new Error(`Cannot seed the bucket "${bucketSeed.name}": it is there twice`);
    state.buckets.set(bucketSeed.name, seedBucket(state, bucketSeed));
  }
}

function seedBucket(state: StorageState, seed: BucketSeed): StoredBucket {
  const { name, project, location, timeCreated, metageneration, unreachable, retentionLocked, ...rest } =
    seed;
  const { objects, manyObjects, manyUploads, iam, objectRetention, ...wanted } = rest;
  if (!objectRetention && objects.some(({ retention }) => retention !== undefined))
    throw new Error(
      `Cannot seed the bucket "${name}": its objects have a retention, and it has no objectRetention`,
    );
  const startMs = state.clock.now();
  const createdMs = momentMs(timeCreated, startMs);
  const settings = lockedIf(retentionLocked, settleSettings(wanted, undefined, createdMs));
  const bucket: StoredBucket = {
    name,
    projectId: project,
    location: location.toUpperCase(),
    locationType: locationTypeOf(location.toUpperCase(), wanted.customPlacementConfig !== undefined),
    generation: `${createdMs}000000`,
    createdMs,
    unreachable,
    objectRetention,
    objects: createObjectStore(seededObjects),
    uploads: new Set(manyUploads.flatMap((many) => makeUploads(many, settings.storageClass, startMs))),
    timeline: startTimeline(
      { seed: state.seed, bucket: name, nowMs: startMs },
      settings.lifecycle?.rule ?? [],
    ),
    updatedMs: createdMs,
    metageneration,
    settings,
    policy: withBindings(defaultPolicy(project), iam),
  };
  function* seededObjects(): Generator<StoredObject> {
    for (const one of objects) yield* versionsOfSeed(bucket, one, startMs);
    for (const many of manyObjects) yield* makeObjects(bucket, many, startMs);
  }
  return bucket;
}

function lockedIf(locked: boolean, settings: StoredBucket['settings']): StoredBucket['settings'] {
  const { retentionPolicy } = settings;
  if (!locked || retentionPolicy === undefined) return settings;
  return { ...settings, retentionPolicy: { ...retentionPolicy, isLocked: true } };
}

function withBindings(
  policy: StoredBucket['policy'],
  more: readonly z.infer<typeof policySeedSchema>[],
): StoredBucket['policy'] {
  return more.length === 0 ? policy : { ...policy, bindings: [...policy.bindings, ...more] };
}
