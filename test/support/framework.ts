import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Framework {
  /** `performance.now()` just before the process was started. */
  readonly startedAt: number;
  readonly port: number;
  /** Rejects when the process ends on its own; its message has what the process printed. */
  readonly ended: Promise<never>;
  /** Everything printed so far, standard output and error. */
  readonly output: readonly string[];
  stop(): Promise<void>;
}

const main = join(
  dirname(createRequire(import.meta.url).resolve('@google-cloud/functions-framework')),
  'main.js',
);

/**
 * Starts a bundle in the real functions-framework and resolves when it listens. Of the caller's environment it gets
 * `PATH` and `env`, nothing else.
 */
export async function startFramework(options: {
  readonly name: string;
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
}): Promise<Framework> {
  const { name, dir, env } = options;
  const port = await freePort();
  const startedAt = performance.now();
  const child = spawn(process.execPath, [main, `--source=${dir}`, `--target=${name}`], {
    env: { PATH: process.env['PATH'], PORT: String(port), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const output: string[] = [];
  const ended = exited.then((): never => {
    throw new Error(`Function "${name}" ended:\n${output.join('\n')}`);
  });
  ended.catch(() => undefined);
  const listening = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on('line', (line) => {
        output.push(line);
        if (line.startsWith('URL: ')) resolve();
      });
    }
  });
  await Promise.race([listening, ended]);
  return {
    startedAt,
    port,
    ended,
    output,
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
