import * as z from 'zod/mini';
import { isPerimeterRefusal } from '../google/not-offered.ts';
import { GoogleApiError, isBillingDisabled } from '../google/google-api-error.ts';
import { readDeployedModel } from '../google/vertex/deployment.ts';
import type { BudgetsPolicy, RungAction } from '../policy/policy.ts';
import { readResources, type ResourceInventory } from '../resources/inventory.ts';
import type { ResourceKind, RunningResource } from '../resources/kind.ts';
import type { LookGap } from '../resources/look.ts';
import { rungKinds } from '../state/rung-kinds.ts';
import { notPassed, pass, type Check, type Inspection } from './check.ts';

/** What the switch's own listings of a project showed, by the kinds that they are about. */
export type Listings = ReadonlyMap<readonly ResourceKind[], ResourceInventory>;

/**
 * Makes the list calls that these rungs make, in the switch's name: where VPC Service Controls stand in the way,
 * `testIamPermissions` says yes and the call itself no.
 */
export async function listAsSwitch(
  { switchApi: api, now }: Inspection,
  projectId: string,
  actions: readonly RungAction[],
): Promise<Listings> {
  const tables = [...new Set(actions.map(rungKinds))].filter((kinds) => kinds.length > 0);
  const read = tables.map(
    async (kinds) => [kinds, await readResources({ api, now }, projectId, kinds)] as const,
  );
  return new Map(await Promise.all(read));
}

/** What could not be looked at, save for a project without billing: what is not paid for does not run. */
export function gapsOf({ gaps }: Pick<ResourceInventory, 'gaps'>): readonly LookGap[] {
  return gaps.filter(({ cause }) => !(cause instanceof GoogleApiError && isBillingDisabled(cause)));
}

/** What a rung could not see; undefined when it saw all that it takes. Pure. */
export function judgeListings(
  place: Pick<Check, 'id' | 'subject'>,
  action: RungAction,
  listings: Listings,
  { options }: Pick<Inspection, 'options'>,
): Check | undefined {
  const listed = listings.get(rungKinds(action));
  const missed = listed === undefined ? [] : gapsOf(listed);
  const [first] = missed;
  if (first === undefined) return undefined;
  const refused = missed.find(({ cause }) => isDefinite(cause));
  const { where, why } = refused ?? first;
  const more = missed.length > 1 ? ` (and ${missed.length - 1} more)` : '';
  return notPassed(
    place,
    refused === undefined ? 'unknown' : 'fail',
    `IAM allows it, but ${options.account} cannot see ${where}${more}, and so cannot stop what runs there: ${why}`,
    perimeterRemedy(place.subject, options.account, missed),
  );
}

function isDefinite(cause: unknown): boolean {
  return cause instanceof GoogleApiError && !cause.retryable;
}

/** Whether service perimeters let the switch's own list calls in; undefined where there were none to make. Pure. */
export function judgePerimeter(
  subject: string,
  listings: Listings,
  { options }: Pick<Inspection, 'options'>,
): Check | undefined {
  const place = { id: 'project-perimeter', subject };
  const gaps = [...listings.values()].flatMap(gapsOf);
  const services = refusedServices(gaps);
  if (services.length > 0)
    return notPassed(
      place,
      'fail',
      `a service perimeter keeps ${options.account} out of ${services.join(', ')}, whatever IAM allows`,
      perimeterRemedy(subject, options.account, gaps),
    );
  const [first] = gaps;
  if (first !== undefined)
    return notPassed(place, 'unknown', `could not be checked at ${first.where}: ${first.why}`);
  return listings.size === 0
    ? undefined
    : pass(place, `no service perimeter refuses the list calls of ${options.account}`);
}

function perimeterRemedy(subject: string, account: string, gaps: readonly LookGap[]): readonly string[] {
  const services = refusedServices(gaps);
  if (services.length === 0) return [];
  return [
    `Console: https://console.cloud.google.com/security/service-perimeter: in the perimeter around ${subject} add an ingress rule that lets ${account} call ${services.join(', ')}`,
  ];
}

/** `aiplatform.googleapis.com`, by the calls that a perimeter refused. */
function refusedServices(gaps: readonly LookGap[]): readonly string[] {
  const services = gaps.flatMap(({ cause }) =>
    cause instanceof GoogleApiError && isPerimeterRefusal(cause)
      ? [`${cause.call.split('.')[0] ?? ''}.googleapis.com`]
      : [],
  );
  return [...new Set(services)].sort();
}

const endpointRecord = z.looseObject({ models: z.array(z.looseObject({ id: z.string() })) });

/** E-mail addresses of the service accounts that deployed models run as, sorted. */
export function modelAccountsIn(listings: Listings): readonly string[] {
  const accounts = [...listings.values()]
    .flatMap(({ resources }) => resources)
    .flatMap((resource) => deployedOn(resource).map((model) => readDeployedModel(model).serviceAccount))
    .filter((account) => account !== undefined);
  return [...new Set(accounts)].sort();
}

function deployedOn({ kind, fate }: RunningResource): z.infer<typeof endpointRecord>['models'] {
  return kind === 'endpoint' && fate.kind === 'stoppable' ? endpointRecord.parse(fate.record).models : [];
}

/** Whether the models that run as a service account would come back after a rung took them away. Pure. */
export function judgeModelAccounts(
  subject: string,
  inUse: readonly string[],
  { modelAccounts }: Pick<BudgetsPolicy, 'modelAccounts'>,
  { options }: Pick<Inspection, 'options'>,
): readonly Check[] {
  const restore = options.account.replace(/^[^@]*/, 'budget-restore');
  return inUse.map((account) => {
    const place = { id: 'model-account', subject };
    if (modelAccounts.includes(account))
      return pass(place, `models run as ${account}, which budgets.modelAccounts names`);
    return notPassed(
      place,
      'warn',
      `models run as ${account}, which budgets.modelAccounts does not name: once taken away they would not come back`,
      [
        `gcloud iam service-accounts add-iam-policy-binding ${account} --member=serviceAccount:${restore} --role=roles/iam.serviceAccountUser --condition=None`,
        `Add ${account} to budgets.modelAccounts in the policy, so that the next deploy.sh keeps it`,
      ],
    );
  });
}
