import type { Api } from '../google/api.ts';
import type { RungAction } from '../policy/policy.ts';
import { burnOf, readResources } from '../resources/inventory.ts';
import { RESOURCE_KINDS } from '../resources/kinds.ts';
import type { KindName, RunningResource } from '../resources/kind.ts';
import { burnText, leftBurning } from '../resources/left-burning.ts';
import { rungKinds } from '../state/rung-kinds.ts';
import { notPassed, pass, YOU, type Check } from './check.ts';

/** Resources that the report names. */
const MAX_SHOWN = 10;

/**
 * What of today's running spend no rung stops, and what ends it by hand. Looks as the caller; what may not be seen makes it
 * `unknown`.
 */
export async function inspectReach(
  api: Api,
  projectId: string,
  actions: readonly RungAction[],
): Promise<Check> {
  const place = { id: 'spend-reach', subject: `projects/${projectId}` };
  const { resources, gaps } = await readResources(api, projectId, RESOURCE_KINDS);
  const unreached = unreachedBy(actions, resources);
  const left = leftBurning(unreached);
  const [gap] = gaps;
  const unseen =
    gap === undefined ? '' : `; ${gaps.length} could not be looked at, such as ${gap.where}: ${gap.why}`;
  if (left.length === 0 && gap === undefined)
    return pass(place, `what runs now, ${burnText(burnOf(resources))}, is within the reach of a rung`);
  // What the caller may not see says nothing against the switch.
  if (left.length === 0)
    return notPassed(place, 'unknown', `what runs now was not seen as a whole${unseen}`, [
      `gcloud projects add-iam-policy-binding ${projectId} --member=${YOU} --role=roles/viewer --condition=None`,
    ]);
  return notPassed(
    place,
    'warn',
    `${left.length} that run now are stopped by no rung but unlinking billing: ${burnText(burnOf(unreached))}${unseen}`,
    left
      .slice(0, MAX_SHOWN)
      .map(({ resource, description, cost, why, command }) => `${resource} (${description}, ${cost}): ${why}. To end it by hand: ${command}`),
  );
} // prettier-ignore

/** What runs and no rung stops: of another kind, or of one that cannot be stopped. Pure. */
export function unreachedBy(
  actions: readonly RungAction[],
  resources: readonly RunningResource[],
): readonly RunningResource[] {
  // Unlinking ends everything, and is no way to stop something.
  const stopping = actions.filter((action) => action !== 'unlink-billing');
  const kinds = new Set<KindName>(stopping.flatMap(rungKinds).map(({ kind }) => kind));
  return resources.filter(({ kind, fate }) => fate.kind !== 'stoppable' || !kinds.has(kind));
}
