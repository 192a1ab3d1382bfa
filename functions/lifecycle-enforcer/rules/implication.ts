import type { Condition, ReadRule } from './condition.ts';
import { isSameClass, type ClassReading } from './storage-class.ts';

/** Whether everything that meets a condition meets the other rule's too, at the same time or earlier. */
export function implies(
  special: Condition,
  { condition: general, unknown }: ReadRule,
  reading: ClassReading = 'by-name',
): boolean {
  return (
    unknown.length === 0 &&
    atLeast(special.age, general.age) &&
    atLeast(special.daysSinceCustomTime, general.daysSinceCustomTime) &&
    atLeast(special.daysSinceNoncurrentTime, general.daysSinceNoncurrentTime) &&
    atLeast(special.numNewerVersions, general.numNewerVersions) &&
    notLater(special.createdBefore, general.createdBefore) &&
    notLater(special.customTimeBefore, general.customTimeBefore) &&
    notLater(special.noncurrentTimeBefore, general.noncurrentTimeBefore) &&
    (general.isLive === undefined || general.isLive === special.isLive) &&
    within(special.matchesStorageClass, general.matchesStorageClass, (one, other) =>
      isSameClass(one, other, reading),
    ) &&
    within(special.matchesPrefix, general.matchesPrefix, (one, other) => one.startsWith(other)) &&
    within(special.matchesSuffix, general.matchesSuffix, (one, other) => one.endsWith(other))
  );
}

function atLeast(special: number | undefined, general: number | undefined): boolean {
  return general === undefined || (special !== undefined && special >= general);
}

/** Dates as `YYYY-MM-DD`, which sort as text. */
function notLater(special: string | undefined, general: string | undefined): boolean {
  return general === undefined || (special !== undefined && special <= general);
}

function within(
  special: readonly string[] | undefined,
  general: readonly string[] | undefined,
  covers: (one: string, other: string) => boolean,
): boolean {
  if (general === undefined) return true;
  return special?.every((one) => general.some((other) => covers(one, other))) ?? false;
}
