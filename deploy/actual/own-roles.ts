import { resourceId } from '../../shared/google/resource-name.ts';
import { roleIdFor, sharedRoleId } from '../../shared/preflight/role-id.ts';
import { emailOf } from '../desired/names.ts';
import type { Actual } from './actual.ts';
import { isGenerationOf } from './role-generations.ts';
import { STATE_ROLES } from '../desired/settings.ts';
import { runtimeAccountOf, type Desired } from '../desired/desired.ts';

const SUFFIXES = ['', 'Billing', 'Metrics'] as const;

/** Whether a custom role is a function's own in this installation, by its full name. */
export function isOwnRole({ project }: Pick<Desired, 'project'>, name: string, role: string): boolean {
  const home = homeOf(role);
  const ids = SUFFIXES.map((suffix) => roleIdFor(name, suffix, project));
  // Roles for the state bucket stand in the operations project, where no other installation has one.
  if (home === `projects/${project}`) ids.push(sharedRoleId(name, 'State'));
  return ids.some((id) => isGenerationOf(role, `${home}/roles/${id}`));
}

/** Whether it is one of those that the functions share for the state bucket. */
export function isSharedStateRole({ project }: Pick<Desired, 'project'>, role: string): boolean {
  return STATE_ROLES.some((name) => isGenerationOf(role, `projects/${project}/roles/${sharedRoleId(name)}`));
}

/** Whether a custom role is one that older deployments made for a function, under one name for all installations. */
export function isFormerRole(name: string, role: string): boolean {
  return SUFFIXES.some((suffix) => resourceId(role) === sharedRoleId(name, suffix));
}

/** The project or organization that has a custom role: `projects/P/roles/R` → `projects/P`. */
export function homeOf(role: string): string {
  return role.replace(/\/roles\/[^/]*$/, '');
}

/**
 * The members that keep a former role from being deleted once this function's account no longer holds it; undefined when
 * that cannot be seen. An account that was deleted holds nothing.
 */
export function otherHolders(
  desired: Pick<Desired, 'project'>,
  { holders, bindings }: Pick<Actual, 'holders' | 'bindings'>,
  name: string,
  role: string,
): readonly string[] | undefined {
  const found = holders.get(role);
  if (found === undefined) return undefined;
  const own = `serviceAccount:${runtimeAccountOf(desired, name)}`;
  // Where its bindings are known, they are taken away first.
  const stays = found.filter(
    ({ on, member }) => !member.startsWith('deleted:') && !(member === own && bindings.has(on)),
  );
  return [...new Set(stays.map(({ on, member }) => `${member} on ${on}`))];
}

/** Service accounts of other projects that hold a role on something in the operations project; Google's agents are none. */
export function accountsElsewhere(
  project: string,
  { bindings }: Pick<Actual, 'bindings'>,
  on: string,
): readonly string[] {
  const own = emailOf('', project);
  const members = (bindings.get(on) ?? []).map(({ member }) => member.replace(/^serviceAccount:/, ''));
  return [...new Set(members)].filter(
    (email) => /@(?!gcp-sa-)[^@]+\.iam\.gserviceaccount\.com$/.test(email) && !email.endsWith(own),
  );
}
