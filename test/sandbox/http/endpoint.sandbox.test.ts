import { once } from 'node:events';
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates, type Certificates } from './certificate.ts';
import { openEndpoint, type Serve } from './endpoint.ts';

describe('openEndpoint', () => {
  let certificates: Certificates;
  let agent: Agent;
  beforeAll(async () => {
    certificates = await makeCertificates();
    agent = new Agent({ ca: certificates.ca, keepAlive: true, servername: 'localhost' });
  });
  afterAll(() => {
    agent.destroy();
  });

  const says =
    (words: string): Serve =>
    (_, response) => {
      response.end(words);
    };
  /** What was answered, and whether over a connection that was there. */
  const ask = async (port: number): Promise<string> => {
    const outgoing = request({ agent, host: '127.0.0.1', port });
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    return `${await text(response)}${outgoing.reusedSocket ? ' again' : ''}`;
  };

  it('answers a successor’s callers over the connections of the one before', async () => {
    const one = await openEndpoint({ certificates, kept: true, serve: says('one') });
    expect(await ask(one.port)).toBe('one');
    await one.close();
    const two = await openEndpoint({ certificates, kept: true, serve: says('two') });
    expect(two.port).toBe(one.port);
    expect(await ask(two.port)).toBe('two again');
    await two.close();
  });

  it('answers nothing while it waits for a successor', async () => {
    const one = await openEndpoint({ certificates, kept: true, serve: says('one') });
    await one.close();
    await expect(ask(one.port)).rejects.toThrow(/hang up|ECONNRESET/);
  });

  it('loses a request that hangs when it closes', async () => {
    let arrived = (): void => undefined;
    const hangs = new Promise<void>((resolve) => (arrived = resolve));
    const one = await openEndpoint({
      certificates,
      kept: true,
      serve: () => {
        arrived();
      },
    });
    const lost = expect(ask(one.port)).rejects.toThrow(/hang up|ECONNRESET/);
    await hangs;
    await one.close();
    await lost;
  });

  it('keeps one listener, for a successor with the same certificates that keeps its own', async () => {
    const first = await openEndpoint({ certificates, kept: true, serve: says('first') });
    const second = await openEndpoint({ certificates, kept: true, serve: says('second') });
    expect(second.port).not.toBe(first.port);
    await first.close();
    await second.close();
    expect([first.server.listening, second.server.listening]).toEqual([true, false]);
    const foreign = await openEndpoint({
      certificates: await makeCertificates(),
      kept: true,
      serve: says('foreign'),
    });
    const alone = await openEndpoint({ certificates, serve: says('alone') });
    expect([foreign.port, alone.port]).not.toContain(first.port);
    await foreign.close();
    await alone.close();
    expect(alone.server.listening).toBe(false);
    const next = await openEndpoint({ certificates, kept: true, serve: says('next') });
    expect(next.port).toBe(first.port);
    await next.close();
  });
});
