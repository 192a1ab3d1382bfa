import type { RungAction } from '../../../shared/policy/policy.ts';
import { recordOf } from '../../../shared/resources/define-kind.ts';
import type { RunningResource } from '../../../shared/resources/kind.ts';
import { keptOf } from '../../../shared/state/kept.ts';
import type { LeftAlone } from '../../../shared/state/manifest.ts';
import { itemOf, type ManifestItem } from '../../../shared/state/manifest-item.ts';
import type { Config } from '../config.ts';
import type { Inventory } from './inventory.ts';

/** What a rung takes away from a project, what it leaves alone, and what of that goes on costing money. */
export interface ProjectPlan {
  readonly items: readonly ManifestItem[];
  readonly left: readonly LeftAlone[];
  readonly burning: readonly RunningResource[];
  /** What runs of what it takes away. */
  readonly running: readonly RunningResource[];
  /** Why a label keeps something, by resource: of its own, or of what belongs to it. */
  readonly kept: ReadonlyMap<string, string>;
}

const NOTHING: ProjectPlan = { items: [], left: [], burning: [], running: [], kept: new Map() };

/** Plans a rung from what is there. Pure. */
export function planRung(
  action: RungAction,
  inventory: Inventory,
  config: Pick<Config, 'keepLabel'>,
  now: Date,
): ProjectPlan {
  if (action === 'notify') return NOTHING;
  if (action === 'unlink-billing') return planUnlink(inventory);
  const kept = keptOf(inventory.resources, config, now);
  const items: ManifestItem[] = [];
  const running: RunningResource[] = [];
  const burning: RunningResource[] = [];
  for (const one of inventory.resources) {
    const { resource, fate, partOf } = one;
    const why = kept.get(resource);
    if (why !== undefined) burning.push({ ...one, fate: { kind: 'named', why } });
    else if (fate.kind === 'stoppable') {
      items.push(itemOf(one, fate.record));
      running.push(one);
    }
    // What belongs to something goes with that, or is left with it.
    else if (partOf === undefined) burning.push(one);
  }
  return { items, left: burning.map(toLeft), burning, running, kept };
}

/** What is left alone, and why. Pure. */
export function toLeft({ resource, fate }: RunningResource): LeftAlone {
  return { resource, reason: fate.kind === 'stoppable' ? '' : fate.why };
}

/** Without billing Google stops everything, labelled or not, and what can come back must be written down. */
function planUnlink({ projectId, resources, account }: Inventory): ProjectPlan {
  // Linked to no account, the project has nothing left to lose.
  if (account === undefined) return NOTHING;
  const items: ManifestItem[] = [];
  const left: LeftAlone[] = [];
  const byName = new Map(resources.map((one) => [one.resource, one]));
  for (const one of resources) {
    const { resource, fate, partOf } = one;
    const owner = partOf === undefined ? undefined : byName.get(partOf.resource);
    const record = recordOf(fate);
    if (record !== undefined) items.push(itemOf(one, record));
    else if (fate.kind === 'named')
      left.push({ resource, reason: `stops with billing, and no restore brings it back: ${fate.why}` });
    // A controller brings its members back itself; without one that comes back they are started one by one.
    else if (
      fate.kind === 'owned' &&
      one.kind === 'vm' &&
      (owner === undefined || recordOf(owner.fate) === undefined)
    )
      items.push(itemOf(one, fate.record));
  }
  items.push({ kind: 'billing', resource: `projects/${projectId}`, status: 'planned', account });
  return { items, left, burning: [], running: resources, kept: new Map() };
}
