import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Sandbox } from '../sandbox.ts';

export interface GcloudResult {
  /** 0 when it worked. */
  readonly code: number | null;
  /** Standard output as JSON; undefined when it printed none. */
  readonly json: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command of the real gcloud in the sandbox, e.g. `gcloud('pubsub topics list', '--project=p')`. */
export type Gcloud = (command: string, ...flags: readonly string[]) => Promise<GcloudResult>;

/** Why the tests with gcloud cannot run here; undefined when they can. With CI set they must, whatever is missing. */
export function gcloudMissing(): string | undefined {
  if ((process.env['CI'] ?? '') !== '') return undefined;
  return isOnPath('gcloud') ? undefined : 'gcloud is not installed (Google Cloud CLI)';
}

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const TIMEOUT_MS = 60_000;

/** What gcloud runs in as `account`: nothing of the person's own gcloud configuration is read or written. */
export function gcloudVariables(sandbox: Sandbox, account: string): Readonly<Record<string, string>> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: sandbox.folder,
    CLOUDSDK_CORE_DISABLE_FILE_LOGGING: '1',
    CLOUDSDK_STORAGE_PROCESS_COUNT: '1',
    ...sandbox.gcloudEnvironment(account),
  };
}

/** gcloud as `account`, the one on `path`: that of a warm one, the machine's when absent. */
export function createGcloud(sandbox: Sandbox, account: string, path?: string): Gcloud {
  const variables = gcloudVariables(sandbox, account);
  const environment = path === undefined ? variables : { ...variables, PATH: path };
  return async (command, ...flags) => {
    const child = spawn('gcloud', [...command.split(' '), ...flags], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
    });
    const exit = new Promise<number | null>((resolve, reject) => {
      child.on('error', (cause) => {
        reject(new Error(`Cannot run "gcloud ${command}"`, { cause }));
      });
      child.on('close', resolve);
    });
    const [code, stdout, stderr] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
    return { code, json: parsed(stdout), stdout, stderr };
  };
}

function parsed(stdout: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    return undefined;
  }
}
