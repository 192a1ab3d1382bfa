import { boundBefore } from '../actual/bound-before.ts';
import { grant, isSameBinding, revoke } from './grants.ts';
import { planRoleDeletions, planStateRoleDeletions } from './role-deletions.ts';
import { BUILD_ACCOUNT, MADE_BY_TEXT, TRIGGER_ACCOUNT } from '../desired/names.ts';
import { isFormerRole, isOwnRole, isSharedStateRole } from '../actual/own-roles.ts';
import type { Actual, Binding } from '../actual/actual.ts';
import { roleInUse } from '../actual/role-generations.ts';
import type { Role } from '../desired/settings.ts';
import type { Step } from '../desired/step.ts';
import { actualAccessOf } from '../actual/actual-access.ts';
import type { Access } from '../desired/access.ts';
import {
  buildAccountOf,
  runtimeAccountOf,
  triggerAccountOf,
  type Desired,
  type DesiredFunction,
} from '../desired/desired.ts';

/** Service accounts, custom roles, and where the functions' accounts hold them. */
export function planAccess(desired: Desired, actual: Actual): readonly Step[] {
  const accesses = accessesOf(desired, actual);
  const roles = new Map(
    accesses
      .flatMap(({ all }) => all)
      .flatMap(({ roleName, role }) => (role === undefined ? [] : [[roleName, role] as const])),
  );
  return [
    ...planAccounts(desired, actual),
    ...[...roles].flatMap(([name, role]) => planRole(actual, name, role)),
    ...accesses.flatMap(({ fn, all }) => planBindings(desired, actual, fn, all)),
  ];
}

/**
 * What the functions' accounts hold and need no longer. To be carried out after the functions are deployed, which takes minutes:
 * Google lets a new role take as long to work, and until then the old one must.
 */
export function planLeavings(desired: Desired, actual: Actual): readonly Step[] {
  const accesses = accessesOf(desired, actual);
  const used = new Set(accesses.flatMap(({ all }) => all.map(({ roleName }) => roleName)));
  return [
    ...accesses.flatMap(({ fn, all }) => leavingsOf(desired, actual, fn, all)),
    ...planStateRoleDeletions(desired, actual, used),
  ];
}

function accessesOf(
  desired: Desired,
  actual: Actual,
): readonly { readonly fn: DesiredFunction; readonly all: readonly Access[] }[] {
  return desired.functions.map((fn) => ({
    fn,
    all: actualAccessOf(desired, fn, actual).map((access) =>
      access.role === undefined ? access : { ...access, roleName: roleInUse(actual, access.roleName) },
    ),
  }));
}

function planAccounts(desired: Desired, actual: Actual): readonly Step[] {
  const { project, functions } = desired;
  const account = (email: string, displayName: string, why: string): readonly Step[] =>
    actual.accounts.has(email)
      ? []
      : [
          {
            why,
            args: [
              'iam',
              'service-accounts',
              'create',
              email.slice(0, email.indexOf('@')),
              `--project=${project}`,
              `--display-name=${displayName}`,
              `--description=${MADE_BY_TEXT}`,
            ],
          },
        ];
  return [
    ...functions.flatMap(({ name }) =>
      account(runtimeAccountOf(desired, name), `costguard ${name}`, `${name} runs as this account alone`),
    ),
    ...(functions.some(({ settings }) => settings.trigger !== 'http')
      ? account(triggerAccountOf(desired), TRIGGER_ACCOUNT, 'Messages reach the functions in its name')
      : []),
    ...account(buildAccountOf(desired), BUILD_ACCOUNT, 'Cloud Build builds the functions in its name'),
    ...grant(
      actual,
      desired,
      `projects/${project}`,
      { role: 'roles/cloudbuild.builds.builder', member: `serviceAccount:${buildAccountOf(desired)}` },
      'It reads the source, writes the image and logs the build',
    ),
  ];
}

function planRole({ roles }: Actual, name: string, role: Role): readonly Step[] {
  const [, home, id = ''] = /^(.*)\/roles\/(.*)$/.exec(name) ?? [];
  const where =
    home?.startsWith('projects/') === true
      ? `--project=${home.slice('projects/'.length)}`
      : `--organization=${home?.slice('organizations/'.length) ?? ''}`;
  const content = [
    where,
    `--title=${role.title}`,
    `--description=${role.description}`,
    `--stage=${role.stage}`,
    `--permissions=${role.permissions.join(',')}`,
    '--quiet',
  ];
  const known = roles.get(name);
  if (known === undefined)
    return [
      {
        why: `The role "${role.title}" of ${home ?? ''}: exactly the permissions that are used`,
        args: ['iam', 'roles', 'create', id, ...content],
      },
    ];
  const steps: Step[] = [];
  if (known.deleted)
    steps.push({
      why: `The role "${role.title}" of ${home ?? ''} was deleted and can still be brought back`,
      args: ['iam', 'roles', 'undelete', id, where],
    });
  if (!isSame(known, role))
    steps.push({
      why: `The role "${role.title}" of ${home ?? ''} has other permissions or another description than it should`,
      args: ['iam', 'roles', 'update', id, ...content],
    });
  return steps;
}

function isSame(known: Role, role: Role): boolean {
  return (
    known.title === role.title &&
    known.description === role.description &&
    known.stage === role.stage &&
    known.permissions.length === role.permissions.length &&
    role.permissions.every((permission) => known.permissions.includes(permission))
  );
}

function planBindings(
  desired: Desired,
  actual: Actual,
  { name }: DesiredFunction,
  all: readonly Access[],
): readonly Step[] {
  const member = `serviceAccount:${runtimeAccountOf(desired, name)}`;
  return all.flatMap(({ on, roleName, condition, why }) =>
    grant(actual, desired, on, { role: roleName, member, condition }, why),
  );
}

/** Bindings that the policy no longer wants, of former roles with them; then the roles that nothing uses any more. */
function leavingsOf(
  desired: Desired,
  actual: Actual,
  { name, settings }: DesiredFunction,
  all: readonly Access[],
): readonly Step[] {
  const member = `serviceAccount:${runtimeAccountOf(desired, name)}`;
  const isOurs = (on: string, role: string): boolean =>
    isOwnRole(desired, name, role) ||
    isFormerRole(name, role) ||
    isSharedStateRole(desired, role) ||
    (on.startsWith('billingAccounts/') && role === settings.billingAccountRole);
  const before = new Set(boundBefore(actual, name).map(({ on }) => on));
  const kept = new Set(all.map(({ on }) => on));
  const used = new Set(all.map(({ roleName }) => roleName));
  const steps: Step[] = [];
  for (const [on, bindings] of actual.bindings)
    for (const binding of bindings) {
      if (binding.member !== member) continue;
      if (before.has(on) && !kept.has(on))
        steps.push(...revoke(actual, desired, on, binding, `The policy no longer names ${on}`));
      else if (isOurs(on, binding.role) && !isDesired(all, on, binding))
        steps.push(...revoke(actual, desired, on, binding, `${name} holds another role on ${on} now`));
    }
  return [...steps, ...planRoleDeletions(desired, actual, name, used)];
}

function isDesired(all: readonly Access[], on: string, binding: Binding): boolean {
  return all.some(
    ({ on: place, roleName, condition }) =>
      place === on && isSameBinding({ role: roleName, member: binding.member, condition }, binding),
  );
}

/** Takes away every role that a member holds on a resource. */
export function revokeAll(
  place: Pick<Desired, 'project' | 'region'>,
  actual: Actual,
  on: string,
  member: string,
  why: string,
): readonly Step[] {
  return (actual.bindings.get(on) ?? [])
    .filter((binding) => binding.member === member)
    .flatMap((binding) => revoke(actual, place, on, binding, why));
}
