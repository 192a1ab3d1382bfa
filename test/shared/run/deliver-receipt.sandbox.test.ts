import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { startDelivery, type Delivery } from '../../../shared/run/deliver-receipt.ts';
import { openContext, withPolicy, type EventContext } from '../../../shared/run/handle-event.ts';
import {
  startReceipt,
  type DecidedOutcome,
  type Receipt,
  type ReceiptBuilder,
  type ReceiptSummary,
} from '../../../shared/run/receipt.ts';
import { findNewestReceipt } from '../../../shared/state/receipts.ts';
import { createClients } from '../../../shared/google/clients/clients.ts';
import type { Runtime } from '../../../shared/run/runtime.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { startInstance, withSandbox, type Instance } from '../../support/in-process.ts';
import { BUCKET, labPolicy, labScenario, RECEIPTS_TOPIC } from '../../support/lab.ts';
import { messagesOf, receiptsIn } from '../../support/observe.ts';
import { disturbedRuntime, FATES, meetFate, NOT_TAKEN, type Fate } from '../../support/write-fates.ts';

/** Some 13 MB of decisions: several blocks of an upload. */
const PAGES = 8;
const PAGE = 1_000;
/** Some 150 kB: less than what makes an upload of several requests worth it. */
const SHORT = 100;

const startedAt = new Date('2026-11-18T21:40:00Z');
const RUN = { runId: '20261118T214000Z-eb46402f', startedAt, title: 'ml-lab' };
const STORED = `receipts/lifecycle-enforcer/2026/11/18/${RUN.runId}.json`;

type Published = ReceiptSummary & { readonly stored?: string };

interface World {
  readonly sandbox: Sandbox;
  readonly instance: Instance;
  readonly context: EventContext;
  readonly receipt: ReceiptBuilder;
  readonly delivery: Delivery;
  readonly errors: unknown[];
  /** The messages that were published, as far as they were not refused. */
  readonly published: readonly Published[];
  readonly finish: () => Promise<void>;
}

/** The account of `functionName` stores it. */
function withDelivery(
  test: (world: World) => Promise<void>,
  functionName = 'lifecycle-enforcer',
  armed?: { readonly write: RegExp; readonly fate: Fate },
): Promise<void> {
  return withSandbox({ scenario: labScenario([]), frozen: true }, async (sandbox) => {
    const options = { name: functionName, policy: labPolicy(), pauses: 'none' } as const;
    const started = startInstance(sandbox, options);
    const instance =
      armed === undefined ? started : { ...started, runtime: disturbedOnce(started.runtime, armed) };
    const published: Published[] = [];
    const { clients } = instance.runtime;
    const publish: typeof clients.publish = async (topic, data) => {
      await clients.publish(topic, data);
      published.push(JSON.parse(data) as Published);
    };
    const runtime = { ...instance.runtime, clients: { ...clients, publish } };
    const context = await withPolicy(openContext(runtime));
    const receipt = startReceipt(
      {
        functionName,
        mode: 'enforce',
        policyDigest: 'd',
        projects: ['p'],
        books: [],
        ...RUN,
      },
      ({ action }) => action === 'patch',
    );
    const delivery = startDelivery(context, RUN, receipt);
    const errors: unknown[] = [];
    const finish = (): Promise<void> => delivery.finish((error) => void errors.push(error));
    await test({ sandbox, instance, context, receipt, delivery, errors, published, finish });
  });
}

/** An instance of which one write meets its fate; an outage goes on. */
function disturbedOnce(
  runtime: Runtime,
  { write, fate }: { readonly write: RegExp; readonly fate: Fate },
): Runtime {
  let isOver = false;
  const disturbed = disturbedRuntime(runtime, (request, answer) => {
    if (isOver || !write.test(request)) return answer();
    isOver = fate !== FATES['an outage'];
    return meetFate(fate, answer);
  });
  return { ...disturbed, clients: createClients(disturbed.auth) };
}

function decided(at: number): DecidedOutcome {
  return {
    resource: `projects/_/buckets/größe-${at}`,
    action: at % 10 === 0 ? 'patch' : 'keep',
    reason: at % 10 === 0 ? 'drift' : 'in-force',
    evidence: { note: `"${at}"\n${'ü'.repeat(700)}` },
    usdPerHour: 0.25,
    outcome: at % 10 === 0 ? 'done' : 'already',
  };
}

async function decideAll(
  { receipt, delivery }: World,
  pages = PAGES,
  page = PAGE,
): Promise<readonly DecidedOutcome[]> {
  const all: DecidedOutcome[] = [];
  for (let from = 0; from < pages * page; from += page) {
    for (let at = from; at < from + page; at++) {
      const one = decided(at);
      all.push(one);
      if (one.action === 'keep') receipt.keep(one);
      else receipt.add(one);
    }
    await delivery.flush();
  }
  return all;
}

const uploads = (sandbox: Sandbox) => sandbox.callLog.calls('storage.objects.insert');

describe('the delivery of a receipt', () => {
  it('streams a long one in blocks: the stored receipt is whole, and the same as one written at once', () =>
    withDelivery(async (world) => {
      const { sandbox, finish, errors, receipt, context } = world;
      const all = await decideAll(world);
      assert.deepEqual(sandbox.storage.objectNames(BUCKET, 'receipts/'), [], 'nothing half is there');
      receipt.fail({ resource: 'r', error: 'e' });
      receipt.incomplete({ where: 'w', why: 'y' });
      await finish();
      assert.deepEqual(errors, []);
      const stored = JSON.parse(sandbox.storage.objectText(BUCKET, STORED) ?? '') as Receipt;
      const { decisions, apiCalls, ...rest } = stored;
      assert.deepEqual(decisions, all);
      assert.deepEqual(
        { ...receipt.rest(context.runtime.now(), apiCalls), decisions: [] },
        { ...rest, apiCalls, decisions: [] },
      );
      assert.deepEqual(rest.kept, { 'in-force': (PAGES * PAGE * 9) / 10 });
      assert.deepEqual(rest.outcomes, { 'patch done': (PAGES * PAGE) / 10 });
      assert.deepEqual(rest.savings, { usdPerHour: (PAGES * PAGE) / 40, unpriced: 0 });
      assert.ok(uploads(sandbox).length >= 4, 'in several requests');
      const query = { functionName: 'lifecycle-enforcer', projectId: 'p', now: startedAt, maxAgeMs: 60_000 };
      assert.equal(await findNewestReceipt(context.api, BUCKET, query), STORED, 'found by its project');
    }));

  it('writes a short one in one request at the end', () =>
    withDelivery(async (world) => {
      await decideAll(world, 1, SHORT);
      assert.equal(uploads(world.sandbox).length, 0);
      await world.finish();
      assert.equal(uploads(world.sandbox).length, 1);
      assert.equal(receiptsIn(world.sandbox, BUCKET)[0]?.decisions.length, SHORT);
    }));

  it('of a run that dies in the middle leaves no receipt, and its decisions in the log', () =>
    withDelivery(async (world) => {
      await decideAll(world);
      await world.delivery.flush();
      world.instance.kill();
      void world.finish();
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.ok(uploads(world.sandbox).length > 1, 'the upload had begun');
      assert.deepEqual(world.sandbox.storage.objectNames(BUCKET, 'receipts/'), []);
      assert.equal(messagesOf(world.instance.lines, 'NOTICE').length, (PAGES * PAGE) / 10);
    }));

  for (const fault of [
    { kind: 'status', status: 503 },
    { kind: 'reset' },
    { kind: 'reset', after: true },
  ] as const)
    it(`survives ${JSON.stringify(fault)} at each of its requests`, () =>
      withDelivery(async (world) => {
        const { sandbox, finish, errors } = world;
        for (let skip = 0; skip < 12; skip += 2)
          sandbox.faults.add({ route: 'storage.objects.insert', skip, count: 1, fault });
        const all = await decideAll(world);
        await finish();
        assert.deepEqual(errors, []);
        assert.deepEqual(receiptsIn(sandbox, BUCKET)[0]?.decisions, all);
      }));

  for (const fault of [
    { kind: 'reset', after: true },
    { kind: 'html', status: 502, after: true },
    { kind: 'body', body: '', after: true },
  ] as const)
    for (const [length, pages, page] of [
      ['short', 1, SHORT],
      ['long', 2, PAGE],
    ] as const)
      it(`of an account that may only add objects: a ${length} one survives ${JSON.stringify(fault)}, and is stored once`, () =>
        withDelivery(async (world) => {
          const { sandbox, finish, errors } = world;
          sandbox.faults.add({ route: 'storage.objects.insert', count: 1, fault });
          const all = await decideAll(world, pages, page);
          await finish();
          assert.deepEqual(errors, []);
          assert.deepEqual(
            receiptsIn(sandbox, BUCKET, 'cost-estimator').map(({ decisions }) => decisions),
            [all],
          );
        }, 'cost-estimator'));

  it('that is named no upload session again and again fails, and says so', () =>
    withDelivery(async (world) => {
      const { sandbox, finish, errors } = world;
      sandbox.faults.add({ route: 'storage.objects.insert', fault: { kind: 'body', body: '' } });
      await decideAll(world);
      await finish();
      assert.match(String(errors[0]), /storage\.objects\.insert.*no upload session is named/);
      assert.equal(errors.length, 1);
      assert.deepEqual(sandbox.storage.objectNames(BUCKET, 'receipts/'), []);
    }));

  it('where another object has its name leaves that as it is, and fails', () =>
    withDelivery(async (world) => {
      const { sandbox, finish, errors, context } = world;
      await context.state?.write(STORED, '{"theirs":true}');
      await decideAll(world, 1);
      await finish();
      assert.match(String(errors), /another object of that name is there/);
      assert.equal(sandbox.storage.objectText(BUCKET, STORED), '{"theirs":true}');
    }));

  it('that cannot be stored says so, is published all the same, naming no object, and holds no more memory for it', () =>
    withDelivery(async (world) => {
      const { sandbox, finish, errors, instance, published } = world;
      sandbox.faults.add({
        route: 'storage.objects.insert',
        skip: 2,
        fault: { kind: 'status', status: 403 },
      });
      await decideAll(world);
      await finish();
      assert.equal(errors.length, 1);
      assert.match(String(errors[0]), /storage\.objects\.insert.*403/);
      assert.deepEqual(sandbox.storage.objectNames(BUCKET, 'receipts/'), []);
      assert.equal(uploads(sandbox).length, 3, 'what comes after the refusal is not sent');
      assert.ok(
        messagesOf(instance.lines, 'ERROR').some((line) => line.startsWith('Cannot store the receipt')),
      );
      assert.equal(sandbox.callLog.calls('pubsub.projects.topics.publish').length, 1);
      assert.deepEqual([published.length, published[0]?.stored], [1, undefined]);
    }));

  for (const [title, fate] of Object.entries(FATES))
    for (const [write, request] of [
      ['the stored receipt', /^POST .*name=receipts/],
      ['the publication', /^POST .*:publish/],
    ] as const)
      it(`${write}, with ${title}: what is told of is there, and what is nowhere is an error and in the log`, () =>
        withDelivery(
          async (world) => {
            const { sandbox, instance, published } = world;
            await decideAll(world, 1, SHORT);
            await world.finish();
            const publishes = sandbox.callLog.calls('pubsub.projects.topics.publish');
            const isStored = sandbox.storage.objectNames(BUCKET, 'receipts/').length === 1;
            const isTold = publishes.some(({ status }) => status === 200);
            const isLost = ['a refusal', 'an outage', 'garbage without an effect'].includes(title);
            const isOf = (one: string): boolean => one === write;
            assert.deepEqual(
              [isStored, isTold],
              [!(isLost && isOf('the stored receipt')), !(isLost && isOf('the publication'))],
            );
            if (isStored) assert.equal(receiptsIn(sandbox, BUCKET)[0]?.decisions.length, SHORT);
            for (const { stored } of published)
              assert.equal(stored, isStored ? `gs://${BUCKET}/${STORED}` : undefined);
            // A page in the place of the answer says nothing of the message.
            const isUnknown = title === 'garbage after the effect' && isOf('the publication');
            const said = messagesOf(instance.lines, 'ERROR').filter((line) => line.startsWith('Cannot '));
            assert.deepEqual([world.errors.length, said.length], isLost || isUnknown ? [1, 1] : [0, 0]);
            assert.equal(messagesOf(instance.lines, 'NOTICE').length, SHORT / 10);
          },
          'lifecycle-enforcer',
          { write: request, fate },
        ));

  it('is not published where the answer names no message: that is requested again', () =>
    withDelivery(
      async (world) => {
        world.receipt.add(decided(0));
        await world.finish();
        assert.equal(world.sandbox.callLog.calls('pubsub.projects.topics.publish').length, 1);
        assert.deepEqual([world.errors, world.published.length], [[], 1]);
      },
      'lifecycle-enforcer',
      { write: /^POST .*:publish/, fate: NOT_TAKEN },
    ));
});

describe('the publication of a receipt', () => {
  it('is taken once, also where the client sends several of one moment together', () =>
    withDelivery(async ({ sandbox, instance }) => {
      const texts = ['one', 'two', 'three'];
      await Promise.all(texts.map((text) => instance.runtime.clients.publish(RECEIPTS_TOPIC, text)));
      const [sent, ...others] = sandbox.callLog.calls('pubsub.projects.topics.publish');
      assert.deepEqual([sent?.status, others.length], [200, 0]);
    }));

  it('has counts, the first decisions and where the whole receipt is, far below the 10 MB of Pub/Sub', () =>
    withDelivery(async (world) => {
      const { receipt, delivery, finish, errors, instance, published } = world;
      for (let at = 0; at < 20_000; at++) {
        receipt.add({ ...decided(at * 10) });
        if (at % PAGE === 0) await delivery.flush();
      }
      await finish();
      assert.deepEqual(errors, []);
      const [message = assert.fail()] = published;
      assert.equal(message.stored, `gs://${BUCKET}/${STORED}`);
      assert.deepEqual(message.outcomes, { 'patch done': 20_000 });
      assert.deepEqual(message.decisions[0], decided(0));
      const listed = message.decisions.length;
      assert.ok(listed > 500);
      assert.deepEqual(message.omitted, { decisions: 20_000 - listed, incomplete: 0, failures: 0 });
      assert.ok(Buffer.byteLength(JSON.stringify(message)) < 4_000_000);
      for (const line of instance.lines) assert.ok(Buffer.byteLength(JSON.stringify(line)) < 256 * 1024);
    }));

  it('that is refused for what it is goes again with its counts alone', () =>
    withDelivery(async (world) => {
      const { sandbox, receipt, finish, errors, instance, published } = world;
      sandbox.faults.add({
        route: 'pubsub.projects.topics.publish',
        count: 1,
        fault: { kind: 'status', status: 400 },
      });
      receipt.add(decided(0));
      receipt.fail({ resource: 'r', error: 'e' });
      await finish();
      assert.deepEqual(errors, []);
      const [message] = published;
      assert.deepEqual(message?.omitted, { decisions: 1, incomplete: 0, failures: 1 });
      assert.equal(message.stored, `gs://${BUCKET}/${STORED}`);
      assert.ok(messagesOf(instance.lines, 'WARNING').some((line) => line.includes(RECEIPTS_TOPIC)));
    }));

  it('that is refused altogether is an error of the run, which names the stored receipt', () =>
    withDelivery(async (world) => {
      const { sandbox, receipt, finish, errors, instance } = world;
      sandbox.faults.add({
        route: 'pubsub.projects.topics.publish',
        fault: { kind: 'status', status: 403 },
      });
      receipt.add(decided(0));
      await finish();
      assert.equal(errors.length, 1);
      assert.ok(
        messagesOf(instance.lines, 'ERROR').some((line) =>
          line.includes(`which is at gs://${BUCKET}/${STORED}`),
        ),
      );
    }));
});
