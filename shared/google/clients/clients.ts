import type { GoogleAuth } from 'google-auth-library';
import { once } from '../../once.ts';

/**
 * Google's clients, each loaded when it is first used: what runs before the first outside call is start-up time.
 * All speak REST, and all make single attempts, because `Api` retries.
 */
export interface Clients {
  publish(topic: string, data: string): Promise<void>;
}

export function createClients(auth: GoogleAuth): Clients {
  const publisher = once(async () => {
    const { PublisherClient } = await import('@google-cloud/pubsub/build/src/v1/publisher_client.js');
    return new PublisherClient({ fallback: true, auth });
  });
  return {
    async publish(topic, data) {
      await (await publisher()).publish({ topic, messages: [{ data: Buffer.from(data) }] }, { retry: null });
    },
  };
}
