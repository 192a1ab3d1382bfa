import assert from 'node:assert/strict';
import { test } from 'vitest';
import fc from 'fast-check';
import {
  DAY_MS,
  lifecycleEvents,
  type LifecycleEvent,
  type ObjectVersion,
} from '../../../functions/lifecycle-enforcer/forecast/object-lifecycle.ts';
import { readRule } from '../../../functions/lifecycle-enforcer/rules/condition.ts';
import { createClock } from '../../sandbox/clock/clock.ts';
import type { StoredObject } from '../../sandbox/services/storage/model.ts';
import { retainedUntilMs } from '../../sandbox/services/storage/object-writes.ts';
import type { StorageSeed } from '../../sandbox/services/storage/seed.ts';
import { createStorageService, type StorageService } from '../../sandbox/services/storage/service.ts';
import { anyRule } from './rule-arbitraries.ts';

/** Midnight, as all times are that are given in days: dates in conditions then fall on the same moments. */
const START_MS = Date.parse('2026-11-18T00:00:00Z');
const YEAR_DAYS = 365;

type BucketSeed = NonNullable<StorageSeed['buckets']>[number];

const daysAgo = fc.constantFrom(0, 1, 5, 29, 30, 31, 60, 89, 90, 100, 364, 365, 500);
const storageClass = fc.constantFrom(
  'STANDARD' as const,
  'NEARLINE' as const,
  'COLDLINE' as const,
  'REGIONAL' as const,
  'MULTI_REGIONAL' as const,
  'DURABLE_REDUCED_AVAILABILITY' as const,
);
const rarely = fc.constantFrom(true, false, false, false, false, false);

const anyObject = fc
  .record({
    name: fc.constantFrom('a/x.ckpt', 'a/b/y.txt', 'b/z', 'logs/1.txt', 'w.ckpt', 'v'),
    ages: fc.uniqueArray(daysAgo, { minLength: 1, maxLength: 4 }),
    classes: fc.array(storageClass, { minLength: 4, maxLength: 4 }),
    size: fc.nat(1_000),
    customDays: fc.option(daysAgo, { nil: undefined }),
    temporaryHold: rarely,
    eventBasedHold: rarely,
    live: fc.constantFrom(true, true, true, false),
    /** Of the object alone: for so many days from now, or over already. */
    retainedDays: fc.constantFrom(undefined, undefined, undefined, -3, 20, 45, 400),
  })
  .map(({ name, ages, classes, size, customDays, live, retainedDays, ...holds }) => {
    const [newest = 0, ...older] = ages.toSorted((a, b) => a - b);
    const noncurrent = older.map((age, index) => ({
      size,
      storageClass: classes[index] ?? ('STANDARD' as const),
      timeCreated: `-${age}d`,
      // Replaced by the version after it.
      timeDeleted: `-${older[index - 1] ?? newest}d`,
    }));
    return {
      name,
      size,
      timeCreated: `-${newest}d`,
      storageClass: classes[3] ?? ('STANDARD' as const),
      ...(customDays === undefined ? {} : { customTime: `-${customDays}d` }),
      ...(retainedDays === undefined
        ? {}
        : { retention: { mode: 'Unlocked' as const, retainUntilTime: `${retainedDays}d` } }),
      ...(holds.temporaryHold ? { temporaryHold: true } : {}),
      ...(holds.eventBasedHold ? { eventBasedHold: true } : {}),
      noncurrent: noncurrent.toReversed(),
      live: live || noncurrent.length === 0,
    };
  });

const anyBucket = fc.record({
  /** A hierarchical namespace takes no versioning. */
  kind: fc.constantFrom('flat' as const, 'versioned' as const, 'hierarchical' as const),
  retentionDays: fc.constantFrom(undefined, undefined, undefined, 45),
  softDeleteDays: fc.constantFrom(0, 7),
  objects: fc.uniqueArray(anyObject, { selector: ({ name }) => name, minLength: 1, maxLength: 5 }),
  rules: fc.array(anyRule, { minLength: 1, maxLength: 4 }),
  lifecycleSeed: fc.nat(1_000),
});
type AnyBucket = typeof anyBucket extends fc.Arbitrary<infer T> ? T : never;

function serviceOf(any: AnyBucket): { storage: StorageService; moveTo(day: number): Promise<void> } {
  const clock = createClock({ startMs: START_MS, frozen: true });
  const seed = {
    name: 'b',
    project: 'ml-dev',
    versioning: { enabled: any.kind === 'versioned' },
    hierarchicalNamespace: { enabled: any.kind === 'hierarchical' },
    objectRetention: true,
    softDeletePolicy: { retentionDurationSeconds: any.softDeleteDays * 86_400 },
    ...(any.retentionDays === undefined
      ? {}
      : { retentionPolicy: { retentionPeriod: any.retentionDays * 86_400 } }),
    lifecycle: { rule: any.rules } as NonNullable<BucketSeed['lifecycle']>,
    objects: any.objects,
  };
  const storage = createStorageService({
    clock,
    projectNumberOf: () => '111111111111',
    seed: { lifecycleSeed: any.lifecycleSeed, buckets: [seed] },
  });
  return {
    storage,
    moveTo: (day) => clock.advance(START_MS + day * DAY_MS - clock.now()),
  };
}

/** Versions that are not softly deleted, by object and newest first. */
function versionsIn(storage: StorageService): readonly (readonly ObjectVersion[])[] {
  const bucket = storage.bucket('b');
  if (bucket === undefined) throw new Error('the bucket is gone');
  const toVersion = (object: StoredObject): ObjectVersion => ({
    name: object.name,
    generation: object.generation,
    bytes: object.size,
    storageClass: object.storageClass,
    createdMs: object.createdMs,
    customMs: object.customTime === undefined ? undefined : Date.parse(object.customTime),
    noncurrentMs: object.deletedMs,
    held: object.temporaryHold === true || object.eventBasedHold === true,
    retainedUntilMs: retainedUntilMs(bucket, object),
  });
  const present = bucket.objects.all().filter(({ softDeletedMs }) => softDeletedMs === undefined);
  return [...Map.groupBy(present, ({ name }) => name).values()].map((all) =>
    all.toSorted((one, other) => (BigInt(one.generation) < BigInt(other.generation) ? 1 : -1)).map(toVersion),
  );
}

/** Generations are unique within an object only. */
function keyOf({ name, generation }: ObjectVersion): string {
  return `${name}#${generation}`;
}

/** A version in words: its class, or what became of it. */
function stateAfter(version: ObjectVersion, events: readonly LifecycleEvent[]): string {
  let { storageClass: now } = version;
  let live = version.noncurrentMs === undefined;
  for (const event of events) {
    if (event.generation !== version.generation) continue;
    if (event.kind === 'delete') return 'deleted';
    if (event.kind === 'noncurrent') live = false;
    if (event.kind === 'move') now = event.to;
  }
  return `${now} ${live ? 'live' : 'noncurrent'}`;
}

/**
 * The states that a version may be in at a moment: each action comes up to a day after it is due, and another day for
 * each one that it follows. A move that is still to come when a deletion is due may be overtaken by it.
 */
function possibleStates(
  version: ObjectVersion,
  all: readonly LifecycleEvent[],
  atMs: number,
): readonly string[] {
  const events = all.filter(({ generation }) => generation === version.generation);
  const isOvertaken = (event: LifecycleEvent, at: number): boolean =>
    event.kind === 'move' &&
    events.slice(at + 1).some((later) => later.kind !== 'move' && later.dueMs < latestMs(event));
  const kept = events.filter((event, at) => !isOvertaken(event, at));
  return [...new Set([events, kept])].flatMap((some) => statesAmong(version, some, atMs));
}

function statesAmong(
  version: ObjectVersion,
  events: readonly LifecycleEvent[],
  atMs: number,
): readonly string[] {
  const surely = events.filter((event) => latestMs(event) <= atMs).length;
  const perhaps = events.filter(({ dueMs }) => dueMs <= atMs).length;
  return Array.from({ length: perhaps - surely + 1 }, (_, more) =>
    stateAfter(version, events.slice(0, surely + more)),
  );
}

/**
 * Whether a rule that counts newer versions may see one that is due to go but still there: when each of them goes is open
 * within a day, so it is open what the rule does.
 */
function mayCountOneThatGoes(
  version: ObjectVersion,
  versions: readonly ObjectVersion[],
  events: readonly LifecycleEvent[],
  atMs: number,
): boolean {
  const newer = versions.slice(0, versions.indexOf(version)).map(({ generation }) => generation);
  return events.some(
    ({ kind, generation, dueMs }) => kind === 'delete' && newer.includes(generation) && dueMs <= atMs,
  );
}

function latestMs({ dueMs, after }: LifecycleEvent): number {
  return dueMs + (after + 1) * DAY_MS;
}

const CHECKED_DAYS = [1, 2, 8, 31, 32, 62, 92, YEAR_DAYS];

test('what is forecast is what happens, object by object, as the clock moves a year', async () => {
  let deleted = 0;
  let moved = 0;
  let checked = 0;
  await fc.assert(
    fc.asyncProperty(anyBucket, async (any) => {
      const world = serviceOf(any);
      const { storage } = world;
      const rules = any.rules.map(readRule);
      const settings = { versioned: any.kind === 'versioned', autoclass: false };
      const countsNewer = rules.some(({ condition }) => (condition.numNewerVersions ?? 0) > 0);
      const endMs = START_MS + YEAR_DAYS * DAY_MS;
      const forecast = versionsIn(storage).map((versions) => ({
        versions,
        events: lifecycleEvents(versions, rules, settings, START_MS, endMs),
      }));
      for (const day of CHECKED_DAYS) {
        await world.moveTo(day);
        const atMs = START_MS + day * DAY_MS;
        const now = new Map(
          versionsIn(storage)
            .flat()
            .map((version) => [keyOf(version), stateAfter(version, [])]),
        );
        for (const { versions, events } of forecast)
          for (const version of versions) {
            if (countsNewer && mayCountOneThatGoes(version, versions, events, atMs)) continue;
            checked++;
            const possible = possibleStates(version, events, atMs);
            const actual = now.get(keyOf(version)) ?? 'deleted';
            assert.ok(
              possible.includes(actual),
              `day ${day}: ${keyOf(version)} is ${actual}, forecast ${possible.join(' or ')}`,
            );
          }
      }
      const events = forecast.flatMap((one) => one.events);
      deleted += events.filter(({ kind }) => kind === 'delete').length;
      moved += events.filter(({ kind }) => kind === 'move').length;
    }),
    { numRuns: 400 },
  );
  assert.ok(
    deleted > 100 && moved > 100 && checked > 5_000,
    `not a real test: ${deleted} deleted, ${moved} moved, ${checked} checked`,
  );
});
