import { randomUUID } from 'node:crypto';
import { ApiError, errorBody } from '../../http/api-error.ts';
import type { Call, Reply } from '../../http/route.ts';
import { settle } from './lifecycle/settle.ts';
import type { StorageState } from './model.ts';
import { parameter } from './routes.ts';
import { storeUpload, type Upload } from './store-upload.ts';

/** An upload over several requests. It keeps the object, the preconditions and the metadata of its first request. */
export interface UploadSession extends Upload {
  readonly startedMs: number;
  readonly query: URLSearchParams;
  readonly totalBytes: number | undefined;
  received: Buffer;
  /** The answer of the request that completed it; the same request again gets it again. */
  done?: Reply;
  cancelled?: boolean;
}

const SESSION_LIFE_MS = 7 * 86_400_000;
/** Only whole blocks of this size are kept of a chunk that is not the last. */
const BLOCK_BYTES = 256 * 1024;

export function startUpload(state: StorageState, call: Call, upload: Upload): Reply {
  const id = randomUUID();
  const declared = call.headers['x-upload-content-length'];
  state.sessions.set(id, {
    ...upload,
    startedMs: state.clock.now(),
    query: new URLSearchParams(call.query),
    totalBytes: declared === undefined ? undefined : Number(declared),
    received: Buffer.alloc(0),
  });
  const location = new URL(call.url);
  location.searchParams.set('upload_id', id);
  return { headers: { location: location.href, 'x-guploader-uploadid': id } };
}

/** One PUT to a session: a chunk, the whole, or the question how much has arrived. */
export function continueUpload(state: StorageState, call: Call): Reply {
  const session = sessionOf(state, call);
  if (session.cancelled === true) return gone();
  if (session.done !== undefined) return session.done;
  const { offset, total } = readContentRange(call);
  const expected = total ?? session.totalBytes;
  if (session.totalBytes !== undefined && expected !== session.totalBytes)
    throw new ApiError(
      'INVALID_ARGUMENT',
      `The upload was announced with ${session.totalBytes} bytes, not ${expected ?? 0}.`,
    );
  if (offset !== undefined) append(session, offset, call, expected);
  const complete = expected === undefined ? endsWithTheBody(call) : session.received.length === expected;
  if (!complete) return incomplete(session);
  // The client sends its checksums with the last request, the one that completes the upload.
  session.done = storeUpload(state, session.query, session, session.received, call.headers);
  return session.done;
}

export function cancelUpload(state: StorageState, call: Call): Reply {
  const session = sessionOf(state, call);
  session.cancelled = true;
  session.received = Buffer.alloc(0);
  return gone();
}

/** The service answers 499 to a cancellation and to everything after it. */
function gone(): Reply {
  return { status: 499, body: errorBody(499, 'CANCELLED', 'The upload was cancelled by the client.') };
}

function incomplete(session: UploadSession): Reply {
  const size = session.received.length;
  return { status: 308, headers: size > 0 ? { range: `bytes=0-${size - 1}` } : {} };
}

function sessionOf(state: StorageState, call: Call): UploadSession {
  const session = state.sessions.get(parameter(call, 'upload_id'));
  if (session === undefined || session.bucket !== state.buckets.get(parameter(call, 'bucket')))
    throw new ApiError('NOT_FOUND', 'No such upload session.');
  if (state.clock.now() - session.startedMs > SESSION_LIFE_MS)
    throw new ApiError('NOT_FOUND', 'The upload session has expired.');
  settle(state, session.bucket);
  return session;
}

interface ContentRange {
  /** Where the body starts; undefined for a status query. */
  readonly offset: number | undefined;
  readonly total: number | undefined;
}

// `bytes 0-99/*`, `bytes 0-*/500`, `bytes */500`, or no header at all for the whole object in one request.
function readContentRange(call: Call): ContentRange {
  const header = call.headers['content-range'];
  if (header === undefined) return { offset: 0, total: undefined };
  const match = /^bytes (?:(\d+)-(\d+|\*)|\*)\/(\d+|\*)$/.exec(header);
  if (match === null) throw new ApiError('INVALID_ARGUMENT', `Invalid Content-Range "${header}".`);
  const [, first, , size] = match;
  return {
    offset: first === undefined ? undefined : Number(first),
    total: size === '*' ? undefined : Number(size),
  };
}

/** Whether a request of unknown total is the whole rest: no range, or an open one. Not when its body was cut off. */
function endsWithTheBody(call: Call): boolean {
  const header = call.headers['content-range'];
  return (header === undefined || /^bytes \d+-\*\/\*$/.test(header)) && isWhole(call);
}

function isWhole(call: Call): boolean {
  const declared = call.headers['content-length'];
  return declared === undefined || Number(declared) === call.body.length;
}

function append(session: UploadSession, offset: number, call: Call, expected: number | undefined): void {
  const have = session.received.length;
  if (offset > have)
    throw new ApiError(
      'UNAVAILABLE',
      `Invalid request. According to the Content-Range header, the upload offset is ${offset} byte(s), which exceeds already uploaded size of ${have} byte(s).`,
    );
  // What arrived before is not overwritten.
  const joined = Buffer.concat([session.received, call.body.subarray(have - offset)]);
  const last = expected === undefined ? endsWithTheBody(call) : joined.length >= expected;
  if (expected !== undefined && joined.length > expected)
    throw new ApiError(
      'INVALID_ARGUMENT',
      `The upload has more than the ${expected} bytes that were announced.`,
    );
  session.received = last
    ? joined
    : joined.subarray(0, Math.max(have, joined.length - (joined.length % BLOCK_BYTES)));
}
