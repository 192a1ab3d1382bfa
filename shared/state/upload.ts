import { createHash } from 'node:crypto';
import type { Api, ApiAnswer } from '../google/api.ts';

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

/** Custom metadata of an object, which listings show without the object being read; 8 KiB at most in all. */
export type ObjectMetadata = Readonly<Record<string, string>>;

/** Of a block that is not the last one Cloud Storage keeps multiples of this size only. */
const QUANTUM_BYTES = 256 * 1024;

/** Shorter texts go up in one request at the end; longer ones never take much more memory than two of these. */
const BLOCK_BYTES = 16 * QUANTUM_BYTES;

/** What goes off after the first block whenever nothing is on its way, so that little is left for the end. */
const SMALL_BLOCK_BYTES = 4 * QUANTUM_BYTES;

/** Answers in a row that kept nothing of what was sent. */
const MAX_STALLED = 3;

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
  // Once a block is through, and until the next one goes off.
  let isIdle = false;

  const send = (last: boolean): void => {
    const block = pieces;
    pieces = [];
    bytes = 0;
    isIdle = false;
    sending = (async () => {
      if (failure !== undefined) return;
      session ??= await startSession(api, target);
      await session.send(block.join(''), last);
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
        await writeWhole(pieces);
        return;
      }
      if (failure === undefined) send(true);
      await sending;
      if (failure !== undefined) throw failure.error;
    },
  };
}

export interface UploadTarget {
  readonly bucket: string;
  readonly name: string;
  readonly metadata: ObjectMetadata;
}

interface Session {
  /** Sends a text; what is no whole number of quanta waits for the next one. */
  send(text: string, last: boolean): Promise<void>;
}

async function startSession(api: Api, { bucket, name, metadata }: UploadTarget): Promise<Session> {
  const object = `gs://${bucket}/${name}`;
  const started = await api.exchangeUnpermitted('storage.objects.insert', {
    method: 'POST',
    url: `https://storage.googleapis.com/upload/storage/v1/b/${encodeURIComponent(bucket)}/o`,
    query: { uploadType: 'resumable', name, fields: 'generation' },
    body: { contentType: 'application/json', ...(Object.keys(metadata).length === 0 ? {} : { metadata }) },
  });
  const url = started.header('location');
  if (url === undefined) throw new Error(`Cannot write "${object}": Cloud Storage named no upload session`);
  const hash = createHash('md5');
  let sent = 0;
  let rest: Buffer = Buffer.alloc(0);
  let stalled = 0;
  return {
    async send(text, last) {
      hash.update(text);
      let open = Buffer.concat([rest, Buffer.from(text)]);
      const total = sent + open.length;
      while (open.length >= QUANTUM_BYTES || last) {
        const chunk = last ? open : open.subarray(0, open.length - (open.length % QUANTUM_BYTES));
        const answer = await api.exchangeUnpermitted('storage.objects.insert', {
          method: 'PUT',
          url,
          headers: {
            'content-type': 'application/json',
            'content-range': rangeOf(sent, chunk.length, last ? total : undefined),
            ...(last ? { 'x-goog-hash': `md5=${hash.copy().digest('base64')}` } : {}),
          },
          body: chunk,
          alsoExpects: 308,
        });
        if (last && answer.status !== 308) return;
        // What Cloud Storage did not keep of the chunk is sent again.
        const kept = keptBytes(answer);
        stalled = kept === sent ? stalled + 1 : 0;
        if (kept < sent || kept > sent + chunk.length || stalled > MAX_STALLED)
          throw new Error(
            `Cannot write "${object}": Cloud Storage kept ${kept} bytes of ${sent + chunk.length} that were sent`,
          );
        open = open.subarray(kept - sent);
        sent = kept;
      }
      // A copy: the part would hold the whole block.
      rest = Buffer.from(open);
    },
  };
}

function rangeOf(offset: number, length: number, total: number | undefined): string {
  const range = length === 0 ? '*' : `${offset}-${offset + length - 1}`;
  return `bytes ${range}/${total ?? '*'}`;
}

/** Of an answer 308: `range: bytes=0-N`, and no header where nothing was kept yet. */
function keptBytes(answer: ApiAnswer): number {
  const last = /^bytes=0-(\d+)$/.exec(answer.header('range') ?? '')?.[1];
  return last === undefined ? 0 : Number(last) + 1;
}
