import type { Policy } from '../../shared/policy/policy.ts';
import { lookAtAccount, unlinkOnAccount } from '../../shared/preflight/permissions.ts';
import { roleIdFor, sharedRoleId } from '../../shared/preflight/role-id.ts';
import { foldersCondition, visibleCondition } from '../../shared/preflight/state-folders.ts';
import type { Condition } from './condition.ts';
import { billingAccountsOf, type Desired } from './desired.ts';
import { ownTopic } from './names.ts';
import { followPolicy } from './follow-policy.ts';
import type { FunctionSettings, Role, StateRole } from './settings.ts';

/** A role that a function's account has on a resource. */
export interface Access {
  /** `projects/P`, `folders/N`, `organizations/N`, `gs://B`, `billingAccounts/A`, `serviceAccounts/E`, `secrets/P/S`, `topics/T` */
  readonly on: string;
  /** The name to bind; of a custom role the first of its generations, see `roleInUse`. */
  readonly roleName: string;
  /** Content of a custom role; undefined for a predefined one. */
  readonly role: Role | undefined;
  /** When it applies; absent for always. */
  readonly condition?: Condition;
  readonly why: string;
}

/**
 * All that a function's account may do, by resource. `organizationOf` gives the organization whose custom roles can be bound
 * on a resource, and are to be; `policyUri` is what POLICY_URI of the deployed function holds.
 */
export function accessOf(
  desired: Pick<Desired, 'project' | 'policy'>,
  fn: FunctionSettings,
  organizationOf: (resource: string) => string | undefined,
  policyUri?: string,
): readonly Access[] {
  return [
    ...scopeAccess(desired, fn, organizationOf, policyUri),
    ...stateAccess(desired, fn),
    ...metricsAccess(desired, fn),
    ...billingAccess(desired, fn, organizationOf, policyUri),
    ...modelAccess(desired, fn),
    ...(fn.settings.policy.includes('notify') ? channelAccess(desired, fn.name) : []),
  ];
}

/** Full names of the custom roles that functions are to have on the operations project itself. */
export function operationsRoles(
  desired: Pick<Desired, 'project' | 'policy'>,
  functions: readonly FunctionSettings[],
): readonly string[] {
  const all = functions.flatMap((fn) => accessOf(desired, fn, () => undefined));
  return all
    .filter(({ on, role }) => on === `projects/${desired.project}` && role !== undefined)
    .map(({ roleName }) => roleName);
}

type Place = Pick<Desired, 'project' | 'policy'>;

function customRole(home: string, id: string, content: Role): CustomRole {
  return {
    roleName: `${home}/roles/${id}`,
    role: { ...content, permissions: content.permissions.filter((one) => isUsableIn(home, one)) },
  };
}

function scopeAccess(
  { project, policy }: Place,
  { name, role }: FunctionSettings,
  organizationOf: (resource: string) => string | undefined,
  policyUri: string | undefined,
): readonly Access[] {
  const used = followPolicy(policy, name, role, policyUri);
  if (used.permissions.length === 0) return [];
  const id = roleIdFor(name, '', project);
  return policy.scope.map((on) => ({
    on,
    // A project's custom roles can be bound inside it alone, and folders have none of their own.
    ...customRole(on.startsWith('projects/') ? on : (organizationOf(on) ?? ''), id, used),
    why: `${name} looks after ${on}`,
  }));
}

function stateAccess(
  { project, policy }: Place,
  { name, stateRoles, hidden, settings }: FunctionSettings,
): readonly Access[] {
  if (policy.stateBucket === undefined) return [];
  const on = `gs://${policy.stateBucket}`;
  const shared = (one: StateRole): CustomRole =>
    customRole(`projects/${project}`, sharedRoleId(one.name), one.role);
  return [
    {
      on,
      ...shared(stateRoles.read),
      ...(hidden.length === 0 ? {} : { condition: visibleCondition(policy.stateBucket, name, hidden) }),
      why: `${name} reads its state in ${on}, and not what other functions keep there`,
    },
    {
      on,
      ...shared(stateRoles.write),
      condition: foldersCondition(policy.stateBucket, name, settings.writes),
      why: `${name} writes its own folders of ${on} alone`,
    },
  ];
}

function metricsAccess(
  { project, policy }: Place,
  { name, metricsRole }: FunctionSettings,
): readonly Access[] {
  if (metricsRole === undefined || !writesMetrics(policy)) return [];
  const on = `projects/${project}`;
  const why = `${name} writes its metrics to Cloud Monitoring of ${project}`;
  return [{ on, ...customRole(on, roleIdFor(name, 'Metrics', project), metricsRole), why }];
}

function billingAccess(
  { project, policy }: Place,
  { name, billingRole, settings }: FunctionSettings,
  organizationOf: (resource: string) => string | undefined,
  policyUri: string | undefined,
): readonly Access[] {
  if (billingRole === undefined) return [];
  const used = mayUnlink(policy, policyUri) ? billingRole : withoutUnlinking(billingRole);
  return billingAccountsOf(policy).map((on) => {
    const organization = organizationOf(on);
    const why = `${name} works with the budgets of ${on}`;
    return organization !== undefined
      ? { on, ...customRole(organization, roleIdFor(name, 'Billing', project), used), why }
      : { on, roleName: settings.billingAccountRole ?? '', role: undefined, why };
  });
}

function modelAccess({ policy }: Place, { name, settings }: FunctionSettings): readonly Access[] {
  if (settings.actsAs !== 'modelAccounts') return [];
  return (policy.budgets?.modelAccounts ?? []).map((account) => ({
    on: `serviceAccounts/${account}`,
    roleName: 'roles/iam.serviceAccountUser',
    role: undefined,
    why: `${name} deploys models again that run as ${account}`,
  }));
}

/** What telling people takes: each secret that holds an address, and each topic of the operations project. */
function channelAccess({ project, policy }: Place, name: string): readonly Access[] {
  const found = new Map<string, Access>();
  for (const channel of policy.notify?.channels ?? []) {
    if (channel.kind === 'topic') {
      const topic = ownTopic(channel.topic, project);
      if (topic === undefined) continue;
      const [on, roleName] = [`topics/${topic}`, 'roles/pubsub.publisher'];
      found.set(on, { on, roleName, role: undefined, why: `${name} tells people on ${channel.topic}` });
      continue;
    }
    const [, home = '', , secret = ''] = channel.secret.split('/');
    const [on, roleName] = [`secrets/${home}/${secret}`, 'roles/secretmanager.secretAccessor'];
    found.set(on, {
      on,
      roleName,
      role: undefined,
      why: `${name} reads the address of a ${channel.kind} channel`,
    });
  }
  return [...found.values()];
}

/** Whether looks of spend-watch are written to Cloud Monitoring of the operations project. */
export function writesMetrics({ watch }: Policy): boolean {
  return watch?.metrics === true;
}

/** Whether a rung of the policy unlinks billing, or may do so where the function reads another one at `policyUri`. */
export function mayUnlink(policy: Policy, policyUri: string | undefined): boolean {
  return (
    policyUri !== undefined || policy.budgets?.ladder.some((rung) => rung.do === 'unlink-billing') === true
  );
}

/** What links again keeps its look at the account: it brings back what an earlier ladder took away. */
function withoutUnlinking(role: Role): Role {
  if (!role.permissions.includes(unlinkOnAccount)) return role;
  return {
    ...role,
    permissions: role.permissions.filter((one) => one !== unlinkOnAccount && one !== lookAtAccount),
  };
}

type CustomRole = Pick<Access, 'roleName' | 'role'>;

/**
 * A project's custom roles take no permission that can only be held higher up. On a project it would give nothing.
 * Source: https://cloud.google.com/iam/docs/creating-custom-roles
 */
function isUsableIn(home: string, permission: string): boolean {
  return (
    !home.startsWith('projects/') ||
    !/^resourcemanager\.(?:folders|organizations)\.|^resourcemanager\.projects\.list$/.test(permission)
  );
}
