import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import type { Sandbox } from '../sandbox.ts';
import { LINK_READINGS } from '../services/billing/cloud-billing.ts';

/** A small HTTP interface on this machine to a running sandbox: move its clock, make it fail, look at its calls. */
export interface Control {
  readonly url: string;
  close(): void;
}

const MINUTES = /^(\d{1,5})(m|h|d)$/;
const MINUTE_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

const faultRule = z.strictObject({
  route: z.string(),
  pathIncludes: z.string().optional(),
  fault: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('status'),
      status: z.int().min(400).max(599),
      message: z.string().default('Injected by a fault rule.'),
    }),
    z.strictObject({ kind: z.literal('html'), status: z.int().min(200).max(599) }),
    z.strictObject({ kind: z.literal('timeout'), after: z.boolean().default(false) }),
    z.strictObject({ kind: z.literal('reset'), after: z.boolean().default(false) }),
    z.strictObject({
      kind: z.literal('field'),
      at: z.array(z.union([z.string(), z.number()])).min(1),
      value: z.unknown(),
    }),
    z.strictObject({ kind: z.literal('body'), body: z.string() }),
    z.strictObject({ kind: z.literal('latency'), milliseconds: z.number().positive() }),
  ]),
  skip: z.int().min(0).optional(),
  count: z.int().positive().optional(),
  probability: z.number().min(0).max(1).optional(),
  seed: z.int().optional(),
});

const perimeterSchema = z.strictObject({
  project: z.string(),
  services: z.array(z.string().endsWith('.googleapis.com')).min(1),
  except: z.array(z.string()).optional(),
});

/** Regions whose time series Monitoring cannot read. */
const unreachableSchema = z.strictObject({ project: z.string(), regions: z.array(z.string()) });

type Command = (request: { readonly query: URLSearchParams; readonly body: string }) => unknown;

/** Commands of one's own beside the sandbox's, e.g. `POST /tick`. */
export type Commands = Readonly<Record<string, Command>>;

/** Listens on `port`, or on the next free one when that is busy. */
export async function startControl(sandbox: Sandbox, port: number, more: Commands = {}): Promise<Control> {
  const commands: Commands = {
    'POST /clock': async ({ query }) => {
      const [, amount, unit = ''] = MINUTES.exec(query.get('advance') ?? '') ?? [];
      if (amount === undefined) throw new Error('say how far: /clock?advance=20m (m, h or d)');
      await sandbox.clock.advance(Number(amount) * (MINUTE_MS[unit] ?? 0));
      return { now: new Date(sandbox.clock.now()).toISOString() };
    },
    'POST /faults': ({ body }) => {
      const { route, fault, ...rest } = faultRule.parse(JSON.parse(body));
      sandbox.faults.add({ route, fault, ...definedOf(rest) });
      return { rules: sandbox.faults.rules };
    },
    'DELETE /faults': () => {
      sandbox.faults.clear();
      return { rules: [] };
    },
    'POST /perimeters': ({ body }) => {
      const { except, ...perimeter } = perimeterSchema.parse(JSON.parse(body));
      sandbox.perimeters.add({ ...perimeter, ...(except === undefined ? {} : { except }) });
      return perimeter;
    },
    'DELETE /perimeters': () => {
      sandbox.perimeters.clear();
      return {};
    },
    'POST /unreachable': ({ body }) => {
      const { project, regions } = unreachableSchema.parse(JSON.parse(body));
      sandbox.monitoring.setUnreachable(project, regions);
      return { project, regions };
    },
    'GET /series': () => ({ returned: sandbox.monitoring.seriesReturned() }),
    'POST /billing-rights': ({ query }) => {
      const reading = z.enum(LINK_READINGS).parse(query.get('on'));
      sandbox.billing.takeRights(reading);
      return { on: reading };
    },
    'GET /calls': () => ({ counts: sandbox.callLog.counts(), last: sandbox.callLog.calls().slice(-50) }),
    'GET /notebooks': () => [...sandbox.fleet.notebooks.values()].map(({ name, state }) => ({ name, state })),
    ...more,
  };
  const server = createServer((request, response) => void answer(request, response, commands));
  await new Promise<void>((resolve, reject) => {
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') server.listen(0, '127.0.0.1');
      else reject(error);
    });
    server.once('listening', resolve);
    server.listen(port, '127.0.0.1');
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** The same without the keys that are undefined. */
function definedOf<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, commands: Commands): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://control');
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const send = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(`${JSON.stringify(body, null, 2)}\n`);
  };
  const command = commands[`${request.method ?? ''} ${url.pathname}`];
  if (command === undefined) {
    send(404, { error: `unknown: use ${Object.keys(commands).join(', ')}` });
    return;
  }
  try {
    send(200, await command({ query: url.searchParams, body: Buffer.concat(chunks).toString() }));
  } catch (error) {
    send(400, { error: error instanceof Error ? error.message : String(error) });
  }
}
