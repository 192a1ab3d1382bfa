import type { Bucket } from '../../../shared/google/buckets.ts';
import { noncurrentOnly, type ReadRule } from '../rules/condition.ts';
import { canMove, coldness, isLegacyName, mayBeSameClass } from '../rules/storage-class.ts';
import { DAY_MS } from './object-lifecycle.ts';
import type { RuleChange } from './objects.ts';
import type { Cell } from './usage.ts';

/** Whether a rule matches within some days: every object of a cell, none, or not known. */
export type Reach = 'all' | 'some' | 'none';

/** A bucket at a moment, and how many days ahead is looked. */
export interface View {
  readonly bucket: Bucket;
  readonly nowMs: number;
  readonly days: number;
  /** Whether other rules may change an object's class in that time. */
  readonly movable: boolean;
  /** Rules only come: storage cannot become more expensive by it. */
  readonly adding: boolean;
}

export function viewOf(bucket: Bucket, { before, after }: RuleChange, now: Date, days: number): View {
  const left = new Set(after.map(({ rule }) => rule));
  return {
    bucket,
    nowMs: now.getTime(),
    days,
    movable: bucket.autoclass || [...before, ...after].some(({ type }) => type === 'SetStorageClass'),
    adding: before.every(({ rule }) => left.has(rule)) && neverDearer({ before, after }, bucket),
  };
}

/**
 * Whether more rules only ever make storage cheaper: a move takes objects out of the reach of rules that name their class, and
 * what is softly deleted goes on billing in the class that it has, without the moves to come.
 */
function neverDearer({ before, after }: RuleChange, { softDeleteSeconds }: Bucket): boolean {
  const byClass = after.some(({ condition }) => condition.matchesStorageClass !== undefined);
  const moves = before.some(({ type }) => type === 'SetStorageClass');
  return !byClass && (softDeleteSeconds === 0 || !moves);
}

/** Whether a move, new or gone, decides what a Delete matches. */
function deletesByClass(rules: readonly ReadRule[]): boolean {
  return rules.some(
    ({ type, condition }) => type === 'Delete' && condition.matchesStorageClass !== undefined,
  );
}

/** Rules of which the change may delete more: the new ones, and Deletes by class where the moves are others than before. */
export function rulesInPlay(rules: RuleChange): readonly ReadRule[] {
  const added = addedRules(rules);
  const gone = addedRules({ before: rules.after, after: rules.before });
  if (![...added, ...gone].some(({ type }) => type === 'SetStorageClass')) return added;
  const others = rules.after.filter((rule) => !added.includes(rule));
  return [...added, ...others.filter((rule) => deletesByClass([rule]))];
}

export function addedRules({ before, after }: RuleChange): readonly ReadRule[] {
  const present = new Set(before.map(({ rule }) => rule));
  return after.filter(({ rule }) => !present.has(rule));
}

/** Whether a rule matches the objects of a cell within the days; without a cell, objects of whatever kind. */
export function reachOf(
  { condition, type, to, unknown }: ReadRule,
  cell: Cell | undefined,
  view: View,
): Reach {
  const { bucket, nowMs, days } = view;
  const restricted = restrictedTo(condition, cell, view);
  if (restricted === 'none' || (type === 'SetStorageClass' && cell !== undefined && !mayMove(cell, to)))
    return 'none';
  const bucketDays = bucket.createdMs === 0 ? Infinity : (nowMs - bucket.createdMs) / DAY_MS;
  const waits = [condition.age, condition.daysSinceNoncurrentTime].filter((wait) => wait !== undefined);
  if (waits.some((wait) => wait > bucketDays + days)) return 'none';
  const dates = [condition.createdBefore, condition.noncurrentTimeBefore].filter(
    (date) => date !== undefined,
  );
  if (dates.some((date) => Date.parse(date) <= bucket.createdMs)) return 'none';
  const certain =
    restricted === 'all' &&
    unknown.length === 0 &&
    condition.matchesPrefix === undefined &&
    condition.matchesSuffix === undefined &&
    condition.customTimeBefore === undefined &&
    condition.daysSinceCustomTime === undefined &&
    waits.every((wait) => wait <= days) &&
    dates.every((date) => Date.parse(date) > nowMs);
  return certain ? 'all' : 'some';
}

function mayMove(cell: Cell, to: string): boolean {
  // A class that is newer than this code.
  return coldness(cell.storageClass) === undefined || canMove(cell.storageClass, to);
}

/** What the class and the state of a cell leave of a rule. */
function restrictedTo(condition: ReadRule['condition'], cell: Cell | undefined, view: View): Reach {
  const classes = condition.matchesStorageClass;
  if (cell === undefined) return 'some';
  const named = namedBy(classes, cell.storageClass);
  if (named === 'none') return view.movable ? 'some' : 'none';
  const wantsNoncurrent = noncurrentOnly(condition);
  const live = cell.type === undefined ? undefined : cell.type === 'live-object';
  if (live === false && condition.isLive === true) return 'none';
  if (live === true && wantsNoncurrent) return view.bucket.versioned ? 'some' : 'none';
  const sure =
    // How many newer versions there are, metrics do not tell.
    (condition.numNewerVersions ?? 0) === 0 &&
    (live !== undefined || (!wantsNoncurrent && condition.isLive === undefined)) &&
    (classes === undefined || (!view.movable && named === 'all'));
  return sure ? 'all' : 'some';
}

/**
 * Whether a list of classes takes what metrics label so. STANDARD may be labelled REGIONAL or MULTI_REGIONAL, never the
 * other way round; a label that is missing says nothing.
 */
function namedBy(classes: readonly string[] | undefined, label: string): Reach {
  if (classes === undefined) return 'all';
  if (label === '') return 'some';
  const certain = isLegacyName(label) ? classes.includes('STANDARD') : true;
  if (certain && classes.includes(label)) return 'all';
  return classes.some((one) => mayBeSameClass(one, label)) ? 'some' : 'none';
}
