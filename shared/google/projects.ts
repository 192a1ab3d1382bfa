import * as z from 'zod/mini';
import type { Api } from './api.ts';
import { PermanentError } from '../errors.ts';
import { firstTime, listPages } from './list-pages.ts';
import { EmptyAnswer, GoogleApiError, isServiceDisabled } from './google-api-error.ts';
import { parseAnswer, requireAbout } from './parse-answer.ts';
import { readItems, type StrangeItem } from './read-items.ts';
import { stringMap, type StringMap } from './string-map.ts';

const HOST = 'https://cloudresourcemanager.googleapis.com/v3';

const projectSchema = z.looseObject({
  projectId: z.string(),
  parent: z.optional(z.string()),
  state: z.optional(z.string()),
});

const searchProjects = z.looseObject({
  projects: z.optional(z.unknown()),
});

const searchFolders = z.looseObject({
  folders: z.optional(z.unknown()),
});

const foundFolder = z.looseObject({
  name: z.string(),
  parent: z.optional(z.string()),
  state: z.optional(z.string()),
});

const folderSchema = z.looseObject({ name: z.string(), parent: z.optional(z.string()) });

/** Told of what a listing below `parent` showed and what could not be read. */
export type NoteStrange = (parent: string, strange: readonly StrangeItem[]) => void;

/**
 * The ids of all active projects of a scope (`projects/ID`, `folders/N`, `organizations/N`), folders with everything
 * below them, without duplicates and sorted. Needs resourcemanager.projects.get and resourcemanager.folders.get there.
 * A folder or organization that shows no project is an error, since a missing permission looks just the same. `strange` is
 * told of projects and folders that are there and cannot be read, and of those that lie elsewhere than was searched.
 */
export async function listProjects(
  api: Api,
  scope: readonly string[],
  strange: NoteStrange,
): Promise<string[]> {
  const found = new Set<string>();
  for (const entry of scope) {
    if (entry.startsWith('projects/')) {
      found.add(entry.slice('projects/'.length));
      continue;
    }
    const below = await projectsBelow(api, entry, strange);
    if (below.length === 0)
      throw new PermanentError(
        `Cannot list the projects of "${entry}": none is visible; grant resourcemanager.projects.get and resourcemanager.folders.get on it`,
      );
    for (const project of below) found.add(project);
  }
  return [...found].sort();
}

const SEARCH_PROJECTS = 'cloudresourcemanager.projects.search';
const SEARCH_FOLDERS = 'cloudresourcemanager.folders.search';

async function projectsBelow(api: Api, root: string, strange: NoteStrange): Promise<string[]> {
  const projects: string[] = [];
  const open = [root];
  const isNew = firstTime();
  for (let parent = open.pop(); parent !== undefined; parent = open.pop()) {
    // Google's index may lag behind a move: what is found elsewhere than was searched is left out, as strange.
    const below = { parent: z.optional(z.literal(parent)) };
    // One term only: projects.search answers with what matches any of several.
    const query = { query: `parent:${parent}`, pageSize: 500 };
    const searched = { url: `${HOST}/projects:search`, query };
    for await (const page of listPages(api, SEARCH_PROJECTS, searched, searchProjects)) {
      const read = readItems(page.projects, z.extend(projectSchema, below), 'projects');
      strange(parent, read.strange);
      for (const project of read.items)
        if (project.state === undefined || project.state === 'ACTIVE') projects.push(project.projectId);
    }
    const searchedFolders = { url: `${HOST}/folders:search`, query };
    for await (const page of listPages(api, SEARCH_FOLDERS, searchedFolders, searchFolders)) {
      const read = readItems(page.folders, z.extend(foundFolder, below), 'folders');
      strange(parent, read.strange);
      for (const folder of read.items)
        if ((folder.state === undefined || folder.state === 'ACTIVE') && isNew(folder.name))
          open.push(folder.name);
    }
  }
  return projects;
}

const GET = 'cloudresourcemanager.projects.get';

async function readProject<T>(api: Api, name: string, schema: z.ZodMiniType<T>): Promise<T> {
  return parseAnswer(GET, schema, await api.request(GET, { url: `${HOST}/${name}` }));
}

/**
 * Whether a project belongs to the scope: named in it, or below a folder or organization of it. A project that cannot
 * be seen does not belong; with the Cloud Resource Manager API switched off that cannot be told, which is an error.
 */
export async function isInScope(api: Api, scope: readonly string[], projectId: string): Promise<boolean> {
  if (scope.includes(`projects/${projectId}`)) return true;
  if (scope.every((entry) => entry.startsWith('projects/'))) return false;
  try {
    const project = await readProject(api, `projects/${encodeURIComponent(projectId)}`, projectSchema);
    requireAbout(GET, 'projectId', project.projectId, projectId);
    let { parent } = project;
    const isNew = firstTime();
    while (parent !== undefined) {
      if (scope.includes(parent)) return true;
      if (!parent.startsWith('folders/')) return false;
      const call = 'cloudresourcemanager.folders.get';
      if (!isNew(parent)) throw new GoogleApiError(call, new EmptyAnswer(`${parent} lies below itself`));
      const folder = parseAnswer(call, folderSchema, await api.request(call, { url: `${HOST}/${parent}` }));
      requireAbout(call, 'name', folder.name, parent);
      parent = folder.parent;
    }
    return false;
  } catch (error) {
    if (error instanceof GoogleApiError && !error.retryable && !isServiceDisabled(error)) return false;
    throw error;
  }
}

/** A project by both of its names. */
export interface ProjectRef {
  readonly projectId: string;
  /** Vertex AI and others name resources by it. */
  readonly number: string;
  /** It is shut down for 30 days before it is gone: nothing runs in it, and its APIs refuse every call. */
  readonly isDeleted?: true;
  /** When it was shut down, milliseconds since the epoch; absent where Google does not tell. */
  readonly deletedMs?: number;
}

/** A project as the Resource Manager API v3 describes it. */
export interface Project extends ProjectRef {
  readonly displayName: string;
  readonly labels: StringMap;
  /** `folders/N` or `organizations/N`; undefined for a project of its own. */
  readonly parent: string | undefined;
}

const wholeSchema = z.looseObject({
  name: z.string().check(z.regex(/^projects\/\d+$/)),
  projectId: z.string(),
  state: z.optional(z.string()),
  displayName: z.optional(z.string()),
  parent: z.optional(z.string()),
  labels: z.optional(stringMap),
  deleteTime: z.optional(z.string()),
});

/**
 * Looks a project up by `projects/NUMBER` or `projects/ID`. Needs resourcemanager.projects.get. Throws `GoogleApiError`, also for an
 * answer about another project.
 */
export async function getProject(api: Api, name: string): Promise<Project> {
  const project = await readProject(api, name, wholeSchema);
  const requested = name.replace('projects/', '');
  const number = project.name.replace('projects/', '');
  requireAbout(GET, 'name', /^\d+$/.test(requested) ? number : project.projectId, requested);
  const { projectId, state, displayName = '', labels = {}, parent, deleteTime } = project;
  const deletion = state === 'DELETE_REQUESTED' ? deletionAt(deleteTime) : {};
  return { projectId, number, displayName, labels, parent, ...deletion };
}

function deletionAt(deleteTime: string | undefined): Pick<ProjectRef, 'isDeleted' | 'deletedMs'> {
  const deletedMs = Date.parse(deleteTime ?? '');
  return { isDeleted: true, ...(Number.isNaN(deletedMs) ? {} : { deletedMs }) };
}

/**
 * What is said of a project in state DELETE_REQUESTED: nothing runs in it, its APIs refuse every call, and after 30 days it is gone.
 * Source: https://cloud.google.com/resource-manager/docs/creating-managing-projects
 */
export function inDeletionText(projectId: string): string {
  return `it is in deletion, and nothing runs in it; where it should stay: gcloud projects undelete ${projectId}`;
}
