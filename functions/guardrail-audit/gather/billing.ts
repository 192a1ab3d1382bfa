import type { GoogleAuth } from '../../../shared/google/impersonate.ts';
import { getBillingLink } from '../../../shared/google/billing.ts';
import { GoogleApiError, isServiceDisabled } from '../../../shared/google/google-api-error.ts';
import { listBudgets } from '../../../shared/google/budgets.ts';
import type { BillingFacts } from '../facts.ts';
import { isRead, whole, type Reading } from '../reading.ts';
import { attempt, strangeGaps, type Look } from './attempt.ts';

/**
 * Needs resourcemanager.projects.get on the project and billing.budgets.list on its billing account, which deploy.sh grants where the
 * policy's budgets.allow names a budget of it; the reason names the account.
 */
export async function readBilling(look: Look, auth: GoogleAuth): Promise<Reading<BillingFacts | undefined>> {
  const refused: { by?: string } = {};
  const reading = await attempt(look, 'the budgets', async () => {
    const { account, enabled } = await getBillingLink(look.api, auth, look.projectId);
    if (account === undefined || !enabled) return whole(undefined);
    try {
      const { items, strange } = await listBudgets(look.api, account);
      return { value: { account, budgets: items }, gaps: strangeGaps('budgets', strange) };
    } catch (error) {
      if (error instanceof GoogleApiError && error.status === 403 && !isServiceDisabled(error))
        refused.by = account;
      throw error;
    }
  });
  if (isRead(reading) || refused.by === undefined) return reading;
  return { why: `${reading.why}; grant roles/billing.viewer on ${refused.by}` };
}
