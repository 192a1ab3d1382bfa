import { access, glob, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import { policySections, type Policy } from '../../shared/policy/policy.ts';
import { hiddenFolders, type HiddenFolder } from '../../shared/preflight/state-folders.ts';

/** How a function is deployed: deploy/functions/<name>/function.yaml. */
export type Settings = z.infer<typeof settingsSchema>;

/** A role file, as `gcloud iam roles create --file` takes it too. */
export interface Role {
  readonly title: string;
  readonly description: string;
  readonly stage: string;
  readonly permissions: readonly string[];
}

/** A role on the state bucket, with the name that goes into its id. */
export interface StateRole {
  readonly name: string;
  readonly role: Role;
}

/** All that deploy/functions/<name>/ says of a function. */
export interface FunctionSettings {
  /** Folder = deployed name. */
  readonly name: string;
  readonly settings: Settings;
  /** On the projects, folders and organizations in scope. */
  readonly role: Role;
  /** On the state bucket: the roles that it shares with others. */
  readonly stateRoles: { readonly read: StateRole; readonly write: StateRole };
  /** The folders there that are none of its business. */
  readonly hidden: readonly HiddenFolder[];
  /** On the billing accounts of `budgets.allow`. */
  readonly billingRole: Role | undefined;
  /** On the operations project, where the policy has metrics written there. */
  readonly metricsRole: Role | undefined;
  /** A dashboard over these metrics, as the Monitoring API wants it, without name and labels. */
  readonly dashboard: Dashboard | undefined;
}

/** Keys of the policy file that a function may read. */
const policyKeys = ['scope', 'state', 'receipts', 'notify', ...policySections] as const;
export type PolicyKey = (typeof policyKeys)[number];

const folder = z
  .string()
  .check(z.regex(/^[a-z][a-z-]*\/(?:[a-z.-]+\/?)?$/, 'expected a folder in the bucket, such as reports/'));

const settingsSchema = z.strictObject({
  trigger: z.enum(['schedule', 'budget', 'http']),
  /** When it ticks: cron, and the time zone that it is read in. What a budget triggers may tick as well. */
  schedule: z.optional(z.string()),
  timeZone: z._default(z.string(), 'Etc/UTC'),
  /** The keys of the policy that it reads: a change in one of them redeploys it. */
  policy: z.array(z.enum(policyKeys)).check(z.minLength(1)),
  /** It is deployed only where the policy has this section. */
  needs: z.enum(policySections),
  /** What it does in the state bucket: read, list, write and replace; add and list: `receipts`; or no more than add: `reports`. */
  state: z._default(z.enum(['all', 'reports', 'receipts']), 'all'),
  /** How the names of the objects begin that it writes there. */
  writes: z.array(folder).check(z.minLength(1)),
  /** How the names of the others' objects begin that it reads there. */
  reads: z._default(z.array(folder), []),
  memory: z.string().check(z.regex(/^[1-9][0-9]*(?:Mi|Gi)$/, 'expected MiB or GiB, such as 512Mi')),
  /** Node's own options, which the functions-framework's process takes from its environment. */
  nodeOptions: z
    .string()
    .check(z.regex(/^(?:--[a-z-]+=[0-9]+ ?)+$/, 'expected flags of Node, such as --max-old-space-size=160')),
  timeout: z.string().check(z.regex(/^[1-9][0-9]*s$/, 'expected seconds, such as 540s')),
  maxInstances: z.int().check(z.positive()),
  concurrency: z.int().check(z.positive()),
  ingress: z.enum(['all', 'internal-only']),
  /** Deliveries of one message before it goes to the dead letters. */
  deliveryAttempts: z._default(z.int().check(z.gte(5), z.lte(100)), 5),
  /** An alert tells of its errors and of the rungs that it fires. */
  alert: z._default(z.boolean(), false),
  /** Its account may act as the service accounts of this key of the policy's section `budgets`. */
  actsAs: z.optional(z.enum(['modelAccounts'])),
  /** The predefined role that has what billing-account-role.yaml wants. */
  billingAccountRole: z.optional(z.string().check(z.startsWith('roles/'))),
  /** The APIs that it calls, such as `compute.googleapis.com`. */
  apis: z.array(z.string().check(z.endsWith('.googleapis.com'))),
});

const roleSchema = z.strictObject({
  title: z.string(),
  description: z.string(),
  stage: z.enum(['ALPHA', 'BETA', 'GA']),
  /** Empty: it calls nothing of Google's in scope, and gets no role there. */
  includedPermissions: z.array(z.string()),
});

const dashboardSchema = z.looseObject({ displayName: z.string() });

export type Dashboard = Readonly<z.infer<typeof dashboardSchema>>;

export const functionsFolder = join(import.meta.dirname, '../functions');

/** The functions that can be deployed, by name: those with a folder in deploy/functions/ that has a function.yaml. */
export async function readFunctions(folder: string = functionsFolder): Promise<readonly FunctionSettings[]> {
  const names: string[] = [];
  for await (const file of glob('*/function.yaml', { cwd: folder })) names.push(dirname(file));
  const all = await Promise.all(names.sort().map((name) => readFunction(folder, name)));
  const written = all.flatMap(({ settings }) => settings.writes);
  return all.map((fn) => ({ ...fn, hidden: hiddenFolders(written, fn.settings) }));
}

async function readFunction(folder: string, name: string): Promise<Omit<FunctionSettings, 'hidden'>> {
  const settings = await readYaml(join(folder, name, 'function.yaml'), settingsSchema);
  const file = (role: string): string => join(folder, name, role);
  const role = await readRole(file('role.yaml'));
  if (settings.trigger === 'schedule' && settings.schedule === undefined)
    throw new Error(`Cannot use "${file('function.yaml')}": trigger: schedule wants a schedule as well`);
  const billingRole = await readRoleIfAny(file('billing-account-role.yaml'));
  if (billingRole !== undefined && settings.billingAccountRole === undefined)
    throw new Error(
      `Cannot use "${file('function.yaml')}": beside billing-account-role.yaml it wants billingAccountRole as well`,
    );
  const stateRole = async (id: string): Promise<StateRole> => ({
    name: id,
    role: await readRole(join(folder, `${id}-role.yaml`)),
  });
  return {
    name,
    settings,
    role,
    stateRoles: {
      read: await stateRole(settings.state === 'reports' ? 'state-get' : 'state-read'),
      write: await stateRole(settings.state === 'all' ? 'state-write' : 'state-add'),
    },
    billingRole,
    metricsRole: await readRoleIfAny(file('metrics-role.yaml')),
    dashboard: await readDashboardIfAny(file('dashboard.json')),
  };
}

/** Names of the roles on the state bucket; older deployments bound the last three, to all of its objects. */
export const STATE_ROLES = [
  'state-get',
  'state-read',
  'state-add',
  'state-write',
  'state',
  'reports',
  'receipts',
] as const;

async function readRoleIfAny(file: string): Promise<Role | undefined> {
  return (await exists(file)) ? readRole(file) : undefined;
}

async function readDashboardIfAny(file: string): Promise<Dashboard | undefined> {
  return (await exists(file)) ? readYaml(file, dashboardSchema) : undefined;
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

async function readRole(file: string): Promise<Role> {
  const { includedPermissions, ...rest } = await readYaml(file, roleSchema);
  return { ...rest, permissions: [...includedPermissions].sort() };
}

async function readYaml<T>(file: string, schema: z.ZodMiniType<T>): Promise<T> {
  const parsed = schema.safeParse(parse(await readFile(file, 'utf8')));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    (issue) =>
      `${issue.path.join('.')}: ${issue.code === 'invalid_type' ? `expected ${issue.expected}` : issue.message}`,
  );
  throw new Error(`Cannot use "${file}": ${problems.join('; ')}`);
}

/** Whether the policy has what a function needs; undefined, or what is missing. */
export function lackOf(policy: Policy, { needs }: Settings): string | undefined {
  return policy[needs] === undefined ? `the policy has no section "${needs}"` : undefined;
}

/** The part of the policy that a function reads. */
export function partOf(policy: Policy, { policy: keys }: Settings): Readonly<Record<string, unknown>> {
  const { stateBucket: state, receiptsTopic: receipts, ...sections } = policy;
  const all: Readonly<Record<PolicyKey, unknown>> = { ...sections, state, receipts };
  return Object.fromEntries(keys.map((key) => [key, all[key]]));
}
