import { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';
import type { Iam } from '../../iam/iam.ts';
import type { Call, Reply, Route } from '../../http/route.ts';
import { pageAnswer, pageOfQuery } from '../../http/paging.ts';
import type { Projects } from '../resource-manager/projects.ts';
import { parseFilter, type Fields } from './filter.ts';
import { deployBodySchema, undeployBodySchema } from './messages.ts';
import { JOB_KINDS, type JobKind } from './seeded-jobs.ts';
import { jobFields, namedFields, showEndpoint, showJob, showModel, showOperation } from './show.ts';
import type { Vertex, VertexJob } from './state.ts';
import { showStoredOperation } from '../stored/operations.ts';
import type { StoredOperation } from '../stored/store.ts';

const GLOBAL_HOST = 'aiplatform.googleapis.com';

/** The regions of Vertex AI: those that are there anyway, and those of what the scenario runs. */
export function vertexRegions(vertex: Vertex, others: readonly string[]): readonly string[] {
  const resources = [...vertex.jobs.values(), ...vertex.endpoints.values(), ...vertex.models.values()];
  return [...new Set([...resources.map(({ location }) => location), ...others])].sort();
}
/** What the host without a region answers for. */
const ON_GLOBAL_HOST: ReadonlySet<string> = new Set(['global', 'us-central1']);

const MAX_PAGE_SIZE = 100;
const LIST_QUERY = ['filter', 'pageSize', 'pageToken'];

export interface VertexServiceOptions {
  readonly vertex: Vertex;
  readonly projects: Projects;
  readonly iam: Iam;
  /** Regions that there are, each with a host of its own. */
  readonly regions: readonly string[];
  /** Throws what Google answers when the project’s billing is off. */
  readonly requireBilling: (projectId: string, service: string) => void;
  /** Of resources that have no model of their own, by their names. */
  readonly storedOperations: ReadonlyMap<string, StoredOperation>;
}

/**
 * Vertex AI v1: locations, training and tuning jobs, endpoints and models. Written by hand after the reference
 * (https://cloud.google.com/vertex-ai/docs/reference/rest/v1), since no descriptor of it is at hand; unknown fields and
 * query parameters are errors. Answers name the project by its number.
 */
export function vertexService(options: VertexServiceOptions): Route[] {
  const { vertex, projects, iam, regions, requireBilling } = options;
  const hosts = [GLOBAL_HOST, ...regions.map((region) => `${region}-${GLOBAL_HOST}`)];

  const projectOf = (call: Call): string => projects.require(call.params['project'] ?? '', 'aiplatform');
  /** `projects/NUMBER/locations/L`; throws for a location that the host does not serve. */
  const parentOf = (call: Call): string => {
    const location = call.params['location'] ?? '';
    const served =
      call.host === GLOBAL_HOST ? ON_GLOBAL_HOST.has(location) : call.host === `${location}-${GLOBAL_HOST}`;
    if (!served)
      throw new ApiError(
        'INVALID_ARGUMENT',
        `The location "${location}" is not served by ${call.host}: use ${location}-${GLOBAL_HOST}.`,
      );
    return `projects/${projects.get(projectOf(call)).seed.number}/locations/${location}`;
  };
  const storedOperationOf = (call: Call): StoredOperation | undefined =>
    options.storedOperations.get(`${parentOf(call)}/operations/${call.params['operation'] ?? ''}`);
  const nameOf = (call: Call, collection: string): string =>
    `${parentOf(call)}/${collection}/${call.params['id'] ?? ''}`;

  const route = (
    id: string,
    method: Route['method'],
    path: string,
    permission: string | ((call: Call) => string),
    handle: (call: Call) => unknown,
    query: readonly string[] = [],
  ): Route[] =>
    hosts.map((host) => ({
      id: `aiplatform.projects.locations.${id}`,
      host,
      method,
      path: new RegExp(`^/v1/projects/(?<project>[^/]+)/locations${path}$`),
      query,
      needs: (call) => [
        {
          permission: typeof permission === 'string' ? `aiplatform.${permission}` : permission(call),
          on: `projects/${projectOf(call)}`,
        },
      ],
      handle: (call): Reply => ({ body: handle(call) }),
    }));

  const list = <T>(
    call: Call,
    key: string,
    all: Iterable<T & { readonly name: string }>,
    fieldsOf: (item: T) => Fields,
    show: (item: T) => object,
  ): object => {
    const parent = parentOf(call);
    const matches = parseFilter(call.query.get('filter') ?? '');
    const own = [...all]
      .filter(({ name }) => name.startsWith(`${parent}/`))
      .filter((item) => matches(fieldsOf(item)));
    return page(call, key, own, show);
  };

  const jobRoutes = (kind: JobKind): Route[] => {
    const ofKind = (): readonly VertexJob[] => [...vertex.jobs.values()].filter((job) => job.kind === kind);
    const at = '/(?<location>[^/]+)/';
    return [
      ...route(
        `${kind}.list`,
        'GET',
        `${at}${kind}`,
        `${kind}.list`,
        (call) => list(call, kind, ofKind(), jobFields, showJob),
        LIST_QUERY,
      ),
      ...route(`${kind}.get`, 'GET', `${at}${kind}/(?<id>[^/:]+)`, `${kind}.get`, (call) =>
        showJob(require(vertex.jobs, nameOf(call, kind))),
      ),
      ...route(`${kind}.cancel`, 'POST', `${at}${kind}/(?<id>[^/:]+):cancel`, `${kind}.cancel`, (call) => {
        read(z.strictObject({}), call);
        vertex.cancel(nameOf(call, kind));
        return {};
      }),
    ];
  };
  const endpointPath = '/(?<location>[^/]+)/endpoints/(?<id>[^/:]+)';

  return [
    ...route(
      'list',
      'GET',
      '',
      'locations.list',
      (call) =>
        page(call, 'locations', regions, (region) => ({
          name: `projects/${projectOf(call)}/locations/${region}`,
          locationId: region,
        })),
      LIST_QUERY,
    ),
    ...JOB_KINDS.flatMap(jobRoutes),
    ...route(
      'endpoints.list',
      'GET',
      '/(?<location>[^/]+)/endpoints',
      'endpoints.list',
      (call) => list(call, 'endpoints', vertex.endpoints.values(), namedFields, showEndpoint),
      LIST_QUERY,
    ),
    ...route('endpoints.get', 'GET', endpointPath, 'endpoints.get', (call) =>
      showEndpoint(require(vertex.endpoints, nameOf(call, 'endpoints'))),
    ),
    ...route(
      'endpoints.undeployModel',
      'POST',
      `${endpointPath}:undeployModel`,
      'endpoints.undeploy',
      (call) => {
        const { deployedModelId, trafficSplit } = read(undeployBodySchema, call);
        return showOperation(vertex.undeploy(nameOf(call, 'endpoints'), deployedModelId, trafficSplit));
      },
    ),
    ...route('endpoints.deployModel', 'POST', `${endpointPath}:deployModel`, 'endpoints.deploy', (call) => {
      const { deployedModel, trafficSplit } = read(deployBodySchema, call);
      const name = nameOf(call, 'endpoints');
      const { serviceAccount = '' } = deployedModel;
      // "Users deploying the Model must have the iam.serviceAccounts.actAs permission on this service account."
      if (serviceAccount !== '')
        iam.require(call.principal, [
          { permission: 'iam.serviceAccounts.actAs', on: accountName(serviceAccount, projectOf(call)) },
        ]);
      requireBilling(projectOf(call), 'aiplatform');
      return showOperation(vertex.deploy(name, deployedModel, trafficSplit));
    }),
    ...route(
      'models.list',
      'GET',
      '/(?<location>[^/]+)/models',
      'models.list',
      (call) =>
        list(
          call,
          'models',
          vertex.models.values(),
          ({ displayName }) => ({ displayName, display_name: displayName }),
          (model) => showModel(model, vertex),
        ),
      LIST_QUERY,
    ),
    ...route('models.get', 'GET', '/(?<location>[^/]+)/models/(?<id>[^/:]+)', 'models.get', (call) => {
      const name = nameOf(call, 'models').replace(/@[^/]*$/, '');
      return showModel(require(vertex.models, name), vertex);
    }),
    // An operation is read with the permission to get what it is about; aiplatform.operations.get does not exist
    // (https://cloud.google.com/vertex-ai/docs/general/iam-permissions).
    ...['', '/endpoints/(?<id>[^/:]+)'].flatMap((inside) =>
      route(
        inside === '' ? 'operations.get' : 'endpoints.operations.get',
        'GET',
        `/(?<location>[^/]+)${inside}/operations/(?<operation>[^/:]+)`,
        (call) => storedOperationOf(call)?.permission ?? 'aiplatform.endpoints.get',
        (call) => {
          const parent = parentOf(call);
          const id = call.params['operation'] ?? '';
          const stored = storedOperationOf(call);
          if (stored !== undefined) return showStoredOperation(stored);
          const operation = [...vertex.operations.values()].find(
            ({ name }) => name.startsWith(`${parent}/`) && name.endsWith(`/operations/${id}`),
          );
          if (operation === undefined)
            throw new ApiError('NOT_FOUND', `The resource ${parent}/operations/${id} is not found.`);
          return showOperation(operation);
        },
      ),
    ),
  ];
}

/** `projects/P/serviceAccounts/E`; an address of Google's own kind belongs to the project that uses it. */
function accountName(email: string, projectId: string): string {
  const owner = /@([^.@]+)\.iam\.gserviceaccount\.com$/.exec(email)?.[1] ?? projectId;
  return `projects/${owner}/serviceAccounts/${email}`;
}

function require<T>(map: ReadonlyMap<string, T>, name: string): T {
  const found = map.get(name);
  if (found === undefined) throw new ApiError('NOT_FOUND', `The resource ${name} is not found.`);
  return found;
}

function read<T>(schema: z.ZodType<T>, call: Call): T {
  const result = schema.safeParse(call.json());
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ApiError(
    'INVALID_ARGUMENT',
    `Invalid JSON payload received. ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
  );
}

function page<T>(call: Call, key: string, all: readonly T[], show: (item: T) => object): object {
  return pageAnswer(key, pageOfQuery(all, call.query, MAX_PAGE_SIZE), show);
}
