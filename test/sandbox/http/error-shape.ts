import { errorBody } from './api-error.ts';

export interface ErrorAnswer {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly details?: readonly object[];
}

/** Canonical code -> the reason that the older JSON APIs give in `errors[]`. */
const REASONS: Readonly<Record<string, string>> = {
  INVALID_ARGUMENT: 'invalid',
  FAILED_PRECONDITION: 'failedPrecondition',
  UNAUTHENTICATED: 'authError',
  PERMISSION_DENIED: 'forbidden',
  NOT_FOUND: 'notFound',
  ALREADY_EXISTS: 'conflict',
  ABORTED: 'conflict',
  CONDITION_NOT_MET: 'conditionNotMet',
  RESOURCE_EXHAUSTED: 'rateLimitExceeded',
  INTERNAL: 'internalError',
  UNIMPLEMENTED: 'notImplemented',
  UNAVAILABLE: 'backendError',
  DEADLINE_EXCEEDED: 'backendError',
};

/** Where the cause stands, for the reasons that say so: storage/docs/json_api/v1/status-codes. */
const LOCATIONS: Readonly<Record<string, { locationType: string; location: string }>> = {
  authError: { locationType: 'header', location: 'Authorization' },
  conditionNotMet: { locationType: 'header', location: 'If-Match' },
};

/**
 * The body of an error as the API behind `host` writes it: Storage and Compute in the older JSON shape (`errors[]` with a
 * reason, no canonical `status`), all others as google.rpc.Status. Compute adds status and details where its front end
 * refuses the call, e.g. SERVICE_DISABLED.
 */
export function errorBodyOf(host: string, answer: ErrorAnswer): object {
  const { status, code, message, details = [] } = answer;
  const storage = host === 'storage.googleapis.com' || host === 'www.googleapis.com';
  if (!storage && host !== 'compute.googleapis.com') return errorBody(status, code, message, details);
  const reason = message.startsWith('Required') && code === 'INVALID_ARGUMENT' ? 'required' : REASONS[code];
  const domain = reason === 'rateLimitExceeded' ? 'usageLimits' : 'global';
  const location = reason === undefined ? undefined : LOCATIONS[reason];
  return {
    error: {
      code: status,
      message,
      errors: [{ message, domain, reason: reason ?? 'backendError', ...location }],
      ...(storage || details.length === 0 ? {} : { status: code, details }),
    },
  };
}
