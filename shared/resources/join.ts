import { isPriced, sumPrices, withUnpricedOnTop, type Price } from '../prices/price.ts';
import { recordOf } from './define-kind.ts';
import type { KindName, RunningResource } from './kind.ts';

/** Kinds that are stopped by what they belong to; others are stopped beside it. */
const STOPPED_WITH_OWNER: ReadonlySet<KindName> = new Set(['vm', 'instance-group']);

/**
 * Ties what belongs together: a VM to its node pool, a custom job to its pipeline. What belongs to something is counted with
 * it, and a VM or group is not stopped by itself. Pure.
 */
export function joinMembers(resources: readonly RunningResource[]): readonly RunningResource[] {
  const owners = new Map<string, RunningResource[]>();
  for (const one of resources)
    for (const key of one.memberKeys) owners.set(key, [...(owners.get(key) ?? []), one]);
  const joined = resources.map((one) => withOwner(one, ownerOf(one, owners)));
  const members = new Map<string, RunningResource[]>();
  for (const one of joined)
    if (one.partOf !== undefined && one.kind !== 'instance-group')
      members.set(one.partOf.resource, [...(members.get(one.partOf.resource) ?? []), one]);
  return joined.map((one) => withMembers(one, members.get(one.resource) ?? []));
}

/** A service above a managed group comes before the group. */
function ownerOf(
  member: RunningResource,
  owners: ReadonlyMap<string, readonly RunningResource[]>,
): RunningResource | undefined {
  const found = member.ownerKeys
    .flatMap((key) => owners.get(key) ?? [])
    .filter(({ resource }) => resource !== member.resource);
  return found.find(({ kind }) => kind !== 'instance-group') ?? found[0];
}

function withOwner(member: RunningResource, owner: RunningResource | undefined): RunningResource {
  if (owner === undefined) return member;
  const partOf = { kind: owner.kind, resource: owner.resource };
  const record = recordOf(member.fate);
  return record === undefined || !STOPPED_WITH_OWNER.has(member.kind)
    ? { ...member, partOf }
    : {
        ...member,
        partOf,
        fate: { kind: 'owned', why: `belongs to ${owner.resource}`, record },
      };
}

function withMembers(owner: RunningResource, members: readonly RunningResource[]): RunningResource {
  const [first, ...rest] = members.map(({ cost }) => cost);
  if (first === undefined) return owner;
  return {
    ...owner,
    memberLabels: [...owner.memberLabels, ...members.map(({ labels }) => labels)],
    cost: costOf(owner, sumPrices([first, ...rest])),
  };
}

/** Its own price where it bills itself; the machines that were seen where it does not, or has none. */
function costOf({ cost, onTop }: RunningResource, members: Price): Price {
  if (isPriced(cost) && cost.usd.high > 0) return cost;
  return onTop === undefined ? members : withUnpricedOnTop(members, onTop);
}
