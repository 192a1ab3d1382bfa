import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

/**
 * The CONNECT listener for clients that honour `HTTPS_PROXY`, such as gcloud: every tunnel ends at the sandbox's TLS
 * endpoint, whatever host was requested. Hosts that are not Google's or its functions' are refused.
 */
export async function startProxy(port: number): Promise<{
  readonly url: string;
  /** Hosts to which it opened a tunnel, in order. */
  readonly tunnels: readonly string[];
  close(): void;
}> {
  const tunnels: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((request, response) => {
    response.writeHead(405, { 'content-type': 'text/plain' });
    response.end(`The sandbox's proxy only tunnels TLS (CONNECT), not ${request.url ?? ''}\n`);
  });
  server.on('connect', (request, client: Socket, head: Buffer) => {
    const host = (request.url ?? '').replace(/:\d+$/, '');
    sockets.add(client);
    client.on('close', () => sockets.delete(client));
    client.on('error', () => client.destroy());
    if (!/(?:^|\.)(?:googleapis\.com|google\.com|run\.app|cloudfunctions\.net)$/i.test(host)) {
      client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    tunnels.push(host);
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client);
      client.pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
    upstream.on('close', () => client.destroy());
    client.on('close', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    tunnels,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
