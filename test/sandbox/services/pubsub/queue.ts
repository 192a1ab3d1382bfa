import type { Clock } from '../../clock/clock.ts';
import { pushBody, type PubsubMessage } from './message.ts';
import type { Post } from './post.ts';
import { durationMs, type Subscription } from './resources.ts';

/** What became of one attempt to deliver a message, or of the message when there are no more attempts. */
export interface Delivery {
  readonly subscription: string;
  readonly messageId: string;
  /** 1 for the first. */
  readonly attempt: number;
  readonly via: 'push' | 'pull';
  readonly result: 'acked' | 'nacked' | 'expired' | 'unanswered' | 'dead-lettered' | 'dropped';
  /** HTTP status of a push; 0 when there was none. */
  readonly status: number;
  /** Sandbox time, RFC 3339. */
  readonly at: string;
}

/** A message that a subscription still holds. */
export interface Pending {
  readonly subscription: string;
  readonly messageId: string;
  /** Attempts so far. */
  readonly attempt: number;
  /** ready: for the next pull; out: with the subscriber; waiting: for the end of the backoff. */
  readonly state: 'ready' | 'out' | 'waiting';
  /** Sandbox time of the next attempt (waiting) or of the ack deadline (out), RFC 3339. */
  readonly dueAt?: string;
}

export interface ReceivedMessage {
  readonly ackId: string;
  readonly message: PubsubMessage;
  readonly deliveryAttempt?: number;
}

export interface QueueOptions {
  readonly clock: Clock;
  readonly post: Post;
  /** The identity token that a push carries. */
  readonly identityToken: (account: string, audience: string) => string;
  readonly log: (delivery: Delivery) => void;
  /** Takes a message that ran out of attempts; false when the dead-letter topic is not there. */
  readonly deadLetter: (subscription: Subscription, message: PubsubMessage, attempts: number) => boolean;
  /** Told of +1 when a push goes out and of -1 when its answer is in. */
  readonly busy: (change: 1 | -1) => void;
}

/** The messages of one subscription, on their way. */
export interface Queue {
  add(messages: readonly PubsubMessage[]): void;
  pull(maxMessages: number): readonly ReceivedMessage[];
  acknowledge(ackIds: readonly string[]): void;
  /** Moves the ack deadline of pulled messages; 0 gives them back at once. */
  modifyAckDeadline(ackIds: readonly string[], seconds: number): void;
  /** Takes over a changed subscription; what is ready goes out if it pushes now. */
  update(subscription: Subscription): void;
  readonly pending: readonly Pending[];
  close(): void;
}

interface Item {
  readonly message: PubsubMessage;
  attempt: number;
  state: Pending['state'];
  dueMs: number | undefined;
  /** Of the present attempt of a pulled message. */
  ackId: string | undefined;
  cancel: () => void;
}

/** The statuses that acknowledge a push (Pub/Sub, "Push subscriptions": 102, 200, 201, 202 and 204). */
const ACKNOWLEDGING: ReadonlySet<number> = new Set([102, 200, 201, 202, 204]);

/** What `retryPolicy` has when its fields are absent; also used for pushes without one. */
const DEFAULT_RETRY = { minimumBackoff: '10s', maximumBackoff: '600s' } as const;

/** Pushes slow down after a failure even with `minimumBackoff: 0s`; without it a standing clock would push for ever. */
const LEAST_PUSH_BACKOFF_MS = 100;

export function createQueue(initial: Subscription, options: QueueOptions): Queue {
  const { clock } = options;
  const items = new Set<Item>();
  let subscription = initial;
  let closed = false;
  let ackCount = 0;

  const pushes = (): boolean => (subscription.pushConfig.pushEndpoint ?? '') !== '';
  const rfc3339 = (ms: number): string => new Date(ms).toISOString();
  const note = (item: Item, via: Delivery['via'], result: Delivery['result'], status = 0): void => {
    options.log({
      subscription: subscription.name,
      messageId: item.message.messageId,
      attempt: item.attempt,
      via,
      result,
      status,
      at: rfc3339(clock.now()),
    });
  };
  const remove = (item: Item): void => {
    item.cancel();
    items.delete(item);
  };
  const tooOld = (item: Item): boolean =>
    clock.now() - Date.parse(item.message.publishTime) >= durationMs(subscription.messageRetentionDuration);
  const attemptShown = (item: Item): number | undefined =>
    subscription.deadLetterPolicy === undefined ? undefined : item.attempt;

  const backoffMs = (item: Item): number => {
    if (subscription.retryPolicy === undefined && !pushes()) return 0;
    const policy = subscription.retryPolicy ?? DEFAULT_RETRY;
    const ms = Math.min(
      durationMs(policy.minimumBackoff) * 2 ** (item.attempt - 1),
      durationMs(policy.maximumBackoff),
    );
    return pushes() ? Math.max(ms, LEAST_PUSH_BACKOFF_MS) : ms;
  };

  /** Hands the message out: by push now, or to the next pull. */
  const offer = (item: Item): Promise<void> | undefined => {
    item.cancel = () => undefined;
    item.dueMs = undefined;
    item.state = 'ready';
    if (tooOld(item)) {
      note(item, pushes() ? 'push' : 'pull', 'dropped');
      remove(item);
      return undefined;
    }
    return pushes() ? push(item) : undefined;
  };

  const retry = (item: Item, via: Delivery['via']): void => {
    item.cancel();
    item.ackId = undefined;
    const policy = subscription.deadLetterPolicy;
    if (
      policy !== undefined &&
      item.attempt >= policy.maxDeliveryAttempts &&
      options.deadLetter(subscription, item.message, item.attempt)
    ) {
      note(item, via, 'dead-lettered');
      remove(item);
      return;
    }
    const wait = backoffMs(item);
    if (wait === 0) {
      void offer(item);
      return;
    }
    item.state = 'waiting';
    item.dueMs = clock.now() + wait;
    item.cancel = clock.after(wait, () => offer(item));
  };

  const startDeadline = (item: Item, ms: number, expire: () => void): void => {
    item.cancel();
    item.dueMs = clock.now() + ms;
    item.cancel = clock.after(ms, expire);
  };

  /** Resolves when the answer is in, so that `clock.advance` goes on only after a redelivery has been dealt with. */
  const push = async (item: Item): Promise<void> => {
    const attempt = ++item.attempt;
    const deadlineMs = subscription.ackDeadlineSeconds * 1_000;
    const settle = (result: 'acked' | 'nacked' | 'expired' | 'unanswered', status: number): void => {
      // Too late: the ack deadline of this attempt has passed in sandbox time, or the subscription is gone.
      if (closed || item.attempt !== attempt || item.state !== 'out') return;
      note(item, 'push', result, status);
      if (result === 'acked') remove(item);
      else retry(item, 'push');
    };
    item.state = 'out';
    startDeadline(item, deadlineMs, () => {
      settle('expired', 0);
    });
    options.busy(1);
    try {
      const body = JSON.stringify(pushBody(item.message, subscription.name, attemptShown(item)));
      const { pushEndpoint = '', oidcToken } = subscription.pushConfig;
      const account = oidcToken?.serviceAccountEmail;
      const headers = {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(account === undefined
          ? {}
          : {
              authorization: `Bearer ${options.identityToken(account, oidcToken?.audience ?? pushEndpoint)}`,
            }),
      };
      const status = await options.post(pushEndpoint, headers, body, deadlineMs);
      settle(ACKNOWLEDGING.has(status) ? 'acked' : 'nacked', status);
    } catch {
      settle('unanswered', 0);
    } finally {
      options.busy(-1);
    }
  };

  const held = (ackIds: readonly string[]): Item[] =>
    [...items].filter((item) => item.ackId !== undefined && ackIds.includes(item.ackId));

  const startPullDeadline = (item: Item, seconds: number): void => {
    startDeadline(item, seconds * 1_000, () => {
      note(item, 'pull', 'expired');
      retry(item, 'pull');
    });
  };

  return {
    add(messages) {
      const added = messages.map((message): Item => ({
        message,
        attempt: 0,
        state: 'ready',
        dueMs: undefined,
        ackId: undefined,
        cancel: () => undefined,
      }));
      for (const item of added) items.add(item);
      for (const item of added) void offer(item);
    },
    pull(maxMessages) {
      for (const item of items) if (item.state === 'ready') void offer(item);
      const ready = [...items].filter((item) => item.state === 'ready').slice(0, maxMessages);
      return ready.map((item) => {
        item.attempt += 1;
        item.state = 'out';
        item.ackId = Buffer.from(`${item.message.messageId}:${++ackCount}`).toString('base64url');
        startPullDeadline(item, subscription.ackDeadlineSeconds);
        const deliveryAttempt = attemptShown(item);
        return {
          ackId: item.ackId,
          message: item.message,
          ...(deliveryAttempt === undefined ? {} : { deliveryAttempt }),
        };
      });
    },
    acknowledge(ackIds) {
      for (const item of held(ackIds)) {
        note(item, 'pull', 'acked');
        remove(item);
      }
    },
    modifyAckDeadline(ackIds, seconds) {
      for (const item of held(ackIds)) {
        if (seconds > 0) {
          startPullDeadline(item, seconds);
          continue;
        }
        note(item, 'pull', 'nacked');
        retry(item, 'pull');
      }
    },
    update(changed) {
      subscription = changed;
      for (const item of items) if (item.state === 'ready') void offer(item);
    },
    get pending() {
      return [...items].map((item) => ({
        subscription: subscription.name,
        messageId: item.message.messageId,
        attempt: item.attempt,
        state: item.state,
        ...(item.dueMs === undefined ? {} : { dueAt: rfc3339(item.dueMs) }),
      }));
    },
    close() {
      closed = true;
      for (const item of items) remove(item);
    },
  };
}
