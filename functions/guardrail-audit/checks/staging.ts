import { shellWord } from '../../../shared/report/shell-word.ts';
import type { AuditConfig } from '../config.ts';
import type {
  AuditFacts,
  Binding,
  EndpointFacts,
  MachineFacts,
  ModelFacts,
  ProjectFacts,
  Workload,
} from '../facts.ts';
import { emailOf, homeOf } from '../iam/members.ts';
import { both, mapReading, type Reading } from '../reading.ts';
import { judge, type Found, type Outcome } from './outcome.ts';

/** What a project is for, by its label or its name. */
export type Environment = 'production' | 'other' | 'unknown';

export function checkStaging(facts: AuditFacts, config: AuditConfig): readonly Outcome[] {
  const { project, neighbours, endpoints, models } = facts;
  return [
    judge('environment-missing', both(project, endpoints), ([own, all]) => ({
      looked: 1,
      found: serves(all) && environmentOf(own, config) === 'unknown' ? [unlabelled(own, config)] : [],
    })),
    judge('staging-missing', both(project, neighbours), ([own, others]) => ({
      looked: others.length,
      found: environmentOf(own, config) === 'production' ? withoutStaging(own, others, config) : [],
    })),
    judge('deployed-untried', both(both(project, endpoints), models), ([[own, all], known]) => ({
      looked: all.length,
      found: isLive(own, config) ? all.flatMap((endpoint) => untried(endpoint, known, config)) : [],
    })),
    judge('account-shared', accountsInUse(facts), ([[own, others], [bindings, uses]]) => ({
      looked: uses.length,
      found: [
        ...sharedHere(uses, config),
        ...(environmentOf(own, config) === 'production' ? foreignHere(bindings, others, config) : []),
      ],
    })),
  ];
}

const PRODUCTION_NAME = /(?:^|-)(?:prod|prd|production|live)(?:-|$)/;
const OTHER_NAME =
  /(?:^|-)(?:dev|develop|development|test|testing|qa|stage|staging|stg|nonprod|sandbox|lab|research|experiments?)(?:-|$)/;

export function environmentOf({ id, labels }: ProjectFacts, { environment }: AuditConfig): Environment {
  const value = labels[environment.label];
  if (value !== undefined) return environment.production.includes(value) ? 'production' : 'other';
  if (PRODUCTION_NAME.test(id)) return 'production';
  return OTHER_NAME.test(id) ? 'other' : 'unknown';
}

/** Production, or what nothing says to be anything else: models that are served there are served to users. */
function isLive(project: ProjectFacts, config: AuditConfig): boolean {
  return environmentOf(project, config) !== 'other';
}

function serves(endpoints: readonly EndpointFacts[]): boolean {
  return endpoints.some(({ models }) => models.length > 0);
}

function unlabelled({ id }: ProjectFacts, { environment }: AuditConfig): Found {
  return {
    resource: `projects/${id}`,
    detail: `it serves models and has no label ${environment.label}: ${environment.production.join(' or ')}, or what else it is for`,
    evidence: { label: environment.label },
    commands: [
      `gcloud alpha projects update ${shellWord(id)} --update-labels=${environment.label}=${environment.production[0] ?? 'prod'}`,
    ],
  };
}

function withoutStaging(
  { id, parent }: ProjectFacts,
  others: readonly ProjectFacts[],
  config: AuditConfig,
): readonly Found[] {
  if (others.some((other) => environmentOf(other, config) === 'other')) return [];
  const folder =
    parent === undefined
      ? ''
      : ` --${parent.startsWith('folders/') ? 'folder' : 'organization'}=${parent.split('/')[1] ?? ''}`;
  return [
    {
      resource: `projects/${id}`,
      detail: `none of the ${others.length} other projects in scope is for staging`,
      evidence: { projects: others.length },
      commands: [
        `gcloud projects create ${stagingIdOf(id)}${folder} --labels=${config.environment.label}=staging`,
      ],
    },
  ];
}

/** A free id is for the user to find; this one says what it is for. */
function stagingIdOf(id: string): string {
  return `${id.replace(/^.*:/, '').replace(PRODUCTION_NAME, '-').replace(/-+$/, '').slice(0, 22)}-staging`;
}

/** A copied model ran in the project that it comes from; who promotes it by a pipeline says so by a label. */
function untried(
  endpoint: EndpointFacts,
  models: readonly ModelFacts[],
  { project }: AuditConfig,
): readonly Found[] {
  if (endpoint.labels['promoted-from'] !== undefined) return [];
  const straight = endpoint.models.filter(({ model }) => {
    const known = models.find(({ resource }) => sameModel(resource, model));
    return known !== undefined && !known.copied && known.labels['promoted-from'] === undefined;
  });
  const [first] = straight;
  if (first === undefined) return [];
  const region = endpoint.resource.split('/')[3] ?? '';
  return [
    {
      resource: endpoint.resource,
      detail: `${straight.map(({ displayName }) => JSON.stringify(displayName)).join(', ')} came from no other project before ${straight.length === 1 ? 'it was' : 'they were'} deployed here`,
      evidence: { models: straight.map(({ model }) => model) },
      commands: [
        `gcloud ai models copy --source-model=projects/STAGING_PROJECT/locations/${region}/models/MODEL --region=${region} --project=${shellWord(project)}`,
      ],
    },
  ];
}

/** A deployed model names its project by number, the registry by either. */
function sameModel(a: string, b: string): boolean {
  const tail = (name: string): string =>
    name
      .replace(/@[^/]*$/, '')
      .split('/')
      .slice(2)
      .join('/');
  return tail(a) === tail(b);
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
