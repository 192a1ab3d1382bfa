import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Runtime } from '../../shared/run/runtime.ts';
import type { Exit } from '../sandbox/hosting/child.ts';
import type { FunctionProcess, LogLine } from '../sandbox/hosting/function-process.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { startInstance, withSandbox, type InstanceOptions } from './in-process.ts';
import { installFunction } from './install-function.ts';
import type { World, WorldOptions } from './installed.ts';
import { NAME, OPERATIONS } from './lab.ts';

/** What a function's `index.ts` does with an event. */
type Handle = (runtime: Runtime, event: unknown) => Promise<void>;

/**
 * As `withFunction`, with the function in the test's own process: Pub/Sub pushes to it in the same way, and nothing has to be
 * started. For what a function does; what bundle, framework and process do is tested with the bundle.
 */
export async function withFunctionHere(
  options: Pick<WorldOptions, 'scenario' | 'policy'> & { readonly handle: Handle },
  test: (world: World) => Promise<void>,
): Promise<void> {
  const { scenario, policy, handle } = options;
  await withSandbox({ scenario, frozen: true }, async (sandbox) => {
    const fn = await installFunction(sandbox, {
      name: NAME,
      operationsProject: OPERATIONS,
      policyText: policy,
      startInstance: (onLine, policyFile) =>
        startHere(sandbox, { name: NAME, policy }, { handle, onLine, policyFile }),
    });
    try {
      await test({ sandbox, fn });
    } finally {
      await fn.close();
    }
  });
}

interface Hosting {
  readonly handle: Handle;
  readonly onLine: (line: LogLine) => void;
  readonly policyFile: string;
}

/** One instance that listens in this process. */
async function startHere(
  sandbox: Sandbox,
  options: InstanceOptions,
  { handle, onLine, policyFile }: Hosting,
): Promise<FunctionProcess> {
  const instance = startInstance(sandbox, options);
  let isKilled = false;
  const runtime: Runtime = {
    ...instance.runtime,
    readText: () => readFile(policyFile, 'utf8'),
    write(lines) {
      if (isKilled) return;
      for (const line of lines.split('\n')) onLine(JSON.parse(line) as LogLine);
    },
  };
  const server = createServer((request, response) => {
    eventIn(request)
      .then((event) => handle(runtime, event))
      .then(
        () => 204,
        () => 500,
      )
      .then((status) => response.writeHead(status).end(), console.error);
  });
  const killed = Promise.withResolvers<Exit>();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    // It has none of its own; no signal can be sent to this.
    pid: Number.NaN,
    lines: [],
    stderr: [],
    kill(signal) {
      isKilled = true;
      instance.kill();
      server.closeAllConnections();
      server.close();
      killed.resolve({ code: null, signal });
    },
    exited: killed.promise,
  };
}

/** A CloudEvent in HTTP binary mode, as the functions-framework hands it over. */
async function eventIn(request: IncomingMessage): Promise<object> {
  const { 'ce-id': id, 'ce-source': source, 'ce-time': time } = request.headers;
  return {
    id,
    source,
    ...(time === undefined ? {} : { time }),
    data: JSON.parse(await text(request)) as unknown,
  };
}
