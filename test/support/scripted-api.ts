import type { GoogleAuth } from 'google-auth-library';
import { Permit } from '../../shared/google/change/permit.ts';
import { createApi, type Api } from '../../shared/google/api.ts';

/** One authorised request, as it left. */
export interface SentRequest {
  readonly method: string;
  /** Host and path. */
  readonly target: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** What Google answers: the JSON body; `refuse` for an error. */
export type Script = (requested: SentRequest) => unknown;

/** The real `Api` with a scripted Google behind it: its pauses take no time, and `requested` collects what was requested. */
export function scriptedApi(script: Script): {
  readonly api: Api;
  readonly requested: readonly SentRequest[];
} {
  const requested: SentRequest[] = [];
  const answer = (address: string, method: string, body: unknown): unknown => {
    const { hostname, pathname, searchParams } = new URL(address);
    const one = { method, target: `${hostname}${pathname}`, query: Object.fromEntries(searchParams), body };
    requested.push(one);
    return script(one);
  };
  const api = timelessApi(
    async ({ url, method = 'GET', data }) => ({ data: answer(String(url), method, data) }) as never,
    // As the clients of google-gax call it.
    async (url, { method = 'GET', body } = {}) =>
      Response.json(
        answer(url, method, body === undefined ? undefined : (JSON.parse(body) as unknown)) ?? null,
      ),
  );
  return { api, requested };
}

/** The real `Api` over any way to make an authorised request; its clock stands still and its pauses take no time. */
export function timelessApi(
  request: GoogleAuth['request'],
  fetch: (url: string, init?: { method?: string; body?: string }) => Promise<Response> = () =>
    Promise.reject(new Error('No client is expected here')),
): Api {
  const getClient = () => Promise.resolve({ universeDomain: 'googleapis.com' });
  return createApi({
    auth: {
      async request(options: Parameters<GoogleAuth['request']>[0]) {
        const answer = await request<unknown>(options);
        return { ...answer, headers: new Headers(answer.headers) };
      },
      fetch,
      getClient,
    } as unknown as GoogleAuth,
    nowMs: () => 0,
    deadlineMs: 480_000,
    turn: async () => undefined,
    sleep: async () => undefined,
    random: () => 0,
    attemptTimeoutMs: 60_000,
  });
}

/** Throws what an authorised request throws for this HTTP status. */
export function refuse(status: number, reason?: string): never {
  const details =
    reason === undefined ? [] : [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason }];
  const data = { error: { code: status, message: `refused with ${status}`, details } };
  throw Object.assign(new Error(data.error.message), { status, response: { status, data } });
}

/** A permit for tests of what is sent. */
export function anyPermit(): Permit {
  return new Permit(() => undefined);
}
