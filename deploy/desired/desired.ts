import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Policy } from '../../shared/policy/policy.ts';
import { unlinkOnAccount } from '../../shared/preflight/permissions.ts';
import { roleIdFor, sharedRoleId } from '../../shared/preflight/role-id.ts';
import { foldersCondition, visibleCondition } from '../../shared/preflight/state-folders.ts';
import { BUILD_ACCOUNT, emailOf, TRIGGER_ACCOUNT, ownTopic, type BillingRoles } from './names.ts';
import type { Condition } from './condition.ts';
import { partOf, type FunctionSettings, type Role, type StateRole } from './settings.ts';

/** What is to be there. */
export interface Desired {
  /** Id of the operations project. */
  readonly project: string;
  readonly region: string;
  readonly policy: Policy;
  /** Those that this run is about. */
  readonly functions: readonly DesiredFunction[];
  /** IAM members that may call the functions with an HTTP trigger, such as `group:ml-ops@example.com`. */
  readonly invokers: readonly string[];
  /** `projects/P/notificationChannels/N` */
  readonly alertChannels: readonly string[];
  /** What `--billing-roles` says; undefined: what it said at an earlier deployment, else custom. */
  readonly billingRoles: BillingRoles | undefined;
}

export interface DesiredFunction extends FunctionSettings {
  /** Of the bundle without the policy. */
  readonly sourceDigest: string;
  /** Of the part of the policy that it reads. */
  readonly policyDigest: string;
}

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

/** Adds the digests to a function whose bundle lies in `dist/<name>`. */
export async function withDigests(
  settings: FunctionSettings,
  policy: Policy,
  distDir: string,
): Promise<DesiredFunction> {
  const hash = createHash('sha256');
  for (const file of ['index.js', 'package.json', 'package-lock.json', 'compile-cache.mjs'])
    hash.update(await readFile(join(distDir, settings.name, file))).update('\0');
  return {
    ...settings,
    sourceDigest: hash.digest('hex').slice(0, 12),
    policyDigest: digestOf(partOf(policy, settings.settings)),
  };
}

function digestOf(value: unknown): string {
  const text = JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

export function runtimeAccountOf({ project }: Pick<Desired, 'project'>, name: string): string {
  return emailOf(name, project);
}

export function triggerAccountOf({ project }: Pick<Desired, 'project'>): string {
  return emailOf(TRIGGER_ACCOUNT, project);
}

export function buildAccountOf({ project }: Pick<Desired, 'project'>): string {
  return emailOf(BUILD_ACCOUNT, project);
}

/** `billingAccounts/A` of the budgets that may trip the switch. */
export function billingAccountsOf(policy: Policy): readonly string[] {
  return [...new Set((policy.budgets?.allow ?? []).map((budget) => budget.replace(/\/budgets\/.*$/, '')))];
}

/**
 * All that a function's account may do, by resource. `organizationOf` gives the organization whose custom roles can be bound
 * on a resource, and are to be.
 */
export function accessOf(
  desired: Pick<Desired, 'project' | 'policy'>,
  { name, role, stateRoles, hidden, billingRole, metricsRole, settings }: FunctionSettings,
  organizationOf: (resource: string) => string | undefined,
): readonly Access[] {
  const { project, policy } = desired;
  const custom = (home: string, id: string, content: Role): CustomRole => ({
    roleName: `${home}/roles/${id}`,
    role: { ...content, permissions: content.permissions.filter((one) => isUsableIn(home, one)) },
  });
  const installed = (home: string, suffix: string, content: Role): CustomRole =>
    custom(home, roleIdFor(name, suffix, project), content);
  const inScope = role.permissions.length === 0 ? [] : policy.scope;
  const found: Access[] = inScope.map((on) => ({
    on,
    // A project's custom roles can be bound inside it alone, and folders have none of their own.
    ...installed(
      on.startsWith('projects/') ? on : (organizationOf(on) ?? ''),
      '',
      followPolicy(policy, name, role),
    ),
    why: `${name} looks after ${on}`,
  }));
  if (policy.stateBucket !== undefined) {
    const on = `gs://${policy.stateBucket}`;
    const shared = (one: StateRole): CustomRole =>
      custom(`projects/${project}`, sharedRoleId(one.name), one.role);
    found.push(
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
    );
  }
  if (metricsRole !== undefined && writesMetrics(policy))
    found.push({
      on: `projects/${project}`,
      ...installed(`projects/${project}`, 'Metrics', metricsRole),
      why: `${name} writes its metrics to Cloud Monitoring of ${project}`,
    });
  if (billingRole !== undefined)
    for (const on of billingAccountsOf(policy)) {
      const organization = organizationOf(on);
      const used = unlinks(policy) ? billingRole : withoutUnlinking(billingRole);
      const why = `${name} works with the budgets of ${on}`;
      found.push(
        organization !== undefined
          ? { on, ...installed(organization, 'Billing', used), why }
          : {
              on,
              roleName: settings.billingAccountRole ?? '',
              role: undefined,
              why,
            },
      );
    }
  if (settings.actsAs === 'modelAccounts')
    for (const account of policy.budgets?.modelAccounts ?? [])
      found.push({
        on: `serviceAccounts/${account}`,
        roleName: 'roles/iam.serviceAccountUser',
        role: undefined,
        why: `${name} deploys models again that run as ${account}`,
      });
  return [...found, ...(settings.policy.includes('notify') ? channelAccess(desired, name) : [])];
}

/** What telling people takes: each secret that holds an address, and each topic of the operations project. */
function channelAccess(
  { project, policy }: Pick<Desired, 'project' | 'policy'>,
  name: string,
): readonly Access[] {
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

/** Whether a rung of the policy unlinks billing. */
export function unlinks(policy: Policy): boolean {
  return policy.budgets?.ladder.some((rung) => rung.do === 'unlink-billing') === true;
}

/** The role without the rights of which a setting of the policy alone makes use. */
function followPolicy(policy: Policy, name: string, role: Role): Role {
  const unused = new Set(unusedRights(policy, name));
  return { ...role, permissions: role.permissions.filter((one) => !unused.has(one)) };
}

function unusedRights({ notebooks, lifecycle }: Policy, name: string): readonly string[] {
  if (name === 'idle-notebook-stopper' && notebooks !== undefined)
    return [
      ...(notebooks.hours?.start === true ? [] : ['notebooks.instances.start']),
      ...(notebooks.nativeIdleShutdown === 'repair' ? [] : ['notebooks.instances.update']),
    ];
  if (name === 'lifecycle-enforcer' && lifecycle?.simulate === 'metrics') return ['storage.objects.list'];
  return [];
}

function withoutUnlinking(role: Role): Role {
  return { ...role, permissions: role.permissions.filter((one) => one !== unlinkOnAccount) };
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
