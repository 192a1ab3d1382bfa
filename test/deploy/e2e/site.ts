import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type { LoggedCall } from '../../sandbox/http/call-log.ts';
import { startSandbox, type Sandbox } from '../../sandbox/sandbox.ts';
import type { Scenario } from '../../sandbox/scenario.ts';
import { startWarmGcloud } from '../../sandbox/gcloud/warm-gcloud/warm-gcloud.ts';

/** A checkout of this repository beside a sandbox, in which a user runs the scripts with the real gcloud. */
export interface Site {
  readonly sandbox: Sandbox;
  /** Writes a policy into the checkout. */
  policy(file: string, content: string): void;
  /** Runs a command line of the shell in the checkout, as a signed-in user. */
  shell(command: string, variables?: Readonly<Record<string, string>>): Promise<Ended>;
  /** Runs `deploy/<script>.sh`. */
  script(name: string, ...args: readonly string[]): Promise<Ended>;
  /**
   * Kills what runs, with all its children, when the sandbox has carried out a write of which this says so: no one hears
   * its answer any more.
   */
  killAfter: (callId: string) => boolean;
  /** Calls since the last question that may have changed something. */
  writes(): readonly string[];
  close(): Promise<void>;
}

export interface Ended {
  /** Null when it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  /** With standard error. */
  readonly output: string;
}

const REMEMBER_ESBUILD = join(import.meta.dirname, '../../support/remember-esbuild.ts');

/** Longer than it takes to end what was killed. */
const NEVER_HEARD_MS = 1_000;

/** Methods that read although they are POST. */
const READ_BY_POST =
  /[.:](?:getIamPolicy|testIamPermissions|getAncestry|generate(?:Access|Id)Token|pull)$|^logging\.entries\.list$|^oauth2\.token$/;

function isWrite({ method, id, path, query, status }: LoggedCall): boolean {
  // The preflight begins an upload and leaves it, and deletes what is not there: nothing is stored, and nothing goes.
  const isLeft = id === 'storage.objects.insert' && query.includes('costguard-preflight');
  const isNothing = id === 'storage.objects.delete' && path.endsWith('costguard-preflight') && status === 404;
  return method !== 'GET' && method !== 'OPTIONS' && !READ_BY_POST.test(id) && !isLeft && !isNothing;
}

/** `functions`: those that the checkout has, when not all. */
export async function openSite(scenario: Scenario, functions?: readonly string[]): Promise<Site> {
  let kill = (): void => undefined;
  const sandbox: Sandbox = await startSandbox({
    scenario,
    frozen: true,
    latencyMs() {
      const last = sandbox.callLog.calls().at(-1);
      if (last === undefined || !isWrite(last) || !site.killAfter(last.id)) return 0;
      kill();
      return NEVER_HEARD_MS;
    },
  });
  // A checkout of its own: the deployment builds, and other tests read the bundles of this one meanwhile.
  const checkout = join(sandbox.folder, 'checkout');
  mkdirSync(checkout);
  const repository = resolve(import.meta.dirname, '../../..');
  for (const name of ['deploy', 'functions', 'shared', 'package.json', 'package-lock.json'])
    cpSync(join(repository, name), join(checkout, name), {
      recursive: true,
      filter: (file) => {
        // What has an entry is built; deploy/ may read the rest of a function that is not.
        const [, folder] = /^\/functions\/([^/]+)\/index\.ts$/.exec(file.slice(repository.length)) ?? [];
        return folder === undefined || functions === undefined || functions.includes(folder);
      },
    });
  symlinkSync(join(repository, 'node_modules'), join(checkout, 'node_modules'));

  const environment = {
    PATH: process.env['PATH'] ?? '',
    HOME: sandbox.folder,
    CLOUDSDK_CORE_DISABLE_FILE_LOGGING: '1',
    CLOUDSDK_STORAGE_PROCESS_COUNT: '1',
    // The clients of the preflight connect without a proxy.
    COSTGUARD_SANDBOX_PORT: String(sandbox.port),
    NODE_OPTIONS: [...sandbox.preload, '--import', REMEMBER_ESBUILD].join(' '),
    // The commands are TypeScript, and start again and again.
    NODE_COMPILE_CACHE: join(repository, 'node_modules/.cache/node'),
    ...sandbox.signedInEnvironment('owner@example.com'),
  };
  const gcloud = await startWarmGcloud(sandbox.folder, environment, sandbox);
  let seenCalls = 0;

  const run = async (
    command: string,
    args: readonly string[],
    variables: Readonly<Record<string, string>>,
  ): Promise<Ended> => {
    const child = spawn(command, args, {
      cwd: checkout,
      // This Node first: the preload is TypeScript, and the PATH's may be too old to be given it.
      env: { ...environment, PATH: [dirname(process.execPath), gcloud.path].join(delimiter), ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    kill = () => {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
        process.kill(-child.pid, 'SIGKILL');
      kill = () => undefined;
    };
    const ended = new Promise<number | null>((resolved, reject) => {
      child.on('error', reject);
      child.on('close', resolved);
    });
    const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
    return { code, stdout, output: `${stdout}${stderr}` };
  };

  const site: Site = {
    sandbox,
    killAfter: () => false,
    policy: (file, content) => {
      writeFileSync(join(checkout, file), content);
    },
    shell: (command, variables = {}) => run('bash', ['-euo', 'pipefail', '-c', command], variables),
    script: (name, ...args) => run(`deploy/${name}.sh`, args, {}),
    writes() {
      const calls = sandbox.callLog.calls().slice(seenCalls);
      seenCalls += calls.length;
      return calls.filter(isWrite).map(({ id }) => id);
    },
    async close() {
      await gcloud.close();
      await sandbox.close();
    },
  };
  return site;
}
