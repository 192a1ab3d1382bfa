import { getBillingLink, judgePayer, type PayerVerdict } from '../google/billing.ts';
import type { Budget } from '../google/budgets.ts';
import { accountOf, resourceId } from '../google/resource-name.ts';
import { rungPermissions, missingOnProject } from './permissions.ts';
import { getProject } from '../google/projects.ts';
import type { BudgetsPolicy, RungAction } from '../policy/policy.ts';
import { updateBudget } from '../report/budget-command.ts';
import { notPassed, orUnknown, pass, roleRemedies, YOU, type Check, type Inspection } from './check.ts';
import {
  judgeListings,
  judgeModelAccounts,
  judgePerimeter,
  listAsSwitch,
  modelAccountsIn,
  type Listings,
} from './listing.ts';
import { judgeOwnParts, type OwnPart } from './own-parts.ts';
import { inspectReach } from './reach.ts';
import { roleIdFor } from './role-id.ts';

/** A project of a budget's filter: `projects/NUMBER` or `projects/ID`. */
export interface Target {
  readonly name: string;
  /** Of the filters that name it, with all the projects that each of them names. */
  readonly budgets: readonly Pick<Budget, 'name' | 'projects' | 'subaccounts'>[];
}

/** Whether the switch can do every rung of the ladder on a project. */
export async function inspectTarget(
  inspection: Inspection,
  policy: BudgetsPolicy,
  target: Target,
  ownParts: readonly OwnPart[],
): Promise<readonly Check[]> {
  const { options } = inspection;
  const found = await orUnknown(
    { id: 'project-found', subject: target.name },
    inspection,
    [
      `gcloud projects add-iam-policy-binding ${target.name.replace('projects/', '')} --member=${YOU} --role=roles/browser --condition=None`,
    ],
    () => getProject(inspection.api, target.name),
  );
  if ('status' in found) return [found];
  const { projectId } = found;
  const subject = `projects/${projectId}`;
  if (found.isDeleted === true)
    return [
      notPassed(
        { id: 'project-found', subject },
        'warn',
        `${target.name} is ${projectId}, which is deleted: nothing runs in it`,
      ),
    ];
  const checks = [pass({ id: 'project-found', subject }, `${target.name} is ${projectId}`)];
  if (projectId === options.project) return [...checks, hostIsTarget(subject, target)];
  checks.push(pass({ id: 'project-not-host', subject }, 'the switch runs in another project'));
  if (policy.protect.includes(subject))
    return [
      ...checks,
      pass({ id: 'project-protection', subject }, 'budgets.protect names it: the ladder never touches it'),
    ];
  checks.push(
    pass({ id: 'project-protection', subject }, 'budgets.protect does not name it: the ladder applies'),
  );
  const [billing, { checks: rungs, listings }] = await Promise.all([
    inspectBilling(inspection, projectId, target),
    inspectRungs(inspection, policy, projectId),
  ]);
  const perimeter = judgePerimeter(subject, listings, inspection);
  const reach = await inspectReach(inspection, projectId, policy, listings);
  checks.push(billing, ...rungs, ...(perimeter === undefined ? [] : [perimeter]), reach);
  const unlinks = policy.ladder.some((rung) => rung.do === 'unlink-billing');
  return unlinks ? [...checks, judgeOwnParts(found, ownParts), billingLock(subject)] : checks;
}

function hostIsTarget(subject: string, { name, budgets }: Target): Check {
  return notPassed(
    { id: 'project-not-host', subject },
    'fail',
    'the switch itself runs in it, so that no rung above notify ever applies to it: guard it from another project',
    budgets.map((budget) => {
      const others = budget.projects.filter((other) => other !== name);
      return others.length === 0
        ? `Take ${budget.name} out of budgets.allow: ${subject} is its only project`
        : `${updateBudget(budget.name)} --filter-projects=${others.join(',')}`;
    }),
  );
}

async function inspectBilling(inspection: Inspection, projectId: string, target: Target): Promise<Check> {
  const place = { id: 'project-billing', subject: `projects/${projectId}` };
  const accounts = [...new Set(target.budgets.map(({ name }) => accountOf(name)))];
  const link = (account: string): string =>
    `gcloud billing projects link ${projectId} --billing-account=${resourceId(account)}`;
  return orUnknown(
    place,
    inspection,
    [
      `gcloud projects add-iam-policy-binding ${projectId} --member=${YOU} --role=roles/browser --condition=None`,
    ],
    async () => {
      const { account, enabled } = await getBillingLink(inspection.api, inspection.auth, projectId);
      if (account === undefined)
        return notPassed(
          place,
          'warn',
          'it is linked to no billing account: it spends nothing, and there is nothing to unlink',
          accounts.map(link),
        );
      const blind: BlindBudget[] = [];
      for (const budget of target.budgets) {
        const payer = await judgePayer(inspection.switchApi, budget, account);
        if (payer.is !== 'counted') blind.push({ ...budget, ...payer });
      }
      if (blind.length > 0) return blindTo(place, inspection, account, blind, link);
      if (!enabled)
        return notPassed(place, 'warn', `it is linked to ${account}, which is closed: it spends nothing`, [
          `Console: https://console.cloud.google.com/billing/${resourceId(account)}/manage: reopen the billing account`,
        ]);
      return pass(place, `${account} pays for it`);
    },
  );
}

type BlindBudget = Target['budgets'][number] & Exclude<PayerVerdict, { readonly is: 'counted' }>;

/** A budget counts what its own account and the subaccounts of it, or those of its filter, pay for, and nothing else. */
function blindTo(
  place: Pick<Check, 'id' | 'subject'>,
  { options }: Inspection,
  account: string,
  blind: readonly BlindBudget[],
  link: (account: string) => string,
): Check {
  const said = blind.map(({ name, why }) => `${name}, which guards it, does not see its cost (${why})`);
  const remediesOf = ({ name, subaccounts, is }: BlindBudget): readonly string[] => [
    link(accountOf(name)),
    ...(subaccounts.length > 0
      ? [`${updateBudget(name)} --filter-subaccounts=${[...subaccounts, account].join(',')}`]
      : []),
    ...(is === 'unknown'
      ? [
          `gcloud billing accounts add-iam-policy-binding ${resourceId(account)} --member=serviceAccount:${options.account} --role=roles/billing.viewer`,
        ]
      : []),
  ];
  return notPassed(
    place,
    'fail',
    `${account} pays for it, and ${said.join(', ')}: the switch does not unlink it`,
    [...new Set(blind.flatMap(remediesOf))],
  );
}

/** One check for each rung above notify: by what the switch's account may do on the project, and whether it can see it. */
async function inspectRungs(
  inspection: Inspection,
  policy: BudgetsPolicy,
  projectId: string,
): Promise<{ readonly checks: readonly Check[]; readonly listings: Listings }> {
  const { switchApi, options } = inspection;
  const subject = `projects/${projectId}`;
  const rungs = policy.ladder.filter((rung) => rung.do !== 'notify');
  const listed = (checks: readonly Check[], listings: Listings = new Map()) => ({ checks, listings });
  if (rungs.length === 0) return listed([]);
  const expected = [...new Set(rungs.flatMap((rung) => rungPermissions[rung.do]))];
  const missing = await orUnknown({ id: 'rungs', subject }, inspection, [], () =>
    missingOnProject(switchApi, projectId, expected),
  );
  if ('status' in missing)
    return listed(rungs.map((rung) => ({ ...missing, id: `rung-${rung.do}`, subject })));
  const lackingFor = (action: RungAction): readonly string[] =>
    missing.filter((permission) => rungPermissions[action].includes(permission));
  const allowed = rungs.map((rung) => rung.do).filter((action) => lackingFor(action).length === 0);
  const listings = await listAsSwitch(inspection, projectId, allowed);
  const checks = rungs.map((rung) => {
    const place = { id: `rung-${rung.do}`, subject };
    const lacking = lackingFor(rung.do);
    if (lacking.length === 0)
      return (
        judgeListings(place, rung.do, listings, inspection) ?? pass(place, `${options.account} can do it`)
      );
    return notPassed(
      place,
      'fail',
      lacking.length === rungPermissions[rung.do].length
        ? `${options.account} lacks all ${lacking.length} permissions that it takes`
        : `${options.account} lacks ${lacking.join(', ')}`,
      roleRemedies(
        {
          id: roleIdFor('budget-kill-switch', '', options.project),
          file: 'deploy/functions/budget-kill-switch/role.yaml',
          project: projectId,
        },
        missing.length < expected.length,
        (role) =>
          `gcloud projects add-iam-policy-binding ${projectId} --member=serviceAccount:${options.account} --role=${role} --condition=None`,
      ),
    );
  });
  const models = judgeModelAccounts(subject, modelAccountsIn(listings), policy, inspection);
  return listed([...checks, ...models], listings);
}

/**
 * Locking is documented for the console alone, and the one call that would show a lock is the one that cuts the link.
 * Source: https://cloud.google.com/billing/docs/how-to/secure-project-billing-account-link
 */
function billingLock(subject: string): Check {
  return notPassed(
    { id: 'project-billing-lock', subject },
    'unknown',
    'whether its link to the billing account is locked, no API tells; a locked one cannot be unlinked',
    [
      `Console: https://console.cloud.google.com/billing/projects: in the row of ${subject.replace('projects/', '')} open Actions; "Unlock billing" there means that it is locked`,
    ],
  );
}
