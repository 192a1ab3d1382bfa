import { describeRule, noncurrentOnly, type Condition, type ReadRule } from './condition.ts';
import { mayBeSameClass } from './storage-class.ts';

/** The classes that an object of today can have. */
const CLASSES = ['STANDARD', 'NEARLINE', 'COLDLINE', 'ARCHIVE'];

/**
 * Why a rule takes effect at once on what is written today; undefined when something makes it wait, when it takes noncurrent
 * versions alone, or when it has a condition that this code cannot read.
 */
export function takesEffectAtOnce({ condition, unknown }: ReadRule, now: Date): string | undefined {
  if (waits(condition, now) || noncurrentOnly(condition)) return undefined;
  // A pattern restricts names, as a prefix does; what anything else does is not known.
  if (unknown.some((key) => key !== 'matchesPattern')) return undefined;
  const future = [condition.createdBefore, condition.customTimeBefore].find((date) => date !== undefined);
  if (future !== undefined) return `${future} is not over: everything until then matches immediately`;
  if (condition.age === 0) return 'age 0 matches immediately';
  return 'no condition makes it wait: it matches immediately';
}

function waits(condition: Condition, now: Date): boolean {
  const over = (date: string | undefined): boolean => date !== undefined && Date.parse(date) <= now.getTime();
  return (
    (condition.age ?? 0) > 0 ||
    (condition.daysSinceCustomTime ?? 0) > 0 ||
    over(condition.createdBefore) ||
    over(condition.customTimeBefore)
  );
}

/** A rule that deletes every object at once, in words. `storageClass`: what objects of the bucket have by default. */
export function deletesEverything(
  read: ReadRule,
  now: Date,
  storageClass: string | undefined,
): string | undefined {
  if (read.type !== 'Delete' || read.unknown.length > 0 || restricts(read.condition, storageClass))
    return undefined;
  const why = takesEffectAtOnce(read, now);
  return why === undefined ? undefined : `${describeRule(read.rule)}: deletes every object at once (${why})`;
}

/** Whether a condition leaves out objects that a bucket is likely to have. */
function restricts(condition: Condition, storageClass: string | undefined): boolean {
  const { matchesPrefix, matchesSuffix, matchesStorageClass: classes } = condition;
  const names = [matchesPrefix, matchesSuffix].some((list) => list !== undefined && !list.includes(''));
  const byClass =
    classes !== undefined &&
    !CLASSES.every((one) => classes.some((name) => mayBeSameClass(name, one))) &&
    !(storageClass !== undefined && classes.some((name) => mayBeSameClass(name, storageClass)));
  return (
    names ||
    byClass ||
    condition.customTimeBefore !== undefined ||
    condition.daysSinceCustomTime !== undefined
  );
}
