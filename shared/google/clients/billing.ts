import type { GoogleAuth } from 'google-auth-library';
import { once } from './clients.ts';

/** Google's billing clients, each loaded when it is first used; in a file of their own for the functions without billing. */
export interface BillingClients {
  /** `name`: `billingAccounts/A/budgets/B`. The answer is unchecked. */
  getBudget(name: string): Promise<unknown>;
  /** `name`: `projects/P`. The answer is unchecked. */
  getBillingInfo(name: string): Promise<unknown>;
  updateBillingInfo(update: BillingUpdate): Promise<unknown>;
}

/** Both fields are always spelled out: what the service does not find in it means "unlink". */
export interface BillingUpdate {
  /** `projects/P` */
  readonly name: string;
  readonly projectBillingInfo: { readonly billingAccountName: string };
}

const opened = new WeakMap<GoogleAuth, BillingClients>();

/** The clients of an identity; the same ones each time. */
export function billingClients(auth: GoogleAuth): BillingClients {
  const known = opened.get(auth);
  if (known !== undefined) return known;
  const budgets = once(async () => {
    const { BudgetServiceClient } =
      await import('@google-cloud/billing-budgets/build/src/v1/budget_service_client.js');
    return new BudgetServiceClient({ fallback: true, auth });
  });
  const billing = once(async () => {
    const { CloudBillingClient } = await import('@google-cloud/billing/build/src/v1/cloud_billing_client.js');
    return new CloudBillingClient({ fallback: true, auth });
  });
  const clients: BillingClients = {
    async getBudget(name) {
      const [budget] = await (await budgets()).getBudget({ name }, { retry: null });
      return budget;
    },
    async getBillingInfo(name) {
      const [info] = await (await billing()).getProjectBillingInfo({ name }, { retry: null });
      return info;
    },
    async updateBillingInfo(update) {
      const [info] = await (await billing()).updateProjectBillingInfo(update, { retry: null });
      return info;
    },
  };
  opened.set(auth, clients);
  return clients;
}
