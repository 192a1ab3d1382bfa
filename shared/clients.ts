import type { GoogleAuth } from 'google-auth-library';
import type { ListTimeSeriesRequest, TimeSeriesPage } from './monitoring.ts';
import type { ObjectBucket } from './state.ts';

/**
 * Google's clients, each loaded when it is first used: what runs before the first outside call is start-up time.
 * All speak REST, and all make single attempts, because `Api` retries.
 */
export interface Clients {
  listTimeSeries(request: ListTimeSeriesRequest): Promise<TimeSeriesPage>;
  publish(topic: string, data: string): Promise<void>;
  openBucket(name: string): Promise<ObjectBucket>;
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

export function createClients(auth: GoogleAuth): Clients {
  const metrics = once(async () => {
    const { MetricServiceClient } =
      await import('@google-cloud/monitoring/build/src/v3/metric_service_client.js');
    return new MetricServiceClient({ fallback: true, auth });
  });
  const publisher = once(async () => {
    const { PublisherClient } = await import('@google-cloud/pubsub/build/src/v1/publisher_client.js');
    return new PublisherClient({ fallback: true, auth });
  });
  const budgets = once(async () => {
    const { BudgetServiceClient } =
      await import('@google-cloud/billing-budgets/build/src/v1/budget_service_client.js');
    return new BudgetServiceClient({ fallback: true, auth });
  });
  const billing = once(async () => {
    const { CloudBillingClient } = await import('@google-cloud/billing/build/src/v1/cloud_billing_client.js');
    return new CloudBillingClient({ fallback: true, auth });
  });
  const storage = once(async () => {
    const { Storage } = await import('./storage-client.ts');
    return new Storage({ authClient: auth, retryOptions: { autoRetry: false } });
  });
  return {
    async listTimeSeries(request) {
      const [, , page] = await (
        await metrics()
      ).listTimeSeries(request, { autoPaginate: false, retry: null });
      return page;
    },
    async publish(topic, data) {
      await (await publisher()).publish({ topic, messages: [{ data: Buffer.from(data) }] }, { retry: null });
    },
    async openBucket(name) {
      return (await storage()).bucket(name);
    },
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
}

function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => (loaded ??= load());
}
