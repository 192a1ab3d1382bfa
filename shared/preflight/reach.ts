import type { BudgetsPolicy } from '../policy/policy.ts';
import { burnOf, readResources, type ResourceInventory } from '../resources/inventory.ts';
import { RESOURCE_KINDS } from '../resources/kinds.ts';
import type { KindName, RunningResource } from '../resources/kind.ts';
import { burnText, leftBurning } from '../resources/left-burning.ts';
import { keptOf } from '../state/kept.ts';
import { rungKinds } from '../state/rung-kinds.ts';
import { notPassed, pass, YOU, type Check, type Inspection } from './check.ts';
import { gapsOf, type Listings } from './listing.ts';

type LadderPolicy = Pick<BudgetsPolicy, 'ladder' | 'keepLabel'>;

/** Resources that the report names. */
const MAX_SHOWN = 10;

/**
 * What of today's running spend no rung stops, and what ends it by hand: by the switch's own look where it saw the whole table,
 * or else by the caller's. What may not be seen makes it `unknown`.
 */
export async function inspectReach(
  { api, now }: Pick<Inspection, 'api' | 'now'>,
  projectId: string,
  policy: LadderPolicy,
  listings: Listings,
): Promise<Check> {
  const listed = listings.get(RESOURCE_KINDS);
  const inventory =
    listed !== undefined && gapsOf(listed).length === 0
      ? listed
      : await readResources({ api, now }, projectId, RESOURCE_KINDS);
  // What bills as storage alone, such as a suspended VM, does not run.
  const resources = inventory.resources.filter(({ isStorage }) => isStorage !== true);
  return judgeReach(projectId, { ...inventory, resources }, unreachedBy(policy, resources, now));
}

function judgeReach(
  projectId: string,
  inventory: Pick<ResourceInventory, 'resources' | 'gaps'>,
  unreached: readonly RunningResource[],
): Check {
  const place = { id: 'spend-reach', subject: `projects/${projectId}` };
  const { resources } = inventory;
  const gaps = gapsOf(inventory);
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

/** What runs and no rung stops: of another kind, of one that cannot be stopped, or kept by its label. Pure. */
export function unreachedBy(
  policy: LadderPolicy,
  resources: readonly RunningResource[],
  now: Date,
): readonly RunningResource[] {
  // Unlinking ends everything, and is no way to stop something.
  const stopping = policy.ladder.map((rung) => rung.do).filter((action) => action !== 'unlink-billing');
  const kinds = new Set<KindName>(stopping.flatMap(rungKinds).map(({ kind }) => kind));
  const kept = keptOf(resources, policy, now);
  return resources.flatMap((one): readonly RunningResource[] => {
    const why = kept.get(one.resource);
    if (why !== undefined) return [{ ...one, fate: { kind: 'named', why } }];
    return one.fate.kind !== 'stoppable' || !kinds.has(one.kind) ? [one] : [];
  });
}
