import { type GoogleAuth, OAuth2Client } from 'google-auth-library';
import { AttemptTimeout, GoogleApiError, WrongAddress } from './google-api-error.ts';
import { watchDeparture } from './change/departure.ts';
import type { Permit } from './change/permit.ts';
import { bodyOf, type Content } from './request-body.ts';

/** All calls of costguard to Google: it counts, times out, retries and turns failures into one kind. */
export interface Api {
  /**
   * Makes one outside call. `name` is its key in the receipt's `apiCalls`, e.g. `notebooks.instances.list`; every
   * attempt counts. A failure that may pass (429, 5xx, no answer) is tried again with exponential backoff and full
   * jitter while the event's deadline allows. Throws {@link GoogleApiError}.
   */
  call<T>(name: string, attempt: () => Promise<T>, options?: CallOptions): Promise<T>;
  /** An authorised request; the answer is unchecked wire data, parsed as JSON unless `answer` says otherwise. */
  request(name: string, request: ReadRequest, options?: CallOptions): Promise<unknown>;
  /** The same with the status and the headers of the answer, for protocols that speak through them. */
  exchange(name: string, request: ReadRequest, options?: CallOptions): Promise<ApiAnswer>;
  /**
   * The same with any method, for what changes nothing that is guarded: looks that Google takes by POST, and objects of the state
   * bucket, which have preconditions of their own. test/unpermitted.ts lists the files that may use it.
   */
  exchangeUnpermitted(name: string, request: ApiRequest, options?: CallOptions): Promise<ApiAnswer>;
  /**
   * Sends a request that changes something, once; nothing repeats it. `permit` is checked as it leaves. Throws what the permit
   * throws, and {@link GoogleApiError}.
   */
  change(name: string, permit: Permit, request: ApiRequest): Promise<unknown>;
  /**
   * From now on calls may also start in the time that is kept free behind the deadline: for what ends a run, such as
   * storing its receipt.
   */
  startClosing(): void;
  /**
   * Resolves in the next turn of the event loop: requests have left by then, and what arrived meanwhile is dealt with. With
   * `alone`, only one caller goes on in each turn.
   */
  nextTurn(options?: { readonly alone?: boolean }): Promise<void>;
  /** How long calls may still start, without the time that is kept free for closing. */
  timeLeftMs(): number;
  /** Notes time series that Monitoring returned: since 2025-10-02 it bills reads by them. */
  countSeries(returned: number): void;
  /** Time series that Monitoring returned so far. */
  seriesRead(): number;
  /** Notes points that were written to Monitoring, which bills them by their bytes. */
  countPoints(written: number): void;
  /** Points written so far. */
  pointsWritten(): number;
  /** Who calls: Google's own clients make their requests with it, inside {@link Api.call}. */
  readonly auth: GoogleAuth;
  /** Attempts made so far, by name. */
  readonly calls: Readonly<Record<string, number>>;
}

export interface CallOptions {
  /** `false` for a call that must not be repeated blindly; its caller looks first whether it got through. */
  readonly retry?: boolean;
  /** Called right before each attempt; what it throws ends the call. */
  readonly leaving?: () => void;
  /** For a call that nothing waits for: how long an attempt may take at the most. */
  readonly timeoutMs?: number;
}

/** A request that changes nothing: the compiler refuses one whose method may be another. */
export interface ReadRequest extends ApiRequest {
  readonly method?: 'GET';
}

export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly url: string;
  /** A list becomes a repeated parameter. */
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  readonly body?: object | Content;
  readonly headers?: Readonly<Record<string, string>>;
  /** A status beside 2xx that is no failure. */
  readonly alsoExpects?: number;
  /** `text`: the answer comes as it is, a string. */
  readonly answer?: 'json' | 'text';
}

/** What came back: unchecked wire data. */
export interface ApiAnswer {
  readonly status: number;
  /** The value of a header, by its name in lower case. */
  header(name: string): string | undefined;
  readonly data: unknown;
}

export interface ApiOptions {
  readonly auth: GoogleAuth;
  /** Has the next request fetch a new token; false where there is no way to one. */
  readonly renewToken?: () => Promise<boolean>;
  readonly nowMs: () => number;
  /** No attempt starts after this moment, in milliseconds since the epoch; after `startClosing` 45 s later. */
  readonly deadlineMs: number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Resolves in the next turn of the event loop. */
  readonly turn: () => Promise<void>;
  /** 0 to 1, for the jitter. */
  readonly random: () => number;
  /** An attempt without an answer after this long counts as failed. */
  readonly attemptTimeoutMs: number;
}

/**
 * Six attempts wait about 15 seconds at the most. A longer outage is better waited for by the subscription, which
 * delivers the event again, than by a function that is paid by the second.
 */
const MAX_ATTEMPTS = 6;

const FIRST_DELAY_MS = 500;

const MAX_DELAY_MS = 16_000;

/** Enough for a receipt of some megabytes and its publication, and short of the end of the process. */
const CLOSING_MS = 45_000;

/**
 * google-auth-library keeps a token until it runs out, also one that was revoked. One that counts as run out is fetched anew
 * with the next request, of every client of this identity. False for an identity that has no way to another token.
 */
export async function renewToken(auth: GoogleAuth): Promise<boolean> {
  const client = await auth.getClient();
  if (!(client instanceof OAuth2Client) || !client.credentials.refresh_token) return false;
  client.setCredentials({ ...client.credentials, expiry_date: 1 });
  return true;
}

export function createApi(options: ApiOptions): Api {
  const calls: Record<string, number> = {};
  let { deadlineMs } = options;
  let lastAlone = Promise.resolve();
  let series = 0;
  let points = 0;
  const call = callsOf(options, calls, () => deadlineMs);
  const exchange = exchangesOf(options.auth, call);
  return {
    auth: options.auth,
    call,
    calls,
    countSeries: (returned) => void (series += returned),
    seriesRead: () => series,
    countPoints: (written) => void (points += written),
    pointsWritten: () => points,
    timeLeftMs: () => options.deadlineMs - options.nowMs(),
    startClosing() {
      deadlineMs = options.deadlineMs + CLOSING_MS;
    },
    async nextTurn({ alone = false } = {}) {
      if (!alone) return options.turn();
      lastAlone = lastAlone.then(options.turn);
      return lastAlone;
    },
    exchange,
    exchangeUnpermitted: exchange,
    request: async (name, request, callOptions) => (await exchange(name, request, callOptions)).data,
    async change(name, permit, request) {
      const leaving = (): void => {
        permit.check();
      };
      return (await exchange(name, request, { retry: false, leaving })).data;
    },
  };
}

/** Makes calls: counts each attempt in `calls`, times it out, renews a revoked token once and retries. */
function callsOf(options: ApiOptions, calls: Record<string, number>, deadlineMs: () => number): Api['call'] {
  return async (name, attempt, callOptions = {}) => {
    let renewed = false;
    for (let tried = 1; ; tried++) {
      const leftMs = deadlineMs() - options.nowMs();
      if (leftMs <= 0)
        throw new GoogleApiError(name, new AttemptTimeout('not sent: the time for this run is up'));
      callOptions.leaving?.();
      calls[name] = (calls[name] ?? 0) + 1;
      try {
        const timeoutMs = Math.min(callOptions.timeoutMs ?? Infinity, options.attemptTimeoutMs, leftMs);
        return await withTimeout(name, attempt, timeoutMs);
      } catch (cause) {
        const error = cause instanceof GoogleApiError ? cause : new GoogleApiError(name, cause);
        // Nothing was carried out, so that this call too may be repeated which otherwise must not be.
        if (error.status === 401 && !renewed && (await options.renewToken?.()) === true) {
          renewed = true;
          continue;
        }
        const delay = options.random() * Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (tried - 1));
        const late = options.nowMs() + delay >= deadlineMs();
        if (!error.retryable || callOptions.retry === false || tried >= MAX_ATTEMPTS || late) throw error;
        await options.sleep(delay);
      }
    }
  };
}

/** Makes authorised requests, each by a call. */
function exchangesOf(auth: GoogleAuth, call: Api['call']): Api['exchangeUnpermitted'] {
  return async (name, request, callOptions) => {
    const url = urlOf(name, request);
    const departure = watchDeparture(callOptions?.leaving);
    const { status, headers, data } = await call(
      name,
      () =>
        auth.request<unknown>({
          ...departure.options,
          url,
          method: request.method ?? 'GET',
          responseType: request.answer ?? 'json',
          retry: false,
          ...(request.alsoExpects === undefined ? {} : { validateStatus: expects(request.alsoExpects) }),
          ...bodyOf(request),
        }),
      callOptions,
    ).catch((error: unknown) => {
      throw departure.stopped()?.error ?? error;
    });
    return { status, header: (key) => headers.get(key) ?? undefined, data };
  };
}

/**
 * The URL of a request with its query. A name in it may come from an answer, a policy or the state bucket: what a parser of URLs reads
 * otherwise than it is written, such as `..`, is not sent.
 */
function urlOf(name: string, request: ApiRequest): string {
  const url = new URL(request.url);
  if (url.href !== request.url || url.hash !== '')
    throw new GoogleApiError(
      name,
      new WrongAddress(`${JSON.stringify(request.url.slice(0, 300))} is the address of something else`),
    );
  for (const [key, value] of Object.entries(request.query ?? {}))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined) url.searchParams.append(key, String(one));
  return url.toString();
}

function expects(other: number): (status: number) => boolean {
  return (status) => (status >= 200 && status < 300) || status === other;
}

async function withTimeout<T>(name: string, attempt: () => Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new AttemptTimeout(`no answer from ${name} within ${Math.round(milliseconds / 1000)} s`));
    }, milliseconds);
  });
  try {
    return await Promise.race([attempt(), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
