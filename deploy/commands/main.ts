import { createInterface } from 'node:readline/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GoogleAuth } from 'google-auth-library';
import type { Check } from '../../shared/preflight/preflight.ts';
import { createRuntime } from '../../shared/run/runtime.ts';
import { buildAll } from './build.ts';
import { isSettling, preflightCommand } from './preflight.ts';
import { askPermissions } from './test-permissions.ts';
import type { Tools } from './command.ts';
import { createBudgetCommand } from './create-budget.ts';
import { deployCommand } from './deploy.ts';
import { doctorCommand } from './doctor.ts';
import { installedGcloud, type Gcloud } from '../actual/gcloud.ts';
import { promoteCommand } from './promote.ts';
import { tokenAuth } from './sign-in.ts';
import { teardownCommand } from './teardown.ts';

/** One for each script in deploy/. */
const commands: Readonly<Record<string, (args: readonly string[], tools: Tools) => Promise<number>>> = {
  'create-budget': createBudgetCommand,
  deploy: deployCommand,
  doctor: doctorCommand,
  promote: promoteCommand,
  teardown: teardownCommand,
};

const repository = join(import.meta.dirname, '../..');

function openTools(): Tools {
  const runtime = createRuntime('deploy');
  const gcloud = installedGcloud(process.env, repository);
  const out = (text: string): void => void process.stdout.write(text);
  const err = (text: string): void => void process.stderr.write(text);
  return {
    gcloud,
    missingPermissions: askPermissions(gcloud, runtime),
    sleep: async (milliseconds) => {
      await sleep(milliseconds);
    },
    now: () => new Date(),
    out,
    err,
    build: async (policyFile) => {
      await buildAll({ policyFile });
    },
    distDir: join(repository, 'dist'),
    ask,
    probeFunction,
    preflight: async (policyFile, project, policyUri) => {
      let text = '';
      let checks: readonly Check[] = [];
      const add = (more: string): void => void (text += more);
      const inForce = policyUri?.startsWith('gs://') === true ? ['--policy-uri', policyUri] : [];
      const code = await preflightCommand([policyFile, '--project', project, ...inForce], runtime, {
        out: add,
        err: add,
        checked: (all) => void (checks = all),
        signIn: () => asGcloudUser(gcloud, project),
      });
      return { code, text, settling: checks.some(isSettling) };
    },
  };
}

/** The preflight calls as the account that gcloud is signed in with, so that one sign-in does. */
async function asGcloudUser(gcloud: Gcloud, project: string): Promise<GoogleAuth> {
  const { stdout } = await gcloud(['auth', 'print-access-token']);
  return tokenAuth(stdout.trim(), project);
}

/** Longer than it takes a function to start. */
const ANSWER_WITHIN_MS = 60_000;

async function probeFunction(
  url: string,
  token: string,
): Promise<{ readonly status: number; readonly allow: string | null }> {
  const { status, headers } = await fetch(url, {
    method: 'OPTIONS',
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  return { status, allow: headers.get('allow') };
}

async function ask(question: string): Promise<string> {
  if (!process.stdin.isTTY) return '';
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}

const [name = '', ...args] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) {
  process.stderr.write(`There is no command "${name}"; there are ${Object.keys(commands).join(', ')}.\n`);
  process.exitCode = 2;
} else process.exitCode = await command(args, openTools());
