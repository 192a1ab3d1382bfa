import * as z from 'zod/mini';
import type { Api } from './api.ts';
import { changeByClient } from './change/change-by-client.ts';
import type { Permit } from './change/permit.ts';
import { firstTime, listPages } from './list-pages.ts';
import { notebooksClient } from './clients/notebooks.ts';
import { EmptyAnswer, GoogleApiError } from './google-api-error.ts';
import { instanceOf, messageSchema } from './clients/notebook-message.ts';
import { parseAnswer, requireListed, requireNamed } from './parse-answer.ts';
import { readItems, type StrangeItem } from './read-items.ts';
import { ofProject, type OfProject } from './resource-name.ts';
import { stringMap } from './string-map.ts';

/**
 * The Notebooks API v2: single instances by Google's client, listings by authorised requests. The client requests enums as
 * numbers, so that a listing by it would call an accelerator that is newer than its release by a number, drops
 * `gceSetup.instanceId`, and takes no mask: 10,000 instances took 17 × the processor time of the masked answers and 50 MiB against 29,
 * 50,000 10 × and 191 MiB against 88 (read from pages of 100 and kept, 2026-11-27).
 */
const HOST = 'https://notebooks.googleapis.com/v2';

/** A Workbench instance as the API returns it, as far as it is used; enum values may be newer than this code. */
const instanceSchema = z.object({
  name: z.string(),
  state: z.optional(z.string()),
  healthState: z.optional(z.string()),
  createTime: z.optional(z.string()),
  labels: z.optional(stringMap),
  creator: z.optional(z.string()),
  instanceOwners: z.optional(z.array(z.string())),
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
      serviceAccounts: z.optional(z.array(z.object({ email: z.optional(z.string()) }))),
    }),
  ),
});

export type NotebookInstance = z.infer<typeof instanceSchema>;

/** What is used of a page of the listing; the rest, such as disks, networks and `healthInfo`, is a third of it and not sent. */
export const LIST_FIELDS =
  'instances(name,state,healthState,createTime,labels,creator,instanceOwners,gceSetup(instanceId,machineType,acceleratorConfigs,metadata,serviceAccounts/email)),nextPageToken,unreachable';

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

/** What gcloud uses as well; the documented maximum is unknown, so the service may send fewer. */
const PAGE_SIZE = 100;

/**
 * All Workbench instances of a project, page by page, by one wildcard listing (`locations/-`). Where the service refuses
 * the wildcard, location by location. Needs notebooks.instances.list (and notebooks.locations.list for the latter).
 */
export async function* listNotebooks(
  api: Api,
  projectId: string,
  isOf = ofProject(projectId),
): AsyncGenerator<NotebookPage> {
  const all = `projects/${projectId}/locations/-`;
  let pages = 0;
  try {
    for await (const page of listParent(api, isOf, all)) {
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
  const locations = await listLocations(api, isOf, projectId);
  if (locations.strange.length > 0)
    yield { instances: [], strange: locations.strange, only: false, unreachable: [] };
  for (const location of locations.names)
    try {
      for await (const page of listParent(api, isOf, location)) yield { ...page, only: false };
    } catch (error) {
      if (!(error instanceof GoogleApiError)) throw error;
      yield { instances: [], strange: [], only: false, unreachable: [], failed: { location, error } };
    }
}

async function* listParent(api: Api, isOf: OfProject, parent: string): AsyncGenerator<NotebookPage> {
  const call = 'notebooks.instances.list';
  const request = { url: `${HOST}/${parent}/instances`, query: { pageSize: PAGE_SIZE, fields: LIST_FIELDS } };
  const isNew = firstTime();
  let first = true;
  for await (const page of listPages(api, call, request, listSchema)) {
    const { unreachable = [], nextPageToken = '' } = page;
    const { items, strange } = readItems(page.instances, instanceSchema, 'instances');
    for (const { name } of items) requireListed(call, isOf, name, `${parent}/instances/-`);
    // One that was changed while it was listed may be on two pages.
    const instances = items.filter((one) => isNew(one.name));
    yield { instances, strange, only: first && nextPageToken === '', unreachable };
    first = false;
  }
}

async function listLocations(
  api: Api,
  isOf: OfProject,
  projectId: string,
): Promise<{ readonly names: readonly string[]; readonly strange: readonly StrangeItem[] }> {
  const names: string[] = [];
  const strange: StrangeItem[] = [];
  const call = 'notebooks.locations.list';
  const request = { url: `${HOST}/projects/${projectId}/locations`, query: { pageSize: PAGE_SIZE } };
  for await (const page of listPages(api, call, request, locationsSchema)) {
    const read = readItems(page.locations, locationSchema, 'locations');
    for (const { name } of read.items) requireListed(call, isOf, name, `projects/${projectId}/locations/-`);
    names.push(...read.items.map(({ name }) => name));
    strange.push(...read.strange);
  }
  return { names, strange };
}

/**
 * The instance as it is now. What the client's release does not know by name is a number: a state as text, an accelerator
 * without `type`. Throws `GoogleApiError` (404 when it is gone).
 */
export async function getNotebook(api: Api, name: string): Promise<NotebookInstance> {
  const call = 'notebooks.instances.get';
  const answer = await api.call(call, () => notebooksClient(api.auth).get(name));
  const message = parseAnswer(call, messageSchema, answer);
  // The message of an empty answer has every field, each empty.
  requireNamed(call, message.name, name);
  return instanceOf(message);
}

/**
 * Asks for a stop or start and returns the operation's name without awaiting it (it takes minutes). Not repeated by
 * itself: the caller looks at the instance before it sends another request.
 */
export async function requestNotebook(
  api: Api,
  permit: Permit,
  verb: 'stop' | 'start',
  name: string,
): Promise<string> {
  const call = `notebooks.instances.${verb}`;
  return operationOf(
    call,
    await changeByClient(api, call, permit, (leaving) => notebooksClient(api.auth)[verb](name, leaving)),
  );
}

/**
 * Replaces the instance's metadata. The API replaces the whole map, so `metadata` must hold every key that shall stay.
 * Returns the operation's name.
 */
export async function replaceNotebookMetadata(
  api: Api,
  permit: Permit,
  name: string,
  metadata: Readonly<Record<string, string>>,
): Promise<string> {
  const call = 'notebooks.instances.patch';
  const update = { name, gceSetup: { metadata } };
  return operationOf(
    call,
    await changeByClient(api, call, permit, (leaving) =>
      notebooksClient(api.auth).update(update, 'gce_setup.metadata', leaving),
    ),
  );
}

function operationOf(call: string, answer: unknown): string {
  const { name } = parseAnswer(call, operationSchema, answer);
  if (name === '') throw new GoogleApiError(call, new EmptyAnswer('the answer names no operation'));
  return name;
}
