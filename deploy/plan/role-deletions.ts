import type { Actual } from '../actual/actual.ts';
import { boundBefore } from '../actual/bound-before.ts';
import { isFormerRole, isOwnRole, isSharedStateRole, otherHolders } from '../actual/own-roles.ts';
import { isMade } from '../actual/wire.ts';
import { runtimeAccountOf, type Desired } from '../desired/desired.ts';
import { BOUND_ON } from '../desired/names.ts';
import type { Step } from '../desired/step.ts';

/** Deletes roles on the state bucket that older deployments bound, once no other function's account holds them. */
export function planStateRoleDeletions(
  desired: Desired,
  actual: Actual,
  used: ReadonlySet<string>,
): readonly Step[] {
  if (!seesOtherHolders(desired, actual)) return [];
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

/**
 * Whether the bindings that were read show what every function that this run is not about holds on its state bucket, which another policy may have named.
 * Of functions in other regions that is not known.
 */
function seesOtherHolders(desired: Desired, actual: Actual): boolean {
  const going = new Set(desired.functions.map(({ name }) => name));
  return (
    actual.elsewhere.length === 0 &&
    [...actual.functions].every(([name, { labels, environment }]) => {
      if (going.has(name) || !isMade(labels)) return true;
      const member = `serviceAccount:${runtimeAccountOf(desired, name)}`;
      const buckets = boundBefore(actual, name).filter(({ on }) => on.startsWith('gs://'));
      return (
        environment[BOUND_ON] !== undefined &&
        buckets.every(({ on }) => actual.bindings.get(on)?.some((one) => one.member === member) === true)
      );
    })
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
