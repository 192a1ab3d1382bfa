import type { GoogleAuth } from 'google-auth-library';

type AuthRequest = Parameters<GoogleAuth['request']>[0];

/** A request that is checked as it goes to the socket. */
export interface Departure {
  readonly options: Pick<AuthRequest, 'adapter'>;
  /** What the check threw, which arrives wrapped; undefined when it threw nothing. */
  readonly stopped: () => { readonly error: unknown } | undefined;
}

/**
 * Has `leaving` called when the token is there and the request goes to the socket: fetching a token may take as long as it likes.
 * What it throws keeps the request from leaving.
 */
export function watchDeparture(leaving: (() => void) | undefined): Departure {
  let stopped: { readonly error: unknown } | undefined;
  if (leaving === undefined) return { options: {}, stopped: () => undefined };
  return {
    options: {
      adapter(request, send) {
        try {
          leaving();
        } catch (error) {
          stopped = { error };
          throw error;
        }
        return send(request);
      },
    },
    stopped: () => stopped,
  };
}

/** An identity for Google's clients, which have no place for such a check. */
export interface WatchedAuth {
  readonly auth: GoogleAuth;
  /** Runs a call that changes the named resource, `projects/P/…` or `b/BUCKET`; its request is checked as it leaves. */
  send<T>(name: string, leaving: () => void, call: () => Promise<T>): Promise<T>;
}

export function watchAuth(auth: GoogleAuth): WatchedAuth {
  const departures = new Map<string, Departure>();
  /** What no permit was given for is not sent. */
  const announced = (method = '', url: string): Departure => {
    const [, departure] = [...departures].find(([name]) => isAbout(url, name)) ?? [];
    if (departure === undefined) throw new Error(`Cannot send ${method} ${url}: nothing announced it`);
    return departure;
  };
  // The clients of google-gax send by this.
  const watchedFetch = async (url: string, init: RequestInit): Promise<Response> =>
    auth.fetch(url, init.method === 'GET' ? init : Object.assign(init, announced(init.method, url).options));
  // That of Cloud Storage sends by this.
  const watchedRequest: GoogleAuth['request'] = async (request) => {
    const { method = 'GET', url = '' } = request;
    return auth.request(
      method === 'GET' ? request : { ...request, ...announced(method, String(url)).options },
    );
  };
  return {
    auth: new Proxy(auth, {
      get(target, key) {
        if (key === 'fetch') return watchedFetch;
        if (key === 'request') return watchedRequest;
        const value: unknown = Reflect.get(target, key);
        const bound: unknown = typeof value === 'function' ? value.bind(target) : value;
        return bound;
      },
    }),
    async send(name, leaving, call) {
      const departure = watchDeparture(leaving);
      departures.set(name, departure);
      try {
        return await call();
      } catch (error) {
        throw departure.stopped()?.error ?? error;
      } finally {
        departures.delete(name);
      }
    },
  };
}

/** Whether a request's path names a resource, or what is below it. Clients escape the colon of `example.com:project`. */
function isAbout(url: string, name: string): boolean {
  const path = decodeURIComponent(new URL(url).pathname);
  const at = path.indexOf(`/${name}`);
  return at >= 0 && ['', '/', ':'].includes(path.charAt(at + 1 + name.length));
}
