import type { Api } from '../api.ts';
import { BusyError } from '../google-api-error.ts';
import { NotSent, type Permit } from './permit.ts';

/**
 * Sends a request that changes something, once, by one of Google's clients; the same as `Api.change` does. `send` hands `leaving` to the
 * client, which calls it as the request goes to the socket. Answers what the client does, unchecked. Throws what the permit throws,
 * and `GoogleApiError`.
 */
export async function changeByClient(
  api: Api,
  call: string,
  permit: Permit,
  send: (leaving: () => void) => Promise<unknown>,
): Promise<unknown> {
  const leaving = (): void => {
    permit.check();
  };
  try {
    return await api.call(call, () => send(leaving), { retry: false, leaving });
  } catch (error) {
    // What the permit throws at the socket arrives wrapped; nothing has left then.
    const cause = error instanceof Error ? error.cause : undefined;
    throw cause instanceof NotSent || cause instanceof BusyError ? cause : error;
  }
}
