import { ApiError } from '../../http/api-error.ts';
import type { Clock } from '../../clock/clock.ts';
import { seededRandom } from '../../http/faults.ts';
import type { Message } from '../../http/proto-service.ts';
import { readMessages, type NewMessage, type PubsubMessage } from './message.ts';
import type { Post } from './post.ts';
import { createQueue, type Delivery, type Pending, type Queue } from './queue.ts';
import {
  DELETED_TOPIC, projectOf, readPushConfig, readSubscription, readTopic, shortName, type Subscription, type Topic,
} from './resources.ts'; // prettier-ignore

/** Makes delivery as bad as the contract allows, to test subscribers. */
export interface Disorder {
  /** Each message is delivered this many times more, even when it was acknowledged. */
  readonly duplicates?: number;
  /** Messages published together are delivered in an order drawn from this seed. */
  readonly shuffleSeed?: number;
}

export interface BrokerOptions {
  readonly clock: Clock;
  readonly post: Post;
  /** The identity token that a push carries whose subscription names an account. */
  readonly identityToken?: (account: string, audience: string) => string;
  /** Whether the service may move messages of the subscription to its dead-letter topic; always when absent. */
  readonly mayDeadLetter?: (subscription: Subscription, deadLetterTopic: string) => boolean;
  readonly disorder?: Disorder;
}

/** Topics, subscriptions and what is under way between them. Names are full: `projects/P/topics/T`. */
export interface Broker {
  /** Throws ALREADY_EXISTS or INVALID_ARGUMENT. */
  createTopic(topic: Message): Topic;
  /** Throws NOT_FOUND, as all that follow. */
  topic(name: string): Topic;
  topics(project: string): readonly Topic[];
  updateTopic(name: string, change: Message, mask: string): Topic;
  deleteTopic(name: string): void;
  /** Takes messages in and starts their delivery; returns their ids. */
  publish(topic: string, messages: readonly NewMessage[]): readonly string[];
  createSubscription(subscription: Message): Subscription;
  subscription(name: string): Subscription;
  /** Of a project (`projects/P`) or of a topic. */
  subscriptions(of: string): readonly Subscription[];
  updateSubscription(name: string, change: Message, mask: string): Subscription;
  modifyPushConfig(name: string, pushConfig: unknown): void;
  deleteSubscription(name: string): void;
  /** For pull, acknowledge and modifyAckDeadline. */
  queue(subscription: string): Queue;
  disturb(disorder: Disorder): void;
  readonly deliveries: readonly Delivery[];
  /** What is held for push and pull subscribers at present. */
  pending(): readonly Pending[];
  /** Resolves when no push is out. One that waits for its backoff counts as idle: only the clock moves it. */
  idle(): Promise<void>;
  close(): void;
}

interface Subscribed {
  subscription: Subscription;
  readonly queue: Queue;
}

export function createBroker(options: BrokerOptions): Broker {
  const { clock } = options;
  const topics = new Map<string, Topic>();
  const subscribed = new Map<string, Subscribed>();
  const deliveries: Delivery[] = [];
  let disorder = options.disorder ?? {};
  let messageCount = 0;
  let pushesOut = 0;
  let waitingForIdle: (() => void)[] = [];

  const missing = (name: string): ApiError =>
    new ApiError('NOT_FOUND', `Resource not found (resource=${shortName(name)}).`);
  const taken = (name: string): ApiError =>
    new ApiError('ALREADY_EXISTS', `Resource already exists in the project (resource=${shortName(name)}).`);

  const topic = (name: string): Topic => {
    const found = topics.get(name);
    if (found === undefined) throw missing(name);
    return found;
  };
  const entry = (name: string): Subscribed => {
    const found = subscribed.get(name);
    if (found === undefined) throw missing(name);
    return found;
  };
  const change = (name: string, changed: Subscription): Subscription => {
    const found = entry(name);
    found.subscription = changed;
    found.queue.update(changed);
    return changed;
  };

  const distribute = (topicName: string, messages: readonly PubsubMessage[]): void => {
    const copies = messages.flatMap((message) =>
      Array.from({ length: 1 + (disorder.duplicates ?? 0) }, () => message),
    );
    for (const { subscription, queue } of subscribed.values())
      if (subscription.topic === topicName)
        queue.add(disorder.shuffleSeed === undefined ? copies : shuffled(copies, disorder.shuffleSeed));
  };

  const publish = (topicName: string, given: readonly NewMessage[]): readonly string[] => {
    topic(topicName);
    const messages = readMessages(given).map((message): PubsubMessage => ({
      data: message.data ?? '',
      attributes: message.attributes ?? {},
      messageId: String(FIRST_MESSAGE_ID + ++messageCount),
      publishTime: new Date(clock.now()).toISOString(),
      ...(message.orderingKey === undefined ? {} : { orderingKey: message.orderingKey }),
    }));
    distribute(topicName, messages);
    return messages.map((message) => message.messageId);
  };

  const deadLetter = (from: Subscription, message: PubsubMessage, attempts: number): boolean => {
    const target = from.deadLetterPolicy?.deadLetterTopic ?? '';
    if (!topics.has(target) || options.mayDeadLetter?.(from, target) === false) return false;
    const attributes = {
      ...message.attributes,
      CloudPubSubDeadLetterSourceDeliveryCount: String(attempts),
      CloudPubSubDeadLetterSourceSubscription: shortName(from.name),
      CloudPubSubDeadLetterSourceSubscriptionProject: shortName(projectOf(from.name)),
      CloudPubSubDeadLetterSourceTopicPublishTime: message.publishTime,
    };
    publish(target, [{ data: message.data, attributes }]);
    return true;
  };

  const busy = (by: 1 | -1): void => {
    pushesOut += by;
    if (pushesOut > 0) return;
    const waiting = waitingForIdle;
    waitingForIdle = [];
    for (const resolve of waiting) resolve();
  };

  return {
    createTopic(given) {
      const made = readTopic(given);
      if (topics.has(made.name)) throw taken(made.name);
      topics.set(made.name, made);
      return made;
    },
    topic,
    topics: (project) => byName(topics.values()).filter((known) => projectOf(known.name) === project),
    updateTopic(name, given, mask) {
      const changed = readTopic(masked(topic(name), given, mask));
      topics.set(name, changed);
      return changed;
    },
    deleteTopic(name) {
      topic(name);
      topics.delete(name);
      for (const { subscription } of subscribed.values())
        if (subscription.topic === name) change(subscription.name, { ...subscription, topic: DELETED_TOPIC });
    },
    publish,
    createSubscription(given) {
      const subscription = readSubscription(given);
      topic(subscription.topic);
      if (subscribed.has(subscription.name)) throw taken(subscription.name);
      const log = (delivery: Delivery): void => void deliveries.push(delivery);
      const identityToken = options.identityToken ?? ((account) => account);
      const queue = createQueue(subscription, {
        clock,
        post: options.post,
        identityToken,
        log,
        deadLetter,
        busy,
      });
      subscribed.set(subscription.name, { subscription, queue });
      return subscription;
    },
    subscription: (name) => entry(name).subscription,
    subscriptions: (of) =>
      byName([...subscribed.values()].map(({ subscription }) => subscription)).filter(
        (known) => known.topic === of || projectOf(known.name) === of,
      ),
    updateSubscription: (name, given, mask) =>
      change(name, readSubscription(masked(entry(name).subscription, given, mask))),
    modifyPushConfig(name, pushConfig) {
      change(name, { ...entry(name).subscription, pushConfig: readPushConfig(pushConfig) });
    },
    deleteSubscription(name) {
      entry(name).queue.close();
      subscribed.delete(name);
    },
    queue: (name) => entry(name).queue,
    disturb: (changed) => void (disorder = changed),
    deliveries,
    pending: () => [...subscribed.values()].flatMap(({ queue }) => queue.pending),
    idle: () =>
      pushesOut === 0 ? Promise.resolve() : new Promise((resolve) => void waitingForIdle.push(resolve)),
    close() {
      for (const { queue } of subscribed.values()) queue.close();
    },
  };
}

/** Ids at Google have 14 to 17 digits. */
const FIRST_MESSAGE_ID = 13_000_000_000_000;

function byName<T extends { readonly name: string }>(all: Iterable<T>): T[] {
  return [...all].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** `present` with the fields of `mask` taken from `given`; a field that `given` lacks goes back to its default. */
function masked(present: Message, given: Message, mask: string): Message {
  const fields = mask
    .split(',')
    .map((path) =>
      (path.split('.')[0] ?? '').replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    );
  if (mask === '')
    throw new ApiError(
      'INVALID_ARGUMENT',
      'The update_mask in the UpdateSubscriptionRequest must be set, and must contain a non-empty paths list.',
    );
  const result: Record<string, unknown> = { ...present };
  for (const field of fields) {
    if (field === 'name' || field === 'topic')
      throw new ApiError(
        'INVALID_ARGUMENT',
        `Invalid update_mask provided in the request: '${field}' is not a mutable field.`,
      );
    result[field] = given[field];
  }
  return result;
}

function shuffled<T>(all: readonly T[], seed: number): T[] {
  const random = seededRandom(seed);
  return all
    .map((value) => ({ value, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ value }) => value);
}
