import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import {
  ACK_DEADLINE_SECONDS,
  longestDeliverySeconds,
  RETENTION_SECONDS,
  RETRY_DELAY_SECONDS,
} from '../../../deploy/desired/delivery-limits.ts';
import { readFunctions } from '../../../deploy/desired/settings.ts';
import { createClock } from '../../sandbox/clock/clock.ts';
import { createBroker } from '../../sandbox/services/pubsub/broker.ts';

const TOPIC = 'projects/ml-ops/topics/budget';
const DEAD_LETTERS = 'projects/ml-ops/topics/dead-letters';
/** Pub/Sub's own limit, which deliveryAttempts has too. */
const MAX_ATTEMPTS = 100;

/** What becomes of a message whose every delivery goes unanswered to its deadline. */
async function neverAnswered(retentionSeconds: number, maxDeliveryAttempts: number) {
  const clock = createClock({ startMs: Date.parse('2026-11-18T09:00:00Z'), frozen: true });
  const startMs = clock.now();
  const broker = createBroker({ clock, post: () => new Promise<number>(() => undefined) });
  for (const name of [TOPIC, DEAD_LETTERS]) broker.createTopic({ name });
  broker.createSubscription({
    name: 'projects/ml-ops/subscriptions/pull',
    topic: TOPIC,
    ackDeadlineSeconds: ACK_DEADLINE_SECONDS,
    messageRetentionDuration: `${retentionSeconds}s`,
    retryPolicy: {
      minimumBackoff: `${RETRY_DELAY_SECONDS.min}s`,
      maximumBackoff: `${RETRY_DELAY_SECONDS.max}s`,
    },
    deadLetterPolicy: { deadLetterTopic: DEAD_LETTERS, maxDeliveryAttempts },
  });
  broker.publish(TOPIC, [{ data: 'e30=' }]);
  while (broker.pending().length > 0) {
    broker.queue('projects/ml-ops/subscriptions/pull').pull(1);
    await clock.advance(10_000);
  }
  const last = broker.deliveries.at(-1);
  return {
    result: last?.result,
    attempts: last?.attempt,
    seconds: (Date.parse(last?.at ?? '') - startMs) / 1_000,
  };
}

describe('how long messages are delivered for', () => {
  it('fits into the retention for every function, and for any number of attempts that there can be', async () => {
    const attempts = (await readFunctions()).map(({ settings }) => settings.deliveryAttempts);
    assert.ok(attempts.length > 0);
    for (const count of [...attempts, MAX_ATTEMPTS])
      assert.ok(longestDeliverySeconds(count) < RETENTION_SECONDS, `${count} attempts`);
    assert.ok(longestDeliverySeconds(MAX_ATTEMPTS) > 86_400, 'one day, Eventarc’s default, would not do');
  });

  it('is counted as Pub/Sub does it: the last delivery becomes a dead letter within that time', async () => {
    for (const count of [5, MAX_ATTEMPTS]) {
      const { result, attempts, seconds } = await neverAnswered(RETENTION_SECONDS, count);
      assert.deepEqual([result, attempts], ['dead-lettered', count]);
      assert.ok(seconds <= longestDeliverySeconds(count) + 10 * count, `${seconds} s`);
    }
  });

  it('would with one day of retention lose a message before it becomes a dead letter', async () => {
    assert.equal((await neverAnswered(86_400, MAX_ATTEMPTS)).result, 'dropped');
  });
});
