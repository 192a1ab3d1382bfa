import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { GoogleAuth } from 'google-auth-library';
import { createClients } from '../../../shared/google/clients/clients.ts';
import { PermanentError } from '../../../shared/errors.ts';
import { NotAcceptable } from '../../../shared/report/formats.ts';
import { BadParameter } from '../../../shared/report/bad-parameter.ts';
import { handleRequest, Refusal, type HttpFunction } from '../../../shared/run/handle-request.ts';
import { GoogleApiError } from '../../../shared/google/google-api-error.ts';
import type { Runtime } from '../../../shared/run/runtime.ts';
import { withHttpFunction } from '../../support/in-process.ts';

const lines: string[] = [];

async function serve<Wanted>(
  on: Runtime,
  fn: HttpFunction<Wanted>,
  test: (url: string) => Promise<void>,
): Promise<void> {
  await withHttpFunction((request, response) => handleRequest(on, request, response, fn), test);
}

async function ask(
  url: string,
  init?: RequestInit,
): Promise<{ status: number; headers: Headers; text: string }> {
  const response = await fetch(url, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

function runtime(policy = 'scope: [projects/ml-lab]'): Runtime {
  const auth = new GoogleAuth({ projectId: '-' });
  return {
    functionName: 'probe',
    environment: {},
    auth,
    clients: createClients(auth),
    now: () => new Date('2026-11-18T21:40:00Z'),
    newId: () => '00000001',
    ownProject: async () => 'ml-ops-local',
    random: () => 0.5,
    turn: async () => undefined,
    begin: () => undefined,
    sleep: async () => undefined,
    attemptTimeoutMs: 1_000,
    write: (line) => void lines.push(line),
    readText: async () => policy,
    post: () => Promise.reject(new Error('this test posts nothing')),
  };
}

function fails(error: Error): HttpFunction<void> {
  return {
    methods: { GET: 'for the report' },
    deadlineMs: 1_000,
    read: () => undefined,
    answer: async () => Promise.reject(error),
  };
}

const echo: HttpFunction<unknown> = {
  methods: { GET: 'for the report' },
  deadlineMs: 1_000,
  read: ({ query, accept }) => ({ query, accept }),
  answer: async ({ policy }, wanted) => ({ body: { scope: policy.scope, wanted } }),
};

const httpError = (status: number) => new GoogleApiError('a.b', Object.assign(new Error('no'), { status }));

describe('handleRequest', () => {
  test('hands query and Accept on and answers with JSON that no one caches', async () => {
    await serve(runtime(), echo, async (url) => {
      const { status, headers, text } = await ask(`${url}/?window=7d`, { headers: { accept: 'text/html' } });
      assert.equal(status, 200);
      assert.equal(headers.get('cache-control'), 'no-store');
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.deepEqual(JSON.parse(text), {
        scope: ['projects/ml-lab'],
        wanted: { query: { window: '7d' }, accept: 'text/html' },
      });
    });
  });

  for (const method of ['POST', 'PUT', 'DELETE'])
    test(`${method} where GET alone is allowed: 405 that says so`, async () => {
      await serve(runtime(), echo, async (url) => {
        const { status, headers, text } = await ask(url, { method });
        assert.equal(status, 405);
        assert.equal(headers.get('allow'), 'GET');
        assert.deepEqual(JSON.parse(text), { error: `Cannot ${method}: use GET for the report` });
      });
    });

  const failures: readonly [string, Error, number][] = [
    ['a refusal has its own status', new Refusal(403, 'Cannot look'), 403],
    ['a bad parameter', new BadParameter('window', '7dd', '7d'), 400],
    ['a format that no one offers', new NotAcceptable('Cannot answer'), 406],
    ['what cannot be fixed by asking again', new PermanentError('no'), 500],
    ['a refusal by Google', httpError(403), 500],
    ['Google is busy', httpError(503), 503],
    ['anything else', new Error('what'), 503],
  ];
  for (const [name, error, wanted] of failures)
    test(`${name}: ${wanted}, said in the body and in the log`, async () => {
      lines.length = 0;
      await serve(runtime(), fails(error), async (url) => {
        const { status, text } = await ask(url);
        assert.equal(status, wanted);
        assert.equal((JSON.parse(text) as { error: string }).error, error.message);
        assert.equal(lines.length, 1);
        assert.match(lines[0] ?? '', wanted < 500 ? /"WARNING"/ : /"ERROR"/);
      });
    });

  test('a bad parameter is named with its value and what is allowed', async () => {
    await serve(runtime(), fails(new BadParameter('window', '7dd', '1h to 42d')), async (url) => {
      assert.deepEqual(JSON.parse((await ask(url)).text), {
        error: 'Cannot use window "7dd": allowed is 1h to 42d',
        parameter: 'window',
        value: '7dd',
        allowed: '1h to 42d',
      });
    });
  });

  test('a bad policy: 500', async () => {
    await serve(runtime('scope: []'), echo, async (url) => {
      assert.equal((await ask(url)).status, 500);
    });
  });
});
