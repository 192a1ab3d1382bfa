import type { Api } from '../google/api.ts';
import { messageOf } from '../errors.ts';
import { isNotOffered, isPerimeterRefusal } from '../google/not-offered.ts';
import { listNotebooks } from '../google/notebooks.ts';
import { isServiceDisabled, GoogleApiError } from '../google/google-api-error.ts';
import type { BudgetsPolicy, RungAction } from '../policy/policy.ts';
import { noteStrange, type StrangeItem } from '../google/read-items.ts';
import { notPassed, pass, type Check, type Inspection } from './check.ts';
import { readDeployedModel } from '../google/vertex/deployment.ts';
import { readVertexInventory } from '../google/vertex/inventory.ts';
import { listRunningVms } from '../google/vms.ts';

type Kind = 'notebooks' | 'VMs' | 'Vertex AI';

/** What each rung has to see before it can act. */
const KINDS: Readonly<Record<RungAction, readonly Kind[]>> = {
  notify: [],
  'stop-notebooks': ['notebooks'],
  'stop-compute': ['notebooks', 'VMs', 'Vertex AI'],
  'unlink-billing': ['notebooks', 'VMs', 'Vertex AI'],
};

/** A listing that did not work, or a part of it. */
interface Unseen {
  readonly where: string;
  readonly error: unknown;
}

/** What the switch's own listings of a project brought. */
export interface Listings {
  readonly unseen: ReadonlyMap<Kind, readonly Unseen[]>;
  /** E-mail addresses of the service accounts that deployed models run as, sorted. */
  readonly modelAccounts: readonly string[];
}

/**
 * Makes the list calls that these rungs make, in the switch's name: where VPC Service Controls stand in the way,
 * `testIamPermissions` says yes and the call itself no.
 */
export async function listAsSwitch(
  { switchApi }: Inspection,
  projectId: string,
  actions: readonly RungAction[],
): Promise<Listings> {
  const kinds = [...new Set(actions.flatMap((action) => KINDS[action]))];
  const accounts = new Set<string>();
  const look: Readonly<Record<Kind, () => Promise<readonly Unseen[]>>> = {
    notebooks: () => lookAtNotebooks(switchApi, projectId),
    async VMs() {
      const { unreachable, strange } = await listRunningVms(switchApi, projectId);
      return [
        ...unreachable.map((where) => ({ where, error: new Error('unreachable at present') })),
        ...notEvaluable('VMs', strange),
      ];
    },
    async 'Vertex AI'() {
      const { endpoints, gaps, strange } = await readVertexInventory(switchApi, projectId);
      for (const { models } of endpoints)
        for (const model of models) {
          const { serviceAccount } = readDeployedModel(model);
          if (serviceAccount !== undefined) accounts.add(serviceAccount);
        }
      return [...gaps, ...strange.flatMap(({ where, items }) => notEvaluable(where, items))];
    },
  };
  const unseen = await Promise.all(
    kinds.map(async (kind): Promise<[Kind, readonly Unseen[]]> => {
      try {
        return [kind, await look[kind]()];
      } catch (error) {
        // What a disabled API offers cannot run.
        if (error instanceof GoogleApiError && isServiceDisabled(error)) return [kind, []];
        return [kind, [{ where: kind, error }]];
      }
    }),
  );
  return { unseen: new Map(unseen), modelAccounts: [...accounts].sort() };
}

async function lookAtNotebooks(api: Api, projectId: string): Promise<readonly Unseen[]> {
  const unseen: Unseen[] = [];
  const failed: Unseen[] = [];
  let answered = false;
  for await (const page of listNotebooks(api, projectId)) {
    if (page.failed === undefined) answered = true;
    else failed.push({ where: page.failed.location, error: page.failed.error });
    for (const where of page.unreachable) unseen.push({ where, error: new Error('unreachable at present') });
    unseen.push(...notEvaluable('notebooks', page.strange));
  }
  return [...unseen, ...failed.filter(({ error }) => !answered || !isNotOffered(error))];
}

/** Resources that are there and cannot be read: the switch could not act on them. */
function notEvaluable(where: string, strange: readonly StrangeItem[]): readonly Unseen[] {
  const unseen: Unseen[] = [];
  noteStrange((gap) => void unseen.push({ where: gap.where, error: new Error(gap.why) }), where, strange);
  return unseen;
}

/** What a rung could not see; undefined when it saw all that it takes. Pure. */
export function judgeListings(
  place: Pick<Check, 'id' | 'subject'>,
  action: RungAction,
  { unseen }: Listings,
  { options }: Pick<Inspection, 'options'>,
): Check | undefined {
  const missed = KINDS[action].flatMap((kind) => unseen.get(kind) ?? []);
  const [first] = missed;
  if (first === undefined) return undefined;
  const refused = missed.find(({ error }) => isRefusal(error));
  const { where, error } = refused ?? first;
  const more = missed.length > 1 ? ` (and ${missed.length - 1} more)` : '';
  return notPassed(
    place,
    refused === undefined ? 'unknown' : 'fail',
    `IAM allows it, but ${options.account} cannot see ${where}${more}, and so cannot stop what runs there: ${messageOf(error)}`,
    missed.some((one) => isPerimeterRefusal(one.error))
      ? [
          `Console: https://console.cloud.google.com/security/service-perimeter: in the perimeter around ${place.subject} add an ingress rule that lets ${options.account} call notebooks, compute and aiplatform`,
        ]
      : [],
  );
}

function isRefusal(error: unknown): boolean {
  return error instanceof GoogleApiError && !error.retryable;
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
