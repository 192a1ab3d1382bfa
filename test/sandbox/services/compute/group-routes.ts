import { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';
import { pageOf } from '../../http/paging.ts';
import { readBody } from '../../http/read-body.ts';
import type { Call, Reply, Route } from '../../http/route.ts';
import type { Projects } from '../resource-manager/projects.ts';
import { numericId } from './fleet.ts';
import { pathOf, type Group, type GroupError, type Groups } from './groups.ts';

const HOST = 'compute.googleapis.com';
const BASE = 'https://www.googleapis.com/compute/v1';
const LIST_QUERY = ['maxResults', 'pageToken', 'filter', 'includeAllScopes', 'returnPartialSuccess'];
const MAX_PAGE_SIZE = 500;

/** As much of an autoscaler as costguard may change. */
const patchSchema = z.strictObject({
  autoscalingPolicy: z.strictObject({ mode: z.enum(['ON', 'ONLY_SCALE_OUT', 'ONLY_UP', 'OFF']) }),
});

/** Managed instance groups and autoscalers of Compute Engine v1, zonal and regional. */
export function groupRoutes({
  groups,
  projects,
}: {
  readonly groups: Groups;
  readonly projects: Projects;
}): Route[] {
  const projectOf = (call: Call): string => projects.require(call.params['project'] ?? '', 'compute');
  const groupOf = (call: Call): Group =>
    groups.get(
      projectOf(call),
      `${call.params['scope'] ?? ''}/instanceGroupManagers/${call.params['id'] ?? ''}`,
    );
  const autoscalerOf = (call: Call, id: string): Group => {
    const found = groups
      .of(projectOf(call))
      .find((group) => group.scope === call.params['scope'] && autoscalerId(group) === id);
    if (found === undefined) throw new ApiError('NOT_FOUND', `The resource autoscaler '${id}' was not found`);
    return found;
  };
  const route = (
    id: string,
    method: Route['method'],
    path: string,
    query: readonly string[],
    permission: string,
    handle: (call: Call) => object,
  ): Route => ({
    id: `compute.${id}`,
    host: HOST,
    method,
    path: new RegExp(`^/compute/v1/projects/(?<project>[^/]+)/${path}$`),
    query,
    needs: (call) => [{ permission: `compute.${permission}`, on: `projects/${projectOf(call)}` }],
    handle: (call): Reply => ({ body: handle(call) }),
  });
  /** Both scopes of a method; regional ones have ids of their own. */
  const both = (
    collection: 'instanceGroupManagers' | 'autoscalers',
    verb: string,
    method: Route['method'],
    path: string,
    query: readonly string[],
    permission: string,
    handle: (call: Call) => object,
  ): Route[] =>
    ['zones', 'regions'].map((scopes) => {
      const name = collection.charAt(0).toUpperCase() + collection.slice(1);
      return route(
        `${scopes === 'zones' ? collection : `region${name}`}.${verb}`,
        method,
        `(?<scope>${scopes}/[^/]+)/${path}`,
        query,
        permission,
        handle,
      );
    });
  const aggregated = (
    call: Call,
    key: 'instanceGroupManagers' | 'autoscalers',
    show: (group: Group) => object,
  ): object => {
    const projectId = projectOf(call);
    const unreachable = projects.get(projectId).seed.unreachableForCompute.map((zone) => `zones/${zone}`);
    if (unreachable.length > 0 && call.query.get('returnPartialSuccess')?.toLowerCase() !== 'true')
      throw new ApiError('UNAVAILABLE', `The following scopes are unreachable: ${unreachable.join(', ')}.`);
    const all = groups
      .of(projectId)
      .filter(({ scope, autoscaler }) => !unreachable.includes(scope) && (key !== 'autoscalers' || autoscaler !== undefined)); // prettier-ignore
    const size = Number(call.query.get('maxResults') ?? MAX_PAGE_SIZE);
    const { items, nextPageToken } = pageOf(all, size, call.query.get('pageToken') ?? undefined);
    const scopes: Record<string, object> = {};
    for (const scope of [
      ...projects.zonesOf(projectId).map((zone) => `zones/${zone}`),
      ...all.map((group) => group.scope),
    ])
      scopes[scope] = { warning: warning('NO_RESULTS_ON_PAGE', scope) };
    for (const scope of unreachable) scopes[scope] = { warning: warning('UNREACHABLE', scope) };
    for (const { scope } of items)
      scopes[scope] = { [key]: items.filter((group) => group.scope === scope).map(show) };
    return {
      kind: `compute#${key.slice(0, -1)}AggregatedList`,
      id: `projects/${projectId}/aggregated/${key}`,
      items: scopes,
      ...(unreachable.length === 0 ? {} : { unreachables: unreachable }),
      ...(nextPageToken === undefined ? {} : { nextPageToken }),
      selfLink: `${BASE}/projects/${projectId}/aggregated/${key}`,
    };
  };
  const done = (group: Group, operationType: string): object => {
    const name = `operation-${group.id}-${operationType}-${group.serial}`;
    return {
      kind: 'compute#operation',
      id: numericId(name),
      name,
      operationType,
      status: 'DONE',
      progress: 100,
      targetLink: `${BASE}/projects/${group.projectId}/${pathOf(group)}`,
    };
  };
  const showGroup = (group: Group): object => show(group, groups);

  return [
    route(
      'instanceGroupManagers.aggregatedList',
      'GET',
      'aggregated/instanceGroupManagers',
      LIST_QUERY,
      'instanceGroupManagers.list',
      (call) => aggregated(call, 'instanceGroupManagers', showGroup),
    ),
    route('autoscalers.aggregatedList', 'GET', 'aggregated/autoscalers', LIST_QUERY, 'autoscalers.list', (call) =>
      aggregated(call, 'autoscalers', showAutoscaler),
    ), // prettier-ignore
    ...both('instanceGroupManagers', 'get', 'GET', 'instanceGroupManagers/(?<id>[^/]+)', [], 'instanceGroupManagers.get', (call) =>
      showGroup(groupOf(call)),
    ), // prettier-ignore
    ...both('instanceGroupManagers', 'listErrors', 'GET', 'instanceGroupManagers/(?<id>[^/]+)/listErrors', ['maxResults', 'pageToken'], 'instanceGroupManagers.get', (call) =>
      listErrors(groupOf(call), call.query),
    ), // prettier-ignore
    ...both('instanceGroupManagers', 'resize', 'POST', 'instanceGroupManagers/(?<id>[^/]+)/resize', ['size', 'requestId'], 'instanceGroupManagers.update', (call) => {
      const size = Number(call.query.get('size') ?? NaN);
      if (!Number.isInteger(size) || size < 0)
        throw new ApiError('INVALID_ARGUMENT', `Invalid value for field 'size': '${call.query.get('size') ?? ''}'.`);
      const group = groupOf(call);
      groups.resize(group, size);
      return done(group, 'resize');
    }), // prettier-ignore
    ...both('autoscalers', 'get', 'GET', 'autoscalers/(?<id>[^/]+)', [], 'autoscalers.get', (call) =>
      showAutoscaler(autoscalerOf(call, call.params['id'] ?? '')),
    ), // prettier-ignore
    ...both('autoscalers', 'patch', 'PATCH', 'autoscalers', ['autoscaler', 'requestId'], 'autoscalers.update', (call) => {
      const group = autoscalerOf(call, call.query.get('autoscaler') ?? '');
      groups.setMode(group, readBody(patchSchema, call).autoscalingPolicy.mode);
      return done(group, 'patch');
    }), // prettier-ignore
  ];
}

function autoscalerId(group: Group): string | undefined {
  return group.autoscaler === undefined ? undefined : `${group.id}-scaler`;
}

/** `filter` and `orderBy` are no part of it: Google documents that they are not supported. */
function listErrors(group: Group, query: URLSearchParams): object {
  const size = Number(query.get('maxResults') ?? MAX_PAGE_SIZE);
  const { items, nextPageToken } = pageOf(group.errors, size, query.get('pageToken'));
  return {
    ...(items.length === 0 ? {} : { items: items.map(showError) }),
    ...(nextPageToken === undefined ? {} : { nextPageToken }),
  };
}

function showError({ atMs, code, message, instance }: GroupError): object {
  return {
    error: { code, message },
    instanceActionDetails: { action: 'CREATING', instance: `${BASE}/${instance}` },
    timestamp: new Date(atMs).toISOString(),
  };
}

function show(group: Group, groups: Groups): object {
  const project = `${BASE}/projects/${group.projectId}`;
  const members = groups.membersOf(group);
  const id = autoscalerId(group);
  const { memberLabels } = group.seed;
  return {
    kind: 'compute#instanceGroupManager',
    id: numericId(pathOf(group)),
    name: group.id,
    [group.scope.startsWith('zones') ? 'zone' : 'region']: `${project}/${group.scope}`,
    baseInstanceName: group.id,
    instanceTemplate: `${project}/global/instanceTemplates/${group.seed.template}`,
    instanceGroup: `${project}/${group.scope}/instanceGroups/${group.id}`,
    targetSize: group.targetSize,
    ...(Object.keys(memberLabels).length === 0
      ? {}
      : { allInstancesConfig: { properties: { labels: memberLabels } } }),
    currentActions: {
      none: members.filter(({ status }) => status === 'RUNNING').length,
      creating: members.filter(({ status }) => status === 'STAGING').length,
      deleting: members.filter(({ status }) => status === 'STOPPING').length,
    },
    status: {
      isStable: groups.isStable(group),
      ...(id === undefined ? {} : { autoscaler: `${project}/${group.scope}/autoscalers/${id}` }),
      stateful: { hasStatefulConfig: group.seed.stateful, perInstanceConfigs: { allEffective: true } },
    },
    selfLink: `${project}/${pathOf(group)}`,
  };
}

function showAutoscaler(group: Group): object {
  const { autoscaler } = group;
  const project = `${BASE}/projects/${group.projectId}`;
  return {
    kind: 'compute#autoscaler',
    name: autoscalerId(group),
    target: `${project}/${pathOf(group)}`,
    status: 'ACTIVE',
    autoscalingPolicy: {
      mode: autoscaler?.mode,
      minNumReplicas: autoscaler?.minNumReplicas,
      maxNumReplicas: autoscaler?.maxNumReplicas,
      coolDownPeriodSec: 60,
      cpuUtilization: { utilizationTarget: 0.6 },
    },
    selfLink: `${project}/${group.scope}/autoscalers/${autoscalerId(group) ?? ''}`,
  };
}

function warning(code: string, scope: string): object {
  return { code, message: `${code}: scope '${scope}'.`, data: [{ key: 'scope', value: scope }] };
}
