import { accountPermissions, missingOnAccount, unlinkOnAccount } from './permissions.ts';
import { notPassed, orUnknown, pass, type Check, type Inspection } from './check.ts';
import { resourceId } from '../google/resource-name.ts';

/** Whether the switch can read the budgets of `billingAccounts/A`, and where a rung `unlinks`, its right to do so there. */
export async function inspectAccount(
  inspection: Inspection,
  account: string,
  unlinks: boolean,
): Promise<readonly Check[]> {
  const { switchApi, options } = inspection;
  const place = { id: 'account-access', subject: account };
  const missing = await orUnknown(place, inspection, [], () =>
    missingOnAccount(switchApi, account, [...accountPermissions, ...(unlinks ? [unlinkOnAccount] : [])]),
  );
  if ('status' in missing) return [missing];
  const unread = missing.filter((permission) => accountPermissions.includes(permission));
  return [
    unread.length === 0
      ? pass(place, `${options.account} can read its budgets`)
      : notPassed(place, 'fail', `${options.account} lacks ${unread.join(', ')}`, [
          `gcloud billing accounts add-iam-policy-binding ${resourceId(account)} --member=serviceAccount:${options.account} --role=roles/billing.viewer`,
        ]),
    ...(unlinks ? [judgeUnlinkRight(inspection, account, !missing.includes(unlinkOnAccount))] : []),
  ];
}

/** A warning, no failure: by the API reference the project's right, which its rung's check looks at, is enough. */
function judgeUnlinkRight({ options }: Inspection, account: string, held: boolean): Check {
  const place = { id: 'account-unlink', subject: account };
  if (held) return pass(place, `${options.account} has the account's right to unlink projects`);
  return notPassed(
    place,
    'warn',
    `${options.account} lacks ${unlinkOnAccount}: unlink-billing may be refused, Google's pages disagree on whether the project's right is enough`,
    [
      `deploy/deploy.sh budget-kill-switch --policy POLICY_FILE --project ${options.project} --region REGION --billing-roles custom`,
      'An account of no organization takes no custom role: try unlinking on a test project',
    ],
  );
}
