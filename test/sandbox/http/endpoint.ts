import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Certificates } from './certificate.ts';

export type Serve = (request: IncomingMessage, response: ServerResponse) => void;

/** A TLS listener of this machine. */
export interface Endpoint {
  readonly server: Server;
  readonly port: number;
  /** It answers no more: ends what hangs, and every connection unless it is kept for a successor. */
  close(): Promise<void>;
}

export interface EndpointOptions {
  readonly certificates: Certificates;
  readonly serve: Serve;
  /**
   * Takes over the listener that one of this process kept, and keeps its own when it closes: sandboxes that follow each other keep
   * their callers' connections. Making one costs more than to answer a request.
   */
  readonly kept?: boolean;
}

interface Listener {
  readonly server: Server;
  /** Who answers; no one while it waits for a successor. */
  serve: Serve | undefined;
  /** Connections whose request is not answered yet. */
  readonly busy: Set<Duplex>;
}

/** One is enough for those that follow each other. */
const waiting = new WeakMap<Certificates, Listener>();

export async function openEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const { certificates, serve, kept = false } = options;
  const listener = (kept ? takeWaiting(certificates) : undefined) ?? (await listen(certificates));
  listener.serve = serve;
  const { server } = listener;
  return {
    server,
    port: (server.address() as AddressInfo).port,
    async close() {
      listener.serve = undefined;
      if (kept && !waiting.has(certificates)) {
        for (const connection of listener.busy) connection.destroy();
        server.unref();
        waiting.set(certificates, listener);
        return;
      }
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function takeWaiting(certificates: Certificates): Listener | undefined {
  const listener = waiting.get(certificates);
  waiting.delete(certificates);
  listener?.server.ref();
  return listener;
}

async function listen(certificates: Certificates): Promise<Listener> {
  const busy = new Set<Duplex>();
  const server = createServer(
    { cert: certificates.certificate, key: certificates.key, keepAliveTimeout: 60_000 },
    (request, response) => {
      const { socket } = request;
      if (listener.serve === undefined) {
        socket.destroy();
        return;
      }
      busy.add(socket);
      response.once('close', () => busy.delete(socket));
      listener.serve(request, response);
    },
  );
  const listener: Listener = { server, serve: undefined, busy };
  // The listener keeps the process alive, and not who is connected to one that waits.
  server.on('secureConnection', (socket: TLSSocket) => void socket.unref());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // The default backlog of 511 makes a burst of connections wait for the kernel's second SYN.
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, resolve);
  });
  return listener;
}
