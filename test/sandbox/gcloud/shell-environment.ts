import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sandbox } from '../sandbox.ts';

/** Writes a file to `source` in a shell, after which gcloud talks to the sandbox instead of Google Cloud; its path. */
export function writeGcloudEnvironment(sandbox: Sandbox, account: string): string {
  const path = join(sandbox.folder, 'gcloud.env');
  writeFileSync(path, exportsOf(sandbox.signedInEnvironment(account)));
  return path;
}

/** The same for a function of one's own, as `account`. */
export async function writeFunctionEnvironment(sandbox: Sandbox, account: string): Promise<string> {
  const path = join(sandbox.folder, 'function.env');
  const environment = {
    ...(await sandbox.functionEnvironment(account)),
    NODE_OPTIONS: sandbox.preload.join(' '),
  };
  writeFileSync(path, exportsOf(environment));
  return path;
}

function exportsOf(environment: Readonly<Record<string, string>>): string {
  return Object.entries(environment)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", `'\\''`)}'\n`)
    .join('');
}
