import { randomUUID } from 'node:crypto';
import protos from '@google-cloud/monitoring/build/protos/protos.json' with { type: 'json' };
import { ApiError } from '../../http/api-error.ts';
import { protoRoutes, textOf, type Message, type MethodHandler } from '../../http/proto-service.ts';
import type { Route } from '../../http/route.ts';
import { pageAnswer, pageOfRequest } from '../../http/paging.ts';

const HOST = 'monitoring.googleapis.com';
const MAX_PAGE_SIZE = 1_000;

/** Cloud Monitoring v3: alert policies and the channels that they tell. They are kept, and never fire. */
export function alertingRoutes(): Route[] {
  const policies = createShelf('alertPolicies', 'alertPolicy', (policy) => {
    const name = String(policy['name']);
    return {
      ...policy,
      conditions: ((policy['conditions'] ?? []) as readonly Message[]).map((condition) => ({
        ...condition,
        name: textOf(condition['name']) || `${name}/conditions/${numberId()}`,
      })),
    };
  });
  const channels = createShelf('notificationChannels', 'notificationChannel', (channel) => channel);
  return [
    ...protoRoutes({
      host: HOST,
      protos,
      service: 'google.monitoring.v3.AlertPolicyService',
      methods: {
        ListAlertPolicies: policies.list,
        GetAlertPolicy: policies.get,
        CreateAlertPolicy: policies.create,
        UpdateAlertPolicy: policies.update,
        DeleteAlertPolicy: policies.delete,
      },
    }),
    ...protoRoutes({
      host: HOST,
      protos,
      service: 'google.monitoring.v3.NotificationChannelService',
      methods: {
        ListNotificationChannels: channels.list,
        GetNotificationChannel: channels.get,
        CreateNotificationChannel: channels.create,
        UpdateNotificationChannel: channels.update,
        DeleteNotificationChannel: channels.delete,
      },
    }),
  ];
}

/** One collection below `projects/P`; `field`: what its resource is called in requests. */
function createShelf(
  collection: 'alertPolicies' | 'notificationChannels',
  field: string,
  complete: (resource: Message) => Message,
): Readonly<Record<'list' | 'get' | 'create' | 'update' | 'delete', MethodHandler>> {
  const shelf = new Map<string, Message>();
  const given = (request: Message): Message => (request[field] ?? {}) as Message;
  const method = (
    verb: string,
    nameOf: (request: Message) => unknown,
    handle: (request: Message) => Message,
  ): MethodHandler => ({
    id: `monitoring.projects.${collection}.${verb === 'update' ? 'patch' : verb}`,
    needs: (request) => {
      const on = projectOf(String(nameOf(request)));
      const own = { permission: `monitoring.${collection}.${verb}`, on };
      return isOverLogs(given(request)) || isOverLogs(shelf.get(String(nameOf(request))) ?? {})
        ? [own, ...(isRuleVerb(verb) ? [{ permission: `logging.notificationRules.${verb}`, on }] : [])]
        : [own];
    },
    handle,
  });
  const byName = (request: Message): unknown => request['name'];
  const find = (name: unknown): Message => {
    const found = shelf.get(String(name));
    if (found === undefined) throw new ApiError('NOT_FOUND', `Cannot find ${collection} ${String(name)}.`);
    return found;
  };
  const store = (resource: Message): Message => {
    const whole = complete(resource);
    shelf.set(String(whole['name']), whole);
    return whole;
  };
  return {
    list: method('list', byName, (request) => {
      if (textOf(request['filter']) !== '')
        throw new ApiError(
          'UNIMPLEMENTED',
          `The sandbox does not know the filter "${textOf(request['filter'])}".`,
        );
      const all = [...shelf.values()].filter((one) =>
        String(one['name']).startsWith(`${String(request['name'])}/`),
      );
      return pageAnswer(collection, pageOfRequest(all, request, MAX_PAGE_SIZE));
    }),
    get: method('get', byName, (request) => find(request['name'])),
    create: method('create', byName, (request) =>
      store({ ...given(request), name: `${String(request['name'])}/${collection}/${numberId()}` }),
    ),
    update: method(
      'update',
      (request) => given(request)['name'],
      (request) => {
        const present = find(given(request)['name']);
        const mask = textOf(request['updateMask']);
        // Without a mask the resource is replaced: google/monitoring/v3/alert_service.proto, UpdateAlertPolicyRequest.
        if (mask === '') return store(given(request));
        const fields = mask
          .split(',')
          .map((path) => path.split('.')[0] ?? '')
          .map(camelCase);
        return store({
          ...present,
          ...Object.fromEntries(fields.map((name) => [name, given(request)[name]])),
        });
      },
    ),
    delete: method('delete', byName, (request) => {
      find(request['name']);
      shelf.delete(String(request['name']));
      return {};
    }),
  };
}

/**
 * A policy over logs has a notification rule of Cloud Logging behind it, which takes permissions of its own. Source: real
 * refusals, such as terraform-provider-google#11603 and #14598; roles/monitoring.alertPolicyEditor lacks them.
 */
function isOverLogs({ conditions }: Message): boolean {
  return ((conditions ?? []) as readonly Message[]).some(
    ({ conditionMatchedLog }) => conditionMatchedLog !== undefined && conditionMatchedLog !== null,
  );
}

function isRuleVerb(verb: string): boolean {
  return verb === 'create' || verb === 'update' || verb === 'delete';
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function projectOf(name: string): string {
  return name.split('/').slice(0, 2).join('/');
}

function numberId(): string {
  return String(BigInt(`0x${randomUUID().replaceAll('-', '').slice(0, 15)}`));
}
