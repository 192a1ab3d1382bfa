import { z } from 'zod';
import { momentMs, momentSchema } from '../../clock/moment.ts';
import { randomOf } from '../../http/seeded.ts';
import { rfc3339 } from './bucket-settings.ts';
import { checksumsOf } from './checksums.ts';
import { STORAGE_CLASSES } from './lifecycle-schema.ts';
import type { MultipartUpload, StoredBucket, StoredObject } from './model.ts';
import { objectFields } from './object-schema.ts';

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
  /** The object's own retention, in a bucket that has `objectRetention`. */
  retention: z
    .strictObject({ mode: z.enum(['Locked', 'Unlocked']), retainUntilTime: momentSchema })
    .optional(),
};

const sized = (version: { content?: string | undefined; size?: number | undefined }): boolean =>
  (version.content === undefined) !== (version.size === undefined);
const SIZED = 'needs exactly one of content and size';

/** One object, spelled out. */
export const objectSeedSchema = z
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

const bytes = z.int().min(0);

const manyFields = {
  count: z.int().positive(),
  prefix: z.string().min(1),
  suffix: z.string().default(''),
  /** Of each, or from the smallest to the largest with as many in each order of magnitude. */
  size: z.union([bytes, z.tuple([bytes, bytes])]),
  storageClass: z.enum(STORAGE_CLASSES).optional(),
};
/** Of all, or from the first to the last. */
const moments = z.union([momentSchema, z.tuple([momentSchema, momentSchema])]);

/** Many objects in one line: `prefix` + a number + `suffix`, without bytes. */
export const manyObjectsSchema = z.strictObject({
  ...manyFields,
  timeCreated: moments,
  customTime: moments.optional(),
  temporaryHold: z.boolean().optional(),
  eventBasedHold: z.boolean().optional(),
  /** Noncurrent versions of each: every one was replaced after `every`. */
  noncurrent: z.strictObject({ count: z.int().positive(), every: momentSchema }).optional(),
});

/** Many multipart uploads that were never completed. */
export const manyUploadsSchema = z.strictObject({ ...manyFields, started: moments });

export type ObjectSeed = z.output<typeof objectSeedSchema>;
export type ManyObjects = z.output<typeof manyObjectsSchema>;
export type ManyUploads = z.output<typeof manyUploadsSchema>;
type VersionSeed = Omit<ObjectSeed, 'name' | 'noncurrent' | 'live'>;

/** All versions of an object that is spelled out, the oldest first. */
export function* versionsOfSeed(
  bucket: StoredBucket,
  { name, noncurrent, live, ...version }: ObjectSeed,
  startMs: number,
): Generator<StoredObject> {
  for (const [index, { timeDeleted, ...older }] of noncurrent.entries())
    yield {
      ...seedVersion(bucket, name, older, { index, startMs }),
      deletedMs: momentMs(timeDeleted, startMs),
    };
  if (live) yield seedVersion(bucket, name, version, { index: noncurrent.length, startMs });
}

/** `index` tells versions of one object apart that were created in the same millisecond. */
function seedVersion(
  bucket: StoredBucket,
  name: string,
  seed: VersionSeed,
  { index, startMs }: { readonly index: number; readonly startMs: number },
): StoredObject {
  const {
    content,
    size = 0,
    timeCreated,
    timeStorageClassUpdated,
    customTime,
    retention,
    storageClass,
    ...fields
  } = seed;
  const createdMs = momentMs(timeCreated, startMs);
  const at = (moment: string | undefined): number =>
    moment === undefined ? createdMs : momentMs(moment, startMs);
  const bytesOf = content === undefined ? undefined : Buffer.from(content);
  return {
    ...fields,
    ...(bytesOf === undefined
      ? { size }
      : { content: bytesOf, size: bytesOf.length, ...checksumsOf(bytesOf) }),
    ...(customTime !== undefined && { customTime: new Date(at(customTime)).toISOString() }),
    ...(retention !== undefined && {
      retention: { mode: retention.mode, retainUntilTime: rfc3339(at(retention.retainUntilTime)) },
    }),
    ...identity(bucket, name, createdMs, index, storageClass),
    storageClassUpdatedMs: at(timeStorageClassUpdated),
  };
}

function identity(
  bucket: StoredBucket,
  name: string,
  createdMs: number,
  index: number,
  storageClass: string | undefined,
) {
  return {
    name,
    generation: String(createdMs * 1_000 + index),
    metageneration: 1,
    storageClass: storageClass ?? bucket.settings.storageClass ?? 'STANDARD',
    createdMs,
    updatedMs: createdMs,
    storageClassUpdatedMs: createdMs,
    retentionStartMs: createdMs,
  };
}

/** Makes the objects of a compact seed, the same ones each time. */
export function* makeObjects(
  bucket: StoredBucket,
  many: ManyObjects,
  startMs: number,
): Generator<StoredObject> {
  const { count, customTime, temporaryHold, eventBasedHold, noncurrent, storageClass } = many;
  const random = randomOf(`${bucket.name}/${many.prefix}`);
  const everyMs = noncurrent === undefined ? 0 : Math.abs(momentMs(noncurrent.every, 0));
  const createdMsAt = momentsFrom(many.timeCreated, startMs);
  const customMsAt = customTime && momentsFrom(customTime, startMs);
  const holds = {
    ...(temporaryHold !== undefined && { temporaryHold }),
    ...(eventBasedHold !== undefined && { eventBasedHold }),
  };
  for (let at = 0; at < count; at += 1) {
    const name = nameAt(many, at);
    const share = (at + random()) / count;
    const liveMs = createdMsAt(share);
    const custom = customMsAt && { customTime: new Date(customMsAt(share)).toISOString() };
    const older = noncurrent?.count ?? 0;
    for (let age = older; age >= 0; age -= 1) {
      const createdMs = liveMs - age * everyMs;
      yield {
        ...holds,
        ...custom,
        size: sizeAt(many.size, random()),
        ...identity(bucket, name, createdMs, older - age, storageClass),
        ...(age > 0 && { deletedMs: createdMs + everyMs }),
      };
    }
  }
}

/** Makes the unfinished uploads of a compact seed. */
export function makeUploads(
  many: ManyUploads,
  standard: string | undefined,
  startMs: number,
): MultipartUpload[] {
  const random = randomOf(`uploads ${many.prefix}`);
  const startedMs = momentsFrom(many.started, startMs);
  return Array.from({ length: many.count }, (_, at) => ({
    name: nameAt(many, at),
    uploadId: `upload-${many.prefix}${at}`,
    size: sizeAt(many.size, random()),
    storageClass: many.storageClass ?? standard ?? 'STANDARD',
    startedMs: startedMs((at + random()) / many.count),
  }));
}

function nameAt({ prefix, suffix }: { prefix: string; suffix: string }, at: number): string {
  return `${prefix}${String(at).padStart(6, '0')}${suffix}`;
}

function sizeAt(size: ManyObjects['size'], share: number): number {
  if (typeof size === 'number') return size;
  const [least, most] = size;
  return Math.round((least + 1) * ((most + 1) / (least + 1)) ** share) - 1;
}

/** The moment of each share from 0 to 1. */
function momentsFrom(moment: z.output<typeof moments>, startMs: number): (share: number) => number {
  const [first, last] = typeof moment === 'string' ? [moment, moment] : moment;
  const firstMs = momentMs(first, startMs);
  const lastMs = momentMs(last, startMs);
  return (share) => Math.round(firstMs + (lastMs - firstMs) * share);
}
