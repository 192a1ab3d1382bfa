import type { GoogleAuth } from 'google-auth-library';
import { once } from '../../once.ts';
import { EmptyAnswer } from '../google-api-error.ts';

/**
 * Google's clients, each loaded when it is first used: what runs before the first outside call is start-up time.
 * All speak REST, and all make single attempts, because `Api` retries.
 */
export interface Clients {
  /** Throws where Google does not say that it took the message. */
  publish(topic: string, data: string): Promise<void>;
}

export function createClients(auth: GoogleAuth): Clients {
  const publisher = once(async () => {
    const { PublisherClient } = await import('@google-cloud/pubsub/build/src/v1/publisher_client.js');
    return new PublisherClient({ fallback: true, auth });
  });
  return {
    async publish(topic, data) {
      const request = { topic, messages: [{ data: Buffer.from(data) }] };
      const [{ messageIds }] = await (await publisher()).publish(request, { retry: null });
      // Of an empty answer the client makes a message with nothing in it. It sends publications of one moment together, and answers
      // each with the ids of all.
      if (messageIds === undefined || messageIds === null || messageIds.length === 0)
        throw new EmptyAnswer('messageIds: the answer names no message');
    },
  };
}
