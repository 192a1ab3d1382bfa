import type { Unseen } from '../../google/aggregated-list.ts';
import { resourceId } from '../../google/resource-name.ts';
import { regionOf } from '../cost.ts';
import { groupKey } from './controller.ts';
import { scopeOf, type GroupFacts } from './group-facts.ts';
import type { VmFacts } from './vm-facts.ts';

/** The VMs of a managed group that are neither stopped nor on their way to it. */
export interface Members {
  readonly vms: readonly VmFacts[];
  /** Why there may be others where the group is: a zone did not answer, or a VM of it could not be read. */
  readonly unseen: 'unreachable' | 'unreadable' | undefined;
}

/** A group's VMs among those of its project; `unseen` is what their listing did not show. Pure. */
export function membersOf(
  { resource }: Pick<GroupFacts, 'resource'>,
  vms: readonly VmFacts[],
  unseen: Unseen,
): Members {
  const key = groupKey(resource);
  return {
    vms: vms.filter(({ createdBy }) => groupKey(createdBy) === key),
    unseen: unseenIn(resourceId(scopeOf(resource)), unseen),
  };
}

/** Why a listing may lack VMs of a zone or region; undefined where it has them all. Pure. */
export function unseenIn(place: string, { unreachable, strange }: Unseen): Members['unseen'] {
  const isThere = (scope: string): boolean => overlap(resourceId(scope), place);
  if (unreachable.some(isThere)) return 'unreachable';
  const unreadable = strange.map(({ path }) => /^items\.([^.[]+)/.exec(path)?.[1]);
  return unreadable.some((scope) => scope === undefined || isThere(scope)) ? 'unreadable' : undefined;
}

/** Whether two zones or regions have a zone in common. */
function overlap(one: string, other: string): boolean {
  return one === other || regionOf(one) === other || one === regionOf(other);
}
