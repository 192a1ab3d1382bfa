import type { Lifecycle } from '../lifecycle-schema.ts';
import type { MultipartUpload, StoredObject } from '../model.ts';

export type Condition = Lifecycle['rule'][number]['condition'];

const DAY_MS = 86_400_000;

/**
 * From when on a version meets all conditions, as long as no one changes it; infinite when it does not. `newerVersions`
 * counts the object's versions after it, the live one included.
 */
export function metFromMs(condition: Condition, version: StoredObject, newerVersions: number): number {
  const { deletedMs, customTime } = version;
  const customMs = customTime === undefined ? undefined : Date.parse(customTime);
  const holds =
    namesMatch(condition, version.name) &&
    isOneOf(condition.matchesStorageClass, (known) => known === version.storageClass) &&
    (condition.isLive === undefined || condition.isLive === (deletedMs === undefined)) &&
    newerVersions >= (condition.numNewerVersions ?? 0) &&
    isBefore(version.createdMs, condition.createdBefore) &&
    isBefore(customMs, condition.customTimeBefore) &&
    isBefore(deletedMs, condition.noncurrentTimeBefore);
  if (!holds) return Infinity;
  return Math.max(
    daysAfter(version.createdMs, condition.age),
    daysAfter(customMs, condition.daysSinceCustomTime),
    daysAfter(deletedMs, condition.daysSinceNoncurrentTime),
  );
}

/** The same for an unfinished upload, whose conditions can only be its age and its name. */
export function uploadMetFromMs(condition: Condition, upload: MultipartUpload): number {
  return namesMatch(condition, upload.name) ? daysAfter(upload.startedMs, condition.age) : Infinity;
}

function namesMatch({ matchesPrefix, matchesSuffix }: Condition, name: string): boolean {
  return (
    isOneOf(matchesPrefix, (prefix) => name.startsWith(prefix)) &&
    isOneOf(matchesSuffix, (suffix) => name.endsWith(suffix))
  );
}

/** In a message an empty list is the same as none: it restricts nothing. */
function isOneOf<T>(list: readonly T[] | undefined, fits: (one: T) => boolean): boolean {
  return list === undefined || list.length === 0 || list.some(fits);
}

/** Midnight UTC at the beginning of `date` counts. What has no such time is before nothing. */
function isBefore(ms: number | undefined, date: string | undefined): boolean {
  return date === undefined || (ms !== undefined && ms < Date.parse(date));
}

function daysAfter(ms: number | undefined, days: number | undefined): number {
  if (days === undefined) return -Infinity;
  return ms === undefined ? Infinity : ms + days * DAY_MS;
}
