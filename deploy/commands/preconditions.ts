import type { HostProject } from './host-project.ts';
import type { Actual } from '../actual/actual.ts';
import { policyUriOf } from '../actual/actual-access.ts';
import { folderOfPolicy } from '../../shared/preflight/state-folders.ts';
import type { Problem } from '../desired/problem.ts';
import { writesMetrics } from '../desired/access.ts';
import { billingAccountsOf, type Desired } from '../desired/desired.ts';

/** Which of `permissions` the caller lacks on a resource: see `Access.on`. */
export type MissingPermissions = (on: string, permissions: readonly string[]) => Promise<readonly string[]>;

/** What the policy and the place must be like. Pure; `actual` is not needed for it. */
export function judgeReach(
  { project, policy, functions }: Desired,
  { ancestors }: HostProject,
): readonly Problem[] {
  const host = [`projects/${project}`, ...ancestors];
  const within = policy.scope.filter((on) => host.includes(on));
  const taker = functions.find(({ settings }) => settings.trigger === 'budget');
  if (taker === undefined || within.length === 0) return [];
  return within.map((on) => ({
    what: `${taker.name} could take away project ${project}, in which it runs itself: the scope names ${on}.`,
    remedy: on.startsWith('projects/')
      ? [`Take ${on} out of the policy's scope; run costguard in a project of its own`]
      : [
          `Name the projects of ${on} one by one in the policy's scope`,
          `gcloud projects move ${project} --organization=ORGANIZATION`,
        ],
  }));
}

/** Accounts, roles, topics and alerts of an operations project are one installation's, whose functions run in one region. */
export function judgeRegion(
  { project, region }: Pick<Desired, 'project' | 'region'>,
  { elsewhere }: Pick<Actual, 'elsewhere'>,
): readonly Problem[] {
  return [...Map.groupBy(elsewhere, (one) => one.region)].map(([other, functions]) => ({
    what: `${project} has costguard in ${other} already (${functions.map(({ name }) => name).join(', ')}), and the functions of two regions would share accounts, roles and topics.`,
    remedy: [
      `Deploy with --region ${other}`,
      `For ${region} as well: an operations project of its own`,
      `To move: deploy/teardown.sh --policy POLICY_FILE --project ${project} --region ${other}`,
    ],
  }));
}

/** The state bucket has to be the operations project's: a custom role of it can be bound nowhere else. */
export function judgeBucket(
  { project, policy }: Desired,
  { bucket, projectNumber }: Actual,
): readonly Problem[] {
  if (bucket === undefined || bucket.projectNumber === projectNumber) return [];
  return [
    {
      what: `gs://${policy.stateBucket ?? ''} belongs to another project than ${project}.`,
      remedy: ['Name another bucket as state in the policy; it is made where it does not exist'],
    },
  ];
}

/** A policy that a function could write would make that one as strong as the switch. */
export function judgePolicyUri(
  { project, region, policy, functions }: Desired,
  actual: Pick<Actual, 'functions'>,
): readonly Problem[] {
  return functions.flatMap(({ name }) => {
    const uri = policyUriOf(actual, name) ?? '';
    const folder = folderOfPolicy(uri, policy.stateBucket);
    if (folder === undefined) return [];
    return [
      {
        what: `${name} reads its policy at POLICY_URI=${uri}, and costguard's functions write ${folder} there: one of them could replace the policy.`,
        remedy: [
          `gcloud storage mv ${uri} gs://${policy.stateBucket ?? ''}/costguard.yaml`,
          `gcloud run services update ${name} --update-env-vars=POLICY_URI=gs://${policy.stateBucket ?? ''}/costguard.yaml --region=${region} --project=${project}`,
        ],
      },
    ];
  });
}

/** The predefined role to request, by the permission that is missing. */
const ON_PROJECT: Readonly<Record<string, string>> = {
  // It is the quota project of the calls for budgets and alerts.
  'serviceusage.services.use': 'roles/serviceusage.serviceUsageConsumer',
  'serviceusage.services.enable': 'roles/serviceusage.serviceUsageAdmin',
  'iam.serviceAccounts.create': 'roles/iam.serviceAccountAdmin',
  'iam.serviceAccounts.actAs': 'roles/iam.serviceAccountUser',
  'iam.roles.create': 'roles/iam.roleAdmin',
  'resourcemanager.projects.setIamPolicy': 'roles/resourcemanager.projectIamAdmin',
  'storage.buckets.create': 'roles/storage.admin',
  'pubsub.topics.create': 'roles/pubsub.admin',
  'pubsub.topics.setIamPolicy': 'roles/pubsub.admin',
  'pubsub.subscriptions.update': 'roles/pubsub.admin',
  'cloudfunctions.functions.create': 'roles/cloudfunctions.admin',
  'run.services.setIamPolicy': 'roles/run.admin',
  'eventarc.triggers.list': 'roles/eventarc.viewer',
  'cloudscheduler.jobs.create': 'roles/cloudscheduler.admin',
};
/** For functions with an alert: one over logs makes a notification rule of Cloud Logging, which the editor's role lacks. */
const ON_PROJECT_FOR_ALERTS: Readonly<Record<string, string>> = {
  'monitoring.alertPolicies.create': 'roles/monitoring.alertPolicyEditor',
  'monitoring.alertPolicies.update': 'roles/monitoring.alertPolicyEditor',
  'logging.notificationRules.create': 'roles/logging.configWriter',
  'logging.notificationRules.update': 'roles/logging.configWriter',
  'logging.notificationRules.delete': 'roles/logging.configWriter',
};
const ON_PROJECT_FOR_DASHBOARDS: Readonly<Record<string, string>> = {
  'monitoring.dashboards.list': 'roles/monitoring.dashboardEditor',
  'monitoring.dashboards.create': 'roles/monitoring.dashboardEditor',
  'monitoring.dashboards.update': 'roles/monitoring.dashboardEditor',
};
const ON_SCOPE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  projects: {
    'iam.roles.create': 'roles/iam.roleAdmin',
    'resourcemanager.projects.setIamPolicy': 'roles/resourcemanager.projectIamAdmin',
  },
  folders: { 'resourcemanager.folders.setIamPolicy': 'roles/resourcemanager.folderIamAdmin' },
  organizations: {
    'iam.roles.create': 'roles/iam.organizationRoleAdmin',
    'resourcemanager.organizations.setIamPolicy': 'roles/resourcemanager.organizationAdmin',
  },
  billingAccounts: { 'billing.accounts.setIamPolicy': 'roles/billing.admin' },
};

/** Whether the caller may do all that a plan can hold. */
export async function checkCaller(
  { project, policy, functions }: Desired,
  hostProject: HostProject,
  missingPermissions: MissingPermissions,
): Promise<readonly Problem[]> {
  const needed = new Map<string, Record<string, string>>();
  const ask = (on: string, roles: Readonly<Record<string, string>>): void => {
    needed.set(on, { ...needed.get(on), ...roles });
  };
  ask(`projects/${project}`, ON_PROJECT);
  if (functions.some(({ settings }) => settings.alert)) ask(`projects/${project}`, ON_PROJECT_FOR_ALERTS);
  if (writesMetrics(policy) && functions.some(({ dashboard }) => dashboard !== undefined))
    ask(`projects/${project}`, ON_PROJECT_FOR_DASHBOARDS);
  for (const on of policy.scope) {
    ask(on, ON_SCOPE[on.split('/')[0] ?? ''] ?? {});
    const organization = hostProject.organizationOf(on);
    if (organization !== undefined)
      ask(organization, { 'iam.roles.create': 'roles/iam.organizationRoleAdmin' });
  }
  if (functions.some(({ billingRole }) => billingRole !== undefined))
    for (const on of billingAccountsOf(policy)) {
      ask(on, ON_SCOPE['billingAccounts'] ?? {});
      const organization = hostProject.organizationOf(on);
      if (organization !== undefined)
        ask(organization, { 'iam.roles.create': 'roles/iam.organizationRoleAdmin' });
    }
  const forBilling = new Set(billingAccountsOf(policy).map((on) => hostProject.organizationOf(on)));
  const problems = await Promise.all(
    [...needed].map(async ([on, roles]): Promise<readonly Problem[]> => {
      const missing = await missingPermissions(on, Object.keys(roles));
      if (missing.length === 0) return [];
      const needed = new Set(missing.map((permission) => roles[permission] ?? ''));
      return [
        {
          what: `You lack ${missing.join(', ')} on ${on}.`,
          remedy: [
            ...[...needed].map((role) => grantLine(on, role)),
            ...(forBilling.has(on) && !policy.scope.some((one) => hostProject.organizationOf(one) === on)
              ? ['Or --billing-roles predefined: roles without the right to unlink on the billing account']
              : []),
          ],
        },
      ];
    }),
  );
  return problems.flat();
}

function grantLine(on: string, role: string): string {
  const [kind = '', id = ''] = on.split('/');
  const group =
    kind === 'folders' ? 'resource-manager folders' : kind === 'billingAccounts' ? 'billing accounts' : kind;
  const condition = kind === 'billingAccounts' ? '' : ' --condition=None';
  return `gcloud ${group} add-iam-policy-binding ${id} --member=user:YOUR_EMAIL --role=${role}${condition}`;
}
