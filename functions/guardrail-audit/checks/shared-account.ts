import { shellWord } from '../../../shared/report/shell-word.ts';
import type { AuditConfig } from '../config.ts';
import type { AuditFacts, Binding, MachineFacts, ProjectFacts, Workload } from '../facts.ts';
import { emailOf, homeOf } from '../iam/members.ts';
import { both, mapReading, type Reading } from '../reading.ts';
import { environmentOf } from './environment.ts';
import { judge, type Found, type Outcome } from './outcome.ts';

/** One service account that serves users and tries things, here or over two projects. */
export function checkSharedAccounts(facts: AuditFacts, config: AuditConfig): Outcome {
  return judge('account-shared', accountsInUse(facts), ([[own, others], [bindings, uses]]) => ({
    looked: uses.length,
    gaps: facts.notebookGaps,
    found: [
      ...sharedHere(uses, config),
      ...(environmentOf(own, config) === 'production' ? foreignHere(bindings, others, config) : []),
    ],
  }));
}

interface AccountUse {
  readonly email: string;
  readonly resource: string;
  readonly for: 'serving' | 'experiment';
}

type Uses = readonly [
  readonly [ProjectFacts, readonly ProjectFacts[]],
  readonly [readonly Binding[], readonly AccountUse[]],
];

/** Endpoints serve; notebooks and jobs try. */
function accountsInUse({
  project,
  neighbours,
  policy,
  endpoints,
  machines,
  jobs,
}: AuditFacts): Reading<Uses> {
  const uses = mapReading(both(endpoints, both(machines, jobs)), ([all, [vms, tries]]) =>
    [
      ...all.flatMap(({ resource, models }) =>
        models.map(({ serviceAccount }) => use(serviceAccount, resource, 'serving')),
      ),
      ...vms
        .filter(({ kind }) => kind === 'notebook')
        .map((vm: MachineFacts) => use(vm.serviceAccount, vm.resource, 'experiment')),
      ...tries.map((job: Workload) => use(job.serviceAccount, job.resource, 'experiment')),
    ].flatMap((one) => one ?? []),
  );
  return both(both(project, neighbours), both(policy, uses));
}

function use(
  email: string | undefined,
  resource: string,
  purpose: AccountUse['for'],
): AccountUse | undefined {
  return email === undefined ? undefined : { email, resource, for: purpose };
}

function sharedHere(uses: readonly AccountUse[], { project }: AuditConfig): readonly Found[] {
  const serving = new Map(
    uses.filter((one) => one.for === 'serving').map((one) => [one.email, one.resource]),
  );
  const tried = new Map(
    uses.filter((one) => one.for === 'experiment').map((one) => [one.email, one.resource]),
  );
  return [...serving].flatMap(([email, endpoint]) => {
    const experiment = tried.get(email);
    if (experiment === undefined) return [];
    return [
      {
        resource: `projects/${project}/serviceAccounts/${email}`,
        detail: `${endpoint} serves users as ${email}, and ${experiment} runs as it too`,
        evidence: { serving: endpoint, experiment },
        commands: [
          `gcloud iam service-accounts create serving --display-name='Serves models, and nothing else' --project=${shellWord(project)}`,
        ],
      },
    ];
  });
}

/** An account of a project for experiments that holds a role in production. */
function foreignHere(
  bindings: readonly Binding[],
  others: readonly ProjectFacts[],
  config: AuditConfig,
): readonly Found[] {
  const trial = new Set(others.filter((one) => environmentOf(one, config) === 'other').map(({ id }) => id));
  return bindings.flatMap(({ role, members }) =>
    members
      .filter((member) => trial.has(homeOf(emailOf(member)) ?? ''))
      .map((member) => ({
        resource: `projects/${config.project}`,
        place: `${role}/${member}`,
        detail: `${emailOf(member)} belongs to a project for experiments and has ${role} in production`,
        evidence: { role, member },
        commands: [
          `gcloud projects remove-iam-policy-binding ${shellWord(config.project)} --member=${shellWord(member)} --role=${shellWord(role)} --all`,
        ],
      })),
  );
}
