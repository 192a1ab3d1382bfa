import * as z from 'zod/mini';
import type { Api } from './api.ts';
import { listPages } from './list-pages.ts';

/** A custom or tuning job that bills. */
export interface VertexJob {
  readonly kind: 'custom-job' | 'hyperparameter-tuning-job' | 'tuning-job';
  /** projects/P/locations/R/customJobs/ID */
  readonly resource: string;
  readonly displayName: string;
  readonly state: string;
}

/** An endpoint that serves models, with the settings that deploying them again takes. */
export interface Endpoint {
  /** projects/P/locations/R/endpoints/E */
  readonly resource: string;
  /** As the API returns them; each has an `id`. */
  readonly models: readonly DeployedModel[];
  /** Share of the traffic in percent, by the models' ids. */
  readonly trafficSplit: Readonly<Record<string, number>>;
}

export type DeployedModel = z.infer<typeof deployedModelSchema>;

const deployedModelSchema = z.looseObject({ id: z.string() });

/** The kinds of jobs that bill, as their collections are called. */
export const VERTEX_JOB_COLLECTIONS = ['customJobs', 'hyperparameterTuningJobs', 'tuningJobs'] as const;
export type VertexJobCollection = (typeof VERTEX_JOB_COLLECTIONS)[number];

const KINDS = {
  customJobs: 'custom-job',
  hyperparameterTuningJobs: 'hyperparameter-tuning-job',
  tuningJobs: 'tuning-job',
} as const;

const jobSchema = z.looseObject({
  name: z.string(),
  displayName: z.optional(z.string()),
  tunedModelDisplayName: z.optional(z.string()),
  state: z.optional(z.string()),
});

const endpointSchema = z.looseObject({
  name: z.string(),
  deployedModels: z.optional(z.array(deployedModelSchema)),
  trafficSplit: z.optional(z.record(z.string(), z.number())),
});

const PAGE = { pageSize: 100 };

/** States in which a job holds machines or waits for them. */
const ALIVE: ReadonlySet<string> = new Set([
  'JOB_STATE_QUEUED',
  'JOB_STATE_PENDING',
  'JOB_STATE_RUNNING',
  'JOB_STATE_PAUSED',
  'JOB_STATE_UPDATING',
]);

/** Jobs cannot be looked at for the whole project: each region answers for itself. Needs aiplatform.locations.list. */
export async function listVertexRegions(api: Api, projectId: string): Promise<string[]> {
  const schema = z.looseObject({
    locations: z.optional(z.array(z.looseObject({ locationId: z.string() }))),
  });
  const regions: string[] = [];
  for await (const page of listPages(
    api,
    'aiplatform.locations.list',
    { url: `https://aiplatform.googleapis.com/v1/projects/${projectId}/locations`, query: PAGE },
    schema,
  ))
    for (const { locationId } of page.locations ?? []) if (locationId !== 'global') regions.push(locationId);
  return regions;
}

/**
 * The jobs of one kind in a region that are alive. Needs aiplatform.customJobs.list and the like. Throws `OutsideError`.
 */
export async function listVertexJobs(
  api: Api,
  projectId: string,
  region: string,
  collection: VertexJobCollection,
): Promise<VertexJob[]> {
  const schema = z.looseObject({
    [collection]: z.optional(z.array(jobSchema)),
  });
  const jobs: VertexJob[] = [];
  for await (const page of listPages(
    api,
    `aiplatform.${collection}.list`,
    { url: `${regional(projectId, region)}/${collection}`, query: PAGE },
    schema,
  ))
    for (const job of z.array(jobSchema).parse(page[collection] ?? []))
      if (ALIVE.has(job.state ?? ''))
        jobs.push({
          kind: KINDS[collection],
          resource: job.name,
          displayName: job.displayName ?? job.tunedModelDisplayName ?? '',
          state: job.state ?? '',
        });
  return jobs;
}

/** The endpoints of a region that serve a model. Needs aiplatform.endpoints.list. Throws `OutsideError`. */
export async function listServingEndpoints(api: Api, projectId: string, region: string): Promise<Endpoint[]> {
  const schema = z.looseObject({
    endpoints: z.optional(z.array(endpointSchema)),
  });
  const endpoints: Endpoint[] = [];
  for await (const page of listPages(
    api,
    'aiplatform.endpoints.list',
    { url: `${regional(projectId, region)}/endpoints`, query: PAGE },
    schema,
  ))
    for (const endpoint of (page.endpoints ?? []).map(toEndpoint))
      if (endpoint.models.length > 0) endpoints.push(endpoint);
  return endpoints;
}

/** An endpoint as it is now. Needs aiplatform.endpoints.get. Throws `OutsideError`, 404 when it is gone. */
export async function getEndpoint(api: Api, resource: string): Promise<Endpoint> {
  return toEndpoint(
    endpointSchema.parse(await api.request('aiplatform.endpoints.get', { url: urlOf(resource) })),
  );
}

/** The job's state now; undefined when it is gone only by way of `OutsideError` 404. */
export async function getJobState(api: Api, resource: string): Promise<string> {
  const collection = resource.split('/').at(-2) ?? '';
  return (
    jobSchema.parse(await api.request(`aiplatform.${collection}.get`, { url: urlOf(resource) })).state ?? ''
  );
}

/** Asks for a job's cancellation, which is best effort at Google. Not repeated by itself. */
export async function cancelJob(api: Api, resource: string): Promise<void> {
  const collection = resource.split('/').at(-2) ?? '';
  await api.request(
    `aiplatform.${collection}.cancel`,
    { method: 'POST', url: `${urlOf(resource)}:cancel`, body: {} },
    { retry: false },
  );
}

function toEndpoint(endpoint: z.infer<typeof endpointSchema>): Endpoint {
  return {
    resource: endpoint.name,
    models: endpoint.deployedModels ?? [],
    trafficSplit: endpoint.trafficSplit ?? {},
  };
}

function regional(projectId: string, region: string): string {
  return `https://${region}-aiplatform.googleapis.com/v1/projects/${projectId}/locations/${region}`;
}

/** A resource's URL on the host of its own region. */
export function urlOf(resource: string): string {
  return `https://${resource.split('/')[3] ?? ''}-aiplatform.googleapis.com/v1/${resource}`;
}
