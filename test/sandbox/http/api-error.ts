/** The canonical codes of google.rpc.Code with the HTTP status that Google's REST front end gives them. */
const HTTP_STATUS = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  ABORTED: 409,
  CONDITION_NOT_MET: 412,
  RESOURCE_EXHAUSTED: 429,
  INTERNAL: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
} as const;

export type ApiCode = keyof typeof HTTP_STATUS;

/** An error answer of a Google API. A route throws it; the server writes it in the shape that the API uses. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiCode;
  readonly status: number;
  /** google.rpc.ErrorInfo and the like, as they stand in `error.details`. */
  readonly details: readonly object[];

  constructor(code: ApiCode, message: string, details: readonly object[] = []) {
    super(message);
    this.code = code;
    this.status = HTTP_STATUS[code];
    this.details = details;
  }
}

/** The body that Google's REST front end sends with an error; `errors` is what Storage and Compute add to it. */
export function errorBody(
  status: number,
  code: string,
  message: string,
  details: readonly object[] = [],
): object {
  return {
    error: {
      code: status,
      message,
      status: code,
      errors: [{ message, domain: 'global', reason: code }],
      ...(details.length > 0 ? { details } : {}),
    },
  };
}
