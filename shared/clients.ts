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
  };
}

function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => (loaded ??= load());
}
