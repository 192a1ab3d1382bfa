import * as z from 'zod/mini';
import type { Api } from '../api.ts';
import type { Permit } from '../change/permit.ts';
import { firstTime, listPages } from '../list-pages.ts';
import { parseAnswer, unexpectedAnswer } from '../parse-answer.ts';
import { readItems, textField, type Items, type StrangeItem } from '../read-items.ts';

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
  /** Models that are deployed and cannot be read. */
  readonly strange: readonly StrangeItem[];
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
  deployedModels: z.optional(z.unknown()),
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

/** States in which a job holds no machines any more, or is on its way there. */
const ENDED: ReadonlySet<string> = new Set([
  'JOB_STATE_SUCCEEDED',
  'JOB_STATE_FAILED',
  'JOB_STATE_CANCELLING',
  'JOB_STATE_CANCELLED',
  'JOB_STATE_EXPIRED',
  'JOB_STATE_PARTIALLY_SUCCEEDED',
]);

/** One whose state Google's enum `JobState` does not have, or not yet, may well bill: it is not evaluable, never ended. */
const listedJobSchema = z.extend(jobSchema, {
  state: z.string().check(z.refine((state) => ALIVE.has(state) || ENDED.has(state))),
});

const locationSchema = z.looseObject({ locationId: z.string() });

/** Vertex AI has no listing across regions: each region answers for itself. Needs aiplatform.locations.list. */
export async function listVertexRegions(api: Api, projectId: string): Promise<Items<string>> {
  const url = `https://aiplatform.googleapis.com/v1/projects/${projectId}/locations`;
  const { items, strange } = await listItems(api, url, 'locations', locationSchema);
  return {
    items: items.map(({ locationId }) => locationId).filter((region) => region !== 'global'),
    strange,
  };
}

/**
 * The jobs of one kind in a region that are alive. Needs aiplatform.customJobs.list and the like. Throws `GoogleApiError`.
 */
export async function listVertexJobs(
  api: Api,
  projectId: string,
  region: string,
  collection: VertexJobCollection,
): Promise<Items<VertexJob>> {
  const url = `${regional(projectId, region)}/${collection}`;
  const { items, strange } = await listItems(api, url, collection, listedJobSchema);
  return {
    items: items
      .filter(({ state }) => ALIVE.has(state))
      .map(({ name, state, displayName, tunedModelDisplayName }) => ({
        kind: KINDS[collection],
        resource: name,
        displayName: displayName ?? tunedModelDisplayName ?? '',
        state,
      })),
    strange,
  };
}

/**
 * The endpoints of a region that serve a model, also one that cannot be read. Needs aiplatform.endpoints.list. Throws
 * `GoogleApiError`.
 */
export async function listServingEndpoints(
  api: Api,
  projectId: string,
  region: string,
): Promise<Items<Endpoint>> {
  const url = `${regional(projectId, region)}/endpoints`;
  const { items, strange } = await listItems(api, url, 'endpoints', endpointSchema);
  const serves = ({ models, strange: unread }: Endpoint): boolean => models.length + unread.length > 0;
  return { items: items.map(toEndpoint).filter(serves), strange };
}

/** Reads a collection of Vertex AI, item by item: one of another form than documented does not hide the others. */
async function listItems<T>(
  api: Api,
  url: string,
  collection: string,
  schema: z.ZodMiniType<T>,
): Promise<Items<T>> {
  const page = z.looseObject({ [collection]: z.optional(z.unknown()) });
  const items: T[] = [];
  const strange: StrangeItem[] = [];
  const isNew = firstTime();
  for await (const answer of listPages(api, `aiplatform.${collection}.list`, { url, query: PAGE }, page)) {
    const read = readItems(answer[collection], schema, collection);
    items.push(
      ...read.items.filter((one) => isNew(textField(one, 'name') ?? textField(one, 'locationId') ?? '')),
    );
    strange.push(...read.strange);
  }
  return { items, strange };
}

/**
 * An endpoint as it is now, with all of its models. Needs aiplatform.endpoints.get. Throws `GoogleApiError`, 404 when it is
 * gone, and also where a model cannot be read that could be the one with `modelId` (any model without it).
 */
export async function getEndpoint(api: Api, resource: string, modelId?: string): Promise<Endpoint> {
  const call = 'aiplatform.endpoints.get';
  const endpoint = toEndpoint(
    parseAnswer(call, endpointSchema, await api.request(call, { url: urlOf(resource) })),
  );
  const unread = endpoint.strange.find(({ raw }) => modelId === undefined || couldHaveId(raw, modelId));
  if (unread !== undefined) throw unexpectedAnswer(call, unread);
  return endpoint;
}

/** Whether an unreadable model may have an id: it shows no other one. */
function couldHaveId(raw: unknown, id: string): boolean {
  const read = z.looseObject({ id: z.union([z.string(), z.number()]) }).safeParse(raw);
  return !read.success || String(read.data.id) === id;
}

/** The job's state now. Throws `GoogleApiError`, 404 when it is gone. */
export async function getJobState(api: Api, resource: string): Promise<string> {
  const call = `aiplatform.${resource.split('/').at(-2) ?? ''}.get`;
  return parseAnswer(call, jobSchema, await api.request(call, { url: urlOf(resource) })).state ?? '';
}

/** Asks for a job's cancellation, which is best effort at Google. Not repeated by itself. */
export async function cancelJob(api: Api, permit: Permit, resource: string): Promise<void> {
  const collection = resource.split('/').at(-2) ?? '';
  await api.change(`aiplatform.${collection}.cancel`, permit, {
    method: 'POST',
    url: `${urlOf(resource)}:cancel`,
    body: {},
  });
}

function toEndpoint({ name, deployedModels, trafficSplit }: z.infer<typeof endpointSchema>): Endpoint {
  const { items, strange } = readItems(deployedModels, deployedModelSchema, 'deployedModels');
  return { resource: name, models: items, trafficSplit: trafficSplit ?? {}, strange };
}

function regional(projectId: string, region: string): string {
  return `https://${region}-aiplatform.googleapis.com/v1/projects/${projectId}/locations/${region}`;
}

/** A resource's URL on the host of its own region. */
export function urlOf(resource: string): string {
  return `https://${resource.split('/')[3] ?? ''}-aiplatform.googleapis.com/v1/${resource}`;
}
