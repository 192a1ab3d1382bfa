import {
  createServer,
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { cloudEventsTopic, toCloudEvent } from './cloud-event.ts';
import type { FunctionProcess } from './function-process.ts';
import { createInstances, type Instances, type Lease } from './instances.ts';

export interface ServiceOptions {
  readonly name: string;
  /** Starts one instance, e.g. `() => startFunctionProcess({…})`. */
  readonly startInstance: () => Promise<FunctionProcess>;
  /** 1 when absent, as the one of `gcloud functions deploy` is. */
  readonly maxInstances?: number;
  /** Requests at a time in one instance; 1 when absent. */
  readonly concurrency?: number;
  /** Request timeout in real time; 60 s when absent. */
  readonly timeoutMs?: number;
  /** For the request log: sandbox time in milliseconds. */
  readonly now: () => number;
}

export interface LoggedRequest {
  /** Sandbox time of arrival, RFC 3339. */
  readonly at: string;
  readonly method: string;
  readonly path: string;
  /** What the caller was answered; 499 when it had gone away before. */
  readonly status: number;
  /** The CloudEvent's id, for pushes. */
  readonly eventId?: string;
  /** Number of the instance, from 1; absent when the request reached none. */
  readonly instance?: number;
  readonly tookMs: number;
}

/** One Cloud Run service on this machine. */
export interface CloudRunService {
  readonly name: string;
  readonly url: string;
  readonly requests: readonly LoggedRequest[];
  /** The instances that live at present. */
  readonly instances: readonly FunctionProcess[];
  /** Starts an instance, as a deployment does before traffic goes there. Rejects when it does not come up. */
  warmUp(): Promise<void>;
  /** Resolves once that many requests have been answered since the start. */
  answered(count: number): Promise<void>;
  /** Ends every instance and the listener. */
  close(): Promise<void>;
}

/** Starts the front end; instances start when requests come. */
export async function startService(options: ServiceOptions): Promise<CloudRunService> {
  const requests: LoggedRequest[] = [];
  const waiting = new Set<() => void>();
  const instances = createInstances({
    start: options.startInstance,
    max: options.maxInstances ?? 1,
    concurrency: options.concurrency ?? 1,
  });
  const server = createServer(
    (incoming, response) =>
      void serve(incoming, response, options, instances, requests).then(() => {
        for (const look of waiting) look();
      }),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    name: options.name,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests,
    get instances() {
      return instances.live;
    },
    async warmUp() {
      const lease = await instances.acquire(new AbortController().signal);
      lease.release();
    },
    answered: (count) =>
      new Promise<void>((resolve) => {
        const look = (): void => {
          if (requests.length < count) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    async close() {
      server.closeAllConnections();
      await Promise.all([instances.close(), new Promise((resolve) => server.close(resolve))]);
    },
  };
}

interface Outgoing {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer | string;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** An instance that lost a request and is there after so long goes on working. */
const DYING_MS = 500;

async function serve(
  incoming: IncomingMessage,
  response: ServerResponse,
  options: ServiceOptions,
  instances: Instances,
  requests: LoggedRequest[],
): Promise<void> {
  const at = new Date(options.now()).toISOString();
  const started = performance.now();
  const gone = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  let eventId: string | undefined;
  let lease: Lease | undefined;
  let answer: Answer;
  try {
    const body = await readAll(incoming);
    const outgoing = convert(incoming, body);
    const id = outgoing.headers['ce-id'];
    if (typeof id === 'string') eventId = id;
    lease = await instances.acquire(gone.signal);
    answer = await forward(lease.instance, incoming, outgoing, options.timeoutMs ?? 60_000);
  } catch (error) {
    answer = failure(error, gone.signal.aborted);
    // A dying instance drops its connections before its end shows; the next request must not go there.
    if (lease !== undefined && answer.status === 503)
      await Promise.race([lease.instance.exited, delay(DYING_MS, undefined, { ref: false })]);
  } finally {
    lease?.release();
  }
  requests.push({
    at,
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    status: gone.signal.aborted ? 499 : answer.status,
    ...(eventId === undefined ? {} : { eventId }),
    ...(lease === undefined ? {} : { instance: lease.number }),
    tookMs: performance.now() - started,
  });
  response.writeHead(answer.status, { ...answer.headers, 'content-length': String(answer.body.length) });
  response.end(answer.body);
}

/** What Cloud Run itself answers when the function did not. */
class FrontEndError extends Error {
  override readonly name = 'FrontEndError';
  readonly status: number;

  constructor(status: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

function failure(error: unknown, callerGone: boolean): Answer {
  const status = error instanceof FrontEndError ? error.status : callerGone ? 499 : 503;
  const text = error instanceof Error ? error.message : String(error);
  return { status, headers: { 'content-type': 'text/plain' }, body: Buffer.from(text) };
}

function convert(incoming: IncomingMessage, body: Buffer): Outgoing {
  const topic = cloudEventsTopic(new URL(incoming.url ?? '/', 'http://service'));
  if (topic === undefined) return { headers: incoming.headers, body };
  try {
    const event = toCloudEvent(JSON.parse(body.toString()), topic);
    return { headers: { ...incoming.headers, ...event.headers }, body: event.body };
  } catch (cause) {
    throw new FrontEndError(400, 'The request is not a Pub/Sub push.', cause);
  }
}

/** Headers that belong to one connection, or whose value is set anew. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'host',
]);

function passedOn(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN_HEADERS.has(name)));
}

function forward(
  instance: FunctionProcess,
  incoming: IncomingMessage,
  outgoing: Outgoing,
  timeoutMs: number,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timeout = setTimeout(() => {
      reject(new FrontEndError(504, 'upstream request timeout'));
      upstream.destroy();
    }, timeoutMs);
    const upstream = request({
      host: '127.0.0.1',
      port: instance.port,
      method: incoming.method,
      path: incoming.url,
      headers: { ...passedOn(outgoing.headers), 'content-length': String(Buffer.byteLength(outgoing.body)) },
      agent: false,
    });
    const lost = (cause: unknown): void => {
      clearTimeout(timeout);
      reject(
        new FrontEndError(503, 'The request failed because the instance could not start or failed.', cause),
      );
    };
    upstream.on('error', lost);
    upstream.on('response', (reply) => {
      readAll(reply).then((body) => {
        clearTimeout(timeout);
        resolve({ status: reply.statusCode ?? 502, headers: passedOn(reply.headers), body });
      }, lost);
    });
    upstream.end(outgoing.body);
  });
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
