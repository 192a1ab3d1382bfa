import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { lifecycleSweep } from '../../../functions/lifecycle-enforcer/function.ts';
import type { Receipt } from '../../../shared/run/receipt.ts';
import { runTick } from '../../../shared/run/run-tick.ts';
import type { Runtime } from '../../../shared/run/runtime.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { eventOf, startInstance, withSandbox, type Instance } from '../../support/in-process.ts';
import { BUCKET, OPERATIONS, START } from '../../support/lab.ts';
import { receiptsIn } from '../../support/observe.ts';
import { ABORT, bucketScenario, lifecyclePolicy, moveTo, NAME, rulesOf } from '../../support/bucket-lab.ts';

const TOPIC = `projects/${OPERATIONS}/topics/costguard-${NAME}`;
const PATCH = 'storage.buckets.patch';
const PUBLISH = 'pubsub.projects.topics.publish';

/** Three pages of a listing. One bucket of so many lacks the rules. */
const BUCKETS = 2_100;
const DRIFTING_ONE_IN = 100;

/** Each write takes so long that an event's time is over after a page. */
const PATCH_SECONDS = 25;

const RULES = [moveTo('NEARLINE', 30), ABORT];
const nameOf = (at: number): string => `data-${String(at).padStart(5, '0')}`;
const ALL = Array.from({ length: BUCKETS }, (_, at) => nameOf(at));
const DRIFTING = ALL.filter((_, at) => at % DRIFTING_ONE_IN === 0);
const SCENARIO = bucketScenario(
  ALL.map((name, at) => ({ name, ...(at % DRIFTING_ONE_IN === 0 ? {} : { lifecycle: { rule: RULES } }) })),
);

interface World {
  readonly sandbox: Sandbox;
  /** Delivers a message to an instance of its own. */
  deliver(message: { readonly id: string; readonly text: string }): Promise<'done' | 'again'>;
  /** The messages of further parts that were published and not taken yet. */
  take(): readonly { readonly id: string; readonly text: string }[];
  /** Lets time pass. */
  wait(seconds: number): void;
  /** The instance of the latest delivery. */
  instance(): Instance | undefined;
}

const TICK = { id: '13000000000001', text: '{}' };

function withWorld(test: (world: World) => Promise<void>): Promise<void> {
  return withSandbox({ scenario: SCENARIO, frozen: true }, async (sandbox) => {
    let waitedMs = 0;
    let taken = 0;
    let latest: Instance | undefined;
    const patches = (): number => sandbox.callLog.calls(PATCH).filter(({ status }) => status === 200).length;
    await test({
      sandbox,
      wait: (seconds) => void (waitedMs += seconds * 1_000),
      instance: () => latest,
      async deliver({ id, text }) {
        const instance = startInstance(sandbox, { name: NAME, policy: lifecyclePolicy(), pauses: 'none' });
        latest = instance;
        const runtime: Runtime = {
          ...instance.runtime,
          now: () => new Date(Date.parse(START) + waitedMs + patches() * PATCH_SECONDS * 1_000),
        };
        const event = eventOf(TOPIC, { messageId: id, text, publishTime: runtime.now().toISOString() });
        try {
          await runTick(runtime, lifecycleSweep, event);
          return 'done';
        } catch {
          return 'again';
        }
      },
      take() {
        const all = sandbox.callLog.calls(PUBLISH).filter(({ status }) => status === 200);
        const fresh = all.slice(taken);
        taken = all.length;
        return fresh.map(({ body }, at) => {
          const { messages } = JSON.parse(body) as { messages: readonly { readonly data: string }[] };
          return {
            id: `${taken}-${at}`,
            text: Buffer.from(messages[0]?.data ?? '', 'base64').toString(),
          };
        });
      },
    });
  });
}

/** Delivers everything that comes until nothing comes any more. */
async function drain(
  world: World,
  first: readonly { readonly id: string; readonly text: string }[],
): Promise<void> {
  const queue = [...first];
  for (let rounds = 0; queue.length > 0; rounds++) {
    assert.ok(rounds < 40, 'it comes to an end');
    const message = queue.shift() ?? TICK;
    if ((await world.deliver(message)) === 'again') {
      queue.push(message);
      world.wait(120);
    }
    queue.push(...world.take());
  }
}

function assertEachOnce(sandbox: Sandbox): void {
  const patched = sandbox.callLog
    .calls(PATCH)
    .filter(({ status }) => status === 200)
    .map(({ path }) => path.split('/').at(-1));
  assert.deepEqual(patched.sort(), DRIFTING, 'each drifting bucket was written once');
  for (const name of DRIFTING) assert.equal(rulesOf(sandbox, name).length, RULES.length, name);
}

/** The receipts in the order of their parts. */
function partsOf(sandbox: Sandbox): readonly Receipt[] {
  return receiptsIn(sandbox, BUCKET).toSorted((a, b) => (a.sweep?.part ?? 0) - (b.sweep?.part ?? 0));
}

describe('a first installation that does not fit into one event', () => {
  it('goes on in further events: nothing twice, nothing left out, and the receipts name each other', () =>
    withWorld(async (world) => {
      const { sandbox } = world;
      await drain(world, [TICK]);
      assertEachOnce(sandbox);
      const parts = partsOf(sandbox);
      assert.ok(parts.length >= 3);
      assert.deepEqual(
        parts.map(({ sweep }) => [sweep?.id, sweep?.part, sweep?.goesOn]),
        parts.map((_, at) => [TICK.id, at + 1, at + 1 < parts.length]),
      );
      for (const [at, { sweep }] of parts.entries()) {
        const before = parts[at - 1]?.runId;
        assert.equal(/([^/]+)\.json$/.exec(sweep?.previous ?? '')?.[1], before);
      }
      const judged = parts.flatMap(({ decisions }) =>
        decisions.map(({ resource }) => resource.split('/').at(-1)),
      );
      assert.deepEqual(judged.sort(), ALL, 'each bucket is in one receipt');
      assert.equal(await world.deliver(TICK), 'done', 'a late delivery of the tick');
      assert.deepEqual(world.take(), []);
      assert.equal(partsOf(sandbox).length, parts.length, 'has nothing to do');
    }));

  it('delivered several times, also side by side, each part is worked on once', () =>
    withWorld(async (world) => {
      const { sandbox } = world;
      await world.deliver(TICK);
      const receiptsAfter: number[] = [];
      for (let next = world.take(); next.length > 0; next = world.take()) {
        const [message = TICK] = next;
        const before = receiptsIn(sandbox, BUCKET).length;
        const ends = await Promise.all([1, 2, 3].map(() => world.deliver(message)));
        assert.ok(ends.includes('done'));
        const texts = new Set([...world.take()].map(({ text }) => text));
        assert.equal(
          await world.deliver(message),
          'done',
          'the next one is published again, not worked on again',
        );
        receiptsAfter.push(receiptsIn(sandbox, BUCKET).length - before);
        const again = world.take();
        for (const { text } of again) texts.add(text);
        assert.ok(texts.size <= 1, 'one continuation, however often it was published');
        const [text] = texts;
        if (text === undefined) break;
        await world.deliver({ id: `copy-${receiptsAfter.length}`, text });
      }
      assertEachOnce(sandbox);
      assert.deepEqual([...new Set(receiptsAfter)], [1]);
    }));

  it('whose next message is lost is finished by the next tick', () =>
    withWorld(async (world) => {
      await world.deliver(TICK);
      assert.equal(world.take().length, 1);
      world.wait(86_400);
      await drain(world, [{ id: '13000000000002', text: '{}' }]);
      assertEachOnce(world.sandbox);
    }));

  it('that cannot publish the next message fails, and publishes it with the next delivery', () =>
    withWorld(async (world) => {
      const { sandbox } = world;
      sandbox.faults.add({ route: PUBLISH, fault: { kind: 'status', status: 503 } });
      assert.equal(await world.deliver(TICK), 'again');
      const written = sandbox.callLog.calls(PATCH).length;
      sandbox.faults.clear();
      assert.equal(await world.deliver(TICK), 'done');
      assert.equal(sandbox.callLog.calls(PATCH).length, written, 'nothing is looked at anew');
      await drain(world, world.take());
      assertEachOnce(sandbox);
    }));

  it('of which an instance dies in the middle is taken over once its lease is over', () =>
    withWorld(async (world) => {
      const { sandbox } = world;
      await world.deliver(TICK);
      const [message = TICK] = world.take();
      const before = sandbox.callLog.calls(PATCH).length;
      const dying = world.deliver(message);
      while (sandbox.callLog.calls(PATCH).length < before + 3)
        await new Promise((resolve) => void setTimeout(resolve, 5));
      world.instance()?.kill();
      void dying;
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.equal(await world.deliver(message), 'again', 'the dead one holds the part');
      world.wait(600);
      await drain(world, [message]);
      assertEachOnce(sandbox);
    }));

  it('in which one bucket fails goes on, and comes back to it in the end', () =>
    withWorld(async (world) => {
      const { sandbox } = world;
      const [first = ''] = DRIFTING;
      sandbox.faults.add({ route: PATCH, pathIncludes: first, fault: { kind: 'status', status: 503 } });
      assert.equal(await world.deliver(TICK), 'done');
      let [message] = world.take();
      let end: string | undefined;
      while (message !== undefined) {
        end = await world.deliver(message);
        if (end === 'again') break;
        [message] = world.take();
      }
      assert.equal(end, 'again', 'the last part is delivered again');
      assert.equal(rulesOf(sandbox, DRIFTING.at(-1) ?? '').length, RULES.length, 'all the rest was seen');
      sandbox.faults.clear();
      await drain(world, [message ?? TICK]);
      assertEachOnce(sandbox);
    }));
});
