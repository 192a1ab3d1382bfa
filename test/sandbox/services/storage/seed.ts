import { z } from 'zod';
import { bucketFields } from './bucket-schema.ts';
import { settleSettings } from './bucket-settings.ts';
import { defaultPolicy } from './bucket-writes.ts';
import { checksumsOf, type Checksums } from './checksums.ts';
import { STORAGE_CLASSES } from './lifecycle-schema.ts';
import { locationTypeOf } from './location.ts';
import type { StorageState, StoredBucket, StoredObject } from './model.ts';
import { momentSchema, momentMs } from '../../moment.ts';
import { checkObjectName, objectFields } from './object-schema.ts';
import { createObjectStore } from './object-store.ts';

const versionFields = {
  ...objectFields,
  /** Text. Without it the object has a size and no bytes: it can be listed and aged, not downloaded. */
  content: z.string().optional(),
  size: z.int().min(0).optional(),
  /** The bucket's class when absent. */
  storageClass: z.enum(STORAGE_CLASSES).optional(),
  timeCreated: momentSchema.default('-1d'),
  timeStorageClassUpdated: momentSchema.optional(),
  customTime: momentSchema.optional(),
};

const sized = (version: { content?: string | undefined; size?: number | undefined }): boolean =>
  (version.content === undefined) !== (version.size === undefined);
const SIZED = 'needs exactly one of content and size';

const objectSeedSchema = z
  .strictObject({
    ...versionFields,
    name: z.string().min(1),
    /** Older versions; their creation times must be in the order given. */
    noncurrent: z
      .array(z.strictObject({ ...versionFields, timeDeleted: momentSchema }).refine(sized, SIZED))
      .default([]),
    /** False for an object of which only noncurrent versions are left. */
    live: z.boolean().default(true),
  })
  .refine(sized, SIZED);

const bucketSeedSchema = z.strictObject({
  ...bucketFields,
  name: z.string(),
  project: z.string(),
  location: z.string().default('US'),
  timeCreated: momentSchema.default('-90d'),
  metageneration: z.int().positive().default(1),
  /** Uniform access, as the console creates buckets; the API's own default is off. */
  iamConfiguration: bucketFields.iamConfiguration.default({ uniformBucketLevelAccess: { enabled: true } }),
  unreachable: z.boolean().default(false),
  objects: z.array(objectSeedSchema).default([]),
});

/** The buckets that exist when the sandbox starts. */
export const storageSeedSchema = z.strictObject({ buckets: z.array(bucketSeedSchema).default([]) });
export type StorageSeed = z.input<typeof storageSeedSchema>;

type VersionSeed = Omit<z.output<typeof objectSeedSchema>, 'name' | 'noncurrent' | 'live'>;

/** Creates what the seed describes. Throws with the path of what it cannot use. */
export function applySeed(state: StorageState, seed: StorageSeed): void {
  const startMs = state.clock.now();
  for (const { objects, ...bucketSeed } of storageSeedSchema.parse(seed).buckets) {
    const bucket = seedBucket(bucketSeed, startMs);
    if (state.buckets.has(bucket.name))
      throw new Error(`Cannot seed the bucket "${bucket.name}": it is there twice`);
    state.buckets.set(bucket.name, bucket);
    for (const { name, noncurrent, live, ...version } of objects) {
      checkObjectName(name);
      for (const { timeDeleted, ...older } of noncurrent)
        bucket.objects.put({
          ...seedVersion(bucket, name, older, startMs),
          deletedMs: momentMs(timeDeleted, startMs),
        });
      if (live) bucket.objects.put(seedVersion(bucket, name, version, startMs));
    }
  }
}

function seedBucket(seed: Omit<z.output<typeof bucketSeedSchema>, 'objects'>, startMs: number): StoredBucket {
  const { name, project, location, timeCreated, metageneration, unreachable, ...wanted } = seed;
  const createdMs = momentMs(timeCreated, startMs);
  return {
    name,
    projectId: project,
    location: location.toUpperCase(),
    locationType: locationTypeOf(location.toUpperCase(), wanted.customPlacementConfig !== undefined),
    generation: `${createdMs}000000`,
    createdMs,
    unreachable,
    objects: createObjectStore(),
    updatedMs: createdMs,
    metageneration,
    settings: settleSettings(wanted, undefined, createdMs),
    policy: defaultPolicy(project),
  };
}

function seedVersion(bucket: StoredBucket, name: string, seed: VersionSeed, startMs: number): StoredObject {
  const {
    content,
    size = 0,
    timeCreated,
    timeStorageClassUpdated,
    customTime,
    storageClass,
    ...fields
  } = seed;
  const createdMs = momentMs(timeCreated, startMs);
  const at = (moment: string | undefined): number =>
    moment === undefined ? createdMs : momentMs(moment, startMs);
  const bytes = content === undefined ? undefined : Buffer.from(content);
  // Versions of one object that were created in the same millisecond still differ.
  const generation = String(createdMs * 1_000 + bucket.objects.versions(name).length);
  return {
    ...fields,
    ...(bytes === undefined
      ? { size, ...standInChecksums(name, size) }
      : { content: bytes, size: bytes.length, ...checksumsOf(bytes) }),
    ...(customTime !== undefined && { customTime: new Date(at(customTime)).toISOString() }),
    name,
    generation,
    metageneration: 1,
    storageClass: storageClass ?? bucket.settings.storageClass ?? 'STANDARD',
    createdMs,
    updatedMs: createdMs,
    storageClassUpdatedMs: at(timeStorageClassUpdated),
    retentionStartMs: createdMs,
  };
}

/** An object without bytes has no true checksum; listings show one all the same. */
function standInChecksums(name: string, size: number): Checksums {
  return checksumsOf(Buffer.from(`${name} ${size}`));
}
