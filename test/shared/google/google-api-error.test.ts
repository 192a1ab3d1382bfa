import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { GoogleAuth, OAuth2Client } from 'google-auth-library';
import { GoogleError } from 'google-gax';
import { createClients } from '../../../shared/google/clients/clients.ts';
import {
  AttemptTimeout,
  BusyError,
  isRetryable,
  isServiceDisabled,
  GoogleApiError,
} from '../../../shared/google/google-api-error.ts';

const DISABLED = {
  error: {
    code: 403,
    message: 'Cloud Pub/Sub API has not been used in project 1 before',
    status: 'PERMISSION_DENIED',
    errors: [{ reason: 'accessNotConfigured', message: 'legacy' }],
    details: [
      { '@type': 'type.googleapis.com/google.rpc.Help', links: [] },
      {
        '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
        reason: 'SERVICE_DISABLED',
        domain: 'googleapis.com',
        metadata: { service: 'pubsub.googleapis.com', consumer: 'projects/1' },
      },
    ],
  },
};

/** The authentication of Google's own clients over a network that answers like this. */
function authOver(answer: () => Response): GoogleAuth {
  const authClient = new OAuth2Client({ transporterOptions: { fetchImplementation: async () => answer() } });
  authClient.setCredentials({ access_token: 'token', expiry_date: Date.parse('2100-01-01T00:00:00Z') });
  return new GoogleAuth({ authClient, projectId: '-' });
}

/** What an authorised request throws, and what a gax client does. */
const ways: readonly [string, (auth: GoogleAuth) => Promise<unknown>][] = [
  [
    'an authorised request',
    (auth) =>
      auth.request({ url: 'https://notebooks.googleapis.com/v2/x', responseType: 'json', retry: false }),
  ],
  ['a gax client', (auth) => createClients(auth).publish('projects/ml-ops/topics/costguard-receipts', '{}')],
];

async function thrownBy(call: Promise<unknown>): Promise<GoogleApiError> {
  try {
    await call;
  } catch (cause) {
    return new GoogleApiError('service.method', cause);
  }
  throw new Error('nothing was thrown');
}

function json(status: number, body: unknown): () => Response {
  return () =>
    new Response(JSON.stringify(body, null, 2), { status, headers: { 'content-type': 'application/json' } });
}

describe("GoogleApiError reads what Google's clients throw", () => {
  for (const [name, call] of ways) {
    test(`${name}: status, reason and message of the answer's body`, async () => {
      const error = await thrownBy(call(authOver(json(403, DISABLED))));
      assert.equal(error.status, 403);
      assert.equal(error.reason, 'SERVICE_DISABLED');
      assert.equal(error.consumer, 'projects/1');
      assert.equal(error.message, `Cannot call "service.method": HTTP 403: ${DISABLED.error.message}`);
      assert.equal(error.retryable, false);
      assert.ok(isServiceDisabled(error));
      assert.ok(error.cause instanceof Error);
    });

    test(`${name}: a body in a list`, async () => {
      const error = await thrownBy(call(authOver(json(403, [DISABLED]))));
      assert.deepEqual([error.status, error.reason], [403, 'SERVICE_DISABLED']);
      assert.match(error.message, /HTTP 403: Cloud Pub\/Sub API has not/);
    });

    test(`${name}: a body without details gives the first reason of "errors"`, async () => {
      const body = {
        error: { code: 412, message: 'Precondition Failed', errors: [{ reason: 'conditionNotMet' }] },
      };
      const error = await thrownBy(call(authOver(json(412, body))));
      assert.deepEqual([error.status, error.reason, error.retryable], [412, 'conditionNotMet', false]);
      assert.equal(error.consumer, undefined);
      assert.match(error.message, /HTTP 412: Precondition Failed$/);
    });

    test(`${name}: a page of HTML is cut`, async () => {
      const page = `<html>${'x'.repeat(5_000)}</html>`;
      const answer = (): Response =>
        new Response(page, { status: 502, headers: { 'content-type': 'text/html' } });
      const error = await thrownBy(call(authOver(answer)));
      assert.deepEqual([error.status, error.retryable], [502, true]);
      assert.ok(error.message.length < 1_100, String(error.message.length));
    });

    test(`${name}: no answer`, async () => {
      const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
      const error = await thrownBy(
        call(
          authOver(() => {
            throw new TypeError('fetch failed', { cause: reset });
          }),
        ),
      );
      assert.deepEqual([error.status, error.retryable], [undefined, true]);
      assert.equal(error.message, 'Cannot call "service.method": no answer: fetch failed: read ECONNRESET');
    });
  }

  test("an error whose message is the answer's body, without the answer", () => {
    const cause = Object.assign(new Error(JSON.stringify(DISABLED, null, 2)), { code: 403, status: 403 });
    const error = new GoogleApiError('service.method', cause);
    assert.deepEqual([error.status, error.reason], [403, 'SERVICE_DISABLED']);
    assert.equal(error.message, `Cannot call "service.method": HTTP 403: ${DISABLED.error.message}`);
  });

  const numericCodes: readonly [number, number, boolean][] = [
    [3, 400, false],
    [4, 504, true],
    [5, 404, false],
    [6, 409, false],
    [7, 403, false],
    [8, 429, true],
    [13, 500, true],
    [14, 503, true],
    [16, 401, false],
  ];
  test('google.rpc codes of gax', () => {
    for (const [code, status, retryable] of numericCodes) {
      const cause = Object.assign(new GoogleError('refused'), { code });
      const error = new GoogleApiError('a.b', cause);
      assert.deepEqual([error.status, error.retryable], [status, retryable], String(code));
      assert.equal(new GoogleApiError('a.b', { code: String(code) }).status, status, `"${code}"`);
    }
  });

  test("gax's promoted ErrorInfo", () => {
    const cause = GoogleError.parseHttpError(structuredClone(DISABLED));
    const error = new GoogleApiError('a.b', cause);
    assert.deepEqual([error.status, error.reason, error.consumer], [403, 'SERVICE_DISABLED', 'projects/1']);
  });

  test('metadata of an unexpected form does not hide the reason', () => {
    for (const metadata of ['projects/1', null, { consumer: 7 }, ['projects/1']]) {
      const data = {
        error: { code: 403, message: 'off', details: [{ reason: 'SERVICE_DISABLED', metadata }] },
      };
      const error = new GoogleApiError('a.b', { status: 403, response: { status: 403, data } });
      assert.deepEqual([error.reason, error.consumer], ['SERVICE_DISABLED', undefined]);
    }
  });

  test('a status in a nested cause', () => {
    const inner = Object.assign(new Error('Backend Error'), { status: 503 });
    const error = new GoogleApiError('a.b', new Error('Cannot refresh the token', { cause: inner }));
    assert.deepEqual([error.status, error.retryable], [503, true]);
    assert.match(error.message, /HTTP 503: Cannot refresh the token: Backend Error$/);
  });

  test('fields of unexpected types do not hide the others', () => {
    const error = new GoogleApiError(
      'a.b',
      Object.assign(new Error('odd'), { code: null, reason: 7, status: 503 }),
    );
    assert.deepEqual([error.status, error.reason, error.retryable], [503, undefined, true]);
  });

  test('anything else that is thrown', () => {
    for (const cause of ['text', undefined, null, 7]) {
      const error = new GoogleApiError('a.b', cause);
      assert.deepEqual([error.status, error.retryable], [undefined, false]);
      assert.equal(error.message, `Cannot call "a.b": no answer: ${String(cause)}`);
    }
  });
});

describe('GoogleApiError.retryable', () => {
  test('by HTTP status', () => {
    const statuses: readonly number[] = [408, 429, 500, 502, 503, 504];
    for (let status = 400; status < 600; status++) {
      const { retryable } = new GoogleApiError('a.b', { status });
      assert.equal(retryable, statuses.includes(status), String(status));
    }
  });

  const passing: readonly [string, unknown][] = [
    ['a reset', coded('read ECONNRESET', 'ECONNRESET')],
    ['a name that does not resolve just now', coded('getaddrinfo EAI_AGAIN', 'EAI_AGAIN')],
    ['an undici timeout', coded('Headers Timeout Error', 'UND_ERR_HEADERS_TIMEOUT')],
    ['a hang-up without code', new Error('socket hang up')],
    ['a nested reset', new Error('failed', { cause: new Error('deeper', { cause: coded('', 'EPIPE') }) })],
    ['an aborted fetch', new DOMException('This operation was aborted', 'AbortError')],
    ['a fetch that timed out', AbortSignal.abort(new DOMException('late', 'TimeoutError')).reason],
    ['the timeout of an attempt', new AttemptTimeout('no answer within 60 s')],
  ];
  for (const [name, cause] of passing)
    test(`${name}: yes`, () => {
      assert.equal(new GoogleApiError('a.b', cause).retryable, true);
    });

  const lasting: readonly [string, unknown][] = [
    ['a programming error', new TypeError("Cannot read properties of undefined (reading 'name')")],
    ["a programming error with Node's code", coded('The "url" argument must be', 'ERR_INVALID_ARG_TYPE')],
    ['a broken URL', coded('Invalid URL', 'ERR_INVALID_URL')],
    ['a missing key file', coded('ENOENT: no such file', 'ENOENT')],
    [
      'an untrusted certificate',
      new TypeError('fetch failed', { cause: coded('self-signed', 'DEPTH_ZERO_SELF_SIGNED_CERT') }),
    ],
    ['missing credentials', new Error('Could not load the default credentials.')],
  ];
  for (const [name, cause] of lasting)
    test(`${name}: no`, () => {
      assert.equal(new GoogleApiError('a.b', cause).retryable, false);
    });
});

test('isRetryable tells what a redelivery can fix', () => {
  assert.equal(isRetryable(new GoogleApiError('a.b', { status: 503 })), true);
  assert.equal(isRetryable(new GoogleApiError('a.b', { status: 403 })), false);
  assert.equal(isRetryable(new BusyError('another user is at it')), true);
  assert.equal(isRetryable(new Error('socket hang up')), false);
  assert.equal(isRetryable(undefined), false);
});

function coded(message: string, code: string): Error {
  return Object.assign(new Error(message), { code });
}
