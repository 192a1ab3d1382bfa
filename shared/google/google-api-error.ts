import * as z from 'zod/mini';
import { messageOf } from '../errors.ts';

/**
 * A call to Google that failed. `status` is the HTTP status, undefined when no answer came; `reason` is what
 * google.rpc.ErrorInfo says (`SERVICE_DISABLED`, …), `consumer` the project that it says so of; `retryable` says that the same call
 * may work later.
 */
export class GoogleApiError extends Error {
  override readonly name = 'GoogleApiError';
  readonly call: string;
  readonly status: number | undefined;
  readonly reason: string | undefined;
  /** `projects/NUMBER`, undefined where the answer does not say. Source: google/api/error_reason.proto. */
  readonly consumer: string | undefined;
  readonly retryable: boolean;
  /** Google's own code, such as FAILED_PRECONDITION, undefined where the answer does not say. Source: google/rpc/code.proto. */
  readonly rpcCode: string | undefined;
  /** Whether the answer was an error of Google's own form, and not a page of some proxy or nothing at all. */
  readonly isGoogles: boolean;

  /** `note`: what the caller adds to Google's own text. */
  constructor(call: string, cause: unknown, note?: string) {
    const { status, rpcCode, reason, consumer, message, isGoogles } = readError(cause);
    const what =
      cause instanceof WrongAddress
        ? 'not sent'
        : cause instanceof UnexpectedAnswer || isUndecodable(cause)
          ? 'unexpected answer'
          : status === undefined
            ? 'no answer'
            : `HTTP ${status}`;
    super(`Cannot call "${call}": ${what}: ${message}${note === undefined ? '' : ` (${note})`}`, { cause });
    this.call = call;
    this.status = status;
    this.rpcCode = rpcCode;
    this.reason = reason;
    this.consumer = consumer;
    this.isGoogles = isGoogles;
    this.retryable =
      status === undefined
        ? cause instanceof EmptyAnswer || isNetworkError(cause)
        : RETRYABLE_STATUS.has(status);
  }
}

/** The attempt took longer than it may; thrown by the caller's own timer. */
export class AttemptTimeout extends Error {
  override readonly name = 'AttemptTimeout';
}

/** The call was not sent: a name in its address leads elsewhere than it says. */
export class WrongAddress extends Error {
  override readonly name = 'WrongAddress';
}

/** The call was answered, in another form than the API documents. */
export class UnexpectedAnswer extends Error {
  override readonly name = 'UnexpectedAnswer';
}

/** The call was answered with nothing, or not about what was requested: unknown, and worth another request later. */
export class EmptyAnswer extends UnexpectedAnswer {}

/** Another run is at work on the same thing: later it is done, or free. */
export class BusyError extends Error {
  override readonly name = 'BusyError';
}

/** Whether a call was answered with a 404: what it names is not there, or nothing is at that address. */
export function isNotFound(error: unknown): error is GoogleApiError {
  return error instanceof GoogleApiError && error.status === 404;
}

/** What a call answers, undefined for a 404. */
export async function undefinedIfMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Whether the API is switched off in the project, or in the caller's own: what was made before may go on. */
export function isServiceDisabled(error: GoogleApiError): boolean {
  return error.reason === 'SERVICE_DISABLED';
}

/** Whether the project is linked to no open billing account: then nothing that bills runs there. */
export function isBillingDisabled(error: GoogleApiError): boolean {
  return error.reason === 'BILLING_DISABLED';
}

/** Whether delivering the event again may help. */
export function isRetryable(error: unknown): boolean {
  return error instanceof BusyError || (error instanceof GoogleApiError && error.retryable);
}

/**
 * Whether Google refused for want of rights: a permission or role that an operator gives makes the same call work, so that the
 * event is worth delivering again (with backoff, and a dead letter at the end). Nothing was carried out.
 */
export function isRefusal(error: unknown): boolean {
  return error instanceof GoogleApiError && (error.status === 401 || error.status === 403);
}

/** What gax throws for an answer that does not fit the client's definitions (proto3-json-serializer 3). */
function isUndecodable(cause: unknown): boolean {
  return cause instanceof Error && /^(?:from|googleProtobuf\w+From)Proto3JSON/.test(cause.message);
}

/** Statuses of 4xx after which a request may have been carried out all the same. */
const NO_PROOF: ReadonlySet<number> = new Set([408, 499]);

/**
 * Whether an error proves that a request which changes something was not carried out: Google's own refusal, in its own form. A
 * 5xx, a timeout, a reset, a page of HTML and an answer that cannot be read prove nothing.
 */
export function isRefused(error: unknown): boolean {
  if (!(error instanceof GoogleApiError) || !error.isGoogles) return false;
  const { status = 0 } = error;
  return status >= 400 && status < 500 && !NO_PROOF.has(status);
}

/** Whether Google refused for the state that the resource is in: another look may show another one. */
export function isStateConflict(error: unknown): boolean {
  return (
    isRefused(error) && error instanceof GoogleApiError && [400, 404, 409, 412].includes(error.status ?? 0)
  );
}

const RETRYABLE_STATUS: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** google.rpc.Code to HTTP status, as google/rpc/code.proto documents it. gax errors carry the former. */
const STATUS_OF_CODE: Readonly<Record<number, number>> = {
  1: 499, 2: 500, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400, 10: 409, 11: 400, 12: 501, 13: 500, 14: 503, 15: 500, 16: 401,
}; // prettier-ignore

/** What is of the wrong type is as good as absent: this reads whatever was thrown. */
function ifValid<Schema extends z.core.SomeType>(schema: Schema) {
  return z.catch(z.optional(schema), undefined);
}

const infoMetadata = ifValid(z.looseObject({ consumer: ifValid(z.string()) }));
const errorInfo = z.looseObject({ reason: z.string(), metadata: infoMetadata });

/** https://google.aip.dev/193: `details` may hold an ErrorInfo; older APIs have `errors` with a reason each. */
const wireBody = z.looseObject({
  error: z.looseObject({
    message: ifValid(z.string()),
    status: ifValid(z.string()),
    details: ifValid(z.array(z.unknown())),
    errors: ifValid(z.array(z.unknown())),
  }),
});

/** What gaxios, gax and the storage client throw has these, each in its own way. */
const thrownError = z.looseObject({
  code: ifValid(z.union([z.number(), z.string()])),
  status: ifValid(z.union([z.number(), z.string()])),
  reason: ifValid(z.string()),
  errorInfoMetadata: infoMetadata,
  errors: ifValid(z.array(z.unknown())),
  // Of gaxios (`data`) and of Google's storage client (`body`).
  response: ifValid(
    z.looseObject({ status: ifValid(z.number()), data: ifValid(z.unknown()), body: ifValid(z.unknown()) }),
  ),
});

interface ErrorFacts {
  readonly status?: number;
  readonly rpcCode?: string;
  readonly reason?: string;
  readonly consumer?: string;
  readonly message: string;
  readonly isGoogles: boolean;
}

function readError(error: unknown): ErrorFacts {
  const own = shorten(messageOf(error));
  const thrown = thrownError.safeParse(error);
  if (!thrown.success) return { message: own, isGoogles: false };
  const { code, status, response, reason, errorInfoMetadata, errors = [] } = thrown.data;
  const http = response?.status ?? statusOf(code) ?? statusOf(status);
  // gax takes the answer as a stream, so that both its body and the message are the answer's text.
  const body = readBody(response?.data ?? response?.body) ?? readBody(messageOf(error));
  const info = infoOf([...(body?.details ?? []), ...(body?.errors ?? []), ...errors]);
  const inner = error instanceof Error && error.cause instanceof Error ? readError(error.cause) : undefined;
  const message = body?.message ?? (own === '' ? String(code ?? 'unnamed error') : own);
  const all = { status: http ?? inner?.status, reason: info?.reason ?? reason ?? inner?.reason };
  const consumer = (info?.metadata ?? errorInfoMetadata)?.consumer ?? inner?.consumer;
  return {
    ...(all.status === undefined ? {} : { status: all.status }),
    ...(body?.status === undefined ? {} : { rpcCode: body.status }),
    ...(all.reason === undefined ? {} : { reason: all.reason }),
    ...(consumer === undefined ? {} : { consumer }),
    message: http === undefined && inner !== undefined ? joined(message, inner.message) : message,
    isGoogles: body !== undefined || (inner?.isGoogles ?? false),
  };
}

/** A message and its cause's, where the one does not say the other. */
function joined(message: string, cause: string): string {
  if (message.includes(cause)) return message;
  return cause.includes(message) ? cause : `${message}: ${cause}`;
}

/** The error of an answer's body, which may still be text; streaming methods answer with a list of bodies. */
function readBody(data: unknown): z.infer<typeof wireBody>['error'] | undefined {
  const value = typeof data === 'string' ? readJson(data) : data;
  const body = wireBody.safeParse(Array.isArray(value) ? value[0] : value);
  return body.success ? body.data.error : undefined;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Most messages are plain text, and proxies answer with HTML.
    return undefined;
  }
}

function infoOf(details: readonly unknown[]): z.infer<typeof errorInfo> | undefined {
  return details.map((detail) => errorInfo.safeParse(detail)).find((detail) => detail.success)?.data;
}

/** An HTML page as error message would drown the log line that it stands in. */
function shorten(text: string): string {
  return text.length > 1_000 ? `${text.slice(0, 1_000)}…` : text;
}

function statusOf(code: number | string | undefined): number | undefined {
  const number = typeof code === 'string' && /^\d+$/.test(code) ? Number(code) : code;
  if (typeof number !== 'number') return undefined;
  return number >= 100 ? number : STATUS_OF_CODE[number];
}

/**
 * Without an HTTP status the answer never came: a reset, a timeout, a name that did not resolve. Where the error or one of
 * its causes has a code, that decides: a programming error (`ERR_INVALID_ARG_TYPE`), a missing key file (`ENOENT`) and an
 * untrusted certificate have one too, and stay what they are. An empty or cut-off body is an answer that did not come.
 */
function isNetworkError(error: unknown): boolean {
  const codes: string[] = [];
  let looksSo = false;
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (at instanceof AttemptTimeout || at.name === 'TimeoutError' || at.name === 'AbortError') return true;
    const { success, data } = thrownError.safeParse(at);
    if (success && typeof data.code === 'string') codes.push(data.code);
    looksSo ||=
      /socket hang up|fetch failed|network timeout|premature close|unexpected end of JSON input|received null response from RPC/i.test(
        at.message,
      );
  }
  return codes.length === 0 ? looksSo : codes.some((code) => NETWORK_CODES.has(code));
}

/** Of libuv (https://docs.libuv.org/en/v1.x/errors.html), Node.js, undici and gaxios (the last two names). */
const NETWORK_CODES: ReadonlySet<string> = new Set([
  ...['ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'ETIMEDOUT', 'ESOCKETTIMEDOUT', 'EPIPE', 'EPROTO'],
  ...['ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'ENETRESET'],
  ...['EADDRNOTAVAIL', 'EMFILE', 'ENOBUFS'],
  ...['ERR_SOCKET_CLOSED', 'ERR_SOCKET_CONNECTION_TIMEOUT', 'ERR_STREAM_PREMATURE_CLOSE'],
  ...['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_SOCKET'],
  ...['UND_ERR_CLOSED', 'UND_ERR_DESTROYED', 'UND_ERR_ABORTED', 'TimeoutError', 'AbortError'],
]);
