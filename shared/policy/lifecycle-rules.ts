/** Cloud Storage's lifecycle rules in the API's own JSON form (google/storage/v2/storage.proto, Bucket.Lifecycle). */
import * as z from 'zod/mini';
import {
  complain,
  nonEmptyList,
  oneOf,
  section,
  textAs,
  textLike,
  wholeNumber,
  type RawIssue,
} from './fields.ts';

/** Conditions of AbortIncompleteMultipartUpload; Cloud Storage refuses any other with it (storage/docs/lifecycle). */
export const ABORT_CONDITIONS: readonly string[] = ['age', 'matchesPrefix', 'matchesSuffix'];

const actionTypes = ['Delete', 'SetStorageClass', 'AbortIncompleteMultipartUpload'] as const;

function actionComplaint({ code, input }: RawIssue): string {
  if (code !== 'invalid_union') return complain('a map {type, storageClass}').error({ input });
  const { type } = z.parse(z.object({ type: z.optional(z.unknown()) }), input);
  return complain(`one of: ${actionTypes.join(', ')}`).error({ input: type });
}

const lifecycleAction = z.discriminatedUnion(
  'type',
  [
    section({ type: z.literal('Delete') }),
    section({
      type: z.literal('SetStorageClass'),
      storageClass: oneOf(['STANDARD', 'NEARLINE', 'COLDLINE', 'ARCHIVE']),
    }),
    section({ type: z.literal('AbortIncompleteMultipartUpload') }),
  ],
  { error: actionComplaint },
);

const storedClass = oneOf([
  'STANDARD',
  'NEARLINE',
  'COLDLINE',
  'ARCHIVE',
  'MULTI_REGIONAL',
  'REGIONAL',
  'DURABLE_REDUCED_AVAILABILITY',
]);

function readDate(text: string): string | undefined {
  const parsed = new Date(`${text}T00:00:00Z`);
  // The round trip refuses 2026-02-30, which Date would silently make 2 March.
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(text) ? text : undefined;
}

const date = textAs(/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/, 'a date that exists, as YYYY-MM-DD', readDate);
const dayCount = wholeNumber('a whole number of days without quotes, 0 or more');
const nameParts = nonEmptyList(
  textLike(/^[\s\S]{1,1024}$/, 'text of 1 to 1,024 characters, in quotes when it looks like a number'),
  'a list of texts, one at least',
);

/** A rule's condition: all keys must hold. That one is there at all, the checks across keys see to. */
export const lifecycleCondition = section({
  age: z.exactOptional(dayCount),
  createdBefore: z.exactOptional(date),
  customTimeBefore: z.exactOptional(date),
  daysSinceCustomTime: z.exactOptional(dayCount),
  daysSinceNoncurrentTime: z.exactOptional(dayCount),
  noncurrentTimeBefore: z.exactOptional(date),
  isLive: z.exactOptional(z.boolean(complain('true or false without quotes'))),
  matchesStorageClass: z.exactOptional(nonEmptyList(storedClass, 'a list of storage classes, one at least')),
  matchesPrefix: z.exactOptional(nameParts),
  matchesSuffix: z.exactOptional(nameParts),
  matchesPattern: z.exactOptional(textLike(/^[\s\S]+$/, 'an RE2 expression')),
  numNewerVersions: z.exactOptional(wholeNumber('a whole number of versions without quotes, 0 or more')),
});

/** A rule, key by key. */
export const lifecycleRule = section({ action: lifecycleAction, condition: lifecycleCondition });

/** One rule: an action, and the conditions that must all hold for it. */
export type LifecycleRule = Readonly<z.infer<typeof lifecycleRule>>;
