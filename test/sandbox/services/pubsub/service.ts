import { createRequire } from 'node:module';
import { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';
import type { Clock } from '../../clock/clock.ts';
import type { Iam } from '../../iam/iam.ts';
import type { Policies } from '../../iam/iam-policy.ts';
import { protoRoutes, type Message, type MethodHandler } from '../../http/proto-service.ts';
import type { Need, Route } from '../../http/route.ts';
import { pageAnswer, pageOfRequest } from '../../http/paging.ts';
import { createBroker, type Broker, type BrokerOptions, type Disorder } from './broker.ts';
import { iamRoutes } from './iam-routes.ts';
import { readMessages } from './message.ts';
import { postToThisMachine, type Post } from './post.ts';
import { projectOf } from './resources.ts';

const protos = createRequire(import.meta.url)('@google-cloud/pubsub/build/protos/protos.json') as object;

const HOST = 'pubsub.googleapis.com';
const PAGE_SIZE = 1_000;

export interface PubsubServiceOptions {
  readonly clock: Clock;
  readonly iam: Iam;
  readonly policies: Policies;
  /** How a push leaves; to this machine when absent. */
  readonly post?: Post;
  readonly identityToken?: BrokerOptions['identityToken'];
  readonly mayDeadLetter?: BrokerOptions['mayDeadLetter'];
  readonly disorder?: Disorder;
  /** All projects exist when absent. */
  readonly projectExists?: (projectId: string) => boolean;
}

export interface PubsubService extends Broker {
  readonly routes: readonly Route[];
}

/** Pub/Sub v1: topics, subscriptions, publish, push and pull. Delivery is at least once and unordered. */
export function createPubsubService(options: PubsubServiceOptions): PubsubService {
  const { policies } = options;
  const created = createBroker({
    clock: options.clock,
    post: options.post ?? postToThisMachine,
    ...(options.identityToken === undefined ? {} : { identityToken: options.identityToken }),
    ...(options.mayDeadLetter === undefined ? {} : { mayDeadLetter: options.mayDeadLetter }),
    ...(options.disorder === undefined ? {} : { disorder: options.disorder }),
  });
  const broker: Broker = {
    ...created,
    deleteTopic(name) {
      created.deleteTopic(name);
      policies.forget(name);
    },
    deleteSubscription(name) {
      created.deleteSubscription(name);
      policies.forget(name);
    },
  };
  const checked = (routes: readonly Route[]): Route[] =>
    routes.map((route) => withProjectCheck(route, options.projectExists));
  const { iam } = options;
  return {
    ...broker,
    routes: checked([
      ...publisherRoutes(broker),
      ...subscriberRoutes(broker),
      ...iamRoutes({ host: HOST, iam, policies, collection: 'topics', find: (name) => broker.topic(name) }),
      ...iamRoutes({
        host: HOST,
        iam,
        policies,
        collection: 'subscriptions',
        find: (name) => broker.subscription(name),
      }),
    ]),
  };
}

/** A project that is not there is 404 before permissions are looked at. */
function withProjectCheck(route: Route, projectExists: PubsubServiceOptions['projectExists']): Route {
  if (projectExists === undefined) return route;
  return {
    ...route,
    needs(call) {
      const project = /^\/v1\/projects\/([^/]+)/.exec(call.url.pathname)?.[1] ?? '';
      if (!projectExists(project))
        throw new ApiError(
          'NOT_FOUND',
          `Requested project not found or user does not have access to it (project=${project}).`,
        );
      return route.needs(call);
    },
  };
}

function publisherRoutes(broker: Broker): Route[] {
  const method = methodsOf('pubsub.projects.topics');
  const byTopic = text('topic');
  return protoRoutes({
    host: HOST,
    protos,
    service: 'google.pubsub.v1.Publisher',
    methods: {
      CreateTopic: method(
        'create',
        (request) => inProject('pubsub.topics.create', text('name')(request)),
        (request) => broker.createTopic(request),
      ),
      GetTopic: method('get', on('pubsub.topics.get', byTopic), (request) => broker.topic(byTopic(request))),
      ListTopics: method('list', on('pubsub.topics.list', text('project')), (request) =>
        page('topics', broker.topics(text('project')(request)), request),
      ),
      UpdateTopic: method('patch', on('pubsub.topics.update', inner('topic')), (request) =>
        broker.updateTopic(inner('topic')(request), below('topic')(request), text('updateMask')(request)),
      ),
      DeleteTopic: method('delete', on('pubsub.topics.delete', byTopic), (request) => {
        broker.deleteTopic(byTopic(request));
        return {};
      }),
      Publish: method('publish', on('pubsub.topics.publish', byTopic), (request) => ({
        messageIds: broker.publish(byTopic(request), readMessages(request['messages'])),
      })),
      ListTopicSubscriptions: {
        ...method('', on('pubsub.topics.get', byTopic), (request) => {
          broker.topic(byTopic(request));
          const names = broker.subscriptions(byTopic(request)).map((subscription) => subscription.name);
          return page('subscriptions', names, request);
        }),
        id: 'pubsub.projects.topics.subscriptions.list',
      },
    },
  });
}

function subscriberRoutes(broker: Broker): Route[] {
  const method = methodsOf('pubsub.projects.subscriptions');
  const bySubscription = text('subscription');
  const consume = on('pubsub.subscriptions.consume', bySubscription);
  const ackIdsOf = (request: Message): string[] => z.array(z.string()).parse(request['ackIds'] ?? []);
  return protoRoutes({
    host: HOST,
    protos,
    service: 'google.pubsub.v1.Subscriber',
    methods: {
      CreateSubscription: method(
        'create',
        (request) => [
          ...inProject('pubsub.subscriptions.create', text('name')(request)),
          { permission: 'pubsub.topics.attachSubscription', on: text('topic')(request) },
        ],
        (request) => broker.createSubscription(request),
      ),
      GetSubscription: method('get', on('pubsub.subscriptions.get', bySubscription), (request) =>
        broker.subscription(bySubscription(request)),
      ),
      ListSubscriptions: method('list', on('pubsub.subscriptions.list', text('project')), (request) =>
        page('subscriptions', broker.subscriptions(text('project')(request)), request),
      ),
      UpdateSubscription: method(
        'patch',
        on('pubsub.subscriptions.update', inner('subscription')),
        (request) =>
          broker.updateSubscription(
            inner('subscription')(request),
            below('subscription')(request),
            text('updateMask')(request),
          ),
      ),
      DeleteSubscription: method('delete', on('pubsub.subscriptions.delete', bySubscription), (request) => {
        broker.deleteSubscription(bySubscription(request));
        return {};
      }),
      ModifyPushConfig: method(
        'modifyPushConfig',
        on('pubsub.subscriptions.update', bySubscription),
        (request) => {
          broker.modifyPushConfig(bySubscription(request), request['pushConfig']);
          return {};
        },
      ),
      Pull: method('pull', consume, (request) => {
        if ((broker.subscription(bySubscription(request)).pushConfig.pushEndpoint ?? '') !== '')
          throw new ApiError(
            'FAILED_PRECONDITION',
            'This method is not supported for this subscription type.',
          );
        const most = z.int().positive().safeParse(request['maxMessages']);
        if (!most.success) throw new ApiError('INVALID_ARGUMENT', 'max_messages must be greater than 0.');
        return { receivedMessages: broker.queue(bySubscription(request)).pull(most.data) };
      }),
      Acknowledge: method('acknowledge', consume, (request) => {
        broker.queue(bySubscription(request)).acknowledge(ackIdsOf(request));
        return {};
      }),
      ModifyAckDeadline: method('modifyAckDeadline', consume, (request) => {
        const seconds = z
          .int()
          .min(0)
          .max(600)
          .parse(request['ackDeadlineSeconds'] ?? 0);
        broker.queue(bySubscription(request)).modifyAckDeadline(ackIdsOf(request), seconds);
        return {};
      }),
    },
  });
}

type Pick<T> = (request: Message) => T;

function methodsOf(prefix: string) {
  return (name: string, needs: Pick<readonly Need[]>, handle: Pick<Message>): MethodHandler => ({
    id: `${prefix}.${name}`,
    needs,
    handle,
  });
}

function text(field: string): Pick<string> {
  return (request) => {
    const value = request[field];
    return typeof value === 'string' ? value : '';
  };
}

function below(field: string): Pick<Message> {
  return (request) => z.record(z.string(), z.unknown()).parse(request[field] ?? {});
}

/** The name inside the resource of an update request. */
function inner(field: string): Pick<string> {
  return (request) => text('name')(below(field)(request));
}

function on(permission: string, resource: Pick<string>): Pick<readonly Need[]> {
  return (request) => [{ permission, on: resource(request) }];
}

function inProject(permission: string, name: string): readonly Need[] {
  return [{ permission, on: projectOf(name) }];
}

function page(field: string, all: readonly unknown[], request: Message): Message {
  return pageAnswer(field, pageOfRequest(all, request, PAGE_SIZE));
}
