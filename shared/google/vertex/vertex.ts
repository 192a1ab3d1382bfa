import * as z from 'zod/mini';
import { PermanentError } from '../../errors.ts';
import type { Api } from '../api.ts';
import { listPages } from '../list-pages.ts';
import { parseAnswer, requireNamed, unexpectedAnswer } from '../parse-answer.ts';
import { readItems, type Items, type StrangeItem } from '../read-items.ts';

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

const endpointSchema = z.looseObject({
  name: z.string(),
  deployedModels: z.optional(z.unknown()),
  trafficSplit: z.optional(z.record(z.string(), z.number())),
});

const locationsPage = z.looseObject({ locations: z.optional(z.unknown()) });
/** A region as it stands in the name of its host. */
const REGION = /^[a-z0-9-]+$/;
const locationSchema = z.looseObject({ locationId: z.string().check(z.regex(REGION)) });

/** Vertex AI has no listing across regions: each region answers for itself. Needs aiplatform.locations.list. */
export async function listVertexRegions(api: Api, projectId: string): Promise<Items<string>> {
  const request = {
    url: `https://aiplatform.googleapis.com/v1/projects/${projectId}/locations`,
    query: { pageSize: 100 },
  };
  const regions = new Set<string>();
  const strange: StrangeItem[] = [];
  for await (const page of listPages(api, 'aiplatform.locations.list', request, locationsPage)) {
    const read = readItems(page.locations, locationSchema, 'locations');
    for (const { locationId } of read.items) if (locationId !== 'global') regions.add(locationId);
    strange.push(...read.strange);
  }
  return { items: [...regions], strange };
}

/**
 * An endpoint as it is now, with all of its models. Needs aiplatform.endpoints.get. Throws `GoogleApiError`, 404 when it is
 * gone, and also where a model cannot be read that could be the one with `modelId` (any model without it).
 */
export async function getEndpoint(api: Api, resource: string, modelId?: string): Promise<Endpoint> {
  const call = 'aiplatform.endpoints.get';
  const answer = parseAnswer(call, endpointSchema, await api.request(call, { url: urlOf(resource) }));
  requireNamed(call, answer.name, resource);
  const endpoint = toEndpoint(answer);
  const unread = endpoint.strange.find(({ raw }) => modelId === undefined || couldHaveId(raw, modelId));
  if (unread !== undefined) throw unexpectedAnswer(call, unread);
  return endpoint;
}

/** Whether an unreadable model may have an id: it shows no other one. */
function couldHaveId(raw: unknown, id: string): boolean {
  const read = z.looseObject({ id: z.union([z.string(), z.number()]) }).safeParse(raw);
  return !read.success || String(read.data.id) === id;
}

function toEndpoint({ name, deployedModels, trafficSplit }: z.infer<typeof endpointSchema>): Endpoint {
  const { items, strange } = readItems(deployedModels, deployedModelSchema, 'deployedModels');
  return { resource: name, models: items, trafficSplit: trafficSplit ?? {}, strange };
}

/**
 * The URL of a resource, a collection or an operation on the host of its own region. Throws `PermanentError` where its name
 * would lead to another host.
 */
export function urlOf(resource: string): string {
  const region = regionOf(resource);
  // A name may come from an answer or the state bucket: what stands there must not choose which host gets the token.
  if (!REGION.test(region))
    throw new PermanentError(`Cannot use "${resource}": "${region}" is no region of Vertex AI`);
  return `https://${region}-aiplatform.googleapis.com/v1/${resource}`;
}

/** Whether a resource's name leads to a host of Vertex AI. */
export function isPlaced(resource: string): boolean {
  return REGION.test(regionOf(resource));
}

function regionOf(resource: string): string {
  return resource.split('/')[3] ?? '';
}
