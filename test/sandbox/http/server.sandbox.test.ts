import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { ApiError } from './api-error.ts';
import { createCallLog } from './call-log.ts';
import { makeCertificates, type Certificates } from './certificate.ts';
import { createClock } from '../clock/clock.ts';
import { createFaults, type Fault } from './faults.ts';
import { createIam } from '../iam/iam.ts';
import type { Route } from './route.ts';
import { startServer } from './server.ts';

const PUBSUB = 'pubsub.googleapis.com';
const STORAGE = 'storage.googleapis.com';
const COMPUTE = 'compute.googleapis.com';
const TOKENS: Readonly<Record<string, string>> = { good: 'a@x', poor: 'b@x' };

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

interface Ask {
  readonly host?: string;
  readonly method?: string;
  readonly token?: string | undefined;
  readonly body?: string;
  readonly type?: string;
}

describe('startServer', () => {
  const clock = createClock({ startMs: Date.parse('2026-11-18T09:00:00Z'), frozen: true });
  const faults = createFaults();
  const callLog = createCallLog();
  const iam = createIam(() => undefined);
  let certificates: Certificates;
  let served: Awaited<ReturnType<typeof startServer>>;
  let agent: Agent;
  let written = 0;
  let thrown: Error = new ApiError('NOT_FOUND', 'gone');

  const route = (host: string, more: Partial<Route>): Route => ({
    id: `${host.split('.')[0] ?? ''}.things.get`,
    host,
    method: 'GET',
    path: /^\/v1\/things\/(?<name>[^/]+)$/,
    query: ['view'],
    needs: (call) => [{ permission: 'things.get', on: `things/${call.params['name'] ?? ''}` }],
    handle: (call) => ({
      body: { name: call.params['name'], view: call.query.get('view'), by: call.principal },
    }),
    ...more,
  });
  const failing = { id: 'fail', path: /^\/v1\/fail$/, needs: () => [], handle: () => Promise.reject(thrown) };

  beforeAll(async () => {
    iam.bind({ member: 'a@x', role: 'r', permissions: ['things.get'], on: 'things/one' });
    certificates = await makeCertificates();
    served = await startServer({
      certificates,
      iam,
      clock,
      faults,
      callLog,
      principalOf: (token) => TOKENS[token],
      routes: [
        route(PUBSUB, {}),
        route(COMPUTE, {}),
        ...[PUBSUB, STORAGE, COMPUTE].map((host) => route(host, failing)),
        route(PUBSUB, {
          id: 'pubsub.things.write',
          method: 'POST',
          path: /^\/v1\/things$/,
          needs: () => [],
          handle(call) {
            written += 1;
            return { body: { bytes: call.body.length, keys: Object.keys(call.json()) } };
          },
        }),
      ],
    });
    agent = new Agent({ ca: certificates.ca, keepAlive: true, maxSockets: 64 });
  });

  afterAll(async () => {
    agent.destroy();
    served.server.closeAllConnections();
    served.server.close();
    await once(served.server, 'close');
  });

  const send = async (path: string, ask: Ask = {}): Promise<Answer> => {
    const { host = PUBSUB, method = 'GET', body, type } = ask;
    const token = 'token' in ask ? ask.token : 'good';
    const outgoing = request({
      agent,
      host: '127.0.0.1',
      port: served.port,
      servername: host,
      path,
      method,
      headers: {
        host,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(type === undefined ? {} : { 'content-type': type }),
      },
    });
    outgoing.end(body);
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    const content = await text(response);
    const json = content.startsWith('{') ? (JSON.parse(content) as Record<string, unknown>) : {};
    return { status: response.statusCode ?? 0, text: content, json };
  };
  const lastCall = () => callLog.calls().at(-1);

  const refused: readonly [string, string, Ask, number, RegExp, string][] = [
    ['an unknown path', '/v1/nothing', {}, 404, /serves no GET https:\/\/pubsub/, 'unknown:GET pubsub.googleapis.com/v1/nothing'],
    ['an unknown host', '/v1/things/one', { host: 'sql.googleapis.com' }, 404, /serves no/, 'unknown:GET sql.googleapis.com/v1/things/one'],
    ['an unknown method', '/v1/things/one', { method: 'DELETE' }, 404, /serves no DELETE/, 'unknown:DELETE pubsub.googleapis.com/v1/things/one'],
    ['an unknown query parameter', '/v1/things/one?colour=1', {}, 400, /Invalid query parameter "colour"/, 'pubsub.things.get'],
    ['no token', '/v1/things/one', { token: undefined }, 401, /invalid authentication/, 'pubsub.things.get'],
    ['an invented token', '/v1/things/one', { token: 'bad' }, 401, /invalid authentication/, 'pubsub.things.get'],
    ['an account without permission', '/v1/things/one', { token: 'poor' }, 403, /'things.get' denied/, 'pubsub.things.get'],
    ['a resource without permission', '/v1/things/two', {}, 403, /'things\/two'/, 'pubsub.things.get'],
    ['a body that is no JSON', '/v1/things', { method: 'POST', body: '{' }, 400, /Invalid JSON payload/, 'pubsub.things.write'],
    ['a body that is a list', '/v1/things', { method: 'POST', body: '[]' }, 400, /Expected an object/, 'pubsub.things.write'],
    ['a broken escape', '/v1/things/%E0%A4%A', {}, 400, /percent-encoding/, 'unknown:GET pubsub.googleapis.com/v1/things/%E0%A4%A'],
    ['a target that is no URL', '//:x', {}, 404, /serves no/, 'unknown:GET pubsub.googleapis.com//:x'],
  ]; // prettier-ignore
  for (const [name, path, ask, status, message, id] of refused)
    it(`refuses ${name}`, async () => {
      const answer = await send(path, ask);
      assert.equal(answer.status, status, answer.text);
      assert.match((answer.json['error'] as { message: string }).message, message);
      assert.deepEqual([lastCall()?.status, lastCall()?.id], [status, id]);
    });

  it('answers with the path and query decoded, in sandbox time, and masks fields', async () => {
    const answer = await send('/v1/things/o%6Ee?view=f%20ull&fields=name,view&prettyPrint=false');
    assert.deepEqual([answer.status, answer.json], [200, { name: 'one', view: 'f ull' }]);
    const { sequence, ...call } = lastCall() ?? {};
    assert.ok(Number(sequence) > 0);
    assert.deepEqual(call, {
      at: '2026-11-18T09:00:00.000Z', id: 'pubsub.things.get', method: 'GET', host: PUBSUB, path: '/v1/things/o%6Ee',
      query: '?view=f%20ull&fields=name,view&prettyPrint=false', principal: 'a@x', body: '', bodyBytes: 0, contentType: '', status: 200, permissions: ['things.get'],
    }); // prettier-ignore
  });

  const shapes: readonly [string, ApiError, object][] = [
    [STORAGE, new ApiError('NOT_FOUND', 'm'), { code: 404, errors: [{ domain: 'global', reason: 'notFound' }] }],
    [STORAGE, new ApiError('CONDITION_NOT_MET', 'm'), { code: 412, errors: [{ domain: 'global', reason: 'conditionNotMet', locationType: 'header', location: 'If-Match' }] }],
    [STORAGE, new ApiError('PERMISSION_DENIED', 'm', [{ a: 1 }]), { code: 403, errors: [{ domain: 'global', reason: 'forbidden' }] }],
    [STORAGE, new ApiError('ALREADY_EXISTS', 'm'), { code: 409, errors: [{ domain: 'global', reason: 'conflict' }] }],
    [STORAGE, new ApiError('INVALID_ARGUMENT', 'm'), { code: 400, errors: [{ domain: 'global', reason: 'invalid' }] }],
    [STORAGE, new ApiError('INVALID_ARGUMENT', 'Required parameter: project'), { code: 400, errors: [{ domain: 'global', reason: 'required' }] }],
    [STORAGE, new ApiError('RESOURCE_EXHAUSTED', 'm'), { code: 429, errors: [{ domain: 'usageLimits', reason: 'rateLimitExceeded' }] }],
    [STORAGE, new ApiError('UNAVAILABLE', 'm'), { code: 503, errors: [{ domain: 'global', reason: 'backendError' }] }],
    [COMPUTE, new ApiError('NOT_FOUND', 'm'), { code: 404, errors: [{ domain: 'global', reason: 'notFound' }] }],
    [COMPUTE, new ApiError('PERMISSION_DENIED', 'm', [{ a: 1 }]), { code: 403, errors: [{ domain: 'global', reason: 'forbidden' }], status: 'PERMISSION_DENIED', details: [{ a: 1 }] }],
    [PUBSUB, new ApiError('ABORTED', 'm', [{ a: 1 }]), { code: 409, errors: [{ domain: 'global', reason: 'ABORTED' }], status: 'ABORTED', details: [{ a: 1 }] }],
  ]; // prettier-ignore
  for (const [host, error, expected] of shapes)
    it(`writes ${error.code} "${error.message}" as ${host} does`, async () => {
      thrown = error;
      const { message } = error;
      const shape = expected as { errors: object[] };
      const answer = await send('/v1/fail', { host });
      assert.deepEqual(answer.json['error'], {
        ...shape,
        message,
        errors: shape.errors.map((inner) => ({ ...inner, message })),
      });
    });

  it('does nothing for a request that broke off', async () => {
    const before = [written, callLog.calls().length];
    const socket = connect({ port: served.port, host: '127.0.0.1', servername: PUBSUB, ca: certificates.ca });
    await once(socket, 'secureConnect');
    socket.write(
      `POST /v1/things HTTP/1.1\r\nhost: ${PUBSUB}\r\nauthorization: Bearer good\r\ncontent-length: 100\r\n\r\n{"half":`,
    );
    socket.end();
    socket.resume();
    await once(socket, 'close');
    assert.deepEqual([written, callLog.calls().length], before);
  });

  const lost: readonly [string, Fault, number, number][] = [
    ['reset before the effect', { kind: 'reset' }, 0, 0],
    ['reset after the effect', { kind: 'reset', after: true }, 1, 0],
    ['an injected status', { kind: 'status', status: 503 }, 0, 503],
    ['latency', { kind: 'latency', milliseconds: 5 }, 1, 200],
  ];
  for (const [name, fault, effects, status] of lost)
    it(`fails as told: ${name}`, async () => {
      faults.add({ route: 'pubsub.things.write', fault, count: 1 });
      const before = written;
      const outcome = await send('/v1/things', { method: 'POST', body: '{}' }).then(
        (answer) => answer.status,
        (error: unknown) => (error as { code: string }).code,
      );
      assert.equal(outcome, status === 0 ? 'ECONNRESET' : status);
      assert.deepEqual(
        [written - before, lastCall()?.status, lastCall()?.fault],
        [effects, status, fault.kind],
      );
      faults.clear();
    });

  for (const late of [false, true])
    it(`never answers on timeout ${late ? 'after' : 'before'} the effect`, async () => {
      faults.add({ route: 'pubsub.things.write', fault: { kind: 'timeout', after: late }, count: 1 });
      const before = written;
      const from = callLog.calls().length;
      const lostCall = () =>
        callLog
          .calls()
          .slice(from)
          .find(({ fault }) => fault === 'timeout');
      const own = new Agent({ ca: certificates.ca });
      const outgoing = request({
        agent: own, host: '127.0.0.1', port: served.port, servername: PUBSUB, path: '/v1/things', method: 'POST',
        headers: { host: PUBSUB, authorization: 'Bearer good' },
      }); // prettier-ignore
      let answered = false;
      outgoing.on('response', () => (answered = true));
      outgoing.on('error', () => undefined);
      outgoing.end('{}');
      // A later call on another connection is answered, this one is not.
      while (lostCall() === undefined) await send('/v1/things/one', { token: 'poor' });
      assert.deepEqual([answered, written - before, lostCall()?.status], [false, late ? 1 : 0, 0]);
      outgoing.destroy();
      own.destroy();
      faults.clear();
    });

  it('carries out every call of a batch and says what became of each', async () => {
    const part = (id: string, line: string, token?: string): string =>
      `--b\r\nContent-Type: application/http\r\nContent-ID: <${id}>\r\n\r\n${line} HTTP/1.1\r\n${token === undefined ? '' : `authorization: Bearer ${token}\r\n`}content-length: 0\r\n\r\n\r\n`;
    const body = `${part('x+0', 'GET /v1/things/one?view=a')}${part('x+1', 'GET /v1/things/one', 'poor')}${part('x+2', 'GET /v1/nothing')}--b--`;
    const answer = await send('/batch/compute/v1', {
      host: COMPUTE,
      method: 'POST',
      body,
      type: 'multipart/mixed; boundary="b"',
    });
    assert.equal(answer.status, 200);
    assert.deepEqual(
      [...answer.text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]),
      ['200', '403', '404'],
    );
    assert.deepEqual(
      [...answer.text.matchAll(/Content-ID: (\S+)/g)].map((match) => match[1]),
      ['<response-x+0>', '<response-x+1>', '<response-x+2>'],
    );
    assert.ok(answer.text.includes('{"name":"one","view":"a","by":"a@x"}'));
    assert.deepEqual(callLog.calls().slice(-3).map(({ id, status }) => `${status} ${id}`), [
      '200 compute.things.get', '403 compute.things.get', '404 unknown:GET compute.googleapis.com/v1/nothing',
    ]); // prettier-ignore
    const plain = await send('/batch/compute/v1', {
      host: COMPUTE,
      method: 'POST',
      body: '{}',
      type: 'application/json',
    });
    assert.equal(plain.status, 400);
  });

  it('answers 4,000 requests at once, each with its own answer', async () => {
    const from = callLog.calls().length;
    const answers = await Promise.all(
      Array.from({ length: 4_000 }, (_, index) => send(`/v1/things/one?view=${index}`)),
    );
    assert.deepEqual(
      answers.map(({ json }) => json['view']),
      answers.map((_, index) => String(index)),
    );
    assert.equal(callLog.calls().length - from, 4_000);
  });
});
