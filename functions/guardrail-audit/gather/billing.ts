import type { GoogleAuth } from '../../../shared/google/impersonate.ts';
import { getBillingLink, getParentAccount } from '../../../shared/google/billing.ts';
import { GoogleApiError, isServiceDisabled } from '../../../shared/google/google-api-error.ts';
import { listBudgets } from '../../../shared/google/budgets.ts';
import type { BillingFacts } from '../facts.ts';
import { isRead, whole, type Reading } from '../reading.ts';
import { attempt, strangeGaps, type Look } from './attempt.ts';

/**
 * A budget counts its own billing account and the subaccounts of it: where a subaccount pays for the project, those of the account
 * above it are read, too. Needs resourcemanager.projects.get on the project, and billing.budgets.list and billing.accounts.get on
 * its billing account, which deploy.sh grants where the policy's budgets.allow names a budget of it; the reason names the account.
 * Source: google/cloud/billing/budgets/v1/budget_model.proto.
 */
export async function readBilling(look: Look, auth: GoogleAuth): Promise<Reading<BillingFacts | undefined>> {
  const link = await attempt(look, 'the budgets', async () =>
    whole(await getBillingLink(look.api, auth, look.projectId)),
  );
  if (!isRead(link)) return link;
  const { account, enabled } = link.value;
  if (account === undefined || !enabled) return whole(undefined);
  const [own, above] = await Promise.all([
    readBudgets(look, account, 'the budgets'),
    readAbove(look, account),
  ]);
  if (!isRead(own)) return own;
  const { parent, budgets, unread } = above;
  return whole({
    account,
    ...(parent === undefined ? {} : { parent }),
    budgets: [...own.value.budgets, ...budgets],
    unread: [...own.value.unread, ...unread],
  });
}

type Listed = Pick<BillingFacts, 'budgets' | 'unread'>;

/** The budgets of the account above one, where that is a subaccount. What cannot be read may be there. */
async function readAbove(look: Look, account: string): Promise<Listed & Pick<BillingFacts, 'parent'>> {
  const what = `whether ${account} is a subaccount, which the budgets of another account count too,`;
  const found = await readAt(look, account, what, () => getParentAccount(look.api, account));
  if (!isRead(found)) return { budgets: [], unread: [found.why] };
  const parent = found.value;
  if (parent === undefined) return { budgets: [], unread: [] };
  const listed = await readBudgets(
    look,
    parent,
    `the budgets of ${parent}, of which ${account} is a subaccount,`,
  );
  return { parent, ...(isRead(listed) ? listed.value : { budgets: [], unread: [listed.why] }) };
}

function readBudgets(look: Look, account: string, what: string): Promise<Reading<Listed>> {
  return readAt(look, account, what, async () => {
    const { items, strange } = await listBudgets(look.api, account);
    return { budgets: items, unread: strangeGaps('budgets', strange) };
  });
}

/** Reads something of a billing account; the reason of a refusal names the role that it takes there. */
async function readAt<T>(
  look: Look,
  account: string,
  what: string,
  read: () => Promise<T>,
): Promise<Reading<T>> {
  const refused = { is: false };
  const reading = await attempt(look, what, async () => {
    try {
      return whole(await read());
    } catch (error) {
      refused.is = error instanceof GoogleApiError && error.status === 403 && !isServiceDisabled(error);
      throw error;
    }
  });
  if (isRead(reading) || !refused.is) return reading;
  return { why: `${reading.why}; grant roles/billing.viewer on ${account}` };
}
