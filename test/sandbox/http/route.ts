import type { IncomingHttpHeaders } from 'node:http';

/** One method of a Google API as the sandbox serves it. Every service of the sandbox is a list of these. */
export interface Route {
  /** The method's id as Google's discovery documents spell it, e.g. `storage.buckets.list`; the call log's key. */
  readonly id: string;
  /** One host, e.g. `storage.googleapis.com`. */
  readonly host: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Matched against the whole path; its named groups become `params` (percent-decoded). */
  readonly path: RegExp;
  /** Known query parameters. Any other is answered with 400, apart from the system parameters of `SYSTEM_QUERY`. */
  readonly query: readonly string[];
  /** The URL itself carries the right to call, by a signature that the handler checks; no token is requested. */
  readonly signed?: boolean;
  /** The permissions that the caller needs, each on the resource that it is checked against. */
  readonly needs: (call: Call) => readonly Need[];
  readonly handle: (call: Call) => Reply | Promise<Reply>;
}

/** A permission on a resource: `projects/P`, `folders/N`, `organizations/N`, `buckets/B`, `projects/P/topics/T`, … */
export interface Need {
  readonly permission: string;
  readonly on: string;
  /** What conditions of bindings see, where it is not the resource itself: an object in the bucket `on`. */
  readonly object?: string;
}

export interface Call {
  readonly method: string;
  readonly host: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The raw request body; empty when there was none. */
  readonly body: Buffer;
  /** The body parsed as a JSON object; `{}` when empty. Throws INVALID_ARGUMENT when it is anything else. */
  readonly json: () => Readonly<Record<string, unknown>>;
  /** The account that the bearer token belongs to, e.g. an e-mail address. */
  readonly principal: string;
}

export interface Reply {
  /** 200 when absent. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A JSON value, raw bytes, or nothing. */
  readonly body?: unknown;
}

/** Parameters that every Google API accepts. `fields` is honoured by the server itself for every JSON answer. */
export const SYSTEM_QUERY: ReadonlySet<string> = new Set([
  'alt', '$alt', 'fields', '$fields', 'prettyPrint', '$prettyPrint', 'quotaUser', 'key', 'userProject', 'uploadType',
  'upload_id', '$httpMethod', 'userIp', '$.xgafv', 'callback', 'access_token',
]); // prettier-ignore
