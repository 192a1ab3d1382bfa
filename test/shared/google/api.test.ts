import assert from 'node:assert/strict';
import { afterEach, describe, test, vi } from 'vitest';
import { GoogleAuth, OAuth2Client } from 'google-auth-library';
import { createApi, renewToken, type Api, type ApiOptions } from '../../../shared/google/api.ts';
import { GoogleApiError } from '../../../shared/google/google-api-error.ts';

afterEach(() => {
  vi.useRealTimers();
});

type Requested = Parameters<ApiOptions['auth']['request']>[0];

interface World {
  readonly api: Api;
  /** What was slept, in milliseconds. */
  readonly slept: number[];
  readonly requests: Requested[];
  /** The clock; sleeping moves it. */
  nowMs: number;
}

/** The Api over a clock that only sleeping (and the test) moves. */
function world(options: Partial<ApiOptions> = {}): World {
  const slept: number[] = [];
  const requests: Requested[] = [];
  const state: World = {
    slept,
    requests,
    nowMs: 1_000_000,
    api: createApi({
      auth: {
        request: async (request: Requested) => {
          requests.push(request);
          return { data: { ok: true }, status: 200 } as never;
        },
      } as unknown as GoogleAuth,
      nowMs: () => state.nowMs,
      deadlineMs: 1_000_000 + 480_000,
      turn: async () => undefined,
      sleep: async (milliseconds) => {
        slept.push(milliseconds);
        state.nowMs += milliseconds;
      },
      random: () => 1,
      attemptTimeoutMs: 60_000,
      ...options,
    }),
  };
  return state;
}

/** An attempt that fails with these statuses, one after the other, and then answers. */
function failing(...statuses: readonly number[]): () => Promise<string> {
  const left = [...statuses];
  return async () => {
    const status = left.shift();
    if (status !== undefined) throw Object.assign(new Error('refused'), { status });
    return 'answer';
  };
}

describe('Api.call after a 401', () => {
  const renewing = (
    can: boolean,
  ): { readonly renewToken: () => Promise<boolean>; readonly times: () => number } => {
    let times = 0;
    return {
      times: () => times,
      renewToken: async () => {
        times++;
        return can;
      },
    };
  };

  test('has a new token fetched and tries again at once, also what must not be repeated blindly', async () => {
    const { renewToken, times } = renewing(true);
    const { api, slept } = world({ renewToken });
    assert.equal(await api.call('a.b', failing(401), { retry: false }), 'answer');
    assert.deepEqual([times(), slept, api.calls['a.b']], [1, [], 2]);
  });

  test('does so once: a second 401 is a refusal', async () => {
    const { renewToken, times } = renewing(true);
    await assert.rejects(world({ renewToken }).api.call('a.b', failing(401, 401)), { status: 401 });
    assert.equal(times(), 1);
  });

  test('fails where no new token can be had, and fetches none after a 403', async () => {
    await assert.rejects(world(renewing(false)).api.call('a.b', failing(401)), { status: 401 });
    const { renewToken, times } = renewing(true);
    await assert.rejects(world({ renewToken }).api.call('a.b', failing(403)), { status: 403 });
    assert.equal(times(), 0);
  });

  test('makes google-auth-library drop a token that still counts as good', async () => {
    const authClient = new RevokedClient();
    authClient.setCredentials({
      access_token: 'revoked',
      refresh_token: 'refresh',
      expiry_date: Date.now() + 3_600_000,
    });
    const auth = new GoogleAuth({ authClient, projectId: '-' });
    const { api } = world({ auth, renewToken: () => renewToken(auth) });
    assert.deepEqual(await api.request('a.b', { url: 'https://a.googleapis.com/' }), {
      token: 'Bearer fresh',
    });
    assert.deepEqual(await api.request('a.b', { url: 'https://a.googleapis.com/' }), {
      token: 'Bearer fresh',
    });
    assert.equal(authClient.fetched, 1);
    assert.equal(api.calls['a.b'], 3);
  });
});

/** An identity whose first token was revoked. */
class RevokedClient extends OAuth2Client {
  fetched = 0;

  constructor() {
    super();
    this.transporter.request = async (options) => {
      const token = new Headers(options?.headers).get('authorization');
      if (token === 'Bearer revoked') throw Object.assign(new Error('revoked'), { status: 401 });
      return { data: { token } } as never;
    };
  }

  protected override async refreshTokenNoCache(): ReturnType<OAuth2Client['refreshTokenNoCache']> {
    this.fetched++;
    const tokens = { access_token: 'fresh', refresh_token: 'refresh', expiry_date: Date.now() + 3_600_000 };
    return { tokens, res: null };
  }
}

const always503 = (): Promise<never> => Promise.reject(Object.assign(new Error('busy'), { status: 503 }));

describe('Api.call', () => {
  test('answers at once, and counts one attempt', async () => {
    const { api, slept } = world();
    assert.equal(await api.call('a.b', failing()), 'answer');
    assert.deepEqual(api.calls, { 'a.b': 1 });
    assert.deepEqual(slept, []);
  });

  test('tries again what may pass, and counts every attempt by name', async () => {
    const { api, slept } = world();
    assert.equal(await api.call('a.b', failing(503, 429, 500)), 'answer');
    assert.equal(await api.call('c.d', failing(502)), 'answer');
    assert.deepEqual(api.calls, { 'a.b': 4, 'c.d': 2 });
    assert.deepEqual(slept, [500, 1_000, 2_000, 500]);
  });

  test('gives up after six attempts and 15.5 seconds of waiting at the most', async () => {
    const { api, slept } = world();
    await assert.rejects(api.call('a.b', always503), { name: 'GoogleApiError', status: 503, call: 'a.b' });
    assert.deepEqual(api.calls, { 'a.b': 6 });
    assert.deepEqual(slept, [500, 1_000, 2_000, 4_000, 8_000]);
  });

  test('waits a random share of the backoff, down to nothing', async () => {
    const draws = [0, 0.25, 0.999, 0.5, 0];
    const { api, slept } = world({ random: () => draws.shift() ?? 0 });
    await assert.rejects(api.call('a.b', always503), GoogleApiError);
    assert.deepEqual(slept, [0, 250, 1_998, 2_000, 0]);
  });

  test('does not repeat what will not pass', async () => {
    for (const status of [400, 401, 403, 404, 409, 412, 501]) {
      const { api } = world();
      await assert.rejects(api.call('a.b', failing(status)), { status });
      assert.deepEqual(api.calls, { 'a.b': 1 }, String(status));
    }
  });

  test('does not repeat a programming error, and keeps it as the cause', async () => {
    const { api } = world();
    const bug = new TypeError('x is not a function');
    await assert.rejects(
      api.call('a.b', () => Promise.reject(bug)),
      { name: 'GoogleApiError', cause: bug, retryable: false },
    );
    assert.deepEqual(api.calls, { 'a.b': 1 });
  });

  test('retry: false makes one attempt, whatever the failure', async () => {
    const { api, slept } = world();
    await assert.rejects(api.call('a.b', always503, { retry: false }), { status: 503, retryable: true });
    assert.deepEqual(api.calls, { 'a.b': 1 });
    assert.deepEqual(slept, []);
  });

  test('hands an GoogleApiError on as it is', async () => {
    const { api } = world();
    const inner = new GoogleApiError('inner.call', { status: 403 });
    await assert.rejects(
      api.call('a.b', () => Promise.reject(inner)),
      (error) => error === inner,
    );
  });
});

describe('the deadline', () => {
  test('no pause goes on to it or beyond it', async () => {
    // 500 + 1000 ms of waiting fit before 3500 ms, the next 2000 would end right on it.
    const { api, slept } = world({ deadlineMs: 1_000_000 + 3_500 });
    await assert.rejects(api.call('a.b', always503), { status: 503 });
    assert.deepEqual(slept, [500, 1_000]);
    assert.deepEqual(api.calls, { 'a.b': 3 });
  });

  test('a pause that ends a millisecond before it is taken', async () => {
    const { api, slept } = world({ deadlineMs: 1_000_000 + 3_501 });
    await assert.rejects(api.call('a.b', always503), { status: 503 });
    assert.deepEqual(slept, [500, 1_000, 2_000]);
  });

  test('nothing is requested after it, and the failure is worth a redelivery', async () => {
    const state = world({ deadlineMs: 1_000_000 });
    let requested = 0;
    const call = state.api.call('a.b', async () => ++requested);
    await assert.rejects(call, { name: 'GoogleApiError', status: undefined, retryable: true });
    assert.equal(requested, 0);
    assert.deepEqual(state.api.calls, {});
  });

  test('startClosing leaves 45 seconds more, and no longer', async () => {
    const state = world({ deadlineMs: 1_000_000 });
    state.api.startClosing();
    state.nowMs = 1_000_000 + 44_999;
    assert.equal(await state.api.call('a.b', failing()), 'answer');
    state.nowMs = 1_000_000 + 45_000;
    await assert.rejects(state.api.call('a.b', failing()), /the time for this run is up/);
  });
});

describe('the time of one attempt', () => {
  /** An attempt that never answers; `passed` milliseconds go by as soon as it is made. */
  function silent(passed: number): () => Promise<never> {
    return () => {
      vi.advanceTimersByTime(passed);
      return new Promise<never>(() => undefined);
    };
  }

  test('is over after attemptTimeoutMs, and then another is made', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { api } = world({ attemptTimeoutMs: 7_000 });
    const attempts = [silent(7_000), failing()];
    assert.equal(
      await api.call('a.b', () => attempts.shift()?.() ?? Promise.reject(new Error('a third'))),
      'answer',
    );
    assert.deepEqual(api.calls, { 'a.b': 2 });
  });

  test('says what did not answer and after how long', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { api } = world({ attemptTimeoutMs: 7_000 });
    const call = api.call('a.b', silent(7_000), { retry: false });
    await assert.rejects(
      call,
      /^GoogleApiError: Cannot call "a\.b": no answer: no answer from a\.b within 7 s$/,
    );
  });

  test('is cut to what the deadline leaves', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { api } = world({ attemptTimeoutMs: 60_000, deadlineMs: 1_000_000 + 2_000 });
    const call = api.call('a.b', silent(2_000), { retry: false });
    await assert.rejects(call, /within 2 s$/);
  });

  test('an answer just in time counts, and no timer stays behind', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { api } = world({ attemptTimeoutMs: 7_000 });
    const call = api.call('a.b', async () => {
      vi.advanceTimersByTime(6_999);
      return 'answer';
    });
    assert.equal(await call, 'answer');
    vi.advanceTimersByTime(1_000_000);
  });
});

describe('Api.request', () => {
  test('requests JSON, without retries of its own, with the query encoded, lists repeated, what is undefined left out', async () => {
    const { api, requests } = world();
    const answer = await api.request('a.list', {
      url: 'https://compute.googleapis.com/v1/x?alt=json',
      query: { filter: 'name = "a&b"', pageSize: 500, all: true, groupBy: ['a', 'b'], pageToken: undefined },
    });
    assert.deepEqual(answer, { ok: true });
    assert.deepEqual(requests, [
      {
        url: 'https://compute.googleapis.com/v1/x?alt=json&filter=name+%3D+%22a%26b%22&pageSize=500&all=true&groupBy=a&groupBy=b',
        method: 'GET',
        responseType: 'json',
        retry: false,
      },
    ]);
    assert.deepEqual(api.calls, { 'a.list': 1 });
  });

  test('hands the body on', async () => {
    const { api, requests } = world();
    await api.exchangeUnpermitted('a.stop', {
      method: 'POST',
      url: 'https://x.googleapis.com/v2/n:stop',
      body: { force: true },
    });
    assert.deepEqual([requests[0]?.method, requests[0]?.data], ['POST', { force: true }]);
  });

  test('retries like any call, and not when told so', async () => {
    const request = (): Promise<never> => always503();
    const { api } = world({ auth: { request } as unknown as GoogleAuth });
    await assert.rejects(api.request('a.get', { url: 'https://x.googleapis.com/' }), { status: 503 });
    await assert.rejects(
      api.exchangeUnpermitted(
        'a.stop',
        { method: 'POST', url: 'https://x.googleapis.com/' },
        { retry: false },
      ),
      { status: 503 },
    );
    assert.deepEqual(api.calls, { 'a.get': 6, 'a.stop': 1 });
  });
});

describe('Api.nextTurn', () => {
  test('resolves with the next turn', async () => {
    const turns: (() => void)[] = [];
    const { api } = world({ turn: () => new Promise((resolve) => void turns.push(resolve)) });
    const order: string[] = [];
    const waiting = Promise.all([1, 2].map(async (one) => api.nextTurn().then(() => order.push(`${one}`))));
    assert.equal(turns.length, 2);
    for (const turn of turns) turn();
    await waiting;
    assert.deepEqual(order, ['1', '2']);
  });

  test('alone: the second waits for a turn after the first one', async () => {
    const turns: (() => void)[] = [];
    const { api } = world({ turn: () => new Promise((resolve) => void turns.push(resolve)) });
    const order: string[] = [];
    const first = api.nextTurn({ alone: true }).then(() => order.push('first'));
    const second = api.nextTurn({ alone: true }).then(() => order.push('second'));
    await Promise.resolve();
    assert.equal(turns.length, 1);
    turns[0]?.();
    await first;
    assert.deepEqual(order, ['first']);
    await Promise.resolve();
    turns[1]?.();
    await second;
    assert.deepEqual(order, ['first', 'second']);
  });
});

describe('Api.request of an address that is read otherwise than it is written', () => {
  const VM = 'https://compute.googleapis.com/compute/v1/projects/ml-lab/zones/us-central1-a/instances/vm-1';
  for (const [title, url] of [
    ['a name that leads out of its project', VM.replace('/zones', '/../ml-prod/zones')],
    ['the same, escaped', VM.replace('/zones', '/%2E%2e/ml-prod/zones')],
    ['the same with a backslash', VM.replace('/zones', '\\..\\ml-prod/zones')],
    ['the same with a line break that parsers drop', VM.replace('/zones', '/.\n./ml-prod/zones')],
    ['what comes after it is cut off', `${VM}/reset#/start`],
    ['another host', VM.replace('googleapis.com/', 'googleapis.com\\@evil.example/')],
  ] as const)
    test(`is not sent: ${title}`, async () => {
      const { api, requests } = world();
      await assert.rejects(
        api.request('compute.instances.get', { url }),
        (error) =>
          error instanceof GoogleApiError &&
          !error.retryable &&
          /^Cannot call "compute.instances.get": not sent: .* is the address of something else$/.test(
            error.message,
          ),
      );
      assert.deepEqual([requests, api.calls], [[], {}]);
    });

  test('names as Google has them are', async () => {
    const { api, requests } = world();
    for (const path of ['projects/example.com:ml/a/-', 'b/x/o/a%2F..%2Fb', 'models/m@1', 'jobs/7:cancel'])
      await api.request('a.b', { url: `https://x.googleapis.com/v1/${path}`, query: { q: 'ä #?' } });
    assert.equal(requests.length, 4);
  });
});
