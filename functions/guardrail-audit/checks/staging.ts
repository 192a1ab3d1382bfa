import { shellWord } from '../../../shared/report/shell-word.ts';
import type { AuditConfig } from '../config.ts';
import type { AuditFacts, EndpointFacts, ModelFacts, ProjectFacts } from '../facts.ts';
import { both } from '../reading.ts';
import { belongTogether, environmentOf, stemOf } from './environment.ts';
import { checkSharedAccounts } from './shared-account.ts';
import { judge, type Found, type Outcome } from './outcome.ts';

export function checkStaging(facts: AuditFacts, config: AuditConfig): readonly Outcome[] {
  const { project, neighbours, endpoints, models } = facts;
  return [
    judge('environment-missing', both(project, endpoints), ([own, all]) => ({
      looked: 1,
      found: serves(all) && environmentOf(own, config) === 'unknown' ? [unlabelled(own, config)] : [],
    })),
    judge('staging-missing', both(project, neighbours), ([own, others]) => {
      const looked = others.length;
      if (environmentOf(own, config) !== 'production') return { looked, found: [] };
      return looked === 0
        ? { looked, found: [], gaps: [ALONE] }
        : { looked, found: withoutStaging(own, others, config) };
    }),
    judge('deployed-untried', both(both(project, endpoints), models), ([[own, all], known]) => ({
      looked: all.length,
      found: isLive(own, config) ? all.flatMap((endpoint) => untried(endpoint, known, config)) : [],
    })),
    checkSharedAccounts(facts, config),
  ];
}

/** Its staging may be a project that the policy does not name: then nothing is known of it. */
const ALONE =
  'it is the only project in scope, and its staging may lie outside of it: name that project in scope of costguard.yaml too';

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
  own: ProjectFacts,
  others: readonly ProjectFacts[],
  config: AuditConfig,
): readonly Found[] {
  const trials = others.filter((other) => environmentOf(other, config) === 'other');
  if (trials.some((other) => belongTogether(own, other, config))) return [];
  const { id, parent } = own;
  const folder =
    parent === undefined
      ? ''
      : ` --${parent.startsWith('folders/') ? 'folder' : 'organization'}=${parent.split('/')[1] ?? ''}`;
  return [
    {
      resource: `projects/${id}`,
      detail: `none of the ${others.length} other projects in scope is for staging beside it, in its folder, by its name or by a label such as app`,
      evidence: { projects: others.length, forTrials: trials.map((one) => one.id).slice(0, 10) },
      commands: [
        `gcloud projects create ${stagingIdOf(id)}${folder} --labels=${config.environment.label}=staging`,
      ],
    },
  ];
}

/** A free id is for the user to find; this one says what it is for. */
function stagingIdOf(id: string): string {
  return `${stemOf(id).slice(0, 22).replace(/-+$/, '')}-staging`;
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
