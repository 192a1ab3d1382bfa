import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { StoredRule } from '../../../shared/google/buckets.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { askGoogle } from '../../support/ask-google.ts';
import { beforeCall } from '../../support/hooks.ts';
import type { InProcess } from '../../support/in-process.ts';
import { BUCKET, LAB } from '../../support/lab.ts';
import { lastReceipt } from '../../support/observe.ts';
import {
  ABORT,
  decisionOn,
  deleteAfter,
  lifecyclePolicy,
  moveTo,
  notWrittenOf,
  rulesOf,
  verdicts,
  withEnforcer,
} from '../../support/bucket-lab.ts';

const NEARLINE = moveTo('NEARLINE', 30);
const COLDLINE = moveTo('COLDLINE', 60);
const FOREIGN = deleteAfter(400, { matchesPrefix: ['tmp/'] });
const MEMORY = `memory/lifecycle-enforcer/${LAB}.json`;

const RULES = [NEARLINE, ABORT];
const changedPolicy = lifecyclePolicy({ rules: [COLDLINE, ABORT] });

/** What another user does to a bucket, at once. */
function writeAs(sandbox: Sandbox, name: string, rule: readonly StoredRule[]): void {
  const bucket = sandbox.storage.bucket(name);
  if (bucket === undefined) throw new Error(`no bucket ${name}`);
  bucket.settings = { ...bucket.settings, lifecycle: { rule: rule as never } };
  bucket.metageneration += 1;
}

function usePolicy({ runtime }: InProcess, text: string): void {
  Object.assign(runtime, { readText: () => Promise.resolve(text) });
}

function patches({ callLog }: Sandbox): number {
  return callLog.calls('storage.buckets.patch').length;
}

describe('lifecycle-enforcer: whose rules are whose', () => {
  it('keeps what a user writes between its read and its write', () =>
    withEnforcer([{ name: 'raced' }], lifecyclePolicy(), async (world) => {
      const { sandbox } = world;
      beforeCall(sandbox, { route: 'storage.buckets.patch' }, () => {
        writeAs(sandbox, 'raced', [FOREIGN, NEARLINE]);
      });
      await world.deliver();
      assert.deepEqual(rulesOf(sandbox, 'raced'), [FOREIGN, NEARLINE, ABORT]);
      assert.equal(patches(sandbox), 2);
      assert.equal(sandbox.callLog.calls('storage.buckets.get').length, 1);
      // Of the two rules only the one that we wrote is replaced later.
      usePolicy(world, lifecyclePolicy({ rules: [COLDLINE] }));
      await world.deliver({ messageId: '2' });
      assert.deepEqual(rulesOf(sandbox, 'raced'), [FOREIGN, NEARLINE, COLDLINE]);
    }));

  it('gives up for now on a bucket that keeps changing, so that the event comes again', () =>
    withEnforcer([{ name: 'busy' }], lifecyclePolicy(), async (world) => {
      const { sandbox } = world;
      for (let skip = 0; skip < 6; skip++)
        beforeCall(sandbox, { route: 'storage.buckets.patch', skip }, () => {
          writeAs(sandbox, 'busy', [deleteAfter(400 + skip)]);
        });
      await assert.rejects(world.deliver(), /it changed or did not answer 6 times/);
      assert.deepEqual(rulesOf(sandbox, 'busy'), [deleteAfter(405)]);
      await world.deliver();
      assert.deepEqual(rulesOf(sandbox, 'busy'), [deleteAfter(405), ...RULES]);
    }));

  it('knows its own write again whose answer got lost', () =>
    withEnforcer([{ name: 'lost' }], lifecyclePolicy(), async (world) => {
      const { sandbox } = world;
      sandbox.faults.add({ route: 'storage.buckets.patch', count: 1, fault: { kind: 'reset', after: true } });
      await world.deliver();
      assert.equal(patches(sandbox), 1);
      assert.equal(decisionOn(lastReceipt(sandbox, BUCKET), 'lost').outcome, 'done');
      usePolicy(world, changedPolicy);
      await world.deliver({ messageId: '2' });
      assert.deepEqual(rulesOf(sandbox, 'lost'), [ABORT, COLDLINE]);
    }));

  it('knows the rules of a run that died after its write', () =>
    withEnforcer([{ name: 'died' }], lifecyclePolicy(), async (world) => {
      const { sandbox } = world;
      // Memory is written before and after: the second write never happens.
      sandbox.faults.add({
        route: 'storage.objects.insert',
        pathIncludes: BUCKET,
        skip: 1,
        count: 6,
        fault: { kind: 'status', status: 503 },
      });
      await assert.rejects(world.deliver());
      assert.deepEqual(rulesOf(sandbox, 'died'), RULES);
      usePolicy(world, changedPolicy);
      await world.deliver({ messageId: '2' });
      assert.deepEqual(rulesOf(sandbox, 'died'), [ABORT, COLDLINE]);
    }));

  it('keeps everything when it lost its memory', () =>
    withEnforcer([{ name: 'bare' }], lifecyclePolicy(), async (world) => {
      const { sandbox } = world;
      await world.deliver();
      const memory = sandbox.storage.bucket(BUCKET)?.objects.live(MEMORY);
      assert.ok(memory !== undefined);
      sandbox.storage.bucket(BUCKET)?.objects.remove(memory);
      usePolicy(world, changedPolicy);
      await world.deliver({ messageId: '2' });
      assert.deepEqual(rulesOf(sandbox, 'bare'), [NEARLINE, ABORT, COLDLINE]);
      const { diff } = decisionOn(lastReceipt(sandbox, BUCKET), 'bare').evidence as {
        diff: { kept: unknown };
      };
      assert.deepEqual(diff.kept, [NEARLINE]);
    }));

  it('no longer owns a rule that was taken away, even when a user writes it again', () =>
    withEnforcer([{ name: 'bare' }], lifecyclePolicy(), async (world) => {
      const { sandbox } = world;
      await world.deliver();
      usePolicy(world, lifecyclePolicy({ rules: [ABORT] }));
      writeAs(sandbox, 'bare', [ABORT]);
      await world.deliver({ messageId: '2' });
      writeAs(sandbox, 'bare', [ABORT, NEARLINE]);
      await world.deliver({ messageId: '3' });
      assert.deepEqual(rulesOf(sandbox, 'bare'), [ABORT, NEARLINE]);
    }));

  it('takes a bucket that was made anew under its name for another one, and forgets those that are gone', () =>
    withEnforcer([{ name: 'again' }, { name: 'gone' }], lifecyclePolicy(), async (world) => {
      const { sandbox } = world;
      await world.deliver();
      const call = (method: string, path: string, body?: object) =>
        askGoogle(
          sandbox,
          'owner@example.com',
          method,
          `https://storage.googleapis.com/storage/v1/b${path}`,
          body,
        );
      await call('DELETE', '/gone');
      await call('DELETE', '/again');
      await call('POST', `?project=${LAB}`, { name: 'again', lifecycle: { rule: RULES } });
      usePolicy(world, changedPolicy);
      await world.deliver({ messageId: '2' });
      assert.deepEqual(rulesOf(sandbox, 'again'), [NEARLINE, ABORT, COLDLINE]);
      const memory = JSON.parse(sandbox.storage.objectText(BUCKET, MEMORY) ?? '') as { buckets: object };
      assert.deepEqual(Object.keys(memory.buckets), ['again']);
    }));
});

describe('lifecycle-enforcer: many buckets and errors', () => {
  it('lists in pages of a thousand and writes to what drifts alone', () =>
    withEnforcer(
      Array.from({ length: 1_003 }, (_, index) => ({
        name: `data-${String(index).padStart(4, '0')}`,
        ...(index % 500 === 0 ? {} : { lifecycle: { rule: [ABORT, NEARLINE] } }),
      })),
      lifecyclePolicy(),
      async (world) => {
        const { sandbox } = world;
        await world.deliver();
        assert.deepEqual(
          {
            lists: sandbox.callLog.calls('storage.buckets.list').length,
            gets: sandbox.callLog.calls('storage.buckets.get').length,
            patches: patches(sandbox),
          },
          { lists: 2, gets: 0, patches: 3 },
        );
        const { kept, oldPrices } = lastReceipt(sandbox, BUCKET);
        assert.deepEqual(kept, { 'in-force': 1_000 });
        // Price books that are older than 90 days.
        assert.deepEqual(oldPrices, [{ book: 'storage', asOf: '2026-07-30' }]);
      },
    ));

  it('goes on past a bucket that it may not change, fails the event, and then changes that one alone', () =>
    withEnforcer([{ name: 'a' }, { name: 'b' }, { name: 'c' }], lifecyclePolicy(), async (world) => {
      const { sandbox } = world;
      sandbox.faults.add({
        route: 'storage.buckets.patch',
        pathIncludes: '/b/b',
        fault: { kind: 'status', status: 403 },
      });
      await assert.rejects(world.deliver(), /HTTP 403/);
      assert.deepEqual(verdicts(sandbox), {
        a: 'patch done: no-rules',
        b: 'patch failed: no-rules',
        c: 'patch done: no-rules',
      });
      assert.equal(lastReceipt(sandbox, BUCKET).failures.length, 1);
      sandbox.faults.clear();
      await world.deliver();
      // One for each bucket, and the refused one.
      assert.equal(sandbox.callLog.calls('storage.buckets.patch').length, 4);
      assert.equal(rulesOf(sandbox, 'b').length, 2);
    }));

  it('delivered again it finishes what an outage left, and writes nothing twice', () =>
    withEnforcer([{ name: 'a' }, { name: 'b' }], lifecyclePolicy(), async (world) => {
      const { sandbox } = world;
      sandbox.faults.add({
        route: 'storage.buckets.patch',
        pathIncludes: '/b/b',
        count: 6,
        fault: { kind: 'status', status: 503 },
      });
      await assert.rejects(world.deliver());
      assert.deepEqual(rulesOf(sandbox, 'a'), RULES);
      sandbox.callLog.clear();
      await world.deliver();
      await world.deliver();
      assert.equal(patches(sandbox), 1);
      assert.deepEqual(rulesOf(sandbox, 'b'), RULES);
    }));

  it('tells of a bucket that cannot be reached, and forgets nothing about it', () =>
    withEnforcer(
      [{ name: 'dark', unreachable: true }, { name: 'light' }],
      lifecyclePolicy(),
      async (world) => {
        const { sandbox } = world;
        await world.deliver();
        assert.deepEqual(verdicts(sandbox), { light: 'patch done: no-rules' });
        assert.deepEqual(lastReceipt(sandbox, BUCKET).incomplete, [
          { where: 'projects/_/buckets/dark', why: 'unreachable: it was not looked at' },
        ]);
      },
    ));

  it('works without a state bucket, by what it sees', () =>
    withEnforcer([{ name: 'bare' }], lifecyclePolicy({ state: false }), async (world) => {
      await world.deliver();
      assert.deepEqual(rulesOf(world.sandbox, 'bare'), RULES);
      await world.deliver({ messageId: '2' });
      assert.equal(patches(world.sandbox), 1);
    }));
});

const GIB = 2 ** 30;
const DELETE = deleteAfter(365, { matchesPrefix: ['experiments/'] });
const DELETING = [DELETE, ABORT];
const old = (name: string, size: number, timeCreated = '-400d') => ({ name, size, timeCreated });
const experiments = (share: number) => [
  old('experiments/run-1', share * 100 * GIB),
  old('models/a', (1 - share) * 100 * GIB),
];
const simulated = (
  simulate: string,
  rules: readonly object[] = DELETING,
  more: readonly string[] = [],
): string => lifecyclePolicy({ rules, lifecycle: [`simulate: ${simulate}`, ...more] });

describe('lifecycle-enforcer: what new Delete rules would delete', () => {
  const buckets = [
    { name: 'little', timeCreated: '-900d', objects: experiments(0.25) },
    { name: 'much', timeCreated: '-900d', objects: experiments(0.75) },
    { name: 'empty', timeCreated: '-900d' },
    { name: 'young', timeCreated: '-90d', objects: [old('experiments/run', GIB, '-80d')] },
    { name: 'there', timeCreated: '-900d', objects: experiments(0.75), lifecycle: { rule: [DELETE] } },
  ];

  it('from objects: writes what deletes little and leaves out what deletes much', () =>
    withEnforcer(buckets, simulated('objects'), async (world) => {
      const { sandbox } = world;
      await world.deliver();
      assert.deepEqual(verdicts(sandbox), {
        empty: 'patch done: no-rules',
        little: 'patch done: no-rules',
        much: 'patch done: in-part (max-deleted-share)',
        there: 'patch done: drift',
        young: 'patch done: no-rules',
      });
      const { evidence, usdPerHour } = decisionOn(lastReceipt(sandbox, BUCKET), 'little');
      const { forecast } = evidence as { forecast: { deletedShare: number; within: Record<string, object> } };
      assert.equal(forecast.deletedShare, 0.25);
      // 25 GiB at 0.02 a month; after 30 days soft delete is over.
      assert.deepEqual(forecast.within['month'], {
        deletedBytes: 25 * GIB,
        deletedObjects: 1,
        movedBytes: {},
        savesUsdPerMonth: 0.5,
        costsUsdOnce: 0,
      });
      assert.equal(usdPerHour, 0.5 / 730);
      assert.match(
        String(notWrittenOf(decisionOn(lastReceipt(sandbox, BUCKET), 'much').evidence)[0]?.why),
        /75 % of its bytes/,
      );
    }));

  it('from metrics: writes what is certain, and leaves out what is unknown', () =>
    withEnforcer(buckets, simulated('metrics'), async (world) => {
      const { sandbox } = world;
      await world.deliver();
      assert.deepEqual(verdicts(sandbox), {
        empty: 'patch done: in-part (deleted-share-unknown)',
        little: 'patch done: in-part (deleted-share-unknown)',
        much: 'patch done: in-part (deleted-share-unknown)',
        there: 'patch done: drift',
        young: 'patch done: no-rules',
      });
      assert.match(
        String(notWrittenOf(decisionOn(lastReceipt(sandbox, BUCKET), 'much').evidence)[0]?.why),
        /0 % to 100 %.*simulate: objects/,
      );
      // Five changed buckets, two metrics; the older two for the one that has no series.
      assert.equal(sandbox.callLog.calls('monitoring.projects.timeSeries.list').length, 4);
      assert.equal(sandbox.callLog.calls('storage.objects.list').length, 0);
    }));

  it('with maxDeletedShare: 1 needs no confirmation', () =>
    withEnforcer(buckets, simulated('metrics', DELETING, ['maxDeletedShare: 1']), async (world) => {
      await world.deliver();
      assert.equal(patches(world.sandbox), 5);
    }));

  it('from metrics: knows that after a month everything is a month old', () =>
    withEnforcer(
      [{ name: 'data', timeCreated: '-900d', objects: [old('a', 100 * GIB)] }],
      simulated('metrics', RULES),
      async (world) => {
        await world.deliver();
        const { evidence, usdPerHour } = decisionOn(lastReceipt(world.sandbox, BUCKET), 'data');
        const { forecast } = evidence as { forecast: { within: Record<string, object> } };
        assert.deepEqual(forecast.within['month'], {
          deletedBytes: 0,
          deletedObjects: 0,
          movedBytes: { NEARLINE: 100 * GIB },
          savesUsdPerMonth: 1,
          costsUsdOnce: 0,
        });
        assert.equal(usdPerHour, 1 / 730);
      },
    ));

  it('without the permission to list objects falls back on metrics and says so', () =>
    withEnforcer(buckets, simulated('objects'), async (world) => {
      const { sandbox } = world;
      sandbox.faults.add({ route: 'storage.objects.list', fault: { kind: 'status', status: 403 } });
      // With the permission given meanwhile the next delivery sees them.
      await assert.rejects(world.deliver(), /storage\.objects\.list.*HTTP 403/);
      assert.equal(verdicts(sandbox)['little'], 'patch done: in-part (deleted-share-unknown)');
      assert.ok(
        lastReceipt(sandbox, BUCKET).incomplete.some(
          ({ where }) => where === 'projects/_/buckets/little objects',
        ),
      );
    }));

  it('prices nothing that the book does not have', () =>
    withEnforcer(
      [
        {
          name: 'rio',
          timeCreated: '-900d',
          objects: [{ ...old('a', GIB), storageClass: 'DURABLE_REDUCED_AVAILABILITY' as const }],
        },
      ],
      simulated('objects', RULES),
      async (world) => {
        await world.deliver();
        assert.equal(decisionOn(lastReceipt(world.sandbox, BUCKET), 'rio').usdPerHour, 'unpriced');
        assert.equal(lastReceipt(world.sandbox, BUCKET).savings.unpriced, 1);
      },
    ));
});
