import type { AuditConfig } from '../config.ts';
import type { AuditFacts, Binding, BucketFacts, MachineFacts, Workload } from '../facts.ts';
import { emailOf, isDefaultCompute, kindOf } from '../iam/members.ts';
import { isAdmin, isBasic, impersonates } from '../iam/roles.ts';
import { both, isRead, joinReadings } from '../reading.ts';
import { shellWord } from '../../../shared/report/shell-word.ts';
import { judge, type Found, type Judgement, type Outcome } from './outcome.ts';
import { checkRoleSets } from './role-sets.ts';
import { unbind } from './iam-commands.ts';
import { inheritedText, placeOf } from './inherited.ts';
import { resourceId } from '../../../shared/google/resource-name.ts';

export function checkIam(facts: AuditFacts, config: AuditConfig): readonly Outcome[] {
  const { machines, workloads, buckets, accounts } = facts;
  const policy = joinReadings([facts.policy, facts.inherited]);
  const { project } = config;
  const disabled = isRead(accounts)
    ? new Set(accounts.value.filter((one) => one.disabled).map(({ email }) => email))
    : new Set<string>();
  const grants =
    (look: (grant: Grant) => string | undefined) =>
    (bindings: readonly Binding[]): Judgement => {
      const all = grantsOf(bindings).filter(({ member }) => !disabled.has(emailOf(member)));
      return {
        looked: all.length,
        found: all.flatMap((grant) => {
          const detail = look(grant);
          return detail === undefined ? [] : [grantFound(grant, detail, project)];
        }),
      };
    };
  return [
    judge('basic-role', policy, grants(basicRole)),
    judge('account-admin', policy, grants(accountAdmin)),
    judge('impersonation', policy, grants(impersonation)),
    judge('default-account', both(machines, workloads), (all) => defaultAccount(all, project)),
    judge('public-bucket', buckets, publicBuckets),
    checkRoleSets(policy, config),
  ];
}

interface Grant {
  readonly role: string;
  readonly member: string;
  readonly conditional: boolean;
  readonly from?: string;
}

function grantsOf(bindings: readonly Binding[]): readonly Grant[] {
  return bindings.flatMap(({ members, ...binding }) =>
    members
      .filter((member) => !['google-agent', 'deleted'].includes(kindOf(member)))
      .map((member) => ({ ...binding, member })),
  );
}

function grantFound({ role, member, conditional, from }: Grant, detail: string, project: string): Found {
  const resource = `projects/${project}`;
  return {
    resource,
    place: placeOf(role, member, from),
    detail: `${detail}${inheritedText(from)}`,
    evidence: { role, member, conditional, ...(from === undefined ? {} : { inheritedFrom: from }) },
    commands: [unbind(from ?? resource, member, role)],
  };
}

function basicRole({ role, member }: Grant): string | undefined {
  return isBasic(role) ? `${member} has the basic role ${role} on the whole project` : undefined;
}

function accountAdmin({ role, member }: Grant): string | undefined {
  if (kindOf(member) !== 'service-account' || !isAdmin(role)) return undefined;
  return `the service account ${emailOf(member)} has ${role}`;
}

function impersonation({ role, member }: Grant): string | undefined {
  if (!impersonates(role)) return undefined;
  return `${member} may act as every service account of the project by ${role}`;
}

/** GKE's nodes are known by their label: anyone may call a machine gke-something. */
function defaultAccount(
  [machines, workloads]: readonly [readonly MachineFacts[], readonly Workload[]],
  project: string,
): Judgement {
  const ofMachines = machines.filter(
    ({ serviceAccount, labels }) => runsAsDefault(serviceAccount) && labels['goog-gke-node'] === undefined,
  );
  const ofWorkloads = workloads.filter(({ serviceAccount }) => runsAsDefault(serviceAccount));
  return {
    looked: machines.length + workloads.length,
    found: [
      ...ofMachines.map((machine) => machineAsDefault(machine, project)),
      ...ofWorkloads.map(({ resource, kind, serviceAccount = '' }) => ({
        resource,
        detail: `it runs as the default account ${serviceAccount}`,
        evidence: { serviceAccount },
        commands: [workloadAccount(kind, resource, project)],
      })),
    ],
  };
}

function runsAsDefault(account: string | undefined): boolean {
  return account !== undefined && isDefaultCompute(account);
}

function machineAsDefault(machine: MachineFacts, project: string): Found {
  const { resource, name, zone, machineType, serviceAccount = '', fullScope, running, kind } = machine;
  const at = `--zone=${zone} --project=${shellWord(project)}`;
  return {
    resource,
    detail: `it runs as the default account ${serviceAccount}${fullScope ? ' with access to all APIs' : ''}`,
    evidence: { serviceAccount, fullScope, running },
    commands:
      kind === 'notebook'
        ? // The account of an instance cannot be changed.
          [
            `gcloud workbench instances create NEW_NOTEBOOK --service-account-email=OWN_ACCOUNT_EMAIL --machine-type=${machineType} --location=${zone} --project=${shellWord(project)}`,
          ]
        : [
            ...(running ? [`gcloud compute instances stop ${shellWord(name)} ${at}`] : []),
            `gcloud compute instances set-service-account ${shellWord(name)} --service-account=OWN_ACCOUNT_EMAIL --scopes=cloud-platform ${at}`,
            ...(running ? [`gcloud compute instances start ${shellWord(name)} ${at}`] : []),
          ],
  };
}

function workloadAccount(kind: Workload['kind'], resource: string, project: string): string {
  const name = shellWord(resourceId(resource));
  const where = `--region=${resource.split('/')[3] ?? ''} --project=${shellWord(project)}`;
  const at = `${where} --service-account=OWN_ACCOUNT_EMAIL`;
  switch (kind) {
    case 'function':
      // Without a source gcloud would deploy the folder that it is called in over the function.
      return `gcloud functions deploy ${name} --source=SOURCE_FOLDER ${at}`;
    case 'run-service':
      return `gcloud run services update ${name} ${at}`;
    case 'run-job':
      return `gcloud run jobs update ${name} ${at}`;
    case 'vertex-job':
      // The file names its serviceAccount.
      return `gcloud ai custom-jobs create --display-name=${name} --config=JOB_SPEC_FILE ${where}`;
  }
}

/** A bucket whose policy could not be read may be open. */
function publicBuckets(buckets: readonly BucketFacts[]): Judgement {
  const closed = buckets.filter(({ publicAccessPrevented }) => publicAccessPrevented);
  const unread = buckets.filter((bucket) => bucket.bindings === undefined && !closed.includes(bucket));
  return {
    looked: buckets.length,
    found: buckets.filter((bucket) => !closed.includes(bucket)).flatMap(publicBucket),
    gaps:
      unread.length === 0
        ? []
        : [`the policies of ${unread.length} of ${buckets.length} buckets, such as ${unread[0]?.name ?? ''}`],
  };
}

function publicBucket({ name, bindings = [] }: BucketFacts): readonly Found[] {
  const open = bindings.flatMap(({ role, members }) =>
    members.filter((member) => kindOf(member) === 'everyone').map((member) => ({ role, member })),
  );
  return open.map(({ role, member }) => ({
    resource: `projects/_/buckets/${name}`,
    place: `${role}/${member}`,
    detail: `${member === 'allUsers' ? 'everyone on the internet' : 'everyone with a Google account'} has ${role}`,
    evidence: { role, member },
    commands: [
      `gcloud storage buckets remove-iam-policy-binding gs://${name} --member=${member} --role=${role} --all`,
      `gcloud storage buckets update gs://${name} --public-access-prevention`,
    ],
  }));
}
