import { z } from 'zod';
import { lifecycleSchema, STORAGE_CLASSES } from './lifecycle-schema.ts';

/** An int64, which JSON carries as a string; numbers are taken too. */
const int64 = z
  .union([z.string().regex(/^\d{1,19}$/, 'must be a whole number'), z.int().min(0)])
  .transform((value) => BigInt(value).toString());

const toggle = z.strictObject({ enabled: z.boolean() });
const lockable = z.strictObject({ enabled: z.boolean(), lockedTime: z.string().optional() });

/** Label keys and values: lower-case letters of any script, digits, `_` and `-`; a key starts with a letter. */
const labels = z
  .record(
    z.string().regex(/^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u),
    z.string().regex(/^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u),
  )
  .refine((record) => Object.keys(record).length <= 64, 'a bucket takes at most 64 labels');

/** Of an access control entry only these two can be chosen; the rest is derived and may be sent back. */
const accessControl = z.object({ entity: z.string().min(1), role: z.enum(['OWNER', 'READER', 'WRITER']) });

/** The writable fields of a bucket. `effectiveTime`, `isLocked` and the like may be sent back, but the service sets them. */
export const bucketFields = {
  acl: z.array(accessControl).optional(),
  autoclass: z
    .strictObject({
      enabled: z.boolean(),
      toggleTime: z.string().optional(),
      terminalStorageClass: z.enum(['NEARLINE', 'ARCHIVE']).optional(),
      terminalStorageClassUpdateTime: z.string().optional(),
    })
    .optional(),
  billing: z.strictObject({ requesterPays: z.boolean() }).optional(),
  cors: z
    .array(
      z.strictObject({
        maxAgeSeconds: z.int32().optional(),
        method: z.array(z.string()).optional(),
        origin: z.array(z.string()).optional(),
        responseHeader: z.array(z.string()).optional(),
      }),
    )
    .optional(),
  customPlacementConfig: z.strictObject({ dataLocations: z.array(z.string()).length(2) }).optional(),
  defaultEventBasedHold: z.boolean().optional(),
  defaultObjectAcl: z.array(accessControl).optional(),
  encryption: z.strictObject({ defaultKmsKeyName: z.string() }).optional(),
  hierarchicalNamespace: toggle.optional(),
  iamConfiguration: z
    .strictObject({
      bucketPolicyOnly: lockable.optional(),
      uniformBucketLevelAccess: lockable.optional(),
      publicAccessPrevention: z.enum(['inherited', 'enforced', 'unspecified']).optional(),
    })
    .optional(),
  labels: labels.optional(),
  lifecycle: lifecycleSchema.optional(),
  logging: z.strictObject({ logBucket: z.string(), logObjectPrefix: z.string().optional() }).optional(),
  retentionPolicy: z
    .strictObject({
      retentionPeriod: int64,
      effectiveTime: z.string().optional(),
      isLocked: z.boolean().optional(),
    })
    .optional(),
  rpo: z.enum(['DEFAULT', 'ASYNC_TURBO']).optional(),
  softDeletePolicy: z
    .strictObject({ retentionDurationSeconds: int64, effectiveTime: z.string().optional() })
    .optional(),
  storageClass: z.enum(STORAGE_CLASSES).optional(),
  versioning: toggle.optional(),
  website: z
    .strictObject({ mainPageSuffix: z.string().optional(), notFoundPage: z.string().optional() })
    .optional(),
};

export const bucketSettingsSchema = z.strictObject(bucketFields);
export type BucketSettings = z.output<typeof bucketSettingsSchema>;

/** Fields that a client may send back and that only the service sets. */
export const BUCKET_OUTPUT_FIELDS: ReadonlySet<string> = new Set([
  'kind', 'id', 'selfLink', 'projectNumber', 'generation', 'metageneration', 'etag', 'timeCreated', 'updated', 'owner',
  'locationType', 'satisfiesPZI', 'satisfiesPZS', 'softDeleteTime', 'hardDeleteTime',
]); // prettier-ignore
