import pMap from 'p-map';
import { GoogleApiError } from '../../../shared/google/google-api-error.ts';
import type { Binding } from '../facts.ts';
import { isRead, joinReadings, whole, type Reading } from '../reading.ts';
import { attempt, type Look } from './attempt.ts';
import { getAllowPolicy, listAbove } from './policy.ts';

/** Reads the policies above projects, each once, however many projects lie below it. */
export type ReadAbove = (look: Look, resource: string) => Promise<Reading<readonly Binding[]>>;

export function policiesOnce(): ReadAbove {
  const begun = new Map<string, Promise<Reading<readonly Binding[]>>>();
  return (look, resource) => {
    const known = begun.get(resource);
    if (known !== undefined) return known;
    const read = readAbove(look, resource);
    begun.set(resource, read);
    return read;
  };
}

/** Needs resourcemanager.folders.getIamPolicy or resourcemanager.organizations.getIamPolicy there. */
async function readAbove(look: Look, resource: string): Promise<Reading<readonly Binding[]>> {
  const what = `the allow policy of ${resource}, whose roles hold in the project too,`;
  const refusal = { isPermission: false };
  const reading = await attempt(look, what, async () => {
    try {
      const { value, gaps } = await getAllowPolicy(look.api, resource);
      return { value: value.map((binding) => ({ ...binding, from: resource })), gaps };
    } catch (error) {
      refusal.isPermission = error instanceof GoogleApiError && error.status === 403;
      throw error;
    }
  });
  if (isRead(reading)) return reading;
  // It is kept for the projects to come: what is off in one of them is not off in all.
  if (!refusal.isPermission || reading.isDisabled === true) return { why: reading.why };
  const permission = `resourcemanager.${resource.split('/')[0] ?? ''}.getIamPolicy`;
  return { why: `${reading.why}; grant ${permission} on ${resource}` };
}

/** The folders and the organization above a project. */
export function readAncestors(look: Look): Promise<Reading<readonly string[]>> {
  return attempt(look, 'what stands above the project', async () =>
    whole(await listAbove(look.api, look.projectId)),
  );
}

/** The roles that a project inherits from what stands above it. A policy that may not be read is a gap, and hides no other. */
export async function readInherited(
  look: Look,
  read: ReadAbove,
  ancestors = readAncestors(look),
): Promise<Reading<readonly Binding[]>> {
  const above = await ancestors;
  if (!isRead(above)) return above;
  return joinReadings(await pMap(above.value, (resource) => read(look, resource), { concurrency: 4 }));
}
