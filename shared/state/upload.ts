import type { Api } from '../google/api.ts';
import { md5Of, storeOnce } from './store-once.ts';
import { QUANTUM_BYTES, startSession, type Session, type UploadTarget } from './upload-session.ts';

/** A text that grows while it is sent to an object. */
export interface Upload {
  /**
   * Takes the next pieces and sends them off block by block, one at a time. Resolves when there is room for more. A
   * failure shows in `finish`.
   */
  write(pieces: readonly string[]): Promise<void>;
  /** Sends the rest. Only now the object exists. Throws `GoogleApiError`, also for a block that was sent before. */
  finish(): Promise<void>;
}

/** What waits while a block is on its way, at the most: a long text never takes much more memory than two of these. */
const BLOCK_BYTES = 16 * QUANTUM_BYTES;

/**
 * What goes off whenever nothing is on its way, so that the session stands and little is left when the end comes. Shorter texts
 * go up in one request.
 */
const SMALL_BLOCK_BYTES = 4 * QUANTUM_BYTES;

/**
 * Uploads a JSON text of any length in bounded memory. Where the process dies in between there is no object at all: Cloud
 * Storage drops the unfinished session after a week. Class A operations: one, as for a single request.
 * Source: https://cloud.google.com/storage/docs/performing-resumable-uploads
 */
export function openUpload(
  api: Api,
  target: UploadTarget,
  writeWhole: (pieces: readonly string[]) => Promise<unknown>,
): Upload {
  let pieces: string[] = [];
  let bytes = 0;
  let session: Session | undefined;
  let failure: { readonly error: unknown } | undefined;
  let sending: Promise<void> = Promise.resolve();
  // No block is on its way.
  let isIdle = true;

  const send = (last: boolean): void => {
    const block = pieces;
    pieces = [];
    bytes = 0;
    isIdle = false;
    sending = (async () => {
      if (failure !== undefined) return;
      session ??= await startSession(api, target);
      await session.send(block, last);
    })()
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .finally(() => {
        isIdle = true;
      });
  };

  return {
    async write(more) {
      if (failure !== undefined) return;
      for (const piece of more) {
        pieces.push(piece);
        bytes += Buffer.byteLength(piece);
        if (bytes < (isIdle ? SMALL_BLOCK_BYTES : BLOCK_BYTES)) continue;
        await sending;
        send(false);
      }
    },
    async finish() {
      await sending;
      if (failure === undefined && session === undefined) {
        await storeOnce(api, target, md5Of(pieces), () => writeWhole(pieces));
        return;
      }
      if (failure === undefined) send(true);
      await sending;
      if (failure !== undefined) throw failure.error;
    },
  };
}
