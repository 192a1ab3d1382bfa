import type { Api } from '../../../shared/google/api.ts';
import { getProject, listProjects } from '../../../shared/google/projects.ts';
import { GoogleApiError } from '../../../shared/google/google-api-error.ts';
import { PermanentError, messageOf } from '../../../shared/errors.ts';
import pMap from 'p-map';
import type { ProjectFacts } from '../facts.ts';
import { isRead, whole, type Reading } from '../reading.ts';
import { attempt, type Look } from './attempt.ts';

/** Neighbours that are looked at: enough to see whether one of them is for trials. */
const MAX_NEIGHBOURS = 200;

async function factsOf(api: Api, projectId: string): Promise<ProjectFacts> {
  const { projectId: id, ...facts } = await getProject(api, `projects/${encodeURIComponent(projectId)}`);
  return { id, ...facts };
}

/** Needs resourcemanager.projects.get. */
export function readProject(look: Look): Promise<Reading<ProjectFacts>> {
  return attempt(look, 'the project', async () => whole(await factsOf(look.api, look.projectId)));
}

/** The other projects in scope, with their labels. */
export async function readNeighbours(
  look: Look,
  scope: readonly string[],
): Promise<Reading<readonly ProjectFacts[]>> {
  const gaps: string[] = [];
  let ids: readonly string[];
  try {
    ids = await listProjects(look.api, scope, (parent, strange) => {
      if (strange.length > 0)
        gaps.push(`${strange.length} projects or folders below ${parent} cannot be read`);
    });
  } catch (error) {
    // A scope that shows no project is one that may not be listed.
    if (!(error instanceof GoogleApiError) && !(error instanceof PermanentError)) throw error;
    look.failed(error);
    return { why: `the other projects could not be listed: ${messageOf(error)}` };
  }
  const others = ids.filter((id) => id !== look.projectId);
  if (others.length > MAX_NEIGHBOURS)
    gaps.push(`${others.length - MAX_NEIGHBOURS} more projects were not looked at`);
  const read = await pMap(
    others.slice(0, MAX_NEIGHBOURS),
    (id) => attempt(look, `the project ${id}`, async () => whole(await factsOf(look.api, id))),
    { concurrency: 8 },
  );
  return {
    // One in deletion is none to try things in.
    value: read.flatMap((one) => (isRead(one) && one.value.isDeleted !== true ? [one.value] : [])),
    gaps: [...gaps, ...read.flatMap((one) => (isRead(one) ? [] : [one.why]))],
  };
}
