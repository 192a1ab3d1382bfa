import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiError, errorBody } from './api-error.ts';
import type { CallLog } from './call-log.ts';
import type { Certificates } from './certificate.ts';
import type { Clock } from './clock.ts';
import type { Fault, Faults } from './faults.ts';
import { selectFields } from './fields.ts';
import type { Iam } from './iam.ts';
import { SYSTEM_QUERY, type Call, type Need, type Reply, type Route } from './route.ts';

export interface ServerOptions {
  readonly certificates: Certificates;
  readonly routes: readonly Route[];
  readonly iam: Iam;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly callLog: CallLog;
  /** The account behind a bearer token; undefined for a token that nobody issued. */
  readonly principalOf: (token: string) => string | undefined;
  /** Delay in real milliseconds before each answer; for the benchmark. */
  readonly latencyMs?: () => number;
}

/** Starts the one TLS endpoint that answers for all `*.googleapis.com` hosts. */
export async function startServer(options: ServerOptions): Promise<{ server: Server; port: number }> {
  const byHost = new Map<string, Route[]>();
  for (const route of options.routes) byHost.set(route.host, [...(byHost.get(route.host) ?? []), route]);
  const server = createServer(
    { cert: options.certificates.certificate, key: options.certificates.key, keepAliveTimeout: 60_000 },
    (request, response) => void answer(request, response, byHost, options),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return { server, port: (server.address() as AddressInfo).port };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  byHost: ReadonlyMap<string, readonly Route[]>,
  options: ServerOptions,
): Promise<void> {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  const url = new URL(request.url ?? '/', `https://${host}`);
  const body = await readAll(request);
  // A request that broke off (its sender was killed) never was one: half an upload must not become an object.
  if (!request.complete) return;
  let id = `unknown:${request.method ?? ''} ${host}${url.pathname}`;
  let principal = '';
  let needs: readonly Need[] = [];
  let fault: Fault | undefined;

  const log = (status: number): void => {
    options.callLog.add({
      at: new Date(options.clock.now()).toISOString(),
      id,
      method: request.method ?? '',
      host,
      path: url.pathname,
      query: url.search,
      principal,
      body: body.subarray(0, 64 * 1024).toString(),
      status,
      permissions: needs.map((need) => need.permission),
      ...(fault === undefined ? {} : { fault: fault.kind }),
    });
  };
  const send = (reply: Reply): void => {
    const status = reply.status ?? 200;
    log(status);
    const { payload, type } = encode(reply, url);
    response.writeHead(status, {
      ...(type === undefined ? {} : { 'content-type': type }),
      'content-length': String(payload.length),
      date: new Date(options.clock.now()).toUTCString(),
      ...reply.headers,
    });
    response.end(payload);
  };

  try {
    const match = findRoute(byHost.get(host) ?? [], request.method ?? '', url);
    if (match === undefined)
      throw new ApiError(
        'NOT_FOUND',
        `The sandbox serves no ${request.method} https://${host}${url.pathname}`,
      );
    const { route, params } = match;
    id = route.id;
    principal = authenticate(request, options);
    const call: Call = {
      method: request.method ?? '',
      host,
      url,
      headers: request.headers,
      params,
      query: url.searchParams,
      body,
      json: () => parseJson(body),
      principal,
    };
    fault = options.faults.draw(id, url.pathname);
    await wait(options.latencyMs?.() ?? 0);
    if (fault?.kind === 'latency') await wait(fault.milliseconds);
    if (fault?.kind === 'status') {
      send({
        status: fault.status,
        body: errorBody(
          fault.status,
          CODE_OF[fault.status] ?? 'UNKNOWN',
          fault.message ?? 'Injected by a fault rule.',
        ),
      });
      return;
    }
    const lost = fault?.kind === 'timeout' || fault?.kind === 'reset' ? fault : undefined;
    if (lost !== undefined && lost.after !== true) {
      lose(lost, request, log);
      return;
    }
    checkQuery(route, call);
    needs = route.needs(call);
    options.iam.require(principal, needs);
    const reply = await route.handle(call);
    if (lost !== undefined) {
      lose(lost, request, log);
      return;
    }
    send(reply);
  } catch (error) {
    if (error instanceof ApiError) {
      send({ status: error.status, body: errorBody(error.status, error.code, error.message, error.details) });
      return;
    }
    console.error(`sandbox: ${request.method ?? ''} ${host}${url.pathname} failed:`, error);
    send({ status: 500, body: errorBody(500, 'INTERNAL', `The sandbox failed: ${String(error)}`) });
  }
}

const CODE_OF: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  412: 'FAILED_PRECONDITION',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

function lose(fault: Fault, request: IncomingMessage, log: (status: number) => void): void {
  log(0);
  if (fault.kind === 'reset') request.socket.destroy();
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    // The caller went away in the middle of its request; `complete` stays false.
  }
  return Buffer.concat(chunks);
}

function findRoute(
  routes: readonly Route[],
  method: string,
  url: URL,
): { route: Route; params: Record<string, string> } | undefined {
  for (const route of routes) {
    if (route.method !== method) continue;
    const match = route.path.exec(url.pathname) ?? route.path.exec(decodeURI(url.pathname));
    if (match === null) continue;
    const params = Object.fromEntries(
      Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]),
    );
    return { route, params };
  }
  return undefined;
}

function authenticate(request: IncomingMessage, options: ServerOptions): string {
  const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const principal = token === undefined ? undefined : options.principalOf(token);
  if (principal === undefined)
    throw new ApiError(
      'UNAUTHENTICATED',
      'Request had invalid authentication credentials. Expected OAuth 2 access token.',
    );
  return principal;
}

function checkQuery(route: Route, call: Call): void {
  if (route.query.includes('*')) return;
  for (const name of call.query.keys())
    if (!SYSTEM_QUERY.has(name) && !route.query.includes(name))
      throw new ApiError('INVALID_ARGUMENT', `Invalid query parameter "${name}" for ${route.id}.`);
}

function parseJson(body: Buffer): Readonly<Record<string, unknown>> {
  if (body.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    throw new ApiError('INVALID_ARGUMENT', 'Invalid JSON payload received. Parse error.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ApiError('INVALID_ARGUMENT', 'Invalid JSON payload received. Expected an object.');
  return value as Record<string, unknown>;
}

function encode(reply: Reply, url: URL): { payload: Buffer; type?: string } {
  if (reply.body === undefined) return { payload: Buffer.alloc(0) };
  if (Buffer.isBuffer(reply.body)) return { payload: reply.body };
  const mask = url.searchParams.get('fields') ?? url.searchParams.get('$fields');
  const ok = (reply.status ?? 200) < 300;
  const value = mask === null || !ok ? reply.body : selectFields(reply.body, mask);
  return { payload: Buffer.from(JSON.stringify(value)), type: 'application/json; charset=UTF-8' };
}

async function wait(milliseconds: number): Promise<void> {
  if (milliseconds > 0) await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
