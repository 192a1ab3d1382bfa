import type { Iam } from '../../iam/iam.ts';
import type { Policies } from '../../iam/iam-policy.ts';
import { ApiError } from '../../http/api-error.ts';
import type { Call, Need, Route } from '../../http/route.ts';
import { policyRoutes } from '../iam/policy-routes.ts';
import { pageAnswer, pageOfQuery } from '../../http/paging.ts';
import type { Projects } from '../resource-manager/projects.ts';
import { serviceName } from './model.ts';
import { requireSeeded, seededIn, seededV1, type Seeded, type SeededKind } from './seeded.ts';
import { revisionOf } from './shown.ts';
import { urlOf, type DeployedFunction, type Functions } from './state.ts';

const HOST = 'run.googleapis.com';
const MAX_PAGE_SIZE = 100;
const PLACE = 'projects/(?<project>[^/:]+)/locations/(?<location>[^/:]+)';

export interface RunRoutesOptions {
  readonly functions: Functions;
  /** What others deployed. */
  readonly seeded: readonly Seeded[];
  readonly projects: Projects;
  readonly iam: Iam;
  readonly policies: Policies;
}

/** Cloud Run v1 and v2 as far as the services of functions go: to look at, and who may invoke them. */
export function runRoutes(options: RunRoutesOptions): Route[] {
  const { functions, seeded, projects, iam, policies } = options;
  const projectOf = (call: Call): string => projects.require(call.params['project'] ?? '', 'run');
  const servicesOf = (call: Call): readonly DeployedFunction[] =>
    functions.all.filter(
      (one) =>
        one.projectId === projectOf(call) &&
        one.revision > 0 &&
        [undefined, '-', one.location].includes(call.params['location']),
    );
  const serviceOf = (call: Call): DeployedFunction => {
    const { service = '' } = call.params;
    const found = servicesOf(call).find(({ id }) => id === service);
    if (found === undefined)
      throw new ApiError(
        'NOT_FOUND',
        `Resource '${service}' of kind 'SERVICE' in region '${call.params['location'] ?? ''}' in project '${projectOf(call)}' does not exist.`,
      );
    return found;
  };
  const page = (call: Call, kind: SeededKind, own: readonly object[]): object => {
    const { location = '' } = call.params;
    // "Location must be a valid Google Cloud region, and cannot be the "-" wildcard": the discovery document's words.
    if (location === '-')
      throw new ApiError(
        'INVALID_ARGUMENT',
        'Location must be a valid Google Cloud region, not the wildcard "-".',
      );
    const all = [...own, ...seededIn(seeded, kind, projectOf(call), location)];
    return pageAnswer(kind, pageOfQuery(all, call.query, MAX_PAGE_SIZE));
  };
  const needs =
    (permission: string) =>
    (call: Call): readonly Need[] => [{ permission, on: `projects/${projectOf(call)}` }];
  return [
    {
      id: 'run.projects.locations.services.get',
      host: HOST,
      method: 'GET',
      path: new RegExp(`^/v2/${PLACE}/services/(?<service>[^/:]+)$`),
      query: [],
      needs: needs('run.services.get'),
      handle(call) {
        const { location = '', service = '' } = call.params;
        const own = servicesOf(call).find(({ id }) => id === service);
        const name = `projects/${projectOf(call)}/locations/${location}/services/${service}`;
        return { body: own === undefined ? requireSeeded(seeded, name) : shownV2(functions, own) };
      },
    },
    {
      id: 'run.projects.locations.services.list',
      host: HOST,
      method: 'GET',
      path: new RegExp(`^/v2/${PLACE}/services$`),
      query: ['pageSize', 'pageToken'],
      needs: needs('run.services.list'),
      handle(call) {
        const own = servicesOf(call).map((one) => shownV2(functions, one));
        return { body: page(call, 'services', own) };
      },
    },
    {
      id: 'run.projects.locations.jobs.list',
      host: HOST,
      method: 'GET',
      path: new RegExp(`^/v2/${PLACE}/jobs$`),
      query: ['pageSize', 'pageToken'],
      needs: needs('run.jobs.list'),
      handle: (call) => ({ body: page(call, 'jobs', []) }),
    },
    {
      id: 'run.namespaces.services.list',
      host: HOST,
      method: 'GET',
      path: /^\/apis\/serving\.knative\.dev\/v1\/namespaces\/(?<project>[^/:]+)\/services$/,
      query: ['limit', 'continue', 'labelSelector'],
      needs: needs('run.services.list'),
      handle: (call) => ({
        body: {
          apiVersion: 'serving.knative.dev/v1',
          kind: 'ServiceList',
          metadata: {},
          items: [
            ...servicesOf(call).map((one) => shownV1(functions, projects, one)),
            ...seededV1(seeded, 'services', projectOf(call)),
          ],
        },
      }),
    },
    {
      id: 'run.namespaces.jobs.list',
      host: HOST,
      method: 'GET',
      path: /^\/apis\/run\.googleapis\.com\/v1\/namespaces\/(?<project>[^/:]+)\/jobs$/,
      query: ['limit', 'continue', 'labelSelector'],
      needs: needs('run.jobs.list'),
      handle: (call) => ({
        body: {
          apiVersion: 'run.googleapis.com/v1',
          kind: 'JobList',
          metadata: {},
          items: seededV1(seeded, 'jobs', projectOf(call)),
        },
      }),
    },
    {
      id: 'run.namespaces.workerpools.list',
      host: HOST,
      method: 'GET',
      path: /^\/apis\/run\.googleapis\.com\/v1\/namespaces\/(?<project>[^/:]+)\/workerpools$/,
      query: ['limit', 'continue', 'labelSelector'],
      needs: needs('run.workerpools.list'),
      handle: (call) => ({
        body: {
          apiVersion: 'run.googleapis.com/v1',
          kind: 'WorkerPoolList',
          metadata: {},
          items: seededV1(seeded, 'workerPools', projectOf(call)),
        },
      }),
    },
    {
      id: 'run.namespaces.services.get',
      host: HOST,
      method: 'GET',
      path: /^\/apis\/serving\.knative\.dev\/v1\/namespaces\/(?<project>[^/:]+)\/services\/(?<service>[^/:]+)$/,
      query: [],
      needs: needs('run.services.get'),
      handle: (call) => ({ body: shownV1(functions, projects, serviceOf(call)) }),
    },
    ...policyRoutes({
      host: HOST,
      id: 'run.projects.locations.services',
      permission: 'run.services',
      path: `/v[12]/${PLACE}/services/(?<service>[^/:]+)`,
      resourceOf: (call) => serviceName(serviceOf(call)),
      read: 'GET',
      iam,
      policies,
    }),
  ];
}

const INGRESS = {
  ALLOW_ALL: ['INGRESS_TRAFFIC_ALL', 'all'],
  ALLOW_INTERNAL_ONLY: ['INGRESS_TRAFFIC_INTERNAL_ONLY', 'internal'],
  ALLOW_INTERNAL_AND_GCLB: ['INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER', 'internal-and-cloud-load-balancing'],
} as const;

function variablesOf({ config }: DeployedFunction): readonly object[] {
  return Object.entries(config.serviceConfig.environmentVariables).map(([name, value]) => ({ name, value }));
}

function shownV2(functions: Functions, deployed: DeployedFunction): object {
  const { serviceConfig, labels } = deployed.config;
  return {
    name: serviceName(deployed),
    uid: deployed.uid,
    generation: String(deployed.revision),
    labels: { ...labels, 'goog-managed-by': 'cloudfunctions' },
    createTime: new Date(deployed.createdMs).toISOString(),
    updateTime: new Date(deployed.updatedMs).toISOString(),
    ingress: INGRESS[serviceConfig.ingressSettings][0],
    template: {
      serviceAccount: functions.accountsOf(deployed.projectId, deployed.config).runtime,
      timeout: `${serviceConfig.timeoutSeconds}s`,
      maxInstanceRequestConcurrency: serviceConfig.maxInstanceRequestConcurrency,
      scaling: { maxInstanceCount: serviceConfig.maxInstanceCount },
      containers: [
        { env: variablesOf(deployed), resources: { limits: { memory: serviceConfig.availableMemory } } },
      ],
    },
    latestReadyRevision: `${serviceName(deployed)}/revisions/${revisionOf(deployed)}`,
    uri: urlOf(deployed),
    urls: [urlOf(deployed)],
  };
}

function shownV1(functions: Functions, projects: Projects, deployed: DeployedFunction): object {
  const { serviceConfig, labels } = deployed.config;
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: {
      name: deployed.id,
      namespace: projects.get(deployed.projectId).seed.number,
      uid: deployed.uid,
      generation: deployed.revision,
      creationTimestamp: new Date(deployed.createdMs).toISOString(),
      labels: {
        ...labels,
        'goog-managed-by': 'cloudfunctions',
        'cloud.googleapis.com/location': deployed.location,
      },
      annotations: { 'run.googleapis.com/ingress': INGRESS[serviceConfig.ingressSettings][1] },
    },
    spec: {
      template: {
        metadata: {
          name: revisionOf(deployed),
          annotations: { 'autoscaling.knative.dev/maxScale': String(serviceConfig.maxInstanceCount) },
        },
        spec: {
          containerConcurrency: serviceConfig.maxInstanceRequestConcurrency,
          timeoutSeconds: serviceConfig.timeoutSeconds,
          serviceAccountName: functions.accountsOf(deployed.projectId, deployed.config).runtime,
          containers: [
            { env: variablesOf(deployed), resources: { limits: { memory: serviceConfig.availableMemory } } },
          ],
        },
      },
      traffic: [{ percent: 100, latestRevision: true }],
    },
    status: {
      observedGeneration: deployed.revision,
      conditions: [{ type: 'Ready', status: 'True' }],
      latestReadyRevisionName: revisionOf(deployed),
      latestCreatedRevisionName: revisionOf(deployed),
      url: urlOf(deployed),
      address: { url: urlOf(deployed) },
    },
  };
}
