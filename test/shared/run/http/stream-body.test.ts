import type { ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { streamBody } from '../../../../shared/run/http/stream-body.ts';

/** A connection whose reader takes what the test takes. */
function connection(): { readonly stream: PassThrough; readonly response: ServerResponse } {
  const stream = new PassThrough({ highWaterMark: 10 });
  Object.assign(stream, { headersSent: true });
  return { stream, response: stream as unknown as ServerResponse };
}

async function* counted(made: number[], parts: number): AsyncGenerator<string> {
  for (let at = 0; at < parts; at++) {
    made.push(at);
    yield 'x'.repeat(20);
    await turn();
  }
}

describe('a body in parts', () => {
  it('is made no faster than it is read', async () => {
    const { stream, response } = connection();
    const made: number[] = [];
    const sent = streamBody(response, counted(made, 50));
    for (let at = 0; at < 200; at++) await turn();
    expect(made.length).toBeLessThan(5);
    let bytes = 0;
    for await (const chunk of stream) bytes += (chunk as Buffer).length;
    await sent;
    expect([made.length, bytes]).toEqual([50, 1_000]);
  });

  it('ends when the caller goes away', async () => {
    const { stream, response } = connection();
    const made: number[] = [];
    const sent = streamBody(response, counted(made, 1_000));
    for (let at = 0; at < 20; at++) await turn();
    stream.destroy();
    await sent;
    expect(made.length).toBeLessThan(5);
  });

  it('breaks off where a part fails: what was sent must not look whole', async () => {
    const { stream, response } = connection();
    stream.resume();
    stream.on('error', () => undefined);
    async function* failing(): AsyncGenerator<string> {
      yield 'one';
      await turn();
      throw new Error('no more');
    }
    await expect(streamBody(response, failing())).rejects.toThrow('no more');
    expect([stream.destroyed, stream.writableFinished]).toEqual([true, false]);
  });
});
