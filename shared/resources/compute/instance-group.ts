import * as z from 'zod/mini';
import { stoppableKind, type Listed } from '../define-kind.ts';
import type { Fate } from '../kind.ts';
import { unpriced } from '../../prices/price.ts';
import { describeMachines, nothingBilled } from '../cost.ts';
import { controllerOf, emptyGroup, flagsOf, groupKey } from './controller.ts';
import type { ListedGroup } from './group-facts.ts';
import { membersOf, type Members } from './group-members.ts';
import {
  isScaledAs,
  judgeEmpty,
  judgeRefill,
  OFF,
  requireUnscaled,
  resize,
  setMode,
} from './instance-group-steps.ts';
import { findPool, serviceOf } from './services.ts';
import type { VmFacts } from './vm-facts.ts';
import { resourceId } from '../../google/resource-name.ts';

const record = z.object({
  targetSize: z.number(),
  /** The autoscaler's name and mode; absent where there is none. */
  autoscaler: z.optional(z.object({ name: z.string(), mode: z.string() })),
});
type Remembered = z.infer<typeof record>;

/** Managed instance groups: the autoscaler off and the size 0, and both as before. */
export const INSTANCE_GROUPS = stoppableKind<Remembered>({
  kind: 'instance-group',
  title: 'managed instance groups',
  area: 'managed instance groups',
  permissions: {
    list: ['compute.instanceGroupManagers.list', 'compute.instances.list', 'compute.autoscalers.list'],
    stop: ['compute.instanceGroupManagers.get', 'compute.instanceGroupManagers.update', 'compute.autoscalers.get', 'compute.autoscalers.update'],
    bringBack: ['compute.instanceGroupManagers.get', 'compute.instanceGroupManagers.update', 'compute.autoscalers.get', 'compute.autoscalers.update'],
  }, // prettier-ignore
  order: 30,
  record,
  async list(look) {
    const [groups, vms, unseen] = await Promise.all([look.groups(), look.vms(), look.unseenVms()]);
    return groups
      .filter(({ targetSize }) => targetSize > 0)
      .map((group) => listed(group, membersOf(group, vms, unseen)));
  },
  stop: (resource, { autoscaler }) => [
    ...(autoscaler === undefined ? [] : [setMode(resource, autoscaler.name, OFF)]),
    resize(resource, 'resize-to-0', async (api, group) => {
      await requireUnscaled(api, group);
      return judgeEmpty(group);
    }),
  ],
  bringBack: (resource, { targetSize, autoscaler }) => ({
    kind: 'steps',
    steps: [
      resize(resource, 'resize', async (api, group) =>
        judgeRefill(
          group,
          targetSize,
          autoscaler !== undefined && (await isScaledAs(api, group, targetSize, autoscaler)),
        ),
      ),
      // One that was off before the stop is off still, or an operator has set it to work since.
      ...(autoscaler === undefined || autoscaler.mode === OFF
        ? []
        : [setMode(resource, autoscaler.name, autoscaler.mode)]),
    ],
  }),
  // One that is off is as the stop left it.
  rejoin: (before, now) => (now.autoscaler?.mode === OFF ? { ...now, ...autoscalerOf(before) } : now),
});

function autoscalerOf({ autoscaler }: Remembered): Pick<Remembered, 'autoscaler'> {
  return autoscaler === undefined ? {} : { autoscaler };
}

function listed(group: ListedGroup, members: Members): Listed {
  const { resource, targetSize, autoscaler, mode } = group;
  const key = groupKey(resource) ?? resource;
  const ofMembers = members.vms.flatMap((vm) => controllerOf(vm)?.keys ?? []);
  return {
    resource,
    state: `targetSize ${targetSize}`,
    description: describe(group, members.vms),
    labels: group.labels,
    // An autoscaler that is on gives the group its size.
    startedBy:
      autoscaler === undefined || mode === undefined || mode === 'OFF'
        ? undefined
        : `autoscaler ${autoscaler}, which is ${mode}`,
    memberLabels: members.vms.map(({ labels }) => labels),
    cost:
      members.vms.length === 0 && members.unseen === undefined
        ? nothingBilled('none of its VMs runs', 'Compute Engine pricing page')
        : unpriced('none of its members was seen'),
    fate: fateNow(fateOf(group, members.vms), members),
    command: commandOf(group, members.vms),
    memberKeys: [key],
    ownerKeys: [...new Set([key, ...ofMembers])],
  };
}

function describe({ targetSize, mode }: ListedGroup, members: readonly VmFacts[]): string {
  const [first] = members;
  const size =
    first === undefined ? `${targetSize} VMs` : describeMachines([{ ...first.machines, count: targetSize }]);
  return mode === undefined || mode === 'OFF' ? size : `${size}, autoscaled`;
}

/** GKE names its groups `gke-CLUSTER-POOL-HASH-grp`; the members of other services are told by their labels. */
const GKE_GROUP = /^gke-.+-grp$/;

function fateOf(group: ListedGroup, members: readonly VmFacts[]): Fate {
  const { targetSize, autoscaler, mode } = group;
  const service = members.map(({ labels }) => serviceOf(labels)).find((one) => one !== undefined);
  if (service !== undefined) return { kind: 'owned', why: service.why, record: { targetSize } };
  if (GKE_GROUP.test(resourceId(group.resource)))
    return { kind: 'owned', why: 'group of a GKE node pool; resize the pool', record: { targetSize } };
  if (group.isStateful)
    return { kind: 'named', why: 'stateful: a smaller size deletes members with their disks and addresses' };
  if (autoscaler === undefined) return { kind: 'stoppable', record: { targetSize } };
  if (mode === undefined)
    return {
      kind: 'named',
      why: `its autoscaler ${autoscaler} was not seen, and would give it its size back`,
    };
  return { kind: 'stoppable', record: { targetSize, autoscaler: { name: autoscaler, mode } } };
}

/** A group is stopped by what its VMs tell: who owns them, and whether they are kept. */
function fateNow(fate: Fate, { vms, unseen }: Members): Fate {
  if (fate.kind !== 'stoppable') return fate;
  const { record } = fate;
  if (unseen === 'unreachable' || (unseen !== undefined && vms.length === 0))
    return {
      kind: 'named',
      why: 'not all VMs in its place were seen at this look: they tell what owns it, and whether it is kept',
      record,
    };
  return vms.length > 0
    ? fate
    : {
        kind: 'named',
        why: 'no VM of it runs at this look, and its VMs tell what owns it, and whether it is kept: it is stopped once one runs',
        record,
      };
}

/** What would undo a resize of the group itself is what ends it; a stateful group keeps its disks where its VMs are stopped. */
function commandOf(group: ListedGroup, members: readonly VmFacts[]): string {
  const { resource, isStateful, autoscaler, mode } = group;
  const [, projectId = '', , zone = '', , name = ''] = resource.split('/');
  const [service] = members.flatMap(({ labels }) => serviceOf(labels) ?? []);
  if (service !== undefined) return service.command({ projectId, zone });
  if (GKE_GROUP.test(name)) return findPool(projectId);
  const where = flagsOf(resource);
  if (isStateful)
    return members.length === 0
      ? `gcloud compute instance-groups managed list-instances ${name} ${where} # then stop-instances, which keeps their disks`
      : `gcloud compute instance-groups managed stop-instances ${name} --instances=${members.map((vm) => resourceId(vm.resource)).join(',')} ${where}`;
  if (autoscaler === undefined || mode === OFF) return emptyGroup(resource, 'off');
  return emptyGroup(resource, mode === undefined ? 'unknown' : 'on');
}
