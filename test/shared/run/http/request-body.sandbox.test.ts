import { globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { GoogleAuth } from 'google-auth-library';
import { describe, expect, it } from 'vitest';
import { createClients } from '../../../../shared/google/clients/clients.ts';
import { handleRequest, type HttpFunction } from '../../../../shared/run/handle-request.ts';
import type { Runtime } from '../../../../shared/run/runtime.ts';
import { withHttpFunction } from '../../../support/in-process.ts';

const auth = new GoogleAuth({ projectId: '-' });
const runtime: Runtime = {
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
  write: () => undefined,
  post: () => Promise.reject(new Error('this test posts nothing')),
  readText: async () => 'scope: [projects/ml-lab]',
};

const echo: HttpFunction<unknown> = {
  methods: { GET: 'to look', POST: 'to act' },
  deadlineMs: 1_000,
  read: ({ body }) => body ?? null,
  answer: async (_, wanted) => ({ body: { wanted } }),
};

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function post(
  body: string | Uint8Array | ReadableStream,
  headers: Record<string, string> = {},
): Promise<Answer> {
  let answer: Answer | undefined;
  await withHttpFunction(
    (request, response) => handleRequest(runtime, request, response, echo),
    async (url) => {
      const init = {
        method: 'POST',
        body,
        duplex: 'half',
        headers: { 'content-type': 'application/json', ...headers },
      };
      const response = await fetch(url, init as RequestInit);
      const text = await response.text();
      expect(response.headers.get('content-type'), text).toMatch(/^application\/json/);
      answer = { status: response.status, body: JSON.parse(text) as Record<string, unknown> };
    },
  );
  if (answer === undefined) throw new Error('No answer');
  return answer;
}

const SMALL = JSON.stringify({ budget: 'größe', list: [{ a: ['}'] }] });
const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;

describe('the body of a request', () => {
  for (const [name, body, encoding] of [
    ['as it is', SMALL, undefined],
    ['gzip', gzipSync(SMALL), 'gzip'],
    ['deflate', deflateSync(SMALL), 'deflate'],
    ['br', brotliCompressSync(SMALL), 'br'],
  ] as const)
    it(`is read: ${name}`, async () => {
      const { status, body: answer } = await post(
        body,
        encoding === undefined ? {} : { 'content-encoding': encoding },
      );
      expect([status, answer['wanted']]).toEqual([200, JSON.parse(SMALL)]);
    });

  it('in pieces without a length is read, too', async () => {
    const { body } = await post(new Blob([SMALL.slice(0, 9), SMALL.slice(9)]).stream());
    expect(body['wanted']).toEqual(JSON.parse(SMALL));
  });

  it('that is no JSON by its type is its text', async () => {
    expect((await post('a=b', { 'content-type': 'text/plain' })).body['wanted']).toBe('a=b');
  });

  const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024));
  const LONG = /longer than 256 KiB/;
  for (const [name, status, says, body, headers] of [
    ['a gzip bomb', 413, LONG, bomb, { 'content-encoding': 'gzip' }],
    ['a brotli bomb', 413, LONG, brotliCompressSync(Buffer.alloc(9_000_000)), { 'content-encoding': 'br' }],
    ['too long', 413, LONG, JSON.stringify('x'.repeat(300_000)), {}],
    [
      'too long, in pieces',
      413,
      LONG,
      new Blob(Array.from({ length: 30 }, () => 'x'.repeat(20_000))).stream(),
      {},
    ],
    ['no JSON', 400, /its body is not JSON/, '{"budget": ', {}],
    ['too deep', 400, /nested deeper than 32 levels/, deep(100_000), {}],
    ['too deep in a map', 400, /nested deeper than 32 levels/, `{"a":${deep(33)}}`, {}],
    ['no gzip', 400, /its body is not gzip/, SMALL, { 'content-encoding': 'gzip' }],
    [
      'of an unknown encoding',
      415,
      /content-encoding is "compress"/,
      SMALL,
      { 'content-encoding': 'compress' },
    ],
  ] as const)
    it(`that is ${name}: ${status} in our own form, and little memory`, async () => {
      const before = process.memoryUsage().rss;
      const answer = await post(body, headers);
      expect(answer.status).toBe(status);
      expect(Object.keys(answer.body)).toEqual(['error']);
      expect(answer.body['error']).toMatch(says);
      expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
    });

  it('with brackets in its texts is not deep', async () => {
    const text = JSON.stringify({ a: '['.repeat(100), b: '\\"[[{'.repeat(50) });
    expect((await post(text)).body['wanted']).toEqual(JSON.parse(text));
  });
});

it('is held by each function that people may call, and by no other', () => {
  const root = resolve(import.meta.dirname, '../../../..');
  for (const file of globSync('deploy/functions/*/function.yaml', { cwd: root })) {
    const name = dirname(file).split('/').at(-1) ?? '';
    const isCalled = /^ingress: all$/m.test(readFileSync(join(root, file), 'utf8'));
    const code = readFileSync(join(root, 'functions', name, 'index.ts'), 'utf8');
    expect(/^holdBodies\(\);$/m.test(code), name).toBe(isCalled);
  }
});
