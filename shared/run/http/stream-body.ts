import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/** A body that is made while it is sent: parts of text, in order. */
export type BodyParts = AsyncIterable<string>;

/**
 * Sends the parts one by one and waits where the caller reads slowly, so that no more than one is held. A caller that goes away ends it.
 * Once something was sent, an error can no longer be said by a status: the connection breaks off, which clients report, and it is thrown.
 */
export async function streamBody(response: ServerResponse, parts: BodyParts): Promise<void> {
  const gone = once(response, 'close');
  try {
    for await (const part of parts) {
      if (response.destroyed) return;
      if (!response.write(part)) await Promise.race([once(response, 'drain'), gone]);
    }
    response.end();
  } catch (error) {
    if (response.headersSent) response.destroy();
    throw error;
  }
}
