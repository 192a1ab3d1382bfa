import { ApiError } from '../../http/api-error.ts';
import type { Clock } from '../../clock/clock.ts';
import type { ProjectSeed, VmSeed } from '../../scenario.ts';
import { outOfCapacity, type Fleet, type Vm } from './fleet.ts';
import type { GroupSeed } from './group-seed.ts';

export type AutoscalerMode = NonNullable<GroupSeed['autoscaler']>['mode'];

/** A managed instance group with its autoscaler. */
export interface Group {
  readonly projectId: string;
  /** `zones/Z` or `regions/R`. */
  readonly scope: string;
  readonly id: string;
  readonly seed: GroupSeed;
  readonly autoscaler:
    { readonly minNumReplicas: number; readonly maxNumReplicas: number; mode: AutoscalerMode } | undefined;
  targetSize: number;
  /** What new members are made from. */
  model: VmSeed | undefined;
  serial: number;
  /** Members that it could not make, the newest last. */
  readonly errors: GroupError[];
}

export interface GroupError {
  readonly atMs: number;
  readonly code: string;
  readonly message: string;
  /** `projects/P/zones/Z/instances/N`, which does not exist. */
  readonly instance: string;
}

export interface Groups {
  of(projectId: string): readonly Group[];
  /** By `SCOPE/instanceGroupManagers/NAME`. Throws NOT_FOUND. */
  get(projectId: string, path: string): Group;
  membersOf(group: Group): readonly Vm[];
  /** A group is stable when no member is being made, started or deleted. */
  isStable(group: Group): boolean;
  /** Makes or deletes members. Throws FAILED_PRECONDITION while an autoscaler has the say. */
  resize(group: Group, size: number): void;
  setMode(group: Group, mode: AutoscalerMode): void;
}

/** How long a group takes from a new target to its first action. */
const REACTION_MS = 2_000;
/** How long it takes from an attempt that failed to the next. */
const RETRY_MS = 60_000;

export function createGroups(options: {
  readonly clock: Clock;
  readonly fleet: Fleet;
  readonly projects: readonly ProjectSeed[];
}): Groups {
  const { clock, fleet } = options;
  const byProject = new Map<string, Group[]>();
  const membersOf = (group: Group): readonly Vm[] =>
    fleet
      .vmsOf(group.projectId)
      .filter(({ metadata }) => metadata['created-by']?.endsWith(`/${pathOf(group)}`) === true);

  for (const project of options.projects)
    byProject.set(
      project.id,
      project.instanceGroups.map((seed) => {
        const group: Group = {
          projectId: project.id,
          scope: seed.zone === undefined ? `regions/${seed.region ?? ''}` : `zones/${seed.zone}`,
          id: seed.id,
          seed,
          autoscaler: seed.autoscaler === undefined ? undefined : { ...seed.autoscaler },
          targetSize: seed.targetSize,
          model: undefined,
          serial: 0,
          errors: [],
        };
        group.model = membersOf(group)[0]?.seed;
        return group;
      }),
    );

  const settle = (group: Group): void => {
    const members = membersOf(group).filter(({ status }) => status !== 'STOPPING');
    for (const vm of members.slice(group.targetSize))
      fleet.deleteVm(`projects/${vm.projectId}/zones/${vm.zone}/instances/${vm.name}`);
    const { model } = group;
    if (model === undefined) return;
    if (group.seed.stockout && members.length < group.targetSize) {
      group.errors.push({
        ...outOfCapacity(group.projectId, model.zone),
        atMs: clock.now(),
        instance: `projects/${group.projectId}/zones/${model.zone}/instances/${group.id}-n${group.serial + 1}`,
      });
      clock.after(RETRY_MS, () => {
        settle(group);
      });
      return;
    }
    for (let count = members.length; count < group.targetSize; count++) {
      group.serial += 1;
      const id = `${group.id}-n${group.serial}`;
      fleet.createVm(group.projectId, { ...model, id, instanceId: undefined });
    }
  };

  return {
    of: (projectId) => byProject.get(projectId) ?? [],
    get(projectId, path) {
      const group = byProject.get(projectId)?.find((one) => pathOf(one) === path);
      if (group === undefined)
        throw new ApiError('NOT_FOUND', `The resource 'projects/${projectId}/${path}' was not found`);
      return group;
    },
    membersOf,
    isStable(group) {
      const members = membersOf(group);
      const target = group.model === undefined ? members.length : group.targetSize;
      return members.length === target && members.every(({ status }) => status === 'RUNNING');
    },
    resize(group, size) {
      const { autoscaler } = group;
      if (autoscaler !== undefined && autoscaler.mode !== 'OFF')
        throw new ApiError(
          'FAILED_PRECONDITION',
          `The instance group manager '${group.id}' is autoscaled: set the autoscaler's mode to OFF first.`,
        );
      group.targetSize = size;
      clock.after(REACTION_MS, () => {
        settle(group);
      });
    },
    setMode(group, mode) {
      const { autoscaler } = group;
      if (autoscaler === undefined) return;
      autoscaler.mode = mode;
      // An autoscaler that works keeps the size between its limits.
      if (mode === 'OFF' || group.targetSize >= autoscaler.minNumReplicas) return;
      group.targetSize = autoscaler.minNumReplicas;
      clock.after(REACTION_MS, () => {
        settle(group);
      });
    },
  };
}

/** `zones/Z/instanceGroupManagers/NAME` */
export function pathOf(group: Pick<Group, 'scope' | 'id'>): string {
  return `${group.scope}/instanceGroupManagers/${group.id}`;
}
