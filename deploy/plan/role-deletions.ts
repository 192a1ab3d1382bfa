import type { Actual } from '../actual/actual.ts';
import { isFormerRole, isOwnRole, isSharedStateRole, otherHolders } from '../actual/own-roles.ts';
import { runtimeAccountOf, type Desired } from '../desired/desired.ts';
import type { Step } from '../desired/step.ts';

/** Deletes roles on the state bucket that older deployments bound, once no other function's account holds them. */
export function planStateRoleDeletions(
  desired: Desired,
  actual: Actual,
  used: ReadonlySet<string>,
): readonly Step[] {
  const own = new Set(
    desired.functions.map(({ name }) => `serviceAccount:${runtimeAccountOf(desired, name)}`),
  );
  const held = new Set(
    [...actual.bindings.values()].flat().flatMap(({ role, member }) => (own.has(member) ? [] : [role])),
  );
  return [...actual.roles].flatMap(([role, { deleted }]) =>
    deleted || used.has(role) || held.has(role) || !isSharedStateRole(desired, role)
      ? []
      : [deleteRole(role)],
  );
}

/** Deletes a function's roles save those in `used`, and former ones that no other installation's account holds. */
export function planRoleDeletions(
  desired: Desired,
  actual: Actual,
  name: string,
  used: ReadonlySet<string>,
): readonly Step[] {
  return [...actual.roles].flatMap(([role, { deleted }]) => {
    if (deleted || used.has(role)) return [];
    if (isOwnRole(desired, name, role)) return [deleteRole(role)];
    const isFree = isFormerRole(name, role) && otherHolders(desired, actual, name, role)?.length === 0;
    return isFree ? [deleteRole(role)] : [];
  });
}

/** Removes a custom role by its full name. */
export function deleteRole(name: string): Step {
  const [, kind = '', home = '', id = ''] = /^(.*?)s\/(.*)\/roles\/(.*)$/.exec(name) ?? [];
  return {
    why: `The role ${name}; within 7 days deploy takes it up again, and then another id until this one is free`,
    args: ['iam', 'roles', 'delete', id, `--${kind}=${home}`, '--quiet'],
  };
}
