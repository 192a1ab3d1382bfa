import { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';
import { STORAGE_CLASSES } from './lifecycle-schema.ts';

/** What a client may write of an object at any time. */
export const objectFields = {
  cacheControl: z.string().optional(),
  contentDisposition: z.string().optional(),
  contentEncoding: z.string().optional(),
  contentLanguage: z.string().optional(),
  contentType: z.string().optional(),
  customTime: z.iso.datetime({ offset: true }).optional(),
  eventBasedHold: z.boolean().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  temporaryHold: z.boolean().optional(),
};

export const objectPatchSchema = z.strictObject(objectFields);

/** What a client may write when it creates an object. The checksums are what it expects, and are verified. */
export const objectInsertSchema = z.strictObject({
  ...objectFields,
  crc32c: z.string().optional(),
  md5Hash: z.string().optional(),
  name: z.string().optional(),
  storageClass: z.enum(STORAGE_CLASSES).optional(),
});

export type ObjectFields = z.output<typeof objectPatchSchema>;
export type ObjectInsert = z.output<typeof objectInsertSchema>;

/** Fields that a client may send back and that only the service sets. */
export const OBJECT_OUTPUT_FIELDS: ReadonlySet<string> = new Set([
  'kind', 'id', 'selfLink', 'mediaLink', 'bucket', 'generation', 'metageneration', 'size', 'etag', 'timeCreated', 'updated',
  'timeDeleted', 'timeFinalized', 'timeStorageClassUpdated', 'softDeleteTime', 'hardDeleteTime', 'retentionExpirationTime',
  'componentCount', 'owner',
]); // prettier-ignore

const MAX_NAME_BYTES = 1_024;

/** Throws the 400 of a name that no object can have. */
export function checkObjectName(name: string | null | undefined): string {
  if (name === undefined || name === null || name === '') throw new ApiError('INVALID_ARGUMENT', 'Required');
  const bad =
    Buffer.byteLength(name) > MAX_NAME_BYTES || /[\r\n]/.test(name) || name === '.' || name === '..';
  if (bad || name.startsWith('.well-known/acme-challenge/'))
    throw new ApiError('INVALID_ARGUMENT', `Invalid object name "${name}".`);
  return name;
}
