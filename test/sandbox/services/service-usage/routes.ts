import { z } from 'zod';
import { ApiError } from '../../http/api-error.ts';
import type { Call, Need, Route } from '../../http/route.ts';
import { pageAnswer, pageOfQuery } from '../../http/paging.ts';
import type { Projects } from '../resource-manager/projects.ts';
import { readBody } from '../../http/read-body.ts';

const HOST = 'serviceusage.googleapis.com';
const COLLECTION = '/v1/projects/(?<project>[^/:]+)/services';
const SERVICE = `${COLLECTION}/(?<service>[^/:]+)`;
const DEFAULT_PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 200;
/** Source of both: google/api/serviceusage/v1/serviceusage.proto. */
const MAX_BATCH_ENABLE = 20;
const MAX_BATCH_GET = 30;

const batchSchema = z.strictObject({ serviceIds: z.array(z.string()).min(1).max(MAX_BATCH_ENABLE) });
const disableSchema = z.strictObject({
  disableDependentServices: z.boolean().optional(),
  checkIfServiceHasUsage: z.string().optional(),
});

/** Service Usage v1: which APIs a project has enabled. Every change is done when it is answered. */
export function serviceUsageService({ projects }: { readonly projects: Projects }): Route[] {
  const projectOf = (call: Call): string => projects.require(call.params['project'] ?? '');
  const needs =
    (permission: string) =>
    (call: Call): readonly Need[] => [
      { permission: `serviceusage.services.${permission}`, on: `projects/${projectOf(call)}` },
    ];
  const serviceOf = (call: Call): string => known(call.params['service'] ?? '');
  const shown = (projectId: string, service: string): object => {
    const { number } = projects.get(projectId).seed;
    return {
      name: `projects/${number}/services/${service}`,
      config: { name: service, title: service },
      state: projects.services.enabled(projectId, service) ? 'ENABLED' : 'DISABLED',
      parent: `projects/${number}`,
    };
  };
  const done = (kind: string, response: object): object => ({
    name: 'operations/acat.sandbox',
    done: true,
    response: { '@type': `type.googleapis.com/google.api.serviceusage.v1.${kind}Response`, ...response },
  });

  return [
    {
      id: 'serviceusage.services.list',
      host: HOST,
      method: 'GET',
      path: new RegExp(`^${COLLECTION}$`),
      query: ['filter', 'pageSize', 'pageToken'],
      needs: needs('list'),
      handle(call) {
        const projectId = projectOf(call);
        const wanted = stateOf(call.query.get('filter') ?? '');
        const services = SERVICES.filter(
          (service) => wanted === undefined || projects.services.enabled(projectId, service) === wanted,
        );
        const page = pageOfQuery(services, call.query, MAX_PAGE_SIZE, DEFAULT_PAGE_SIZE);
        return { body: pageAnswer('services', page, (service) => shown(projectId, service)) };
      },
    },
    {
      id: 'serviceusage.services.get',
      host: HOST,
      method: 'GET',
      path: new RegExp(`^${SERVICE}$`),
      query: [],
      needs: needs('get'),
      handle: (call) => ({ body: shown(projectOf(call), serviceOf(call)) }),
    },
    {
      id: 'serviceusage.services.batchGet',
      host: HOST,
      method: 'GET',
      path: new RegExp(`^${COLLECTION}:batchGet$`),
      query: ['names'],
      needs: needs('get'),
      handle(call) {
        const requested = call.query.getAll('names');
        if (requested.length > MAX_BATCH_GET)
          throw new ApiError('INVALID_ARGUMENT', `At most ${MAX_BATCH_GET} services can be read at once.`);
        const names = requested.map((name) => known(name.split('/').at(-1) ?? ''));
        return { body: { services: names.map((service) => shown(projectOf(call), service)) } };
      },
    },
    {
      id: 'serviceusage.services.enable',
      host: HOST,
      method: 'POST',
      path: new RegExp(`^${SERVICE}:enable$`),
      query: [],
      needs: needs('enable'),
      handle(call) {
        readBody(z.strictObject({}), call);
        projects.services.change(projectOf(call), serviceOf(call), true);
        return { body: done('EnableService', { service: shown(projectOf(call), serviceOf(call)) }) };
      },
    },
    {
      id: 'serviceusage.services.batchEnable',
      host: HOST,
      method: 'POST',
      path: new RegExp(`^${COLLECTION}:batchEnable$`),
      query: [],
      needs: needs('enable'),
      handle(call) {
        const services = readBody(batchSchema, call).serviceIds.map(known);
        for (const service of services) projects.services.change(projectOf(call), service, true);
        return {
          body: done('BatchEnableServices', {
            services: services.map((service) => shown(projectOf(call), service)),
          }),
        };
      },
    },
    {
      id: 'serviceusage.services.disable',
      host: HOST,
      method: 'POST',
      path: new RegExp(`^${SERVICE}:disable$`),
      query: [],
      needs: needs('disable'),
      handle(call) {
        readBody(disableSchema, call);
        // "Callers will receive a FAILED_PRECONDITION status if the target service is not currently enabled": the same file.
        if (!projects.services.enabled(projectOf(call), serviceOf(call)))
          throw new ApiError('FAILED_PRECONDITION', `The service ${serviceOf(call)} is not enabled.`);
        projects.services.change(projectOf(call), serviceOf(call), false);
        return { body: done('DisableService', { service: shown(projectOf(call), serviceOf(call)) }) };
      },
    },
  ];
}

/** What there is to enable in the sandbox. */
const SERVICES: readonly string[] = [
  'aiplatform', 'artifactregistry', 'batch', 'billingbudgets', 'cloudbilling', 'cloudbuild', 'cloudfunctions',
  'cloudresourcemanager', 'cloudscheduler', 'compute', 'container', 'dataflow', 'dataproc', 'eventarc', 'iam',
  'iamcredentials', 'logging', 'monitoring', 'notebooks', 'pubsub', 'recommender', 'run', 'secretmanager',
  'serviceusage', 'storage', 'storage-api', 'tpu', 'workstations',
].map((name) => `${name}.googleapis.com`); // prettier-ignore

function known(service: string): string {
  if (!SERVICES.includes(service))
    throw new ApiError('PERMISSION_DENIED', `Not found or permission denied for service(s): ${service}.`, [
      {
        '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
        // As GoogleCloudPlatform/cluster-toolkit reads it, and gcloud prints it with PERMISSION_DENIED.
        reason: 'SERVICE_CONFIG_NOT_FOUND_OR_PERMISSION_DENIED',
        domain: 'serviceusage.googleapis.com',
        metadata: { services: service },
      },
    ]);
  return service;
}

function stateOf(filter: string): boolean | undefined {
  if (filter === '') return undefined;
  const state = /^state:(ENABLED|DISABLED)$/.exec(filter)?.[1];
  if (state === undefined) throw new ApiError('INVALID_ARGUMENT', `Invalid filter "${filter}".`);
  return state === 'ENABLED';
}
