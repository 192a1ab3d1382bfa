import { ApiError } from '../../http/api-error.ts';
import type { Clock } from '../../clock/clock.ts';
import { pageAnswer, pageOfQuery } from '../../http/paging.ts';
import type { Call, Reply, Route } from '../../http/route.ts';
import type { Projects } from '../resource-manager/projects.ts';
import { textOf } from '../../http/proto-service.ts';
import { parseFilter } from '../vertex/filter.ts';
import type { Collection, EndOperation, Verb } from './collection.ts';
import { operationRoutes } from './operations.ts';
import type { Store, Stored } from './store.ts';

/** Code of google.rpc.Code.RESOURCE_EXHAUSTED. */
const RESOURCE_EXHAUSTED = 8;
const MAX_PAGE_SIZE = 100;
/** Locations that a service has whatever the scenario puts there. */
const COMMON_LOCATIONS = ['europe-west4', 'us-central1'];

export interface StoredServiceOptions {
  readonly clock: Clock;
  readonly store: Store;
  readonly projects: Projects;
  /** Throws what Google answers when the project’s billing is off. */
  readonly requireBilling: (projectId: string, service: string) => void;
  /** Regions of Vertex AI, each with a host of its own. */
  readonly vertexRegions: readonly string[];
}

/** The routes of collections whose resources are kept as the API shows them. */
export function storedRoutes(options: StoredServiceOptions, collections: readonly Collection[]): Route[] {
  const routes = collections.flatMap((collection) =>
    routesOf(options, collection).flatMap((route) =>
      collection.service === 'aiplatform'
        ? [route, ...options.vertexRegions.map((region) => ({ ...route, host: `${region}-${route.host}` }))]
        : [route],
    ),
  );
  return [...routes, ...operationRoutes(options, collections)];
}

function routesOf(
  { clock, store, projects, requireBilling }: StoredServiceOptions,
  kind: Collection,
): Route[] {
  const { service } = kind;
  const projectOf = (call: Call): string => projects.require(call.params['project'] ?? '', service);
  const levels = kind.path.split('/');
  const collection = levels.at(-1) ?? '';
  const parentPattern = levels
    .slice(0, -1)
    .map((level) => `${level}/[^/:]+`)
    .join('/');
  const base = `/${kind.version}/projects/(?<project>[^/]+)`;
  const host = `${service}.googleapis.com`;
  const requireLocation = (call: Call): void => {
    if (service !== 'aiplatform' || call.host === host) return;
    const location = /\/locations\/([^/]+)/.exec(call.url.pathname)?.[1] ?? '';
    if (call.host !== `${location}-${host}`)
      throw new ApiError('INVALID_ARGUMENT', `The location "${location}" is not served by ${call.host}.`);
  };
  const show = (resource: Stored): object => {
    const { number } = projects.get(resource.projectId).seed;
    const project = kind.named === 'number' ? number : resource.projectId;
    return {
      ...(kind.named === 'never' ? {} : { name: `projects/${project}/${resource.path}` }),
      ...resource.body,
      ...kind.show?.(resource),
    };
  };
  const route = (
    id: string,
    method: Route['method'],
    path: string,
    permission: string,
    query: readonly string[],
    handle: (call: Call) => object,
  ): Route => ({
    id: `${kind.id}.${id}`,
    host,
    method,
    path: new RegExp(`^${base}/${path}$`),
    query,
    needs: (call) => [{ permission, on: `projects/${projectOf(call)}` }],
    handle(call): Reply {
      requireLocation(call);
      return { body: handle(call) };
    },
  });
  const list = (call: Call): object => {
    const projectId = projectOf(call);
    const parent = call.params['parent'] ?? '';
    const { seed } = projects.get(projectId);
    if (/(?:^|\/)-(?:\/|$)/.test(parent) && (!kind.wildcard || seed.refuseWildcard))
      throw new ApiError(
        'INVALID_ARGUMENT',
        `Invalid parent "projects/${projectId}/${parent}": it has a "-".`,
      );
    const unreachable = kind.unreachable === undefined ? [] : seed.unreachableLocations;
    const found = store
      .list(projectId, service, parent, collection)
      .filter(({ path }) => !unreachable.includes(path.split('/')[1] ?? ''))
      .filter(matching(call))
      .sort(inOrder(call, kind));
    const page =
      kind.pageless === true
        ? { items: found, nextPageToken: undefined }
        : pageOfQuery(found, call.query, MAX_PAGE_SIZE);
    return {
      ...pageAnswer(kind.key ?? collection, page, show),
      ...(unreachable.length === 0 || kind.unreachable === undefined
        ? {}
        : { [kind.unreachable]: unreachable }),
    };
  };
  const verbRoute = ({ name, permission, apply, needsBilling }: Verb): Route =>
    route(name, 'POST', `(?<path>${parentPattern}/${collection}/[^/:]+):${name}`, permission, [], (call) => {
      const projectId = projectOf(call);
      const resource = store.get(projectId, service, call.params['path'] ?? '');
      if (needsBilling === true) requireBilling(projectId, service);
      const { operations } = store;
      const place = resource.path.split('/').slice(0, 2).join('/');
      const operation = {
        name: `projects/${kind.named === 'number' ? projects.get(projectId).seed.number : projectId}/${place}/operations/${name}-${operations.size + 1}`,
        permission: service === 'aiplatform' ? `${kind.permission}.get` : `${service}.operations.get`,
      };
      const end: EndOperation = (error) => {
        operations.set(operation.name, {
          ...operation,
          done: true,
          ...(error === undefined ? {} : { error: { code: RESOURCE_EXHAUSTED, message: error } }),
        });
      };
      operations.set(operation.name, { ...operation, done: false });
      const answer = apply(resource, call, (milliseconds, work) => clock.after(milliseconds, work), end);
      return answer ?? { name: operation.name };
    }); // prettier-ignore
  return [
    route(
      'list',
      'GET',
      `(?<parent>${parentPattern})/${collection}`,
      `${kind.permission}.list`,
      [...(kind.pageless === true ? [] : ['pageSize', 'pageToken']), ...(kind.query ?? [])],
      list,
    ),
    route('get', 'GET', `(?<path>${parentPattern}/${collection}/[^/:]+)`, `${kind.permission}.get`, [], (call) =>
      show(store.get(projectOf(call), service, call.params['path'] ?? '')),
    ), // prettier-ignore
    ...(kind.verbs ?? []).map(verbRoute),
  ];
}

/** What a list's `orderBy` says: one field, and `desc`; several are not imitated. */
function inOrder(call: Call, { id, orders }: Collection): (a: Stored, b: Stored) => number {
  const text = call.query.get('orderBy') ?? '';
  if (text === '') return () => 0;
  if (orders === undefined) throw new ApiError('UNIMPLEMENTED', `The sandbox does not order ${id}.`);
  const [name = '', direction = 'asc', ...more] = text.split(' ');
  const field = orders[name];
  if (field === undefined || !['asc', 'desc'].includes(direction) || more.length > 0)
    throw new ApiError('INVALID_ARGUMENT', `Invalid order_by: "${text}".`);
  const sign = direction === 'desc' ? -1 : 1;
  return (a, b) => sign * textOf(a.body[field]).localeCompare(textOf(b.body[field]));
}

/** What a list's filter says, as far as Vertex AI's go; other services' are not imitated. */
function matching(call: Call): (resource: Stored) => boolean {
  const text = call.query.get('filter') ?? '';
  if (text === '') return () => true;
  const matches = parseFilter(text);
  return ({ body }) => {
    const labels = (body['labels'] ?? {}) as Readonly<Record<string, string>>;
    return matches({
      state: textOf(body['state']),
      display_name: textOf(body['displayName']),
      ...Object.fromEntries(Object.entries(labels).map(([key, value]) => [`labels.${key}`, value])),
    });
  };
}

/** `locations.list` of a service. */
export function locationRoutes(
  { store, projects }: StoredServiceOptions,
  services: readonly { readonly service: Stored['service']; readonly version: string }[],
): Route[] {
  return services.map(({ service, version }) => {
    const projectOf = (call: Call): string => projects.require(call.params['project'] ?? '', service);
    return {
      id: `${service}.projects.locations.list`,
      host: `${service}.googleapis.com`,
      method: 'GET',
      path: new RegExp(`^/${version}/projects/(?<project>[^/]+)/locations$`),
      query: ['pageSize', 'pageToken'],
      needs: (call) => [{ permission: `${service}.locations.list`, on: `projects/${projectOf(call)}` }],
      handle(call) {
        const projectId = projectOf(call);
        const ids = [...new Set([...COMMON_LOCATIONS, ...store.locations(projectId, service)])].sort();
        const page = pageOfQuery(ids, call.query, MAX_PAGE_SIZE);
        return {
          body: pageAnswer('locations', page, (id) => ({
            name: `projects/${projectId}/locations/${id}`,
            locationId: id,
          })),
        };
      },
    };
  });
}
