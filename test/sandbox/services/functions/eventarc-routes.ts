import { ApiError } from '../../http/api-error.ts';
import type { Call, Need, Route } from '../../http/route.ts';
import type { Projects } from '../resource-manager/projects.ts';
import type { DeployedFunction, Functions, Trigger } from './state.ts';

const HOST = 'eventarc.googleapis.com';
const TRIGGERS = '/v1/(?<parent>projects/(?<project>[^/:]+)/locations/(?<location>[^/:]+))/triggers';

type Triggered = DeployedFunction & { readonly trigger: Trigger };

/** Eventarc v1: the triggers that functions have, to look at. */
export function eventarcRoutes(options: {
  readonly functions: Functions;
  readonly projects: Projects;
}): Route[] {
  const { functions, projects } = options;
  const projectOf = (call: Call): string => projects.require(call.params['project'] ?? '', 'eventarc');
  const needs =
    (permission: string) =>
    (call: Call): readonly Need[] => [{ permission, on: `projects/${projectOf(call)}` }];
  const triggersOf = (call: Call): readonly Triggered[] =>
    functions.all
      .filter((one): one is Triggered => one.trigger !== undefined && one.projectId === projectOf(call))
      .filter(
        ({ trigger }) =>
          call.params['location'] === '-' ||
          trigger.name.includes(`/locations/${call.params['location'] ?? ''}/`),
      );
  return [
    {
      id: 'eventarc.projects.locations.triggers.list',
      host: HOST,
      method: 'GET',
      path: new RegExp(`^${TRIGGERS}$`),
      query: ['pageSize', 'pageToken', 'filter', 'orderBy'],
      needs: needs('eventarc.triggers.list'),
      handle: (call) => ({ body: { triggers: triggersOf(call).map(shown) } }),
    },
    {
      id: 'eventarc.projects.locations.triggers.get',
      host: HOST,
      method: 'GET',
      path: new RegExp(`^${TRIGGERS}/(?<trigger>[^/:]+)$`),
      query: [],
      needs: needs('eventarc.triggers.get'),
      handle(call) {
        const found = triggersOf(call).find(({ trigger }) =>
          trigger.name.endsWith(`/${call.params['trigger'] ?? ''}`),
        );
        if (found === undefined)
          throw new ApiError('NOT_FOUND', `Resource '${call.url.pathname.slice(4)}' was not found`);
        return { body: shown(found) };
      },
    },
  ];
}

function shown({ uid, id, location, trigger, config }: Triggered): object {
  const time = new Date(trigger.createdMs).toISOString();
  return {
    name: trigger.name,
    uid,
    createTime: time,
    updateTime: time,
    eventFilters: [{ attribute: 'type', value: config.eventTrigger?.eventType }],
    serviceAccount: trigger.account,
    destination: { cloudRun: { service: id, region: location } },
    transport: { pubsub: { topic: trigger.topic, subscription: trigger.subscription } },
    labels: { 'goog-managed-by': 'cloudfunctions' },
  };
}
