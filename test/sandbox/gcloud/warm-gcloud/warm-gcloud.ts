import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startChild } from '../../hosting/child.ts';

/** The installed gcloud with its modules loaded: each command is a fork, which takes a quarter of the time. */
export interface WarmGcloud {
  /** The PATH with this gcloud first. */
  readonly path: string;
  close(): Promise<void>;
}

const run = promisify(execFile);
const SERVER = fileURLToPath(new URL('server.py', import.meta.url));
const ASK = fileURLToPath(new URL('ask.py', import.meta.url));

/**
 * Starts it. `environment` is the one that commands will have: some of gcloud's modules look at it when they are loaded.
 * `folder` takes its files.
 */
export async function startWarmGcloud(
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<WarmGcloud> {
  const [python = '', root = ''] = await findInstallation(environment);
  const bin = join(folder, 'warm-gcloud');
  mkdirSync(bin);
  const socket = join(bin, 'socket');
  const shim = join(bin, 'gcloud');
  writeFileSync(shim, `#!/bin/sh\nexec '${python}' -IS '${ASK}' '${socket}' "$@"\n`);
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
    async close() {
      server.hangUp();
      await server.exited;
    },
  };
}

/** The Python that gcloud runs in, and the folder of the SDK, as it says itself. */
async function findInstallation(environment: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const format = '--format=value[separator="\n"](basic.python_location,installation.sdk_root)';
  const { stdout } = await run('gcloud', ['info', format], { env: environment });
  return stdout.split('\n');
}
