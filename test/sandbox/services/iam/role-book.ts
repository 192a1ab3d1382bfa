import { ApiError } from '../../http/api-error.ts';
import type { Clock } from '../../clock/clock.ts';
import type { Binding } from '../../iam/iam.ts';
import { PREDEFINED_ROLES } from '../../iam/roles.ts';

/** A custom role: `projects/P/roles/R` or `organizations/N/roles/R`. */
export interface CustomRole {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly includedPermissions: readonly string[];
  readonly stage: string;
  readonly revision: number;
  /** When it was deleted; it can be undeleted for seven days and its id is not free for longer. */
  readonly deletedMs?: number;
}

export type RoleFields = Pick<CustomRole, 'title' | 'description' | 'includedPermissions' | 'stage'>;

/** Custom roles as they are created, changed, deleted and brought back, beside Google's own. */
export interface RoleBook {
  /** Throws NOT_FOUND. */
  get(name: string): CustomRole;
  of(parent: string): readonly CustomRole[];
  /** Throws ALREADY_EXISTS, FAILED_PRECONDITION for an id whose role was deleted, or INVALID_ARGUMENT. */
  create(name: string, fields: RoleFields): CustomRole;
  /** Throws ABORTED when `etag` is another one, FAILED_PRECONDITION for a deleted role. */
  update(name: string, change: Partial<RoleFields>, etag: string | undefined): CustomRole;
  delete(name: string): CustomRole;
  undelete(name: string): CustomRole;
  /** What a role contains now; nothing when it is deleted or unknown. */
  permissionsOf(role: string): Binding['permissions'];
  /** Throws INVALID_ARGUMENT for a role that cannot be granted on the resource. */
  requireGrantable(role: string, on: string): void;
}

/**
 * Seven days in which it can be undeleted, and thirty more until the id is free: iam/docs/creating-custom-roles. In these
 * thirty days nothing shows the role, and undeleting it is NOT_FOUND: so several users report, the documentation is silent.
 */
const UNDELETE_MS = 7 * 86_400_000;
const PURGE_MS = 37 * 86_400_000;

/**
 * Permissions on what stands above a project have no place in a project's role (iam/docs/creating-custom-roles), and
 * `resourcemanager.projects.list` counts as one of them.
 */
const ABOVE_PROJECTS = /^resourcemanager\.(?:folders\.|organizations\.|projects\.list$)/;

export function createRoleBook(options: {
  readonly clock: Clock;
  /** `resource` itself and all above it. */
  readonly ancestry: (resource: string) => readonly string[];
  /** The other reading: a role that can no longer be undeleted is shown as deleted until its id is free. */
  readonly showsPurgedRoles?: boolean;
}): RoleBook {
  const { clock, ancestry, showsPurgedRoles = false } = options;
  const roles = new Map<string, CustomRole>();

  const stageOf = ({ deletedMs }: CustomRole): 'live' | 'deleted' | 'purged' | 'free' => {
    if (deletedMs === undefined) return 'live';
    const since = clock.now() - deletedMs;
    return since < UNDELETE_MS ? 'deleted' : since < PURGE_MS ? 'purged' : 'free';
  };
  const find = (name: string): CustomRole | undefined => {
    const found = roles.get(name);
    if (found === undefined) return undefined;
    const stage = stageOf(found);
    return stage === 'free' || (stage === 'purged' && !showsPurgedRoles) ? undefined : found;
  };
  /** The id is taken, with Google's own words: gke-autoneg-controller#71, terraform-google-bastion-host#14. */
  const requireFree = (name: string): void => {
    const taken = roles.get(name);
    const stage = taken === undefined ? 'free' : stageOf(taken);
    const id = shortName(name);
    if (stage === 'live')
      throw new ApiError('ALREADY_EXISTS', `A role named ${id} in ${parentOf(name)} already exists.`);
    if (stage === 'deleted')
      throw new ApiError(
        'FAILED_PRECONDITION',
        `You can't create a role with role_id (${id}) where there is an existing role with that role_id in a deleted state.`,
      );
    if (stage === 'purged')
      throw new ApiError(
        'FAILED_PRECONDITION',
        `You can't create a role_id (${id}) which has been marked for deletion.`,
      );
  };
  const get = (name: string): CustomRole => {
    const found = find(name);
    if (found === undefined) throw new ApiError('NOT_FOUND', `The role named ${name} was not found.`);
    return found;
  };
  const store = (role: CustomRole): CustomRole => {
    const wrong = role.includedPermissions.find(
      (permission) =>
        !/^[a-z][a-zA-Z0-9]*\.[a-zA-Z0-9]+\.[a-zA-Z0-9]+$/.test(permission) ||
        (role.name.startsWith('projects/') && ABOVE_PROJECTS.test(permission)),
    );
    if (wrong !== undefined) throw new ApiError('INVALID_ARGUMENT', `Permission ${wrong} is not valid.`);
    roles.set(role.name, role);
    return role;
  };

  return {
    get,
    of: (parent) =>
      [...roles.keys()].flatMap((name) => (name.startsWith(`${parent}/roles/`) ? (find(name) ?? []) : [])),
    create(name, fields) {
      requireFree(name);
      return store({ ...fields, name, revision: 1 });
    },
    update(name, change, etag) {
      const present = get(name);
      if (present.deletedMs !== undefined)
        throw new ApiError('FAILED_PRECONDITION', `You can't update a deleted role (${name}).`);
      if (etag !== undefined && etag !== '' && etag !== roleEtag(present))
        throw new ApiError('ABORTED', 'There were concurrent changes to the role: its etag is another one.');
      return store({ ...present, ...change, revision: present.revision + 1 });
    },
    delete(name) {
      const present = get(name);
      if (present.deletedMs !== undefined)
        throw new ApiError(
          'FAILED_PRECONDITION',
          `You can't delete role_id (${name}) as it is already deleted.`,
        );
      return store({ ...present, revision: present.revision + 1, deletedMs: clock.now() });
    },
    undelete(name) {
      const { deletedMs, ...present } = get(name);
      if (deletedMs === undefined)
        throw new ApiError('FAILED_PRECONDITION', `You can't undelete a role that is not deleted (${name}).`);
      if (clock.now() - deletedMs >= UNDELETE_MS)
        throw new ApiError(
          'FAILED_PRECONDITION',
          `You can't undelete role_id (${name}), which has been marked for deletion.`,
        );
      return store({ ...present, revision: present.revision + 1 });
    },
    permissionsOf(role) {
      const custom = find(role);
      if (custom !== undefined) return custom.deletedMs === undefined ? custom.includedPermissions : [];
      return PREDEFINED_ROLES[role] ?? [];
    },
    requireGrantable(role, on) {
      if (role in PREDEFINED_ROLES) return;
      const custom = find(role);
      if (custom === undefined || custom.deletedMs !== undefined || !ancestry(on).includes(parentOf(role)))
        throw new ApiError(
          'INVALID_ARGUMENT',
          role.startsWith('roles/')
            ? `Role ${role} is not supported for this resource (or the sandbox does not know it).`
            : `Role (${role}) does not exist in the resource's hierarchy.`,
        );
    },
  };
}

export function roleEtag(role: CustomRole): string {
  return Buffer.from(`role-${String(role.revision).padStart(4, '0')}`).toString('base64');
}

function parentOf(role: string): string {
  return role.replace(/\/roles\/.*$/, '');
}

function shortName(role: string): string {
  return role.split('/').at(-1) ?? '';
}
