import pMap from 'p-map';
import * as z from 'zod/mini';
import { AT_ONCE, GcloudFailed, isUnseen, readJson, readJsonIfAny, type Gcloud } from '../actual/gcloud.ts';
import { parseOne } from '../actual/read-answer.ts';
import { NotReady, type Problem } from '../desired/problem.ts';
import { readBillingRoles } from '../actual/billing-roles.ts';
import type { HostFacts } from '../actual/read-actual.ts';
import { billingAccountsOf, type Desired } from '../desired/desired.ts';
import type { BillingRoles } from '../desired/names.ts';

/** With older versions nothing was tried. */
const OLDEST_GCLOUD = 528;

/** What the operations project stands in. */
export interface HostProject extends HostFacts {
  /** `folders/N` and `organizations/N` above the operations project, nearest first. */
  readonly ancestors: readonly string[];
}

const versionSchema = z.looseObject({ 'Google Cloud SDK': z.string(), alpha: z.optional(z.string()) });

/** Whether gcloud is there, new enough and signed in: without that nothing can be looked at. Throws {@link NotReady}. */
export async function checkGcloud(gcloud: Gcloud, needsAlpha: boolean): Promise<void> {
  const [answer, token] = await Promise.all([
    readJson(gcloud, ['version']),
    gcloud(['auth', 'print-access-token']),
  ]);
  const versions = parseOne(['version'], versionSchema, answer);
  const version = versions['Google Cloud SDK'];
  const problems: Problem[] = [];
  if (Number(version.split('.')[0]) < OLDEST_GCLOUD)
    problems.push({
      what: `gcloud is version ${version}; expected ${OLDEST_GCLOUD}.0.0 or newer.`,
      remedy: ['gcloud components update'],
    });
  if (needsAlpha && versions.alpha === undefined)
    problems.push({
      what: 'gcloud lacks its alpha commands, which make the alert.',
      remedy: ['gcloud components install alpha'],
    });
  if (token.code !== 0) problems.push({ what: 'gcloud is not signed in.', remedy: ['gcloud auth login'] });
  if (problems.length > 0) throw new NotReady(problems);
}

const billingSchema = z.looseObject({ billingEnabled: z.optional(z.boolean()) });

/** Looks at the operations project, its billing, and at what the policy names. */
export async function readHostProject(
  gcloud: Gcloud,
  desired: Pick<Desired, 'project' | 'policy' | 'billingRoles' | 'functions'>,
): Promise<{ readonly hostProject: HostProject; readonly problems: readonly Problem[] }> {
  const { project, policy } = desired;
  const problems: Problem[] = [];
  const host = await describe(gcloud, `projects/${project}`, problems);
  if (host === undefined) throw new NotReady(problems);
  const ofBilling = ['billing', 'projects', 'describe', project];
  const [ancestors, inScope, billed] = await Promise.all([
    ancestorsOf(gcloud, host.parent, problems),
    pMap(
      policy.scope,
      async (on) => {
        const own: Problem[] = [];
        return { on, organization: await organizationAbove(gcloud, on, own), problems: own };
      },
      { concurrency: AT_ONCE },
    ),
    readJson(gcloud, ofBilling),
  ]);
  const billing = parseOne(ofBilling, billingSchema, billed);
  if (billing.billingEnabled !== true)
    problems.push({
      what: `Billing is off for project ${project}, so that nothing can run in it.`,
      remedy: [
        'gcloud billing accounts list',
        `gcloud billing projects link ${project} --billing-account=BILLING_ACCOUNT`,
      ],
    });

  const organizations = new Map<string, string>();
  const unseen = new Map<string, string>();
  for (const { on, organization, problems: own } of inScope) {
    problems.push(...own);
    if (own.length > 0) unseen.set(on, own.map(({ what }) => what).join(' '));
    if (organization !== undefined) organizations.set(on, organization);
  }
  const billingRoles = await chooseBillingRoles(gcloud, desired, organizations, problems);
  const hostProject = {
    projectNumber: host.number ?? '',
    billingRoles,
    ancestors,
    organizationOf: (resource: string) => organizations.get(resource),
    unseen,
  };
  return { hostProject, problems };
}

/** Which kind of roles the functions' accounts get on billing accounts, with the organizations whose roles those are. */
async function chooseBillingRoles(
  gcloud: Gcloud,
  {
    project,
    policy,
    billingRoles,
    functions,
  }: Pick<Desired, 'project' | 'policy' | 'billingRoles' | 'functions'>,
  organizations: Map<string, string>,
  problems: Problem[],
): Promise<BillingRoles> {
  const isUsed = functions.some(({ billingRole }) => billingRole !== undefined);
  const accounts = isUsed ? billingAccountsOf(policy) : [];
  if (accounts.length === 0) return billingRoles ?? 'custom';
  const chosen = billingRoles ?? (await readBillingRoles(gcloud, project));
  for (const on of chosen === 'custom' ? accounts : []) {
    const owner = await ownerOf(gcloud, on, problems);
    if (owner !== undefined) organizations.set(on, owner);
    else if (billingRoles === 'custom')
      problems.push({
        what: `${on} belongs to no organization, and billing accounts take no other custom roles.`,
        remedy: ['Leave out --billing-roles=custom'],
      });
  }
  return chosen;
}

/** The organization whose custom roles can be bound on an entry of the scope; a project needs none. */
async function organizationAbove(
  gcloud: Gcloud,
  on: string,
  problems: Problem[],
): Promise<string | undefined> {
  const found = await describe(gcloud, on, problems);
  if (found === undefined || on.startsWith('projects/')) return undefined;
  if (on.startsWith('organizations/')) return on;
  const top = (await ancestorsOf(gcloud, found.parent, problems)).at(-1);
  if (top?.startsWith('organizations/') === true) return top;
  problems.push({
    what: `${on} lies in no organization that can be seen, and custom roles for folders live there.`,
    remedy: [`gcloud resource-manager folders describe ${on.slice('folders/'.length)}`],
  });
  return undefined;
}

/** A project's number; undefined, with a problem, where it cannot be seen. */
export async function projectNumber(
  gcloud: Gcloud,
  id: string,
  problems: Problem[],
): Promise<string | undefined> {
  return (await describe(gcloud, `projects/${id}`, problems))?.number;
}

interface Described {
  readonly number: string | undefined;
  /** `folders/N` or `organizations/N` */
  readonly parent: string | undefined;
}

const resourceSchema = z.looseObject({
  projectNumber: z.optional(z.union([z.string(), z.number()])),
  lifecycleState: z.optional(z.string()),
  state: z.optional(z.string()),
  parent: z.optional(
    z.union([z.string(), z.looseObject({ type: z.string(), id: z.union([z.string(), z.number()]) })]),
  ),
});

/** Undefined, with a problem, for what does not exist or cannot be seen. */
async function describe(gcloud: Gcloud, on: string, problems: Problem[]): Promise<Described | undefined> {
  const [kind = '', id = ''] = on.split('/');
  const group = kind === 'folders' ? ['resource-manager', 'folders'] : [kind];
  const args = [...group, 'describe', id];
  let answer: unknown;
  try {
    answer = await readJson(gcloud, args);
  } catch (error) {
    if (!(error instanceof GcloudFailed) || !isUnseen(error.stderr)) throw error;
    problems.push({
      what: `${on} does not exist, or you may not see it.`,
      remedy:
        kind === 'projects'
          ? ['gcloud projects list', `gcloud projects create ${id}`]
          : [`gcloud ${group.join(' ')} describe ${id}`],
    });
    return undefined;
  }
  const { projectNumber, lifecycleState, state, parent } = parseOne(args, resourceSchema, answer);
  if ((lifecycleState ?? state ?? 'ACTIVE') !== 'ACTIVE') {
    problems.push({
      what: `${on} is not active (${lifecycleState ?? state ?? ''}).`,
      remedy: kind === 'projects' ? [`gcloud projects undelete ${id}`] : [],
    });
    return undefined;
  }
  return {
    number: projectNumber === undefined ? undefined : String(projectNumber),
    parent: parent === undefined || typeof parent === 'string' ? parent : `${parent.type}s/${parent.id}`,
  };
}

/** The folders and the organization above, nearest first, as far as they can be seen. */
async function ancestorsOf(
  gcloud: Gcloud,
  from: string | undefined,
  problems: Problem[],
): Promise<readonly string[]> {
  const found: string[] = [];
  for (let at = from; at !== undefined;) {
    found.push(at);
    at = at.startsWith('folders/') ? (await describe(gcloud, at, problems))?.parent : undefined;
  }
  return found;
}

/** The organization that owns a billing account; undefined for one of a person, and, with a problem, where it cannot be seen. */
async function ownerOf(gcloud: Gcloud, account: string, problems: Problem[]): Promise<string | undefined> {
  const args = ['billing', 'accounts', 'describe', account.slice('billingAccounts/'.length)];
  const answer = await readJsonIfAny(gcloud, args, isUnseen);
  if (answer === undefined)
    problems.push({
      what: `${account} does not exist, or you may not see it.`,
      remedy: ['gcloud billing accounts list'],
    });
  const { parent } = parseOne(args, z.looseObject({ parent: z.optional(z.string()) }), answer ?? {});
  return parent?.startsWith('organizations/') === true ? parent : undefined;
}
