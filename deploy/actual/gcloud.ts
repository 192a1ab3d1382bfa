import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { messageOf } from '../../shared/errors.ts';
import { shellLine } from '../desired/step.ts';

export interface GcloudAnswer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one gcloud command; resolves whatever its exit code is. */
export type Gcloud = (args: readonly string[]) => Promise<GcloudAnswer>;

/** So many look-ups side by side: each is a new process, of a second or so, and most of it is its start. */
export const AT_ONCE = 4;

/** A gcloud command that ended with another code than 0. */
export class GcloudFailed extends Error {
  override readonly name = 'GcloudFailed';
  readonly args: readonly string[];
  readonly stderr: string;
  constructor(args: readonly string[], { code, stderr }: GcloudAnswer) {
    super(`Cannot run "${shellLine(args)}": exit code ${code}\n${stderr.trim()}`);
    this.args = args;
    this.stderr = stderr;
  }
}

/** The gcloud on the PATH, with the caller's configuration, run in `folder`. It never prompts. */
export function installedGcloud(
  environment: Readonly<Record<string, string | undefined>>,
  folder: string,
): Gcloud {
  return async (args) => {
    const child = spawn('gcloud', args, {
      cwd: folder,
      env: { ...environment, CLOUDSDK_CORE_DISABLE_PROMPTS: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const exit = new Promise<number>((resolve, reject) => {
      child.on('error', (cause) => {
        reject(new Error(`Cannot run gcloud: ${cause.message}`, { cause }));
      });
      child.on('close', (code) => {
        resolve(code ?? 1);
      });
    });
    const [code, stdout, stderr] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
    return { code, stdout, stderr };
  };
}

/** Runs a command and reads its JSON. Throws {@link GcloudFailed}. */
export async function readJson(gcloud: Gcloud, args: readonly string[]): Promise<unknown> {
  const full = [...args, '--format=json'];
  const answer = await gcloud(full);
  if (answer.code !== 0) throw new GcloudFailed(full, answer);
  return parseJson(full, answer.stdout);
}

/** What a command printed as JSON; nothing at all is an empty list. */
export function parseJson(args: readonly string[], stdout: string): unknown {
  try {
    return JSON.parse(stdout === '' ? '[]' : stdout);
  } catch (cause) {
    throw new Error(`Cannot use what "${shellLine(args)}" printed: it is not JSON (${messageOf(cause)})`, {
      cause,
    });
  }
}

/** The same, undefined where the resource does not exist: where `isGone` says so of what gcloud says. */
export async function readJsonIfAny(
  gcloud: Gcloud,
  args: readonly string[],
  isGone: (stderr: string) => boolean = isNotFound,
): Promise<unknown> {
  try {
    return await readJson(gcloud, args);
  } catch (error) {
    if (error instanceof GcloudFailed && isGone(error.stderr)) return undefined;
    throw error;
  }
}

/** How the different parts of gcloud say that something does not exist. */
export function isNotFound(stderr: string): boolean {
  return /\bNOT_FOUND\b|\bnot found\b|was not found|\b404\b|does not exist/i.test(stderr);
}

/** Google answers for a project that does not exist as for one that the caller may not see. */
export function isUnseen(stderr: string): boolean {
  return isNotFound(stderr) || /PERMISSION_DENIED|permission|\b403\b/i.test(stderr);
}
