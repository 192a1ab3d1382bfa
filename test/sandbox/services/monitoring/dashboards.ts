import { randomUUID } from 'node:crypto';
import { ApiError } from '../../http/api-error.ts';
import { pageAnswer, pageOfQuery } from '../../http/paging.ts';
import type { Call, Reply, Route } from '../../http/route.ts';

const HOST = 'monitoring.googleapis.com';
const DASHBOARDS = '/v1/projects/(?<project>[^/:]+)/dashboards';
const DASHBOARD = `${DASHBOARDS}/(?<dashboard>[^/:]+)`;
/** "If unspecified, a default of 1000 is used": ListDashboardsRequest. */
const MAX_PAGE_SIZE = 1_000;
const LAYOUTS = ['gridLayout', 'mosaicLayout', 'rowLayout', 'columnLayout'] as const;

type Dashboard = Readonly<Record<string, unknown>>;

/** Cloud Monitoring dashboards v1. Fields and enums are held against Google's discovery document before a route is called. */
export function dashboardRoutes(): Route[] {
  const shelf = new Map<string, Dashboard>();
  const parentOf = ({ params }: Call): string => `projects/${params['project'] ?? ''}`;
  const nameOf = (call: Call): string => `${parentOf(call)}/dashboards/${call.params['dashboard'] ?? ''}`;
  const find = (name: string): Dashboard => {
    const found = shelf.get(name);
    if (found === undefined) throw new ApiError('NOT_FOUND', `Requested entity was not found: ${name}`);
    return found;
  };
  const store = (call: Call, name: string): Reply => {
    const given = call.json();
    check(given);
    const whole = { ...given, name, etag: randomUUID().replaceAll('-', '') };
    // "If set, validate the request and preview the review, but do not actually save it."
    if (call.query.get('validateOnly') !== 'true') shelf.set(name, whole);
    return { body: whole };
  };
  const route = (
    verb: 'create' | 'list' | 'get' | 'patch' | 'delete',
    method: Route['method'],
    query: readonly string[],
    handle: (call: Call) => Reply,
  ): Route => ({
    id: `monitoring.projects.dashboards.${verb}`,
    host: HOST,
    method,
    path: new RegExp(`^${verb === 'create' || verb === 'list' ? DASHBOARDS : DASHBOARD}$`),
    query,
    needs: (call) => [
      {
        permission: `monitoring.dashboards.${verb === 'patch' ? 'update' : verb}`,
        on: parentOf(call),
      },
    ],
    handle,
  });
  return [
    route('create', 'POST', ['validateOnly'], (call) => {
      const name = createdName(call, parentOf(call));
      // "The field should not be passed during dashboard creation."
      if (call.json()['etag'] !== undefined)
        throw new ApiError('INVALID_ARGUMENT', 'Create Dashboard should not specify an etag.');
      if (shelf.has(name)) throw new ApiError('ALREADY_EXISTS', `Requested entity already exists: ${name}`);
      return store(call, name);
    }),
    route('list', 'GET', ['pageSize', 'pageToken'], (call) => {
      const all = [...shelf].filter(([name]) => name.startsWith(`${parentOf(call)}/`)).map(([, one]) => one);
      return {
        body: pageAnswer('dashboards', pageOfQuery(all, call.query, MAX_PAGE_SIZE)),
      };
    }),
    route('get', 'GET', [], (call) => ({ body: find(nameOf(call)) })),
    route('patch', 'PATCH', ['validateOnly'], (call) => {
      const name = nameOf(call);
      const { etag } = find(name);
      const given = call.json()['etag'];
      // The text as pulumi-google-native#760 quotes it.
      if (typeof given !== 'string' || given === '')
        throw new ApiError('INVALID_ARGUMENT', 'Update Dashboard should specify a non empty etag.');
      if (given !== etag)
        throw new ApiError('ABORTED', 'The etag in the request does not match that of the dashboard.');
      return store(call, name);
    }),
    route('delete', 'DELETE', [], (call) => {
      find(nameOf(call));
      shelf.delete(nameOf(call));
      return { body: {} };
    }),
  ];
}

/** The id may be chosen: `name: projects/P/dashboards/ID`, as the help of `gcloud monitoring dashboards create` shows. */
function createdName(call: Call, parent: string): string {
  const { name } = call.json();
  if (name === undefined || name === '') return `${parent}/dashboards/${randomUUID()}`;
  if (
    typeof name !== 'string' ||
    !name.startsWith(`${parent}/dashboards/`) ||
    !/\/[a-zA-Z0-9-]{1,63}$/.test(name)
  )
    throw new ApiError('INVALID_ARGUMENT', `Field name had an invalid value: ${JSON.stringify(name)}.`);
  return name;
}

/** What Google's descriptions of the fields demand beyond their types. */
function check(dashboard: Dashboard): void {
  const { displayName } = dashboard;
  if (typeof displayName !== 'string' || displayName === '')
    throw new ApiError('INVALID_ARGUMENT', 'Field displayName is required.');
  const layouts = LAYOUTS.filter((layout) => dashboard[layout] !== undefined);
  if (layouts.length !== 1)
    throw new ApiError('INVALID_ARGUMENT', `A dashboard has one layout, not ${layouts.length}.`);
  const { columns, tiles } = (dashboard['mosaicLayout'] ?? { columns: 1, tiles: [] }) as {
    readonly columns?: number;
    readonly tiles?: readonly Readonly<Record<string, number>>[];
  };
  // "Columns must be between 1 and 48"; "The tile must not extend past the grid": MosaicLayout and Tile.
  if (!(typeof columns === 'number' && columns >= 1 && columns <= 48))
    throw new ApiError('INVALID_ARGUMENT', 'Field mosaicLayout.columns must be between 1 and 48.');
  for (const { xPos = 0, width = 0, height = 0 } of tiles ?? [])
    if (width < 1 || height < 1 || xPos + width > columns)
      throw new ApiError('INVALID_ARGUMENT', 'A tile must be within the grid.');
}
