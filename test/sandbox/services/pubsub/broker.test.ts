import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { createClock, type Clock } from '../../clock/clock.ts';
import { createBroker, type Broker, type Disorder } from './broker.ts';

const TOPIC = 'projects/ml-ops/topics/tick';
const DLQ = 'projects/ml-ops/topics/tick-dlq';
const SUB = 'projects/ml-ops/subscriptions/tick-sub';
const START = '2026-11-18T09:00:00.000Z';
const MINUTE = 60_000;

interface Push {
  readonly at: number;
  readonly body: {
    readonly message: {
      readonly messageId: string;
      readonly data: string;
      readonly attributes: Record<string, string>;
    };
    readonly deliveryAttempt?: number;
  };
}

/** A broker on a standing clock whose pushes are answered with `statuses` in turn, then with 204. */
function setUp(
  options: { statuses?: readonly (number | 'none')[]; settings?: object; disorder?: Disorder } = {},
): {
  clock: Clock;
  broker: Broker;
  pushes: Push[];
} {
  const clock = createClock({ startMs: Date.parse(START), frozen: true });
  const pushes: Push[] = [];
  const answers = [...(options.statuses ?? [])];
  const broker = createBroker({
    clock,
    async post(url, headers, body) {
      assert.equal(url, 'http://127.0.0.1:1/');
      assert.equal(headers['content-type'], 'application/json');
      pushes.push({ at: clock.now() - Date.parse(START), body: JSON.parse(body) as Push['body'] });
      const answer = answers.shift() ?? 204;
      if (answer === 'none') throw new Error('no answer');
      return answer;
    },
    ...(options.disorder === undefined ? {} : { disorder: options.disorder }),
  });
  broker.createTopic({ name: TOPIC });
  broker.createTopic({ name: DLQ });
  broker.createSubscription({
    name: SUB,
    topic: TOPIC,
    pushConfig: { pushEndpoint: 'http://127.0.0.1:1/' },
    ...options.settings,
  });
  return { clock, broker, pushes };
}

const message = (text: string) => ({ data: Buffer.from(text).toString('base64') });
const seconds = (pushes: readonly Push[]): number[] => pushes.map((push) => push.at / 1_000);
const results = (broker: Broker): string[] =>
  broker.deliveries.map((delivery) => `${delivery.attempt} ${delivery.result} ${delivery.status}`);

describe('createBroker: push', () => {
  it('delivers once what is acknowledged', async () => {
    const { clock, broker, pushes } = setUp();
    const [id] = broker.publish(TOPIC, [{ ...message('hello'), attributes: { kind: 'tick' } }]);
    await broker.idle();
    await clock.advance(60 * MINUTE);
    assert.deepEqual(
      pushes.map((push) => push.body),
      [
        {
          message: {
            attributes: { kind: 'tick' },
            data: 'aGVsbG8=',
            messageId: id,
            message_id: id,
            publishTime: START,
            publish_time: START,
          },
          subscription: SUB,
        },
      ],
    );
    assert.deepEqual(broker.deliveries, [
      { subscription: SUB, messageId: id, attempt: 1, via: 'push', result: 'acked', status: 204, at: START },
    ]);
    assert.deepEqual(broker.pending(), []);
  });

  it('redelivers after 10 s, 20 s, 40 s … up to 600 s of sandbox time', async () => {
    const { clock, broker, pushes } = setUp({ statuses: [500, 503, 429, 'none', 302, 500, 500, 500, 500] });
    broker.publish(TOPIC, [message('x')]);
    await broker.idle();
    assert.equal(broker.pending()[0]?.state, 'waiting');
    assert.equal(broker.pending()[0]?.dueAt, '2026-11-18T09:00:10.000Z');
    await clock.advance(9_999);
    assert.equal(pushes.length, 1);
    await clock.advance(24 * 60 * MINUTE);
    assert.deepEqual(seconds(pushes), [0, 10, 30, 70, 150, 310, 630, 1_230, 1_830, 2_430]);
    assert.deepEqual(results(broker).slice(0, 5), [
      '1 nacked 500',
      '2 nacked 503',
      '3 nacked 429',
      '4 unanswered 0',
      '5 nacked 302',
    ]);
    assert.equal(results(broker).at(-1), '10 acked 204');
  });

  it('follows the retry policy of the subscription', async () => {
    const settings = { retryPolicy: { minimumBackoff: '2s', maximumBackoff: '5s' } };
    const { clock, broker, pushes } = setUp({ statuses: [500, 500, 500, 500], settings });
    broker.publish(TOPIC, [message('x')]);
    await broker.idle();
    await clock.advance(MINUTE);
    assert.deepEqual(seconds(pushes), [0, 2, 6, 11, 16]);
  });

  it('redelivers when the ack deadline passes although the push is still out, and ignores its late answer', async () => {
    const clock = createClock({ startMs: Date.parse(START), frozen: true });
    const answers: ((status: number) => void)[] = [];
    const broker = createBroker({
      clock,
      post: () =>
        answers.length > 0 ? Promise.resolve(204) : new Promise((resolve) => void answers.push(resolve)),
    });
    broker.createTopic({ name: TOPIC });
    broker.createSubscription({
      name: SUB,
      topic: TOPIC,
      ackDeadlineSeconds: 30,
      pushConfig: { pushEndpoint: 'http://127.0.0.1:1/' },
    });
    broker.publish(TOPIC, [message('x')]);
    await clock.advance(29_999);
    assert.equal(broker.pending()[0]?.state, 'out');
    await clock.advance(10_001);
    assert.deepEqual(results(broker), ['1 expired 0', '2 acked 204']);
    answers[0]?.(500);
    await broker.idle();
    assert.deepEqual(results(broker), ['1 expired 0', '2 acked 204']);
    assert.deepEqual(broker.pending(), []);
  });

  it('forwards to the dead-letter topic after the last attempt and says where the message comes from', async () => {
    const settings = { deadLetterPolicy: { deadLetterTopic: DLQ, maxDeliveryAttempts: 5 } };
    const { clock, broker, pushes } = setUp({ statuses: [500, 500, 500, 500, 500], settings });
    broker.createSubscription({ name: 'projects/ml-ops/subscriptions/dlq-hold', topic: DLQ });
    broker.publish(TOPIC, [{ ...message('x'), attributes: { kind: 'tick' } }]);
    await broker.idle();
    await clock.advance(24 * 60 * MINUTE);
    assert.deepEqual(
      pushes.map((push) => push.body.deliveryAttempt),
      [1, 2, 3, 4, 5],
    );
    assert.equal(results(broker).at(-1), '5 dead-lettered 0');
    const [received] = broker.queue('projects/ml-ops/subscriptions/dlq-hold').pull(10);
    assert.equal(received?.message.data, message('x').data);
    assert.deepEqual(received.message.attributes, {
      kind: 'tick',
      CloudPubSubDeadLetterSourceDeliveryCount: '5',
      CloudPubSubDeadLetterSourceSubscription: 'tick-sub',
      CloudPubSubDeadLetterSourceSubscriptionProject: 'ml-ops',
      CloudPubSubDeadLetterSourceTopicPublishTime: START,
    });
  });

  it('goes on trying when the dead-letter topic is not there', async () => {
    const settings = { deadLetterPolicy: { deadLetterTopic: DLQ, maxDeliveryAttempts: 5 } };
    const { clock, broker, pushes } = setUp({ statuses: [500, 500, 500, 500, 500], settings });
    broker.deleteTopic(DLQ);
    broker.publish(TOPIC, [message('x')]);
    await broker.idle();
    await clock.advance(60 * MINUTE);
    assert.equal(pushes.length, 6);
    assert.equal(results(broker).at(-1), '6 acked 204');
  });

  it('drops a message after the retention, 7 days when nothing is said', async () => {
    const { clock, broker, pushes } = setUp({ statuses: Array.from({ length: 2_000 }, () => 500) });
    broker.publish(TOPIC, [message('x')]);
    await broker.idle();
    await clock.advance(8 * 24 * 60 * MINUTE);
    assert.ok((seconds(pushes).at(-1) ?? 0) < 7 * 86_400);
    assert.equal(broker.deliveries.at(-1)?.result, 'dropped');
    assert.deepEqual(broker.pending(), []);
  });

  it('duplicates every message as often as told, with the same id', async () => {
    const { broker, pushes } = setUp({ disorder: { duplicates: 2 } });
    const ids = broker.publish(TOPIC, [message('a'), message('b')]);
    await broker.idle();
    assert.deepEqual(pushes.map((push) => push.body.message.messageId).sort(), [
      ids[0],
      ids[0],
      ids[0],
      ids[1],
      ids[1],
      ids[1],
    ]);
  });

  it('shuffles what is published together, the same way for the same seed', async () => {
    const order = async (seed: number): Promise<string[]> => {
      const { broker, pushes } = setUp({ disorder: { shuffleSeed: seed } });
      broker.publish(TOPIC, ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(message));
      await broker.idle();
      return pushes.map((push) => Buffer.from(push.body.message.data, 'base64').toString());
    };
    const first = await order(7);
    assert.deepEqual(await order(7), first);
    assert.notDeepEqual(first, [...first].sort());
    assert.deepEqual([...first].sort(), ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
  });

  it('gives each subscription its own copy and none to one made later', async () => {
    const { broker, pushes } = setUp();
    broker.createSubscription({
      name: `${SUB}-2`,
      topic: TOPIC,
      pushConfig: { pushEndpoint: 'http://127.0.0.1:1/' },
    });
    broker.publish(TOPIC, [message('x')]);
    await broker.idle();
    broker.createSubscription({
      name: `${SUB}-3`,
      topic: TOPIC,
      pushConfig: { pushEndpoint: 'http://127.0.0.1:1/' },
    });
    await broker.idle();
    assert.equal(pushes.length, 2);
  });

  it('is idle only when every push has been answered, also those that a push sets off', async () => {
    const clock = createClock({ startMs: Date.parse(START), frozen: true });
    const answers: (() => void)[] = [];
    const broker = createBroker({
      clock,
      post: () =>
        new Promise((resolve) => {
          answers.push(() => {
            if (answers.length === 2) broker.publish(TOPIC, [message('set off')]);
            resolve(204);
          });
        }),
    });
    broker.createTopic({ name: TOPIC });
    broker.createSubscription({
      name: SUB,
      topic: TOPIC,
      pushConfig: { pushEndpoint: 'http://127.0.0.1:1/' },
    });
    broker.publish(TOPIC, [message('a'), message('b')]);
    let acknowledged = -1;
    const idle = broker.idle().then(() => (acknowledged = broker.deliveries.length));
    for (const index of [0, 1, 2]) {
      answers[index]?.();
      await new Promise(setImmediate);
      assert.equal(acknowledged, index === 2 ? 3 : -1);
    }
    await idle;
  });

  it('pushes nothing more after the subscription is deleted', async () => {
    const { clock, broker, pushes } = setUp({ statuses: [500] });
    broker.publish(TOPIC, [message('x')]);
    await broker.idle();
    broker.deleteSubscription(SUB);
    await clock.advance(60 * MINUTE);
    assert.equal(pushes.length, 1);
  });
});

describe('createBroker: pull', () => {
  const pulling = { pushConfig: {} };

  it('hands a message out again when it is not acknowledged within the deadline', async () => {
    const { clock, broker } = setUp({ settings: pulling });
    broker.publish(TOPIC, [message('x')]);
    const queue = broker.queue(SUB);
    assert.equal(queue.pull(10).length, 1);
    assert.equal(queue.pull(10).length, 0);
    await clock.advance(10_000);
    const again = queue.pull(10);
    assert.equal(again.length, 1);
    queue.acknowledge(again.map((received) => received.ackId));
    await clock.advance(MINUTE);
    assert.equal(queue.pull(10).length, 0);
    assert.deepEqual(results(broker), ['1 expired 0', '2 acked 0']);
  });

  it('extends the deadline, and gives back at 0', async () => {
    const { clock, broker } = setUp({ settings: pulling });
    broker.publish(TOPIC, [message('x')]);
    const queue = broker.queue(SUB);
    const ackIds = queue.pull(1).map((received) => received.ackId);
    queue.modifyAckDeadline(ackIds, 60);
    await clock.advance(59_999);
    assert.equal(queue.pull(1).length, 0);
    queue.modifyAckDeadline(ackIds, 0);
    assert.equal(queue.pull(1).length, 1);
  });

  it('pushes what has waited when a push endpoint is set', async () => {
    const { broker, pushes } = setUp({ settings: pulling });
    broker.publish(TOPIC, [message('x')]);
    assert.equal(broker.pending()[0]?.state, 'ready');
    broker.modifyPushConfig(SUB, { pushEndpoint: 'http://127.0.0.1:1/' });
    await broker.idle();
    assert.equal(pushes.length, 1);
  });
});

describe('createBroker: refuses', () => {
  const { broker } = setUp();
  const cases: readonly (readonly [string, () => unknown, string])[] = [
    ['a topic twice', () => broker.createTopic({ name: TOPIC }), 'ALREADY_EXISTS'],
    [
      'a topic name that is too short',
      () => broker.createTopic({ name: 'projects/ml-ops/topics/ab' }),
      'INVALID_ARGUMENT',
    ],
    [
      'a topic name that starts with goog',
      () => broker.createTopic({ name: 'projects/ml-ops/topics/google' }),
      'INVALID_ARGUMENT',
    ],
    [
      'publishing to a topic that is not there',
      () => broker.publish(`${TOPIC}-x`, [message('x')]),
      'NOT_FOUND',
    ],
    ['publishing nothing', () => broker.publish(TOPIC, []), 'INVALID_ARGUMENT'],
    ['an empty message', () => broker.publish(TOPIC, [{ data: '' }]), 'INVALID_ARGUMENT'],
    [
      'more than 10 MB',
      () => broker.publish(TOPIC, [{ data: Buffer.alloc(10_000_001).toString('base64') }]),
      'INVALID_ARGUMENT',
    ],
    [
      'an ack deadline over 600 s',
      () => broker.createSubscription({ name: `${SUB}-x`, topic: TOPIC, ackDeadlineSeconds: 601 }),
      'INVALID_ARGUMENT',
    ],
    [
      'fewer than 5 delivery attempts',
      () =>
        broker.createSubscription({
          name: `${SUB}-x`,
          topic: TOPIC,
          deadLetterPolicy: { deadLetterTopic: DLQ, maxDeliveryAttempts: 4 },
        }),
      'INVALID_ARGUMENT',
    ],
    [
      'a filter, which it would ignore',
      () => broker.createSubscription({ name: `${SUB}-x`, topic: TOPIC, filter: 'attributes.a="b"' }),
      'UNIMPLEMENTED',
    ],
    [
      'a subscription to no topic',
      () => broker.createSubscription({ name: `${SUB}-x`, topic: `${TOPIC}-x` }),
      'NOT_FOUND',
    ],
    [
      'moving a subscription to another topic',
      () => broker.updateSubscription(SUB, { topic: DLQ }, 'topic'),
      'INVALID_ARGUMENT',
    ],
  ];
  for (const [title, act, code] of cases)
    it(title, () => {
      assert.throws(act, { code });
    });
});
