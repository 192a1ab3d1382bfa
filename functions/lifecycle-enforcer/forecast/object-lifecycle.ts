import type { ReadRule } from '../rules/condition.ts';
import { canMove, coldness, isSameClass, type ClassReading } from '../rules/storage-class.ts';

/** One version of an object, live or noncurrent. */
export interface ObjectVersion {
  readonly name: string;
  readonly generation: string;
  readonly bytes: number;
  readonly storageClass: string;
  readonly createdMs: number;
  readonly customMs?: number | undefined;
  /** When it stopped being live. */
  readonly noncurrentMs?: number | undefined;
  /** By a temporary or event-based hold: nothing deletes it until the hold is released. */
  readonly held: boolean;
  /** By the bucket's retention or its own. */
  readonly retainedUntilMs?: number | undefined;
}

/** What a rule does to one version. Cloud Storage acts up to a day later than `dueMs`. */
export type LifecycleEvent = {
  readonly generation: string;
  readonly dueMs: number;
  /** Earlier moments at which something happened to this object: each may be a day late, and this one waits for it. */
  readonly after: number;
} & ({ readonly kind: 'delete' | 'noncurrent' } | { readonly kind: 'move'; readonly to: string });

export const DAY_MS = 86_400_000;

/**
 * What lifecycle rules do to all versions of one object (newest first) in the time from one moment to another, if no one
 * touches it meanwhile. One action at a time: Delete beats SetStorageClass, of several classes the cheapest wins; a Delete
 * of a live version in a versioned bucket makes it noncurrent. Source: storage/docs/lifecycle.
 */
export function lifecycleEvents(
  versions: readonly ObjectVersion[],
  rules: readonly ReadRule[],
  bucket: { readonly versioned: boolean; readonly autoclass: boolean },
  fromMs: number,
  untilMs: number,
  reading: ClassReading = 'by-name',
): readonly LifecycleEvent[] {
  // Autoclass alone chooses the class of each object.
  const active = rules.filter(
    ({ type }) => type === 'Delete' || (type === 'SetStorageClass' && !bucket.autoclass),
  );
  const events: LifecycleEvent[] = [];
  let present = versions;
  let nowMs = fromMs;
  for (let after = 0; ; after++) {
    const next = present.flatMap((version, newer) => nextAction(version, newer, active, nowMs, reading));
    const dueMs = next.reduce((first, one) => Math.min(first, one.dueMs), Infinity);
    if (dueMs > untilMs || dueMs === Infinity) return events;
    nowMs = dueMs;
    // Those that are due together are judged by what is there before the first of them is touched.
    for (const { version, to } of next.filter((one) => one.dueMs === dueMs)) {
      const { generation } = version;
      const left = versionAfter(version, to, bucket.versioned, dueMs);
      present = present.flatMap((one) => (one === version ? left : [one]));
      if (to !== undefined) events.push({ kind: 'move', to, generation, dueMs, after });
      else events.push({ kind: left.length === 0 ? 'delete' : 'noncurrent', generation, dueMs, after });
    }
  }
}

/** What is left of a version after an action; nothing, or one. */
function versionAfter(
  version: ObjectVersion,
  to: string | undefined,
  versioned: boolean,
  atMs: number,
): readonly ObjectVersion[] {
  if (to !== undefined) return [{ ...version, storageClass: to }];
  return version.noncurrentMs === undefined && versioned ? [{ ...version, noncurrentMs: atMs }] : [];
}

interface Next {
  readonly version: ObjectVersion;
  readonly dueMs: number;
  /** Undefined for a Delete. */
  readonly to: string | undefined;
}

/** The first action that becomes due on a version as it is, and the strongest one at that moment. */
function nextAction(
  version: ObjectVersion,
  newer: number,
  rules: readonly ReadRule[],
  nowMs: number,
  reading: ClassReading,
): readonly Next[] {
  const due: Next[] = rules
    .filter(
      ({ type, to }) =>
        type === 'Delete' || (type === 'SetStorageClass' && canMove(version.storageClass, to)),
    )
    .map((rule) => {
      const matchMs = dueAt(version, newer, rule, reading);
      const blockedMs = version.held ? Infinity : (version.retainedUntilMs ?? -Infinity);
      const dueMs = rule.type === 'Delete' ? Math.max(matchMs, blockedMs) : matchMs;
      return { version, dueMs: Math.max(nowMs, dueMs), to: rule.type === 'Delete' ? undefined : rule.to };
    });
  const firstMs = due.reduce((first, { dueMs }) => Math.min(first, dueMs), Infinity);
  if (firstMs === Infinity) return [];
  const strongest = due
    .filter(({ dueMs }) => dueMs === firstMs)
    .reduce((best, one) => (strength(one) > strength(best) ? one : best));
  return [strongest];
}

function strength({ to }: Next): number {
  return to === undefined ? Infinity : (coldness(to) ?? -1);
}

/** When all conditions of a rule hold for a version that stays as it is; -Infinity for always, Infinity for never. */
function dueAt(
  version: ObjectVersion,
  newer: number,
  { condition, unknown }: ReadRule,
  reading: ClassReading,
): number {
  const { name, storageClass, createdMs, customMs, noncurrentMs } = version;
  // What cannot be evaluated is said elsewhere; here it does nothing.
  if (unknown.length > 0) return Infinity;
  const holds =
    (condition.isLive === undefined || condition.isLive === (noncurrentMs === undefined)) &&
    (condition.matchesStorageClass?.some((one) => isSameClass(one, storageClass, reading)) ?? true) &&
    (condition.matchesPrefix?.some((prefix) => name.startsWith(prefix)) ?? true) &&
    (condition.matchesSuffix?.some((suffix) => name.endsWith(suffix)) ?? true) &&
    newer >= (condition.numNewerVersions ?? 0) &&
    isBefore(createdMs, condition.createdBefore) &&
    isBefore(customMs, condition.customTimeBefore) &&
    isBefore(noncurrentMs, condition.noncurrentTimeBefore);
  if (!holds) return Infinity;
  return Math.max(
    daysAfter(createdMs, condition.age),
    daysAfter(customMs, condition.daysSinceCustomTime),
    daysAfter(noncurrentMs, condition.daysSinceNoncurrentTime),
  );
}

/** Before midnight UTC of a date. A moment that does not exist is not before anything. */
function isBefore(ms: number | undefined, date: string | undefined): boolean {
  return date === undefined || (ms !== undefined && ms < Date.parse(date));
}

function daysAfter(ms: number | undefined, days: number | undefined): number {
  if (days === undefined) return -Infinity;
  return ms === undefined ? Infinity : ms + days * DAY_MS;
}
