import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { Api, ApiAnswer } from '../google/api.ts';
import { EmptyAnswer, GoogleApiError } from '../google/google-api-error.ts';
import { parseWritten } from '../google/parse-answer.ts';
import { nameIsTaken, storeOnce, type Place } from './store-once.ts';

/** Custom metadata of an object, which listings show without the object being read; 8 KiB at most in all. */
export type ObjectMetadata = Readonly<Record<string, string>>;

export interface UploadTarget extends Place {
  readonly metadata: ObjectMetadata;
}

/** An upload over several requests, of an object that is not there yet. */
export interface Session {
  /** Sends a text in pieces; what is no whole number of quanta waits for the next one. Throws `GoogleApiError`. */
  send(pieces: readonly string[], last: boolean): Promise<void>;
}

/** Of a block that is not the last one Cloud Storage keeps multiples of this size only. */
export const QUANTUM_BYTES = 256 * 1024;

/** Answers in a row that kept nothing of what was sent. */
const MAX_STALLED = 3;

/** Requests for a session that are answered without one, as by a page of a front end: one that is left open costs nothing. */
const MAX_STARTS = 3;

const CALL = 'storage.objects.insert';

const storedSchema = z.looseObject({ generation: z.string() });

/** The end of an upload: how many bytes it has, and their hash. */
interface Whole {
  readonly total: number;
  readonly md5Hash: string;
}

/** Begins an upload. Throws `GoogleApiError`, and where an object of that name is there. */
export async function startSession(api: Api, target: UploadTarget): Promise<Session> {
  const url = await sessionUrl(api, target);
  const hash = createHash('md5');
  let sent = 0;
  let rest: Buffer = Buffer.alloc(0);
  let stalled = 0;
  return {
    async send(pieces, last) {
      const joined = joinAfter(rest, pieces);
      hash.update(joined.subarray(rest.length));
      let open = joined;
      const whole = last ? { total: sent + open.length, md5Hash: hash.copy().digest('base64') } : undefined;
      while (open.length >= QUANTUM_BYTES || last) {
        const chunk = last ? open : open.subarray(0, open.length - (open.length % QUANTUM_BYTES));
        const put = () => putChunk(api, url, sent, chunk, whole);
        const answer = whole === undefined ? await put() : await storeOnce(api, target, whole.md5Hash, put);
        if (last && answer?.status !== 308) return;
        // What Cloud Storage did not keep of the chunk is sent again.
        const kept = keptBytes(answer);
        stalled = kept === sent ? stalled + 1 : 0;
        if (kept < sent || kept > sent + chunk.length || stalled > MAX_STALLED)
          throw new Error(
            `Cannot write "gs://${target.bucket}/${target.name}": Cloud Storage kept ${kept} bytes of ${sent + chunk.length} that were sent`,
          );
        open = open.subarray(kept - sent);
        sent = kept;
      }
      // A copy: the part would hold the whole block.
      rest = Buffer.from(open);
    },
  };
}

/** The bytes of `rest` and of the pieces, encoded once: a joined text and copies of it would take three times the memory. */
function joinAfter(rest: Buffer, pieces: readonly string[]): Buffer {
  const length = pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), rest.length);
  const joined = Buffer.allocUnsafe(length);
  let at = rest.copy(joined);
  for (const piece of pieces) at += joined.write(piece, at);
  return joined;
}

/** The address of a new session; Cloud Storage checks the precondition now and at the end. */
async function sessionUrl(api: Api, target: UploadTarget): Promise<string> {
  for (let start = 0; start < MAX_STARTS; start++) {
    const url = (await requestSession(api, target)).header('location');
    if (url !== undefined) return url;
  }
  throw new GoogleApiError(CALL, new EmptyAnswer('location: no upload session is named'));
}

function requestSession(api: Api, target: UploadTarget): Promise<ApiAnswer> {
  const { bucket, name, metadata } = target;
  return api
    .exchangeUnpermitted(CALL, {
      method: 'POST',
      url: `https://storage.googleapis.com/upload/storage/v1/b/${encodeURIComponent(bucket)}/o`,
      query: { uploadType: 'resumable', name, ifGenerationMatch: '0', fields: 'generation' },
      body: { contentType: 'application/json', ...(Object.keys(metadata).length === 0 ? {} : { metadata }) },
    })
    .catch((error: unknown) => {
      throw error instanceof GoogleApiError && error.status === 412 ? nameIsTaken(target, error) : error;
    });
}

/** Sends bytes from an offset on; with `whole` they are the last ones. */
async function putChunk(
  api: Api,
  url: string,
  offset: number,
  chunk: Buffer,
  whole: Whole | undefined,
): Promise<ApiAnswer> {
  const answer = await api.exchangeUnpermitted(CALL, {
    method: 'PUT',
    url,
    headers: {
      'content-type': 'application/json',
      'content-range': rangeOf(offset, chunk.length, whole?.total),
      ...(whole === undefined ? {} : { 'x-goog-hash': `md5=${whole.md5Hash}` }),
    },
    body: chunk,
    alsoExpects: 308,
  });
  // A page of a front end is no object.
  if (whole !== undefined && answer.status !== 308) parseWritten(CALL, storedSchema, answer.data);
  return answer;
}

function rangeOf(offset: number, length: number, total: number | undefined): string {
  const range = length === 0 ? '*' : `${offset}-${offset + length - 1}`;
  return `bytes ${range}/${total ?? '*'}`;
}

/** Of an answer 308: `range: bytes=0-N`, and no header where nothing was kept yet. */
function keptBytes(answer: ApiAnswer | undefined): number {
  const last = /^bytes=0-(\d+)$/.exec(answer?.header('range') ?? '')?.[1];
  return last === undefined ? 0 : Number(last) + 1;
}
