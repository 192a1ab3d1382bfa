import * as z from 'zod/mini';
import { messageOf } from './errors.ts';

/**
 * A call to Google that failed. `status` is the HTTP status, undefined when no answer came; `reason` is what
 * google.rpc.ErrorInfo says (`SERVICE_DISABLED`, …); `retryable` says that the same call may work later.
 */
export class OutsideError extends Error {
  override readonly name = 'OutsideError';
  readonly call: string;
  readonly status: number | undefined;
  readonly reason: string | undefined;
  readonly retryable: boolean;

  constructor(call: string, cause: unknown) {
    const { status, reason, message } = readError(cause);
    super(`Cannot call "${call}": ${status === undefined ? 'no answer' : `HTTP ${status}`}: ${message}`, {
      cause,
    });
    this.call = call;
    this.status = status;
    this.reason = reason;
    this.retryable = status === undefined ? isNetworkError(cause) : RETRYABLE_STATUS.has(status);
  }
}

/** The attempt took longer than it may; thrown by the caller's own timer. */
export class AttemptTimeout extends Error {
  override readonly name = 'AttemptTimeout';
}

/** Somebody else is at work on the same thing: later it is done, or free. */
export class Held extends Error {
  override readonly name = 'Held';
}

/** Whether delivering the event again may help. */
export function isRetryable(error: unknown): boolean {
  return error instanceof Held || (error instanceof OutsideError && error.retryable);
}

const RETRYABLE_STATUS: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** google.rpc.Code to HTTP status, as google/rpc/code.proto documents it. gax errors carry the former. */
const STATUS_OF_CODE: Readonly<Record<number, number>> = {
  1: 499, 2: 500, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400, 10: 409, 11: 400, 12: 501, 13: 500, 14: 503, 15: 500, 16: 401,
}; // prettier-ignore

const errorInfo = z.looseObject({ reason: z.string() });

const wireBody = z.looseObject({
  error: z.looseObject({
    message: z.optional(z.string()),
    details: z.optional(z.array(z.unknown())),
    errors: z.optional(z.array(z.unknown())),
  }),
});

/** What gaxios, gax and the storage client throw has these, each in its own way. */
const thrownError = z.looseObject({
  code: z.optional(z.union([z.number(), z.string()])),
  status: z.optional(z.union([z.number(), z.string()])),
  reason: z.optional(z.string()),
  response: z.optional(z.looseObject({ status: z.optional(z.number()), data: z.optional(z.unknown()) })),
});

function readError(error: unknown): { status?: number; reason?: string; message: string } {
  const thrown = thrownError.safeParse(error);
  if (!thrown.success) return { message: messageOf(error) };
  const { code, status, response, reason } = thrown.data;
  const http = response?.status ?? statusOf(code) ?? statusOf(status);
  const body = wireBody.safeParse(response?.data);
  const detailed = body.success
    ? [...(body.data.error.details ?? []), ...(body.data.error.errors ?? [])]
        .map((detail) => errorInfo.safeParse(detail))
        .find((detail) => detail.success)
    : undefined;
  const why = detailed?.data.reason ?? reason;
  return {
    ...(http === undefined ? {} : { status: http }),
    ...(why === undefined ? {} : { reason: why }),
    message: (body.success ? body.data.error.message : undefined) ?? messageOf(error),
  };
}

function statusOf(code: number | string | undefined): number | undefined {
  const number = typeof code === 'string' && /^\d+$/.test(code) ? Number(code) : code;
  if (typeof number !== 'number') return undefined;
  return number >= 100 ? number : STATUS_OF_CODE[number];
}

/**
 * Without an HTTP status the answer never came: a reset, a timeout, a name that did not resolve. A programming error has
 * no `code` and is none of these.
 */
function isNetworkError(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (at instanceof AttemptTimeout || at.name === 'TimeoutError' || at.name === 'AbortError') return true;
    const { success, data } = thrownError.safeParse(at);
    if (success && typeof data.code === 'string' && NETWORK_CODE.test(data.code)) return true;
    if (/socket hang up|fetch failed|network timeout|premature close/i.test(at.message)) return true;
  }
  return false;
}

const NETWORK_CODE = /^(?:E[A-Z_]+|UND_ERR_[A-Z_]+|ERR_SOCKET[A-Z_]*|ERR_STREAM_PREMATURE_CLOSE)$/;
