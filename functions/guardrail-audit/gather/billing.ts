import type { GoogleAuth } from '../../../shared/google/impersonate.ts';
import { getBillingLink } from '../../../shared/google/billing.ts';
import { listBudgets } from '../../../shared/google/budgets.ts';
import type { BillingFacts } from '../facts.ts';
import { whole, type Reading } from '../reading.ts';
import { attempt, strangeGaps, type Look } from './attempt.ts';

/** Needs resourcemanager.projects.get on the project and billing.budgets.list on its billing account. */
export function readBilling(look: Look, auth: GoogleAuth): Promise<Reading<BillingFacts | undefined>> {
  return attempt(look, 'the budgets', async () => {
    const { account, enabled } = await getBillingLink(look.api, auth, look.projectId);
    if (account === undefined || !enabled) return whole(undefined);
    const { items, strange } = await listBudgets(look.api, account);
    return { value: { account, budgets: items }, gaps: strangeGaps('budgets', strange) };
  });
}
