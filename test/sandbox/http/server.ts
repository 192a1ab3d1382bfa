import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { ApiError } from './api-error.ts';
import { readBatch, writeBatch, type BatchAnswer } from './batch.ts';
import { MAX_LOGGED_BODY_BYTES, type CallLog, type LoggedCall } from './call-log.ts';
import type { Certificates } from './certificate.ts';
import type { Clock } from '../clock/clock.ts';
import { requireGenuine, requireKnown } from '../discovery/front-end.ts';
import { openEndpoint, type Endpoint } from './endpoint.ts';
import { errorBodyOf, type ErrorAnswer } from './error-shape.ts';
import { withField, type Fault, type Faults } from './faults.ts';
import { selectFields } from './fields.ts';
import type { FrontEnd } from '../services/functions/front-end.ts';
import type { Iam } from '../iam/iam.ts';
import type { Perimeters } from '../iam/perimeters.ts';
import { SYSTEM_QUERY, type Call, type Need, type Reply, type Route } from './route.ts';

export interface ServerOptions {
  readonly certificates: Certificates;
  /** See `EndpointOptions.kept`. */
  readonly keepsConnections?: boolean;
  readonly routes: readonly Route[];
  readonly iam: Iam;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly perimeters?: Perimeters;
  readonly callLog: CallLog;
  /** The account behind a bearer token; undefined for a token that was not issued here. */
  readonly principalOf: (token: string) => string | undefined;
  /** Answers for the hosts of functions, `*.run.app` and `*.cloudfunctions.net`. */
  readonly frontEnd?: FrontEnd;
  /** How long each answer takes at least, its making included, in real milliseconds; for the benchmark. */
  readonly latencyMs?: () => number;
  /**
   * Answers to GET by caller and URL, to be given again as they are: for the benchmark, where nothing changes and what is
   * measured is the caller, not how long the sandbox needs to make an answer.
   */
  readonly remembered?: Map<string, Outgoing>;
  /** Told of every request with its answer. */
  readonly observers?: ReadonlySet<Observer>;
}

/** A request as it came, and what it was answered. */
export interface Answered {
  readonly request: Incoming;
  readonly status: number;
  readonly payload: Buffer;
}

export type Observer = (answered: Answered) => void;

/** Starts the one TLS endpoint that answers for all `*.googleapis.com` hosts. */
export async function startServer(
  options: ServerOptions,
): Promise<Endpoint & { readonly routes: readonly Route[] }> {
  const byHost = new Map<string, Route[]>();
  for (const route of options.routes) byHost.set(route.host, [...(byHost.get(route.host) ?? []), route]);
  const endpoint = await openEndpoint({
    certificates: options.certificates,
    serve: (request, response) => void answer(request, response, byHost, options),
    kept: options.keepsConnections ?? false,
  });
  return { ...endpoint, routes: options.routes };
}

/** One request, alone or inside a batch. */
export interface Incoming {
  readonly method: string;
  readonly host: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Outgoing {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Buffer;
}

type Lost = 'timeout' | 'reset';

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  byHost: ReadonlyMap<string, readonly Route[]>,
  options: ServerOptions,
): Promise<void> {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
  const { method = '', headers } = request;
  const body = await readAll(request);
  // A request that broke off (its sender was killed) never was one: half an upload must not become an object.
  if (!request.complete) return;
  const incoming: Incoming = { method, host, url: urlOf(request.url ?? '/', host), headers, body };
  const arrivedMs = performance.now();
  const isBatch = method === 'POST' && incoming.url.pathname.startsWith('/batch');
  const { frontEnd } = options;
  const outgoing =
    frontEnd !== undefined && /\.(?:run\.app|cloudfunctions\.net)$/.test(host)
      ? await invoke(incoming, frontEnd, options)
      : await (isBatch ? serveBatch : serve)(incoming, byHost, options);
  if (typeof outgoing !== 'string')
    for (const observe of options.observers ?? [])
      observe({ request: incoming, status: outgoing.status, payload: outgoing.payload });
  await wait((options.latencyMs?.() ?? 0) - (performance.now() - arrivedMs));
  if (outgoing === 'timeout') return;
  if (outgoing === 'reset') {
    request.socket.destroy();
    return;
  }
  response.writeHead(outgoing.status, {
    'content-length': String(outgoing.payload.length),
    date: new Date(options.clock.now()).toUTCString(),
    ...outgoing.headers,
  });
  response.end(outgoing.payload);
}

/** A request to a service on Cloud Run, as it comes from the internet. */
async function invoke(incoming: Incoming, frontEnd: FrontEnd, options: ServerOptions): Promise<Outgoing> {
  const { method, host, url, headers, body } = incoming;
  const target = `${url.pathname}${url.search}`;
  const { principal, ...answer } = await frontEnd({ host, method, target, headers, body, internal: false });
  options.callLog.add({
    at: new Date(options.clock.now()).toISOString(),
    id: 'run.invoke',
    method,
    host,
    path: url.pathname,
    query: url.search,
    principal,
    ...loggedBody(body, headers),
    status: answer.status,
    permissions: ['run.routes.invoke'],
  });
  return answer;
}

/** Carries out what is inside one after the other; an answer that is lost loses the whole batch. */
async function serveBatch(
  batch: Incoming,
  byHost: ReadonlyMap<string, readonly Route[]>,
  options: ServerOptions,
): Promise<Outgoing | Lost> {
  const answers: BatchAnswer[] = [];
  try {
    for (const part of readBatch(batch.headers['content-type'], batch.body)) {
      const { method, body, contentId } = part;
      const headers = { authorization: batch.headers.authorization, ...part.headers };
      const url = urlOf(part.target, batch.host);
      const outgoing = await serve({ method, host: batch.host, url, headers, body }, byHost, options);
      if (typeof outgoing === 'string') return outgoing;
      answers.push({ contentId, ...outgoing });
    }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return encode({ status: error.status, body: errorBodyOf(batch.host, error) }, batch.url);
  }
  const { type, payload } = writeBatch(answers);
  return { status: 200, headers: { 'content-type': type }, payload };
}

/** Finds the route, checks the caller and its permissions, and carries the call out; every call leaves one line in the log. */
async function serve(
  incoming: Incoming,
  byHost: ReadonlyMap<string, readonly Route[]>,
  options: ServerOptions,
): Promise<Outgoing | Lost> {
  const { method, host, url, body } = incoming;
  let id = `unknown:${method} ${host}${url.pathname}`;
  let principal = '';
  let needs: readonly Need[] = [];
  let fault: Fault | undefined;

  const log = (status: number): void => {
    options.callLog.add({
      at: new Date(options.clock.now()).toISOString(),
      id,
      method,
      host,
      path: url.pathname,
      query: url.search,
      principal,
      ...loggedBody(body, incoming.headers),
      status,
      permissions: needs.map((need) => need.permission),
      ...(fault === undefined ? {} : { fault: fault.kind }),
    });
  };
  const send = (outgoing: Outgoing): Outgoing => {
    log(outgoing.status);
    return outgoing;
  };
  const finish = (reply: Reply): Outgoing => send(encode(reply, url));
  const lose = (kind: Lost): Lost => {
    log(0);
    return kind;
  };
  const fail = (error: ErrorAnswer): Outgoing =>
    finish({ status: error.status, body: errorBodyOf(host, error) });

  try {
    const match = findRoute(byHost.get(host.replace(REGION, '')) ?? [], method, url);
    if (match === undefined)
      throw new ApiError('NOT_FOUND', `The sandbox serves no ${method} https://${host}${url.pathname}`);
    const { route, params } = match;
    id = route.id;
    if (route.signed !== true) principal = authenticate(incoming.headers, options);
    const call: Call = {
      ...incoming,
      params,
      query: url.searchParams,
      json: () => parseJson(body),
      principal,
    };
    fault = options.faults.draw(id, url.pathname);
    if (fault?.kind === 'latency') await wait(fault.milliseconds);
    if (fault?.kind === 'status') {
      const { status, message = 'Injected by a fault rule.', reason } = fault;
      const type = 'type.googleapis.com/google.rpc.ErrorInfo';
      const details = reason === undefined ? [] : [{ '@type': type, reason, domain: 'googleapis.com' }];
      return fail({ status, code: CODE_OF[status] ?? 'UNKNOWN', message, details });
    }
    const spoilt = fault === undefined ? undefined : spoiltAnswer(fault);
    if (spoilt !== undefined && spoilt.after !== true) return send(spoilt.outgoing);
    const lost = fault?.kind === 'timeout' || fault?.kind === 'reset' ? fault : undefined;
    if (lost !== undefined && lost.after !== true) return lose(lost.kind);
    const known = requireKnown(call);
    checkQuery(route, call, known !== undefined);
    needs = route.needs(call);
    options.iam.require(principal, needs);
    options.perimeters?.require(principal, host, needs);
    const key = `${principal} ${url.href}`;
    const before = method === 'GET' ? options.remembered?.get(key) : undefined;
    if (before !== undefined) return send(before);
    const reply = await route.handle(call);
    if (known !== undefined && (reply.status ?? 200) < 300) requireGenuine(known, reply.body);
    if (lost !== undefined) return lose(lost.kind);
    if (spoilt !== undefined) return send(spoilt.outgoing);
    const outgoing = finish(
      fault?.kind === 'field' ? { ...reply, body: withField(reply.body, fault) } : reply,
    );
    if (method === 'GET') options.remembered?.set(key, outgoing);
    return outgoing;
  } catch (error) {
    if (error instanceof ApiError) return fail(error);
    console.error(`sandbox: ${method} ${host}${url.pathname} failed:`, error);
    return fail({ status: 500, code: 'INTERNAL', message: `The sandbox failed: ${String(error)}` });
  }
}

function loggedBody(
  body: Buffer,
  headers: IncomingHttpHeaders,
): Pick<LoggedCall, 'body' | 'bodyBytes' | 'contentType'> {
  return {
    body: body.subarray(0, MAX_LOGGED_BODY_BYTES).toString(),
    bodyBytes: body.length,
    contentType: headers['content-type'] ?? '',
  };
}

/** A regional endpoint, `us-central1-run.googleapis.com`, answers as the global one. */
const REGION = /^[a-z]+-[a-z]+\d+-(?=run\.)/;

const CODE_OF: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  412: 'CONDITION_NOT_MET',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/** An answer that says nothing about the call; undefined for other faults. */
function spoiltAnswer(
  fault: Fault,
): { readonly outgoing: Outgoing; readonly after: boolean | undefined } | undefined {
  if (fault.kind === 'html') return { outgoing: htmlPage(fault.status), after: fault.after };
  if (fault.kind !== 'body') return undefined;
  const headers = { 'content-type': 'application/json; charset=UTF-8' };
  return { outgoing: { status: 200, headers, payload: Buffer.from(fault.body) }, after: fault.after };
}

/** What the front end answers by itself, before any API: a page for people. */
function htmlPage(status: number): Outgoing {
  const page = `<!DOCTYPE html><html lang=en><title>Error ${status}</title><p>The requested URL was not found on this server. That’s all we know.`;
  return { status, headers: { 'content-type': 'text/html; charset=UTF-8' }, payload: Buffer.from(page) };
}

/** A target that is no URL (`//`, a lone `%`) must be an unknown route, not the end of the sandbox. */
function urlOf(target: string, host: string): URL {
  return URL.parse(`https://${host}${target}`) ?? new URL('https://invalid.googleapis.com/');
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
  const plain = decoded(decodeURI, url.pathname);
  for (const route of routes) {
    if (route.method !== method) continue;
    const match = route.path.exec(url.pathname) ?? route.path.exec(plain);
    if (match === null) continue;
    const params = Object.fromEntries(
      Object.entries(match.groups ?? {}).map(([name, value]) => [name, decoded(decodeURIComponent, value)]),
    );
    return { route, params };
  }
  return undefined;
}

function decoded(decode: (text: string) => string, text: string): string {
  try {
    return decode(text);
  } catch {
    throw new ApiError('INVALID_ARGUMENT', `Invalid percent-encoding in "${text}".`);
  }
}

function authenticate(headers: IncomingHttpHeaders, options: ServerOptions): string {
  const token = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];
  const principal = token === undefined ? undefined : options.principalOf(token);
  if (principal === undefined)
    throw new ApiError(
      'UNAUTHENTICATED',
      'Request had invalid authentication credentials. Expected OAuth 2 access token.',
    );
  return principal;
}

/** `known`: Google's method has the parameter, or it would have been refused before. */
function checkQuery(route: Route, call: Call, known: boolean): void {
  if (route.query.includes('*')) return;
  for (const name of call.query.keys())
    if (!SYSTEM_QUERY.has(name) && !route.query.includes(name))
      throw known
        ? new ApiError('UNIMPLEMENTED', `The sandbox does not imitate the parameter ${name} of ${route.id}.`)
        : new ApiError('INVALID_ARGUMENT', `Invalid query parameter "${name}" for ${route.id}.`);
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

function encode(reply: Reply, url: URL): Outgoing {
  const { status = 200, headers = {}, body } = reply;
  if (body === undefined) return { status, headers, payload: Buffer.alloc(0) };
  if (Buffer.isBuffer(body)) return { status, headers, payload: body };
  const mask = url.searchParams.get('fields') ?? url.searchParams.get('$fields');
  const value = mask === null || status >= 300 ? body : selectFields(body, mask);
  return {
    status,
    headers: { 'content-type': 'application/json; charset=UTF-8', ...headers },
    payload: Buffer.from(JSON.stringify(value)),
  };
}

async function wait(milliseconds: number): Promise<void> {
  if (milliseconds > 0) await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
