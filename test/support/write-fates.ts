import { AsyncLocalStorage } from 'node:async_hooks';
import type { GoogleAuth } from 'google-auth-library';
import { AttemptTimeout } from '../../shared/google/google-api-error.ts';
import type { Runtime } from '../../shared/run/runtime.ts';

/** What becomes of one request, for tests of every write: whether it was carried out, and what its sender sees. */
export const FATES = {
  'garbage after the effect': { carriedOut: true, seen: 'garbage' },
  'garbage without an effect': { carriedOut: false, seen: 'garbage' },
  'a reset after the effect': { carriedOut: true, seen: 'reset' },
  'a reset without an effect': { carriedOut: false, seen: 'reset' },
  'a timeout after the effect': { carriedOut: true, seen: 'timeout' },
  'a timeout without an effect': { carriedOut: false, seen: 'timeout' },
  'an empty answer after the effect': { carriedOut: true, seen: 'empty' },
  'a refusal': { carriedOut: false, seen: 403 },
  'an outage': { carriedOut: false, seen: 503 },
  'an outage after the effect': { carriedOut: true, seen: 503 },
} as const;

/** Those that each write meets whatever it is of: an effect that is not seen, no effect, and a refusal. */
export const BASIC_FATES = [
  'garbage after the effect',
  'a reset after the effect',
  'a reset without an effect',
  'a timeout after the effect',
  'a refusal',
] as const satisfies readonly (keyof typeof FATES)[];

/** What else Google may refuse a change with, whose reason need not hold for the next request. */
export const REFUSALS = {
  'a 404': { carriedOut: false, seen: 404 },
  'a 409': { carriedOut: false, seen: 409 },
  'a 412': { carriedOut: false, seen: 412 },
  'a 429': { carriedOut: false, seen: 429 },
  'a 500': { carriedOut: false, seen: 500 },
} as const;

/** The instance dies with the request on its way; see {@link untilKilled}. */
export const DEATHS = {
  'its instance killed after the effect': { carriedOut: true, seen: 'death' },
  'its instance killed before the effect': { carriedOut: false, seen: 'death' },
} as const;

/** For what Google answers with a name or an id: without one nothing was taken. */
export const NOT_TAKEN = { carriedOut: false, seen: 'empty' } as const;

export type Fate =
  | (typeof FATES)[keyof typeof FATES]
  | (typeof REFUSALS)[keyof typeof REFUSALS]
  | (typeof DEATHS)[keyof typeof DEATHS]
  | typeof NOT_TAKEN;

/** What becomes of one look: it changes nothing, whatever is seen of it. */
export const LOOK_FATES = {
  ...{ 'a 403': 403, 'a 404': 404, 'a 409': 409, 'a 412': 412, 'a 429': 429, 'a 500': 500, 'a 503': 503 },
  ...{ garbage: 'garbage', 'an empty answer': 'empty', 'a reset': 'reset', 'a timeout': 'timeout' },
} as const;

type LookFate = (typeof LOOK_FATES)[keyof typeof LOOK_FATES];

interface Armed {
  readonly write: RegExp;
  readonly fate: Fate;
  /** What a person does before the sender sees what became of it. */
  readonly meanwhile?: () => void | Promise<void>;
}

export interface Disturbance {
  /** Has the next write whose method and URL match meet its fate; undefined disarms. */
  armed: Armed | undefined;
  /** The same of the next look. */
  armedLook?: { readonly look: RegExp; readonly fate: LookFate } | undefined;
  /** The look after whose answer the instance is frozen, and the writes that it sent to the project afterwards. */
  freeze:
    | { readonly look: RegExp; readonly project: RegExp; frozen: boolean; readonly sentAfter: string[] }
    | undefined;
}

const NEVER = new Promise<never>(() => undefined);

interface Instance {
  isDead: boolean;
  readonly die: () => void;
}

/** What runs for an instance stays its own, also minutes later, when an attempt of a dead one gives up waiting. */
const instances = new AsyncLocalStorage<Instance>();

/** What `run` ends with; undefined where its instance is killed meanwhile: nothing that it requests then is carried out or answered. */
export async function untilKilled<T>(run: () => Promise<T>): Promise<T | undefined> {
  let die = (): void => undefined;
  const death = new Promise<undefined>((resolve) => {
    die = () => {
      resolve(undefined);
    };
  });
  return Promise.race([instances.run({ isDead: false, die }, run), death]);
}

/** Objects, as the state bucket has them; a bucket's own settings are none. */
const OF_OBJECTS = /storage\.googleapis\.com\/.*\/o(?:[/?]|$)/;

/** Stands around the requests of a function. `whileFrozen` is what others do in the meantime. */
export function disturb(
  disturbance: Disturbance,
  whileFrozen: () => void | Promise<void>,
): (request: string, answer: () => Promise<unknown>) => Promise<unknown> {
  return async (request, answer) => {
    const instance = instances.getStore();
    if (instance?.isDead === true) return NEVER;
    if (OF_OBJECTS.test(request)) return answer();
    const { freeze, armed } = disturbance;
    if (!/^(?:POST|PUT|PATCH)/.test(request)) {
      const { armedLook } = disturbance;
      if (armedLook?.look.test(request) === true) {
        disturbance.armedLook = undefined;
        return meetFate({ carriedOut: false, seen: armedLook.fate }, answer);
      }
      const seen = await answer();
      if (freeze?.frozen === false && freeze.look.test(request)) {
        freeze.frozen = true;
        await whileFrozen();
      }
      return seen;
    }
    if (freeze?.frozen === true && freeze.project.test(request)) freeze.sentAfter.push(request);
    if (armed?.write.test(request) !== true) return answer();
    disturbance.armed = undefined;
    if (armed.fate.seen !== 'death') return meetFate(armed.fate, answer, armed.meanwhile);
    if (instance === undefined) throw new Error('Cannot kill what does not run under untilKilled');
    instance.isDead = true;
    if (armed.fate.carriedOut) await answer();
    instance.die();
    return NEVER;
  };
}

/** Answers one request as its fate says. `meanwhile` happens before its sender sees what became of it. */
export async function meetFate(
  fate: Fate | { readonly carriedOut: false; readonly seen: LookFate },
  answer: () => Promise<unknown>,
  meanwhile?: Armed['meanwhile'],
): Promise<unknown> {
  if (fate.carriedOut) await answer();
  await meanwhile?.();
  if (fate.seen === 'garbage') return '<!DOCTYPE html><title>Error</title>';
  if (fate.seen === 'empty') return '';
  if (fate.seen === 'reset') throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
  if (fate.seen === 'timeout') throw new AttemptTimeout('no answer within 60 s');
  const data = { error: { code: fate.seen, message: 'injected' } };
  throw Object.assign(new Error('injected'), { response: { status: fate.seen, data } });
}

/** A runtime whose requests go through `around`, with what is answered: data of a parsed answer. */
export function disturbedRuntime(runtime: Runtime, around: ReturnType<typeof disturb>): Runtime {
  const { auth } = runtime;
  const own = {
    async request(options: Parameters<GoogleAuth['request']>[0]): Promise<unknown> {
      let answered: Awaited<ReturnType<GoogleAuth['request']>> | undefined;
      const data = await around(`${options.method ?? 'GET'} ${String(options.url)}`, async () => {
        answered = await auth.request(options);
        return answered.data;
      });
      const { status = 200, headers = new Headers() } = answered ?? {};
      return { status, headers, data };
    },
    /** Clients of google-gax read the answer's bytes. */
    async fetch(url: string, init: RequestInit): Promise<unknown> {
      const answered = await around(`${init.method ?? 'GET'} ${url}`, async () => auth.fetch(url, init));
      return typeof answered === 'string' ? new Response(answered) : answered;
    },
  };
  return {
    ...runtime,
    auth: new Proxy(auth, {
      get(target, key) {
        const value: unknown = Reflect.get(key in own ? own : target, key);
        const bound: unknown = typeof value === 'function' && !(key in own) ? value.bind(target) : value;
        return bound;
      },
    }),
  };
}
