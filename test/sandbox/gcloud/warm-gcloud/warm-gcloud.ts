import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { delimiter, join, resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startChild } from '../../hosting/child.ts';
import type { Sandbox } from '../../sandbox.ts';
import { startMemory, type MemoryOptions } from './memory.ts';

/** The installed gcloud with its modules loaded: each command is a fork, which takes a quarter of the time. */
export interface WarmGcloud {
  /** The PATH with this gcloud first. */
  readonly path: string;
  /** How many commands did not run; see {@link Memory}. */
  readonly spared: number;
  close(): Promise<void>;
}

const run = promisify(execFile);
const SERVER = fileURLToPath(new URL('server.py', import.meta.url));
const ASK = fileURLToPath(new URL('ask.py', import.meta.url));

/**
 * Starts it. `environment` is the one that commands will have: some of gcloud's modules look at it when they are loaded.
 * `folder` takes its files. With the sandbox that it talks to, a read that would print what it printed before does not run.
 */
export async function startWarmGcloud(
  folder: string,
  environment: Readonly<Record<string, string>>,
  sandbox?: Pick<Sandbox, 'port' | 'caFile' | 'observe' | 'faults'>,
): Promise<WarmGcloud> {
  const { python, root } = await findInstallation(environment);
  const bin = join(folder, 'warm-gcloud');
  mkdirSync(bin);
  const socket = join(bin, 'socket');
  const memory =
    sandbox &&
    (await startMemory({
      socket: join(bin, 'memory'),
      observe: sandbox.observe,
      repeat: repeatIn(sandbox),
      mayFail: () => sandbox.faults.rules.length > 0,
    }));
  const shim = join(bin, 'gcloud');
  writeFileSync(
    shim,
    `#!/bin/sh\nexec '${python}' -IS '${ASK}' '${socket}' '${memory?.socket ?? ''}' "$@"\n`,
  );
  chmodSync(shim, 0o755);
  const server = await startChild(
    python,
    ['-S', SERVER, root, socket],
    { ...environment, CLOUDSDK_ROOT_DIR: root, CLOUDSDK_PYTHON: python, PYTHONIOENCODING: 'UTF-8' },
    bin,
  );
  await new Promise<void>((resolve, reject) => {
    server.onLine((line) => {
      if (line === 'listening') resolve();
    });
    void server.exited.then(() => {
      reject(new Error(`Cannot load gcloud's modules from "${root}":\n${server.stderr.join('\n')}`));
    });
  });
  return {
    path: `${bin}${delimiter}${environment['PATH'] ?? ''}`,
    get spared() {
      return memory?.spared ?? 0;
    },
    async close() {
      server.hangUp();
      await server.exited;
      await memory?.close();
    },
  };
}

function repeatIn({ port, caFile }: Pick<Sandbox, 'port' | 'caFile'>): MemoryOptions['repeat'] {
  const ca = readFileSync(caFile);
  const agent = new Agent({ keepAlive: true });
  return ({ method, host, url, headers, body }) =>
    new Promise((resolve, reject) => {
      const path = `${url.pathname}${url.search}`;
      request({ host: '127.0.0.1', port, servername: host, ca, agent, method, path, headers }, (answer) => {
        buffer(answer).then((payload) => {
          resolve({ status: answer.statusCode ?? 0, payload });
        }, reject);
      })
        .on('error', reject)
        .end(body);
    });
}

/** Prints the Python that it runs in and the file that gcloud's script would run. */
const TELL = 'print(__import__("sys").executable,__import__("sys").argv[1],sep="\\n")';

/** The Python that gcloud's own script runs gcloud in, and the folder of the SDK; without a start of gcloud. */
export async function findInstallation(
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly python: string; readonly root: string }> {
  const { stdout } = await run('gcloud', { env: { ...environment, CLOUDSDK_PYTHON_ARGS: `-S -c ${TELL}` } });
  const [python = '', main = ''] = stdout.split('\n');
  return { python, root: resolve(main, '../..') };
}
