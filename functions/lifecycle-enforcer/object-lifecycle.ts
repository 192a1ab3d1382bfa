import type { ReadRule } from './rule-condition.ts';
import { canMove, coldness } from './storage-class.ts';

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
  /** By a temporary or event-based hold: nothing deletes it until somebody releases it. */
  readonly held: boolean;
  /** By the bucket's retention or its own. */
  readonly retainedUntilMs?: number | undefined;
}

/** What a rule does to one version. Cloud Storage acts up to a day later than `dueMs`. */
export type LifecycleEvent = {
  readonly generation: string;
  readonly dueMs: number;
  /** Actions on this object that were due before: each may be a day late, and this one waits for it. */
  readonly after: number;
} & ({ readonly kind: 'delete' | 'noncurrent' } | { readonly kind: 'move'; readonly to: string });

export const DAY_MS = 86_400_000;

/**
 * What lifecycle rules do to all versions of one object (newest first) in the time from one moment to another, if nobody
 * touches it meanwhile. One action at a time: Delete beats SetStorageClass, of several classes the cheapest wins; a Delete
 * of a live version in a versioned bucket makes it noncurrent. Source: storage/docs/lifecycle.
 */
export function lifecycleEvents(
  versions: readonly ObjectVersion[],
  rules: readonly ReadRule[],
  bucket: { readonly versioned: boolean },
  fromMs: number,
  untilMs: number,
): readonly LifecycleEvent[] {
  const events: LifecycleEvent[] = [];
  let present = versions;
  let nowMs = fromMs;
  for (;;) {
    const next = present
      .flatMap((version, newer) => nextAction(version, newer, rules, nowMs))
      .reduce<Next | undefined>(
        (first, one) => (first === undefined || one.dueMs < first.dueMs ? one : first),
        undefined,
      );
    if (next === undefined || next.dueMs > untilMs) return events;
    nowMs = next.dueMs;
    const { version, dueMs } = next;
    const { generation } = version;
    const after = events.length;
    if (next.to !== undefined) {
      const moved = { ...version, storageClass: next.to };
      events.push({ kind: 'move', to: next.to, generation, dueMs, after });
      present = present.map((one) => (one === version ? moved : one));
    } else if (version.noncurrentMs === undefined && bucket.versioned) {
      events.push({ kind: 'noncurrent', generation, dueMs, after });
      present = present.map((one) => (one === version ? { ...version, noncurrentMs: dueMs } : one));
    } else {
      events.push({ kind: 'delete', generation, dueMs, after });
      present = present.filter((one) => one !== version);
    }
  }
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
): readonly Next[] {
  const due: Next[] = rules
    .filter(
      ({ type, to }) =>
        type === 'Delete' || (type === 'SetStorageClass' && canMove(version.storageClass, to)),
    )
    .map((rule) => {
      const matchMs = dueAt(version, newer, rule);
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
function dueAt(version: ObjectVersion, newer: number, { condition, unknown }: ReadRule): number {
  const { name, storageClass, createdMs, customMs, noncurrentMs } = version;
  // What cannot be evaluated is said elsewhere; here it does nothing.
  if (unknown.length > 0) return Infinity;
  const holds =
    (condition.isLive === undefined || condition.isLive === (noncurrentMs === undefined)) &&
    (condition.matchesStorageClass?.includes(storageClass) ?? true) &&
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
