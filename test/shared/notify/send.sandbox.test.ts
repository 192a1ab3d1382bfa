import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Clients } from '../../../shared/google/clients/clients.ts';
import type { Notice } from '../../../shared/notify/notice.ts';
import { sendNotice, type NotifyContext } from '../../../shared/notify/send.ts';
import type { Channel } from '../../../shared/policy/policy.ts';
import { createRuntime } from '../../../shared/run/runtime.ts';
import { scriptedApi } from '../../support/scripted-api.ts';

interface Answer {
  readonly status: number;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A service's own answers, one after the other; the last one stays. */
interface Receiver {
  readonly bodies: unknown[];
  readonly url: string;
}

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function receive(answers: readonly Answer[]): Promise<Receiver> {
  const bodies: unknown[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const answer = answers[Math.min(bodies.length, answers.length - 1)] ?? { status: 200 };
      bodies.push(JSON.parse(body));
      response.writeHead(answer.status, answer.headers).end(answer.text ?? '');
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { bodies, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/T0/B0/geheim` };
}

const HOOK = 'https://hooks.example/services/T0/B0/geheim';
const SECRET = 'projects/ml-ops/secrets/hook/versions/latest';
const slack: Channel = { kind: 'slack', secret: SECRET };
const teams: Channel = { kind: 'teams', secret: SECRET };

const NOTICE: Notice = {
  id: 'idle-notebook-stopper/run-1',
  functionName: 'idle-notebook-stopper',
  title: 'Notebooks of ml-dev: 1 stopped',
  items: [
    {
      resource: 'projects/ml-dev/locations/z/instances/nb-1',
      action: 'stop',
      owner: 'ada@example.com',
      text: 'nb-1: <idle> & stopped',
    },
  ],
};

/** The real post of the runtime, to a local receiver; pauses take no time and are written down. */
function contextOf(receiver: Receiver | undefined, hook = HOOK) {
  const published: string[] = [];
  const lines: string[] = [];
  const pauses: number[] = [];
  const { api, requested } = scriptedApi(() => ({
    name: SECRET,
    payload: { data: Buffer.from(`${hook}\n`).toString('base64') },
  }));
  let nowMs = 1_000_000;
  const { post } = createRuntime('test');
  const context: NotifyContext = {
    api,
    log: (severity, message) => void lines.push(`${severity} ${message}`),
    runtime: {
      clients: { publish: async (topic, data) => void published.push(`${topic} ${data}`) } satisfies Clients,
      now: () => new Date(nowMs),
      random: () => 1,
      async sleep(milliseconds) {
        pauses.push(milliseconds);
        nowMs += milliseconds;
      },
      post: (url, body, timeoutMs) => {
        if (receiver === undefined) throw new Error(`connect ECONNREFUSED ${url}`);
        expect(url).toBe(HOOK);
        return post(receiver.url, body, timeoutMs);
      },
    },
  };
  return { context, lines, pauses, published, requested };
}

describe('sendNotice', () => {
  it('posts one message, with what Slack takes for control characters escaped', async () => {
    const receiver = await receive([{ status: 200, text: 'ok' }]);
    const { context, lines, requested } = contextOf(receiver);
    await sendNotice(context, [slack], NOTICE);
    expect(receiver.bodies).toEqual([
      {
        text: 'Notebooks of ml-dev: 1 stopped\n\nada@example.com: nb-1: &lt;idle&gt; &amp; stopped',
        unfurl_links: false,
      },
    ]);
    expect(lines).toEqual([]);
    expect(requested.map(({ target }) => target)).toEqual([
      `secretmanager.googleapis.com/v1/${SECRET}:access`,
    ]);
  });

  it('posts an Adaptive Card to Teams, which accepts it with 202', async () => {
    const receiver = await receive([{ status: 202 }]);
    const { context, lines } = contextOf(receiver);
    await sendNotice(context, [teams], NOTICE);
    expect(receiver.bodies).toMatchObject([
      {
        type: 'message',
        attachments: [
          {
            contentType: 'application/vnd.microsoft.card.adaptive',
            content: {
              type: 'AdaptiveCard',
              body: [{ text: NOTICE.title }, { text: 'ada@example.com: nb-1: <idle> & stopped' }],
            },
          },
        ],
      },
    ]);
    expect(lines).toEqual([]);
  });

  it('gives a webhook and a topic the notice as data, with its id', async () => {
    const receiver = await receive([{ status: 204 }]);
    const { context, published } = contextOf(receiver);
    const topic = 'projects/ml-ops/topics/notices';
    await sendNotice(
      context,
      [
        { kind: 'webhook', secret: SECRET },
        { kind: 'topic', topic },
      ],
      NOTICE,
    );
    expect(receiver.bodies).toEqual([NOTICE]);
    expect(published).toEqual([`${topic} ${JSON.stringify(NOTICE)}`]);
  });

  it('waits as long as a 429 says, and posts the same message again', async () => {
    const receiver = await receive([
      { status: 429, headers: { 'retry-after': '7' }, text: 'rate_limited' },
      { status: 200, text: 'ok' },
    ]);
    const { context, pauses, lines } = contextOf(receiver);
    await sendNotice(context, [slack], NOTICE);
    expect(pauses).toEqual([7_000]);
    expect(receiver.bodies).toHaveLength(2);
    expect(receiver.bodies[1]).toEqual(receiver.bodies[0]);
    expect(lines).toEqual([]);
  });

  it('gives up where a 429 requests more time than a run has, and says so without the address', async () => {
    const receiver = await receive([
      { status: 429, headers: { 'retry-after': '3600' }, text: 'rate_limited' },
    ]);
    const { context, pauses, lines } = contextOf(receiver);
    await sendNotice(context, [slack], NOTICE);
    expect(pauses).toEqual([]);
    expect(lines).toEqual([
      'WARNING Cannot tell channel 1 (slack) of "Notebooks of ml-dev: 1 stopped": it answered 429 rate_limited',
    ]);
  });

  it('backs off from a failing service, four attempts at most', async () => {
    const receiver = await receive([{ status: 503, text: 'down' }]);
    const { context, pauses, lines } = contextOf(receiver);
    await sendNotice(context, [slack], NOTICE);
    expect(receiver.bodies).toHaveLength(4);
    expect(pauses).toEqual([1_000, 2_000, 4_000]);
    expect(lines.join()).toContain('503 down');
  });

  it('sends one line where the message is refused, once', async () => {
    const receiver = await receive([
      { status: 400, text: 'invalid_payload' },
      { status: 200, text: 'ok' },
    ]);
    const { context, lines } = contextOf(receiver);
    await sendNotice(context, [slack], NOTICE);
    expect(receiver.bodies[1]).toEqual({
      text: 'Notebooks of ml-dev: 1 stopped (1 in the receipt)',
      unfurl_links: false,
    });
    expect(lines).toEqual([]);
    const never = await receive([{ status: 413, text: 'Request Entity Too Large' }]);
    const refused = contextOf(never);
    await sendNotice(refused.context, [teams], NOTICE);
    expect(never.bodies).toHaveLength(2);
    expect(refused.lines.join()).toContain('413 Request Entity Too Large');
  });

  it.each([
    [403, 'action_prohibited'],
    [404, 'no_service'],
    [410, 'channel_is_archived'],
  ])('does not ask again after %i %s', async (status, text) => {
    const receiver = await receive([{ status, text }]);
    const { context, lines } = contextOf(receiver);
    await sendNotice(context, [slack], NOTICE);
    expect(receiver.bodies).toHaveLength(1);
    expect(lines.join()).toContain(`${status} ${text}`);
  });

  it('follows no redirection: the address is a secret', async () => {
    const elsewhere = await receive([{ status: 200 }]);
    const receiver = await receive([{ status: 307, headers: { location: elsewhere.url } }]);
    const { context, lines } = contextOf(receiver);
    await sendNotice(context, [slack], NOTICE);
    expect(elsewhere.bodies).toEqual([]);
    expect(lines).toHaveLength(1);
  });

  it('never shows the address, neither of a host that does not answer nor of a secret that holds none', async () => {
    for (const [receiver, hook] of [
      [undefined, HOOK],
      [await receive([{ status: 200 }]), 'http://plain.example/geheim'],
    ] as const) {
      const { context, lines } = contextOf(receiver, hook);
      await sendNotice(context, [slack], NOTICE);
      expect(lines).toHaveLength(1);
      expect(lines.join()).not.toContain('geheim');
    }
  });

  it('tells the other channels although one fails', async () => {
    const { context, published, lines } = contextOf(undefined);
    await sendNotice(context, [slack, { kind: 'topic', topic: 'projects/p/topics/t' }], NOTICE);
    expect(published).toHaveLength(1);
    expect(lines).toHaveLength(1);
  });

  it.each([
    [slack, 30_000],
    [teams, 18_000],
  ] as const)('keeps a message short enough for %o', async (channel, maxBytes) => {
    const receiver = await receive([{ status: 200 }]);
    const { context } = contextOf(receiver);
    const [one] = NOTICE.items;
    const items = Array.from({ length: 500 }, (_, index) => ({
      ...one,
      text: `nb-${index} ${'x'.repeat(200)}`,
    }));
    await sendNotice(context, [channel], { ...NOTICE, items: items as Notice['items'] });
    const [body] = receiver.bodies;
    expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThanOrEqual(maxBytes);
    expect(JSON.stringify(body)).toMatch(/… and \d+ more, in the receipt\./);
  });
});
