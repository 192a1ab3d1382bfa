import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Storage } from '@google-cloud/storage';
import { ApiError, errorBody } from '../../http/api-error.ts';
import { requireKnown } from '../../discovery/front-end.ts';
import { createClock, type Clock } from '../../clock/clock.ts';
import { SYSTEM_QUERY, type Call, type Need, type Reply } from '../../http/route.ts';
import type { StorageSeed } from './seed.ts';
import { createStorageService, type StorageService } from './service.ts';

const HOST = 'storage.googleapis.com';
export const START = '2026-11-18T09:00:00.000Z';

/** The service alone behind plain HTTP, without TLS and IAM, for the tests of this folder. */
export interface Harness {
  readonly storage: StorageService;
  readonly clock: Clock;
  readonly client: Storage;
  /** A request to the path below the host; throws nothing, whatever the status. */
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** `id path` of every request so far, and the permissions that the last one needed. */
  readonly calls: string[];
  lastNeeds: readonly Need[];
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; `{}` when it is empty. */
  readonly json: Record<string, unknown>;
}

export async function startHarness(seed: StorageSeed): Promise<Harness> {
  const clock = createClock({ startMs: Date.parse(START), frozen: true });
  const storage = createStorageService({
    clock,
    projectNumberOf: (projectId) => (projectId === 'ml-dev' ? '111111111111' : '222222222222'),
    seed,
    allows: (_principal, need) => need.permission.startsWith('storage.objects.'),
  });
  const harness = { calls: [] as string[], lastNeeds: [] as readonly Need[] };

  const answer = async (
    method: string,
    url: URL,
    headers: IncomingHttpHeaders,
    body: Buffer,
  ): Promise<Reply> => {
    try {
      for (const route of storage.routes) {
        const match = route.host === HOST && route.method === method ? route.path.exec(url.pathname) : null;
        if (match === null) continue;
        const params = Object.fromEntries(
          Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]),
        );
        const json = (): Record<string, unknown> =>
          body.length === 0 ? {} : (JSON.parse(body.toString()) as Record<string, unknown>);
        const call: Call = {
          method,
          host: HOST,
          url,
          headers,
          params,
          query: url.searchParams,
          body,
          json,
          principal: 'test',
        };
        requireKnown(call);
        for (const name of url.searchParams.keys())
          if (!SYSTEM_QUERY.has(name) && !route.query.includes(name))
            throw new ApiError('INVALID_ARGUMENT', `Invalid query parameter "${name}" for ${route.id}.`);
        harness.calls.push(route.id);
        harness.lastNeeds = route.needs(call);
        return await route.handle(call);
      }
      throw new ApiError('UNIMPLEMENTED', `No route for ${method} ${url.pathname}`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return {
        status: error.status,
        body: errorBody(error.status, error.code, error.message, error.details),
      };
    }
  };

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', `http://${request.headers.host ?? ''}`);
      void answer(request.method ?? '', url, request.headers, Buffer.concat(chunks)).then((reply) => {
        const raw = reply.body === undefined || Buffer.isBuffer(reply.body);
        response.writeHead(reply.status ?? 200, {
          ...(raw ? {} : { 'content-type': 'application/json' }),
          ...reply.headers,
        });
        response.end(raw ? reply.body : JSON.stringify(reply.body));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return Object.assign(harness, {
    storage,
    clock,
    client: new Storage({ projectId: 'ml-dev', apiEndpoint: origin, retryOptions: { autoRetry: false } }),
    async send(
      method: string,
      path: string,
      body?: unknown,
      headers: Record<string, string> = {},
    ): Promise<Answer> {
      const raw = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
      const payload = raw ? body : JSON.stringify(body);
      const response = await fetch(new URL(path, origin), {
        method,
        headers: { ...(raw ? {} : { 'content-type': 'application/json' }), ...headers },
        redirect: 'manual',
        ...(payload === undefined ? {} : { body: payload as string }),
      });
      const text = await response.text();
      const isJson = (response.headers.get('content-type') ?? '').includes('json') && text !== '';
      const json = isJson ? (JSON.parse(text) as Record<string, unknown>) : {};
      return { status: response.status, headers: response.headers, text, json };
    },
    async close() {
      clock.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

/** The text of an error answer. */
export function messageOf(answer: Answer): string {
  const { error } = answer.json as { error?: { message?: string } };
  return error?.message ?? '';
}
