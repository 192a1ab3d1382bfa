import * as z from 'zod/mini';
import type { Api } from './api.ts';
import { listPages } from './list-pages.ts';
import { GoogleApiError } from './google-api-error.ts';
import { parseAnswer } from './parse-answer.ts';
import { readItems, type StrangeItem } from './read-items.ts';
import { stringMap } from './string-map.ts';

/**
 * The Notebooks API v2 over authorised requests. Google's client 4.2.1 is not used for it: its descriptor has no
 * `gceSetup.instanceId`, which joins an instance to its VM, and gax drops unknown fields and enum values silently.
 */
const HOST = 'https://notebooks.googleapis.com/v2';

/** A Workbench instance as the API returns it, as far as it is used; enum values may be newer than this code. */
const instanceSchema = z.object({
  name: z.string(),
  state: z.optional(z.string()),
  healthState: z.optional(z.string()),
  createTime: z.optional(z.string()),
  labels: z.optional(stringMap),
  gceSetup: z.optional(
    z.object({
      instanceId: z.optional(z.string()),
      machineType: z.optional(z.string()),
      acceleratorConfigs: z.optional(
        z.array(
          z.object({
            type: z.optional(z.string()),
            coreCount: z.optional(z.union([z.string(), z.number()])),
          }),
        ),
      ),
      metadata: z.optional(stringMap),
    }),
  ),
});

export type NotebookInstance = z.infer<typeof instanceSchema>;

const listSchema = z.looseObject({
  instances: z.optional(z.unknown()),
  nextPageToken: z.optional(z.string()),
  unreachable: z.optional(z.array(z.string())),
});

const locationsSchema = z.looseObject({
  locations: z.optional(z.unknown()),
});

const locationSchema = z.looseObject({ name: z.string() });

const operationSchema = z.looseObject({ name: z.string() });

export interface NotebookPage {
  readonly instances: readonly NotebookInstance[];
  /** Instances that are there and cannot be read. */
  readonly strange: readonly StrangeItem[];
  /** Whether this one page is the whole project. */
  readonly only: boolean;
  /** Locations that Google could not reach: what stands there is unknown, not absent. */
  readonly unreachable: readonly string[];
  /** A location, listed by itself, that could not be read. */
  readonly failed?: { readonly location: string; readonly error: GoogleApiError };
}

/** What gcloud asks for as well; the documented maximum is unknown, so the service may send fewer. */
const PAGE_SIZE = 100;

/**
 * All Workbench instances of a project, page by page, by one wildcard listing (`locations/-`). Where the service refuses
 * the wildcard, location by location. Needs notebooks.instances.list (and notebooks.locations.list for the latter).
 */
export async function* listNotebooks(api: Api, projectId: string): AsyncGenerator<NotebookPage> {
  const all = `projects/${projectId}/locations/-`;
  let pages = 0;
  try {
    for await (const page of listParent(api, all)) {
      pages += 1;
      yield page;
    }
    return;
  } catch (error) {
    // The wildcard is not in the API's definition; refusing it is answered as a bad or unknown parent. After a first
    // page it is understood, and starting again would list that page's instances twice.
    const refused =
      error instanceof GoogleApiError &&
      (error.status === 400 || error.status === 404 || error.status === 501);
    if (!refused || pages > 0) throw error;
  }
  const locations = await listLocations(api, projectId);
  if (locations.strange.length > 0)
    yield { instances: [], strange: locations.strange, only: false, unreachable: [] };
  for (const location of locations.names)
    try {
      for await (const page of listParent(api, location)) yield { ...page, only: false };
    } catch (error) {
      if (!(error instanceof GoogleApiError)) throw error;
      yield { instances: [], strange: [], only: false, unreachable: [], failed: { location, error } };
    }
}

async function* listParent(api: Api, parent: string): AsyncGenerator<NotebookPage> {
  const request = { url: `${HOST}/${parent}/instances`, query: { pageSize: PAGE_SIZE } };
  let first = true;
  for await (const page of listPages(api, 'notebooks.instances.list', request, listSchema)) {
    const { unreachable = [], nextPageToken = '' } = page;
    const { items, strange } = readItems(page.instances, instanceSchema, 'instances');
    yield { instances: items, strange, only: first && nextPageToken === '', unreachable };
    first = false;
  }
}

async function listLocations(
  api: Api,
  projectId: string,
): Promise<{ readonly names: readonly string[]; readonly strange: readonly StrangeItem[] }> {
  const names: string[] = [];
  const strange: StrangeItem[] = [];
  const request = { url: `${HOST}/projects/${projectId}/locations`, query: { pageSize: PAGE_SIZE } };
  for await (const page of listPages(api, 'notebooks.locations.list', request, locationsSchema)) {
    const read = readItems(page.locations, locationSchema, 'locations');
    names.push(...read.items.map(({ name }) => name));
    strange.push(...read.strange);
  }
  return { names, strange };
}

/** The instance as it is now. Throws `GoogleApiError` (404 when it is gone). */
export async function getNotebook(api: Api, name: string): Promise<NotebookInstance> {
  const call = 'notebooks.instances.get';
  return parseAnswer(call, instanceSchema, await api.request(call, { url: `${HOST}/${name}` }));
}

/**
 * Asks for a stop or start and returns the operation's name without awaiting it (it takes minutes). Not repeated by
 * itself: the caller looks at the instance before it asks again.
 */
export async function requestNotebook(api: Api, verb: 'stop' | 'start', name: string): Promise<string> {
  const answer = await api.request(
    `notebooks.instances.${verb}`,
    { method: 'POST', url: `${HOST}/${name}:${verb}`, body: {} },
    { retry: false },
  );
  return parseAnswer(`notebooks.instances.${verb}`, operationSchema, answer).name;
}

/**
 * Replaces the instance's metadata. The API replaces the whole map, so `metadata` must hold every key that shall stay.
 * Returns the operation's name.
 */
export async function replaceNotebookMetadata(
  api: Api,
  name: string,
  metadata: Readonly<Record<string, string>>,
): Promise<string> {
  const answer = await api.request('notebooks.instances.patch', {
    method: 'PATCH',
    url: `${HOST}/${name}`,
    query: { updateMask: 'gce_setup.metadata' },
    body: { gceSetup: { metadata } },
  });
  return parseAnswer('notebooks.instances.patch', operationSchema, answer).name;
}
