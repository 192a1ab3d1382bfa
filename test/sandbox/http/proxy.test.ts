import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { startProxy } from './proxy.ts';

describe('startProxy', () => {
  let proxy: Awaited<ReturnType<typeof startProxy>>;
  const upstream = createServer((socket) => socket.pipe(socket));
  beforeAll(async () => {
    upstream.listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    proxy = await startProxy((upstream.address() as AddressInfo).port);
  });
  afterAll(() => {
    proxy.close();
    upstream.close();
  });

  const tunnel = async (target: string): Promise<{ status: number | undefined; socket: Socket }> => {
    const outgoing = request(proxy.url, { method: 'CONNECT', path: target });
    outgoing.end();
    const [response, socket] = (await once(outgoing, 'connect')) as [{ statusCode?: number }, Socket];
    return { status: response.statusCode, socket };
  };

  for (const host of ['storage.googleapis.com:443', 'www.googleapis.com:443', 'accounts.google.com:443', 'Storage.GoogleAPIs.com:443'])
    it(`tunnels ${host} to the sandbox`, async () => {
      const { status, socket } = await tunnel(host);
      assert.equal(status, 200);
      socket.write('hello');
      assert.equal(String((await once(socket, 'data'))[0]), 'hello');
      socket.destroy();
    }); // prettier-ignore

  for (const host of ['example.com:443', 'googleapis.com.example.com:443', 'evilgoogleapis.com:443', '169.254.169.254:80', '[::1]:443'])
    it(`refuses ${host}`, async () => {
      const { status, socket } = await tunnel(host);
      assert.equal(status, 403);
      socket.destroy();
    }); // prettier-ignore

  it('refuses requests that are no tunnel', async () => {
    const answer = await fetch(`${proxy.url}/x`);
    assert.equal(answer.status, 405);
    assert.match(await answer.text(), /only tunnels TLS/);
  });
});
