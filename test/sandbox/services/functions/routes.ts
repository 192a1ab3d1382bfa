import { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';
import type { Iam } from '../../iam/iam.ts';
import type { Policies } from '../../iam/iam-policy.ts';
import type { Call, Need, Route } from '../../http/route.ts';
import { policyRoutes } from '../iam/policy-routes.ts';
import type { Accounts } from '../iam/accounts.ts';
import { pageAnswer, pageOfQuery } from '../../http/paging.ts';
import type { Projects } from '../resource-manager/projects.ts';
import { readBody, readMessage } from '../../http/read-body.ts';
import { functionName, functionSchema, type FunctionConfig } from './model.ts';
import { isDeployable, RUNTIMES } from './runtimes.ts';
import { requireSeeded, seededIn, type Seeded } from './seeded.ts';
import { shownFunction } from './shown.ts';
import type { Functions } from './state.ts';

const HOST = 'cloudfunctions.googleapis.com';
const LOCATION = '/v2/projects/(?<project>[^/:]+)/locations/(?<location>[^/:]+)';
const FUNCTION = `${LOCATION}/functions/(?<function>[^/:]+)`;
const MAX_PAGE_SIZE = 1_000;

export interface FunctionRoutesOptions {
  readonly functions: Functions;
  /** What others deployed. */
  readonly seeded: readonly Seeded[];
  readonly projects: Projects;
  readonly accounts: Accounts;
  readonly iam: Iam;
  readonly policies: Policies;
}

type Json = Readonly<Record<string, unknown>>;

/** Cloud Functions v2: everything that `gcloud functions` calls. */
export function functionRoutes(options: FunctionRoutesOptions): Route[] {
  const { functions, seeded, projects, accounts, iam, policies } = options;
  const projectOf = (call: Call): string => projects.require(call.params['project'] ?? '', 'cloudfunctions');
  const locationOf = (call: Call): string => call.params['location'] ?? '';
  const nameOf = (call: Call): string =>
    functionName(projectOf(call), locationOf(call), call.params['function'] ?? '').name;
  const needs =
    (permission: string) =>
    (call: Call): readonly Need[] => [
      { permission: `cloudfunctions.${permission}`, on: `projects/${projectOf(call)}` },
    ];
  /** Who deploys must be allowed to act as every account that the function is given. */
  const needsOfDeployment = (call: Call, config: FunctionConfig): void => {
    const { runtime, build, trigger } = functions.accountsOf(projectOf(call), config);
    const given = config.eventTrigger === undefined ? [runtime, build] : [runtime, build, trigger];
    for (const account of new Set(given)) {
      if (!accounts.exists(account))
        throw new ApiError('INVALID_ARGUMENT', `Service account ${account} was not found.`);
      const on = `projects/${projectOf(call)}/serviceAccounts/${account}`;
      iam.require(call.principal, [{ permission: 'iam.serviceAccounts.actAs', on }]);
    }
  };
  const check = (call: Call, config: FunctionConfig): void => {
    if (!isDeployable(config.buildConfig.runtime))
      throw new ApiError(
        'INVALID_ARGUMENT',
        `Runtime ${config.buildConfig.runtime} is decommissioned or not known: functions cannot be created or updated with it.`,
      );
    const apis = [
      'run',
      'cloudbuild',
      'artifactregistry',
      ...(config.eventTrigger === undefined ? [] : ['eventarc', 'pubsub']),
    ];
    for (const api of apis) projects.require(projectOf(call), api);
    needsOfDeployment(call, config);
  };
  const bucketOf = (call: Call): string =>
    `gcf-v2-uploads-${projects.get(projectOf(call)).seed.number}.${locationOf(call)}.cloudfunctions.appspot.com`;

  return [
    {
      id: 'cloudfunctions.projects.locations.list',
      host: HOST,
      method: 'GET',
      path: /^\/v[12]\/projects\/(?<project>[^/:]+)\/locations$/,
      query: ['pageSize', 'pageToken', 'filter'],
      needs: needs('locations.list'),
      handle: (call) => ({
        body: {
          locations: LOCATIONS.map((id) => ({
            name: `projects/${projectOf(call)}/locations/${id}`,
            locationId: id,
          })),
        },
      }),
    },
    {
      // Where `gcloud functions list` looks for functions of the first generation; there are none.
      id: 'cloudfunctions.v1.projects.locations.functions.list',
      host: HOST,
      method: 'GET',
      path: /^\/v1\/projects\/(?<project>[^/:]+)\/locations\/(?<location>[^/:]+)\/functions$/,
      query: ['pageSize', 'pageToken'],
      needs: needs('functions.list'),
      handle: () => ({ body: {} }),
    },
    {
      id: 'cloudfunctions.projects.locations.runtimes.list',
      host: HOST,
      method: 'GET',
      path: new RegExp(`^${LOCATION}/runtimes$`),
      query: ['filter'],
      needs: needs('runtimes.list'),
      handle: () => ({ body: { runtimes: RUNTIMES } }),
    },
    {
      id: 'cloudfunctions.projects.locations.functions.generateUploadUrl',
      host: HOST,
      method: 'POST',
      path: new RegExp(`^${LOCATION}/functions:generateUploadUrl$`),
      query: [],
      needs: needs('functions.sourceCodeSet'),
      handle(call) {
        readBody(z.strictObject({ environment: z.string().optional() }), call);
        const bucket = bucketOf(call);
        const { object, signature } = functions.uploads.reserve(bucket);
        return {
          body: {
            uploadUrl: `https://storage.googleapis.com/${bucket}/${object}?X-Goog-Signature=${signature}`,
            storageSource: { bucket, object },
          },
        };
      },
    },
    {
      id: 'storage.signedUpload',
      host: 'storage.googleapis.com',
      method: 'PUT',
      path: /^\/(?<bucket>gcf-v2-uploads-[^/]+)\/(?<object>[^/]+)$/,
      query: ['X-Goog-Signature'],
      signed: true,
      needs: () => [],
      handle(call) {
        const { bucket = '', object = '' } = call.params;
        const signature = call.query.get('X-Goog-Signature') ?? '';
        if (!functions.uploads.receive(bucket, object, signature, call.body))
          throw new ApiError('PERMISSION_DENIED', 'The signature of this upload is not valid (any more).');
        return { status: 200 };
      },
    },
    {
      id: 'cloudfunctions.projects.locations.functions.create',
      host: HOST,
      method: 'POST',
      path: new RegExp(`^${LOCATION}/functions$`),
      query: ['functionId'],
      needs: needs('functions.create'),
      handle(call) {
        const id = call.query.get('functionId') ?? '';
        if (!/^[a-z][a-z0-9-]{0,61}[a-z0-9]$/.test(id))
          throw new ApiError('INVALID_ARGUMENT', `Invalid function name "${id}".`);
        const config = readBody(functionSchema, call);
        check(call, config);
        return { body: functions.create(functionName(projectOf(call), locationOf(call), id), config) };
      },
    },
    {
      id: 'cloudfunctions.projects.locations.functions.patch',
      host: HOST,
      method: 'PATCH',
      path: new RegExp(`^${FUNCTION}$`),
      query: ['updateMask'],
      needs: needs('functions.update'),
      handle(call) {
        const name = nameOf(call);
        const merged = masked(functions.get(name).config, call.json(), call.query.get('updateMask') ?? '');
        const config = readMessage(functionSchema, merged);
        check(call, config);
        return { body: functions.update(name, config) };
      },
    },
    {
      id: 'cloudfunctions.projects.locations.functions.get',
      host: HOST,
      method: 'GET',
      path: new RegExp(`^${FUNCTION}$`),
      query: ['revision'],
      needs: needs('functions.get'),
      handle(call) {
        const name = nameOf(call);
        const own = functions.all.find((one) => one.name === name);
        return { body: own === undefined ? requireSeeded(seeded, name) : shownFunction(functions, own) };
      },
    },
    {
      id: 'cloudfunctions.projects.locations.functions.list',
      host: HOST,
      method: 'GET',
      path: new RegExp(`^${LOCATION}/functions$`),
      query: ['pageSize', 'pageToken', 'filter', 'orderBy'],
      needs: needs('functions.list'),
      handle(call) {
        const filter = call.query.get('filter') ?? '';
        if (filter !== '' && !/^environment\s*=\s*"?GEN_2"?$/.test(filter))
          throw new ApiError('UNIMPLEMENTED', `The sandbox does not know the filter "${filter}".`);
        const location = locationOf(call);
        const all = [
          ...functions.all
            .filter(
              (one) => one.projectId === projectOf(call) && (location === '-' || one.location === location),
            )
            .map((one) => shownFunction(functions, one)),
          ...seededIn(seeded, 'functions', projectOf(call), location),
        ];
        return {
          body: pageAnswer('functions', pageOfQuery(all, call.query, MAX_PAGE_SIZE)),
        };
      },
    },
    {
      id: 'cloudfunctions.projects.locations.functions.delete',
      host: HOST,
      method: 'DELETE',
      path: new RegExp(`^${FUNCTION}$`),
      query: [],
      needs: needs('functions.delete'),
      handle: (call) => ({ body: functions.delete(nameOf(call)) }),
    },
    {
      id: 'cloudfunctions.projects.locations.operations.get',
      host: HOST,
      method: 'GET',
      path: new RegExp(`^${LOCATION}/operations/(?<operation>[^/:]+)$`),
      query: [],
      needs: needs('operations.get'),
      handle: async (call) => ({
        body: await functions.operations.get(
          `projects/${projectOf(call)}/locations/${locationOf(call)}/operations/${call.params['operation'] ?? ''}`,
        ),
      }),
    },
    ...policyRoutes({
      host: HOST,
      id: 'cloudfunctions.projects.locations.functions',
      permission: 'cloudfunctions.functions',
      path: FUNCTION,
      resourceOf: (call) => functions.get(nameOf(call)).name,
      read: 'GET',
      iam,
      policies,
    }),
    {
      id: 'cloudbuild.projects.locations.getDefaultServiceAccount',
      host: 'cloudbuild.googleapis.com',
      method: 'GET',
      path: /^\/v1\/projects\/(?<project>[^/:]+)\/locations\/(?<location>[^/:]+)\/defaultServiceAccount$/,
      query: [],
      needs: (call) => [
        {
          permission: 'cloudbuild.builds.get',
          on: `projects/${projects.require(call.params['project'] ?? '', 'cloudbuild')}`,
        },
      ],
      handle(call) {
        const { id, number } = projects.get(call.params['project'] ?? '').seed;
        return {
          body: {
            name: `projects/${number}/locations/${locationOf(call)}/defaultServiceAccount`,
            serviceAccountEmail: `projects/${id}/serviceAccounts/${number}-compute@developer.gserviceaccount.com`,
          },
        };
      },
    },
  ];
}

const LOCATIONS = ['europe-west1', 'europe-west4', 'us-central1', 'us-east1', 'us-east4', 'us-west1'];

/** `present` with what `mask` names taken from `given`; one or two levels deep, in either spelling. */
function masked(present: FunctionConfig, given: Json, mask: string): Json {
  if (mask === '') return { ...present, ...given };
  const result: Record<string, unknown> = { ...present };
  for (const path of mask.split(',')) {
    const [field = '', inner, ...more] = path.split('.').map(camelCase);
    if (more.length > 0) throw new ApiError('INVALID_ARGUMENT', `Invalid field mask path "${path}".`);
    const value = given[field];
    if (inner === undefined) result[field] = value;
    else
      result[field] = {
        ...objectOf(result[field]),
        [inner]: objectOf(value)[inner],
      };
  }
  return result;
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}
