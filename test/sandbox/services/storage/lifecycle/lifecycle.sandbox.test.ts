import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import fc from 'fast-check';
import { createClock, type Clock } from '../../../clock/clock.ts';
import type { StorageSeed } from '../seed.ts';
import { START, startHarness } from '../harness.ts';
import { createStorageService, type StorageService } from '../service.ts';
import type { LifecycleAction } from './action.ts';
import { decide, programOf, type Rules } from './decide.ts';
import { adoptRules, announceRules, startTimeline } from './timeline.ts';

const DAY_MS = 86_400_000;
const START_MS = Date.parse(START);
const NO_SOFT_DELETE = { softDeletePolicy: { retentionDurationSeconds: 0 } };

type BucketSeed = NonNullable<StorageSeed['buckets']>[number];
type Rule = Rules[number];

interface World {
  readonly clock: Clock;
  readonly storage: StorageService;
}

function worldOf(bucket: Partial<BucketSeed>, more: Partial<StorageSeed> = {}): World {
  const clock = createClock({ startMs: START_MS, frozen: true });
  const storage = createStorageService({
    clock,
    projectNumberOf: () => '111111111111',
    seed: { buckets: [{ name: 'b', project: 'ml-dev', ...NO_SOFT_DELETE, ...bucket }], ...more },
  });
  return { clock, storage };
}

const deletion = (condition: Rule['condition']): Rule => ({ action: { type: 'Delete' }, condition });
const move = (
  storageClass: 'STANDARD' | 'NEARLINE' | 'COLDLINE' | 'ARCHIVE',
  condition: Rule['condition'],
): Rule => ({ action: { type: 'SetStorageClass', storageClass }, condition });

const days = (action: LifecycleAction): number => Math.ceil((action.atMs - START_MS) / DAY_MS);

function told(storage: StorageService): string[] {
  return storage.lifecycleActions('b').map((action) => {
    const what =
      action.type === 'Delete'
        ? `delete: ${action.left}`
        : action.type === 'SetStorageClass'
          ? `${action.from} to ${action.to}`
          : 'abort';
    return `day ${days(action)}: ${action.object} ${what}`;
  });
}

function classesOf(storage: StorageService): Record<string, string> {
  return Object.fromEntries(
    (storage.bucket('b')?.objects.all() ?? []).map(({ name, storageClass }) => [name, storageClass]),
  );
}

describe('lifecycle', () => {
  it('deletes rather than moves, moves to the coldest of all classes, and never back', async () => {
    const { clock, storage } = worldOf({
      lifecycle: {
        rule: [
          move('NEARLINE', { age: 30 }),
          move('ARCHIVE', { age: 60 }),
          move('COLDLINE', { age: 60 }),
          move('NEARLINE', { age: 90 }),
          deletion({ age: 100 }),
        ],
      },
      objects: [
        { name: 'young', size: 1, timeCreated: '-30d' },
        { name: 'old', size: 1, timeCreated: '-99d' },
      ],
    });
    await clock.advance(DAY_MS * 2);
    assert.deepEqual(told(storage), [
      'day 1: young STANDARD to NEARLINE',
      'day 1: old STANDARD to ARCHIVE',
      'day 2: old delete: nothing',
    ]);
    await clock.advance(DAY_MS * 200);
    assert.deepEqual(
      told(storage).filter((line) => line.includes('young')),
      [
        'day 1: young STANDARD to NEARLINE',
        'day 31: young NEARLINE to ARCHIVE',
        'day 71: young delete: nothing',
      ],
    );
  });

  const objects = [
    { name: 'a/live.ckpt', size: 1, timeCreated: '-10d', customTime: '-40d' },
    { name: 'b/near.txt', size: 1, timeCreated: '-50d', storageClass: 'NEARLINE' as const },
    {
      name: 'c/versioned',
      size: 1,
      timeCreated: '-3d',
      noncurrent: [
        { size: 1, timeCreated: '-30d', timeDeleted: '-20d' },
        { size: 1, timeCreated: '-20d', timeDeleted: '-3d' },
      ],
    },
  ];
  // Versions count from the oldest, so that c/versioned#2 is the live one. The clock starts on 18 November.
  const met: readonly (readonly [string, Rule['condition'], readonly string[]])[] = [
    ['age', { age: 20 }, ['b/near.txt#0', 'c/versioned#0', 'c/versioned#1']],
    ['age 0', { age: 0 }, ['a/live.ckpt#0', 'b/near.txt#0', 'c/versioned#0', 'c/versioned#1', 'c/versioned#2']],
    ['createdBefore', { createdBefore: '2026-10-20' }, ['b/near.txt#0', 'c/versioned#0']],
    ['createdBefore, on the day itself', { createdBefore: '2026-10-19' }, ['b/near.txt#0']],
    ['customTimeBefore', { customTimeBefore: '2026-11-01' }, ['a/live.ckpt#0']],
    ['daysSinceCustomTime', { daysSinceCustomTime: 40 }, ['a/live.ckpt#0']],
    ['daysSinceCustomTime, too few', { daysSinceCustomTime: 43 }, []],
    ['daysSinceNoncurrentTime', { daysSinceNoncurrentTime: 10 }, ['c/versioned#0']],
    ['noncurrentTimeBefore', { noncurrentTimeBefore: '2026-11-16' }, ['c/versioned#0', 'c/versioned#1']],
    ['isLive', { isLive: true, age: 5 }, ['a/live.ckpt#0', 'b/near.txt#0']],
    ['not isLive', { isLive: false }, ['c/versioned#0', 'c/versioned#1']],
    ['matchesStorageClass', { matchesStorageClass: ['NEARLINE', 'ARCHIVE'] }, ['b/near.txt#0']],
    ['matchesPrefix', { matchesPrefix: ['x', 'a/'] }, ['a/live.ckpt#0']],
    ['matchesSuffix', { matchesSuffix: ['.txt', '.ckpt'] }, ['a/live.ckpt#0', 'b/near.txt#0']],
    ['empty lists', { age: 40, matchesPrefix: [], matchesSuffix: [], matchesStorageClass: [] }, ['b/near.txt#0']],
    ['prefix and suffix', { matchesPrefix: ['a/'], matchesSuffix: ['.txt'] }, []],
    ['numNewerVersions', { numNewerVersions: 2 }, ['c/versioned#0']],
    ['all of several', { age: 15, isLive: false, numNewerVersions: 1, daysSinceNoncurrentTime: 5 }, ['c/versioned#0']],
  ]; // prettier-ignore
  for (const [title, condition, expected] of met)
    it(`condition ${title}`, async () => {
      const { clock, storage } = worldOf({ lifecycle: { rule: [deletion(condition)] }, objects });
      const named = new Map(
        (storage.bucket('b')?.objects.all() ?? []).map((version) => [
          `${version.name} ${version.generation}`,
          `${version.name}#${(storage.bucket('b')?.objects.versions(version.name) ?? []).indexOf(version)}`,
        ]),
      );
      await clock.advance(DAY_MS);
      const hit = storage
        .lifecycleActions('b')
        .map((action) =>
          action.type === 'Delete' ? named.get(`${action.object} ${action.generation}`) : action,
        );
      assert.deepEqual(hit.sort(), [...expected].sort());
    });

  it('makes a live object noncurrent where there are versions, and deletes that one later', async () => {
    const { clock, storage } = worldOf({
      versioning: { enabled: true },
      lifecycle: { rule: [deletion({ age: 10, isLive: true }), deletion({ daysSinceNoncurrentTime: 3 })] },
      objects: [{ name: 'run', size: 5, timeCreated: '-10d' }],
    });
    await clock.advance(2 * DAY_MS);
    assert.deepEqual(told(storage), ['day 1: run delete: noncurrent']);
    await clock.advance(10 * DAY_MS);
    assert.deepEqual(told(storage).slice(1), ['day 4: run delete: nothing']);
    assert.equal(storage.bucket('b')?.objects.isEmpty, true);
  });

  it('keeps what soft delete holds back, as soft-deleted bytes, until its window ends', async () => {
    const { clock, storage } = worldOf({
      softDeletePolicy: { retentionDurationSeconds: 8 * 86_400 },
      lifecycle: { rule: [deletion({ age: 1 })] },
      objects: [{ name: 'run', size: 5, timeCreated: '-3d' }],
    });
    await clock.advance(DAY_MS);
    assert.deepEqual(told(storage), ['day 1: run delete: soft-deleted']);
    const soft = [{ storageClass: 'STANDARD', type: 'soft-deleted-object', bytes: 5, count: 1 }];
    await clock.advance(7 * DAY_MS);
    assert.deepEqual(storage.bucket('b')?.objects.totals(), soft);
    await clock.advance(2 * DAY_MS);
    assert.deepEqual(storage.bucket('b')?.objects.totals(), []);
    assert.equal(told(storage).length, 1);
  });

  it('waits with a deletion for holds and retention, but not with a move', async () => {
    const { clock, storage } = worldOf({
      retentionPolicy: { retentionPeriod: 40 * 86_400 },
      lifecycle: { rule: [move('NEARLINE', { age: 5 }), deletion({ age: 10 })] },
      objects: [
        { name: 'free', size: 1, timeCreated: '-60d' },
        { name: 'kept', size: 1, timeCreated: '-20d' },
        { name: 'on-hold', size: 1, timeCreated: '-60d', temporaryHold: true },
        { name: 'by-event', size: 1, timeCreated: '-60d', eventBasedHold: true },
      ],
    });
    await clock.advance(100 * DAY_MS);
    assert.deepEqual(told(storage).sort(), [
      'day 1: by-event STANDARD to NEARLINE',
      'day 1: free delete: nothing',
      'day 1: kept STANDARD to NEARLINE',
      'day 1: on-hold STANDARD to NEARLINE',
      'day 21: kept delete: nothing',
    ]);
  });

  it('aborts unfinished uploads by age and name', async () => {
    const { clock, storage } = worldOf({
      lifecycle: {
        rule: [
          {
            action: { type: 'AbortIncompleteMultipartUpload' },
            condition: { age: 7, matchesPrefix: ['up/'] },
          },
        ],
      },
      manyUploads: [
        { count: 3, prefix: 'up/', size: 10, started: '-30d' },
        { count: 1, prefix: 'elsewhere/', size: 10, started: '-30d' },
        { count: 1, prefix: 'up/young', size: 10, started: '-1d' },
      ],
    });
    await clock.advance(DAY_MS);
    assert.deepEqual(
      told(storage),
      [0, 1, 2].map((at) => `day 1: up/00000${at} abort`),
    );
    assert.equal(storage.bucket('b')?.uploads.size, 2);
  });

  it('warms nothing up, but lets the legacy classes become STANDARD', async () => {
    const { clock, storage } = worldOf({
      lifecycle: { rule: [move('STANDARD', { age: 0 })] },
      objects: (['ARCHIVE', 'NEARLINE', 'REGIONAL', 'STANDARD', 'MULTI_REGIONAL'] as const).map(
        (storageClass) => ({ name: storageClass, size: 1, storageClass }),
      ),
    });
    await clock.advance(DAY_MS);
    assert.deepEqual(classesOf(storage), {
      ARCHIVE: 'ARCHIVE',
      MULTI_REGIONAL: 'STANDARD',
      NEARLINE: 'NEARLINE',
      REGIONAL: 'STANDARD',
      STANDARD: 'STANDARD',
    });
  });

  it('leaves the class to Autoclass where that is on', () => {
    const { storage } = worldOf({
      autoclass: { enabled: true },
      objects: [{ name: 'run', size: 1, timeCreated: '-60d' }],
    });
    const bucket = storage.bucket('b');
    const run = bucket?.objects.live('run');
    assert.ok(bucket !== undefined && run !== undefined);
    const rules = [move('NEARLINE', { age: 1 })];
    assert.equal(decide(bucket, programOf(rules, bucket), run, START_MS), undefined);
    bucket.settings = { ...bucket.settings, autoclass: { enabled: false } };
    assert.deepEqual(decide(bucket, programOf(rules, bucket), run, START_MS), { moveTo: 'NEARLINE' });
  });

  it('follows changed rules within 24 hours, and the old ones until then', async () => {
    const lags: number[] = [];
    for (let lifecycleSeed = 1; lifecycleSeed <= 8; lifecycleSeed += 1) {
      const world = await startHarness({
        lifecycleSeed,
        buckets: [
          {
            name: 'b',
            project: 'ml-dev',
            ...NO_SOFT_DELETE,
            lifecycle: { rule: [move('NEARLINE', { age: 0, matchesSuffix: ['.old'] })] },
          },
        ],
      });
      const rule = [deletion({ age: 0, matchesSuffix: ['.new'] })];
      await world.send('PATCH', '/storage/v1/b/b', { lifecycle: { rule } });
      for (let hour = 0; hour < 60; hour += 1) {
        for (const end of ['old', 'new'])
          await world.send('POST', `/upload/storage/v1/b/b/o?uploadType=media&name=${hour}.${end}`, 'x');
        await world.clock.advance(DAY_MS / 24);
      }
      const actions = world.storage.lifecycleActions('b');
      await world.close();
      const firstNew = Math.min(...actions.filter(({ type }) => type === 'Delete').map(({ atMs }) => atMs));
      const lastOld = Math.max(
        ...actions.filter(({ type }) => type === 'SetStorageClass').map(({ atMs }) => atMs),
      );
      assert.ok(lastOld < firstNew);
      lags.push((firstNew - START_MS) / DAY_MS);
    }
    assert.ok(Math.max(...lags) <= 2, 'up to a day until they are in force, up to another until the sweep');
    assert.ok(new Set(lags).size > 4 && Math.max(...lags) > 1, JSON.stringify(lags));
  });

  it('skips rules that were replaced before they took effect', () => {
    const known = { seed: 1, bucket: 'b', nowMs: START_MS };
    const timeline = startTimeline(known, []);
    const last = [deletion({ age: 3 })];
    announceRules(timeline, [deletion({ age: 1 })], { ...known, change: 2 });
    announceRules(timeline, [deletion({ age: 2 })], { ...known, change: 3 });
    announceRules(timeline, last, { ...known, change: 4 });
    assert.equal(adoptRules(timeline, START_MS), false);
    assert.equal(adoptRules(timeline, START_MS + DAY_MS), true);
    assert.equal(timeline.rulesInForce, last);
    assert.equal(adoptRules(timeline, START_MS + 2 * DAY_MS), false);
  });

  const someRule = fc
    .record({
      action: fc.constantFrom('Delete', 'NEARLINE', 'COLDLINE', 'ARCHIVE'),
      age: fc.option(fc.nat(60), { nil: undefined }),
      isLive: fc.option(fc.boolean(), { nil: undefined }),
      daysSinceNoncurrentTime: fc.option(fc.nat(20), { nil: undefined }),
      numNewerVersions: fc.option(fc.nat(3), { nil: undefined }),
      matchesPrefix: fc.option(fc.constantFrom(['a'], ['b'], ['a', 'b']), { nil: undefined }),
    })
    .map(({ action, ...rest }): Rule => {
      const entries = Object.entries(rest).filter(([, value]) => value !== undefined);
      const condition = Object.fromEntries(entries.length > 0 ? entries : [['age', 30]]) as Rule['condition'];
      return action === 'Delete' ? deletion(condition) : move(action, condition);
    });
  const someBucket = fc.record({
    lifecycle: fc.record({ rule: fc.array(someRule, { minLength: 1, maxLength: 4 }) }),
    versioning: fc.record({ enabled: fc.boolean() }),
    softDeletePolicy: fc.constantFrom(
      { retentionDurationSeconds: 0 },
      { retentionDurationSeconds: 7 * 86_400 },
    ),
    manyObjects: fc.constantFrom<NonNullable<BucketSeed['manyObjects']>[]>(
      [{ count: 6, prefix: 'a', size: 1, timeCreated: ['-90d', '-1d'] }],
      [
        { count: 3, prefix: 'b', size: 2, timeCreated: '-20d', noncurrent: { count: 3, every: '5d' } },
        { count: 3, prefix: 'a', size: 1, timeCreated: '-40d' },
      ],
    ),
  });

  it('does the same in one jump of 90 days as hour by hour', async () => {
    await fc.assert(
      fc.asyncProperty(someBucket, fc.nat(1_000), async (bucket, lifecycleSeed) => {
        const jump = worldOf(bucket, { lifecycleSeed });
        const steps = worldOf(bucket, { lifecycleSeed });
        await jump.clock.advance(90 * DAY_MS);
        for (let hour = 0; hour < 90 * 24; hour += 5) {
          await steps.clock.advance(Math.min(5, 90 * 24 - hour) * (DAY_MS / 24));
          steps.storage.bucket('b');
        }
        const sorted = ({ storage }: World): string[] =>
          storage
            .lifecycleActions('b')
            .map((action) => JSON.stringify(action))
            .sort();
        assert.deepEqual(sorted(jump), sorted(steps));
        assert.deepEqual(jump.storage.snapshot(), steps.storage.snapshot());
      }),
      { numRuns: 40 },
    );
  });
});
