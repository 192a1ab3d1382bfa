import type { GoogleAuth } from 'google-auth-library';
import { watchAuth } from '../change/departure.ts';
import { once } from '../../once.ts';

/** Google's billing clients, each loaded when it is first used; in a file of their own for the functions without billing. */
export interface BillingClients {
  /** `name`: `billingAccounts/A/budgets/B`. The answer is unchecked. */
  getBudget(name: string): Promise<unknown>;
  /** `name`: `projects/P`. The answer is unchecked. */
  getBillingInfo(name: string): Promise<unknown>;
  /** `leaving` is called as the request goes to the socket; what it throws is thrown, and nothing is sent. */
  updateBillingInfo(update: BillingUpdate, leaving: () => void): Promise<unknown>;
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
  const watched = watchAuth(auth);
  const updates = once(async () => {
    const { CloudBillingClient } = await import('@google-cloud/billing/build/src/v1/cloud_billing_client.js');
    return new CloudBillingClient({ fallback: true, auth: watched.auth });
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
    async updateBillingInfo(update, leaving) {
      const client = await updates();
      const [info] = await watched.send(update.name, leaving, () =>
        client.updateProjectBillingInfo(update, { retry: null }),
      );
      return info;
    },
  };
  opened.set(auth, clients);
  return clients;
}
