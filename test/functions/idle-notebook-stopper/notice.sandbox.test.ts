import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import type { Notice } from '../../../shared/notify/notice.ts';
import { subscribeToReceipts, withFunction, type World } from '../../support/installed.ts';
import { BUCKET, busy, idle, LAB, labPolicy, labScenario, RECEIPTS_TOPIC } from '../../support/lab.ts';
import { carriedOut, lastReceipt, memoryIn, messagesOf } from '../../support/observe.ts';

const MINUTE_MS = 60_000;

function withChannels(
  options: {
    readonly lines?: readonly string[];
    readonly topic?: string;
    readonly mode?: 'observe' | 'enforce';
  },
  test: (world: World & { readonly notices: () => readonly Notice[] }) => Promise<void>,
): Promise<void> {
  const { lines = [], topic = RECEIPTS_TOPIC, mode = 'enforce' } = options;
  const notebooks = [
    idle('idle-1', { labels: { team: 'vision', owner: 'ada' } }),
    idle('idle-2', { creator: 'grace@example.com' }),
    busy('busy-1'),
  ];
  return withFunction(
    {
      scenario: labScenario(notebooks),
      policy: `${labPolicy({ notebooks: lines, mode })}notify:\n  channels: [{kind: topic, topic: ${topic}}]\n  ownerLabel: owner\n`,
    },
    async (world) => {
      const published = subscribeToReceipts(world.sandbox);
      // A message that no one acknowledges comes again: its id says which run it is of.
      const seen = new Set<string>();
      await test({
        ...world,
        notices: () =>
          published()
            .map((text) => JSON.parse(text) as Notice | { readonly items?: undefined })
            .filter((one): one is Notice => {
              if (one.items === undefined || seen.has(one.id)) return false;
              seen.add(one.id);
              return true;
            }),
      });
    },
  );
}

describe('idle-notebook-stopper tells owners', () => {
  it('warns in one message a run, with owner, evidence, time and the command that keeps', () =>
    withChannels({ lines: ['warnBefore: 30m'] }, async ({ fn, notices, sandbox }) => {
      await fn.tick();
      const [notice, ...others] = notices();
      assert.deepEqual(others, []);
      assert.equal(notice?.title, 'Notebooks of ml-lab: 2 will be stopped');
      const [one, two] = [...notice.items].sort((a, b) => (a.resource < b.resource ? -1 : 1));
      assert.equal(one?.owner, 'ada');
      assert.equal(two?.owner, 'grace@example.com');
      assert.match(
        one.text,
        /^idle-1 \(n1-standard-4, us-central1-a\): It rested for 60 minutes \(CPU at most [\d.]+ cores, network [\d.]+ (?:KiB|B)\/s\)\. If unused, it stops at 22:10 UTC\. To keep it: gcloud workbench instances update idle-1 --project=ml-lab --location=us-central1-a --labels=/,
      );
      // Whether gcloud replaces labels or adds to them: all are there.
      assert.match(one.text, /team=vision/);
      assert.match(one.text, /costguard-keep=true$/);
      await sandbox.clock.advance(10 * MINUTE_MS);
      await fn.tick();
      assert.deepEqual(notices(), []);
      await sandbox.clock.advance(20 * MINUTE_MS);
      await fn.tick();
      const [stopped] = notices();
      assert.equal(stopped?.title, 'Notebooks of ml-lab: 2 stopped');
      assert.match(
        stopped.items[0]?.text ?? '',
        /It was stopped, which saves \$0\.19\/h\. To start it: gcloud workbench instances start idle-/,
      );
    }));

  it('tells once although the tick is delivered many times', () =>
    withChannels({}, async ({ fn, notices, sandbox }) => {
      sandbox.pubsub.disturb({ duplicates: 4 });
      await fn.tick();
      const items = notices().flatMap((notice) => notice.items.map(({ resource }) => resource));
      assert.equal(items.length, 2);
      assert.equal(new Set(items).size, 2);
      assert.deepEqual(carriedOut(sandbox, 'stop'), { 'idle-1': 1, 'idle-2': 1 });
    }));

  it('stops, stores its receipt and acknowledges the tick although no one can be told', () =>
    withChannels({ topic: 'projects/ml-ops-local/topics/not-ours' }, async ({ fn, sandbox }) => {
      await fn.tick();
      assert.deepEqual(carriedOut(sandbox, 'stop'), { 'idle-1': 1, 'idle-2': 1 });
      assert.equal(lastReceipt(sandbox, BUCKET).outcomes['stop done'], 2);
      assert.deepEqual(
        sandbox.pubsub.pending().filter(({ subscription }) => !subscription.endsWith('-test')),
        [],
      );
      assert.deepEqual(Object.keys(memoryIn(sandbox, BUCKET, LAB)).sort(), ['idle-1', 'idle-2']);
      assert.match(
        messagesOf(fn.lines, 'WARNING').find((text) => text.startsWith('Cannot tell')) ?? '',
        /^Cannot tell channel 1 \(topic\) of "Notebooks of ml-lab: 2 stopped": /,
      );
    }));

  it('tells nothing while it observes', () =>
    withChannels({ mode: 'observe' }, async ({ fn, notices }) => {
      await fn.tick();
      assert.deepEqual(notices(), []);
    }));
});
