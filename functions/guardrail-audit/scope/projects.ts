import { listProjects } from '../../../shared/google/projects.ts';
import { noteStrange } from '../../../shared/google/read-items.ts';
import type { EventContext } from '../../../shared/run/handle-event.ts';
import type { Gap } from '../../../shared/run/receipt.ts';

/** The projects of the policy's scope, and what of it could not be listed. */
export interface ScopeProjects {
  readonly projects: readonly string[];
  readonly incomplete: readonly Gap[];
}

/** Throws as `listProjects`. */
export async function listScope({
  api,
  policy,
}: Pick<EventContext, 'api' | 'policy'>): Promise<ScopeProjects> {
  const incomplete: Gap[] = [];
  const projects = await listProjects(api, policy.scope, (parent, strange) => {
    noteStrange((gap) => void incomplete.push(gap), parent, strange);
  });
  return { projects, incomplete };
}
