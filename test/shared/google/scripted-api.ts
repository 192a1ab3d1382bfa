import { createApi, type Api, type ApiOptions } from '../../../shared/google/api.ts';

/** One authorised request, as it left. */
export interface Asked {
  readonly method: string;
  /** Host and path. */
  readonly target: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** What Google answers: the JSON body; `refuse` for an error. */
export type Script = (asked: Asked) => unknown;

/** The real door with a scripted Google behind it: its pauses take no time, and `asked` collects what was asked. */
export function scriptedApi(script: Script): { readonly api: Api; readonly asked: readonly Asked[] } {
  const asked: Asked[] = [];
  const api = timelessApi(async (request) => {
    const { host, pathname, searchParams } = new URL(String(request.url));
    const one = {
      method: request.method ?? 'GET',
      target: `${host}${pathname}`,
      query: Object.fromEntries(searchParams),
      body: request.data as unknown,
    };
    asked.push(one);
    return { data: script(one) } as never;
  });
  return { api, asked };
}

/** The real door over any way to make an authorised request; its clock stands still and its pauses take no time. */
export function timelessApi(request: ApiOptions['auth']['request']): Api {
  return createApi({
    auth: { request },
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
