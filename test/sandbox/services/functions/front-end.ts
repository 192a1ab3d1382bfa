import { request } from 'node:http';
import type { Iam } from '../../iam/iam.ts';
import { SHARED_DOMAIN } from './state.ts';

/** A request to a `*.run.app` or `*.cloudfunctions.net` host. */
export interface Invocation {
  readonly host: string;
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** Whether it comes from Google's own network: Pub/Sub, Cloud Scheduler. */
  readonly internal: boolean;
}

export interface Invoked {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Buffer;
  /** The account that called; empty when no one said who. */
  readonly principal: string;
}

/** What the front end must know of a service. */
export interface Served {
  /** `projects/P/locations/L/services/S` */
  readonly name: string;
  /** Where it listens on this machine. */
  readonly url: string;
  readonly internalOnly: boolean;
}

export type FrontEnd = (invocation: Invocation) => Promise<Invoked>;

/**
 * Cloud Run's front end: lets through who may invoke the service, from where its ingress allows. Source: run/docs/
 * authenticating/overview and run/docs/troubleshooting (401 for a token that is wrong, 403 for a missing permission, 404
 * for the wrong network).
 */
export function createFrontEnd(options: {
  readonly serviceOf: (host: string, target: string) => Served | undefined;
  readonly iam: Iam;
  /** The account behind an identity token. */
  readonly accountOf: (token: string) => string | undefined;
}): FrontEnd {
  return async (invocation) => {
    const service = options.serviceOf(invocation.host, invocation.target);
    const text = (status: number, message: string, principal = ''): Invoked => ({
      status,
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      payload: Buffer.from(`${message}\n`),
      principal,
    });
    if (service === undefined || (service.internalOnly && !invocation.internal))
      return text(404, 'Page not found');
    const token = /^Bearer (.+)$/i.exec(String(invocation.headers['authorization'] ?? ''))?.[1];
    const principal = token === undefined ? '' : options.accountOf(token);
    if (principal === undefined) return text(401, 'The access token could not be verified');
    if (!options.iam.allows(principal, { permission: 'run.routes.invoke', on: service.name }))
      return text(403, 'Your client does not have permission to get this URL.', principal);
    return { ...(await forward(service.url, invocation)), principal };
  };
}

/** Headers of one connection, and the credentials, which Cloud Run does not pass on as they are. */
const KEPT_BACK: ReadonlySet<string> = new Set([
  'authorization', 'connection', 'content-length', 'host', 'keep-alive', 'proxy-connection', 'transfer-encoding',
]); // prettier-ignore

function forward(url: string, invocation: Invocation): Promise<Omit<Invoked, 'principal'>> {
  // The name in the address of all functions of a project is not part of the path that the function sees.
  const target = invocation.host.endsWith(SHARED_DOMAIN)
    ? invocation.target.replace(/^\/[^/?]*\/?/, '/')
    : invocation.target;
  return new Promise((resolve, reject) => {
    const headers = Object.fromEntries(
      Object.entries(invocation.headers).filter(
        ([name, value]) => value !== undefined && !KEPT_BACK.has(name),
      ),
    );
    const outgoing = request(new URL(target, url), {
      method: invocation.method,
      headers: { ...headers, 'content-length': String(invocation.body.length) },
      agent: false,
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => void chunks.push(chunk));
      response.on('end', () => {
        const answered = Object.entries(response.headers).flatMap(([name, value]): [string, string][] =>
          value === undefined || KEPT_BACK.has(name) ? [] : [[name, String(value)]],
        );
        resolve({
          status: response.statusCode ?? 502,
          headers: Object.fromEntries(answered),
          payload: Buffer.concat(chunks),
        });
      });
    });
    outgoing.end(invocation.body);
  });
}
