import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { Answered, Incoming } from '../../http/server.ts';

/** What a command printed, in base64, and how it ended. */
const endSchema = z.object({ code: z.int(), stdout: z.string(), stderr: z.string() });
type End = z.infer<typeof endSchema>;

const commandSchema = z.object({
  arguments: z.array(z.string()),
  folder: z.string(),
  environment: z.record(z.string(), z.string()),
});
type Command = z.infer<typeof commandSchema>;

/**
 * Ends of reads. A command that only reads prints what it makes of Google's answers: where each of its requests, sent again
 * as it stood, is answered as before, so would be what it prints, and it need not run.
 */
export interface Memory {
  /** Where `ask.py` asks. */
  readonly socket: string;
  /** How many commands did not run. */
  readonly spared: number;
  close(): Promise<void>;
}

export interface MemoryOptions {
  readonly socket: string;
  /** Tells of every request to Google and its answer; the result ends it. */
  readonly observe: (listener: (answered: Answered) => void) => () => void;
  /** Sends a request as it stood. */
  readonly repeat: (request: Incoming) => Promise<Pick<Answered, 'status' | 'payload'>>;
  /** Whether requests may be made to fail: then every command runs. */
  readonly mayFail: () => boolean;
}

interface Remembered {
  readonly end: End;
  readonly requests: readonly Answered[];
}

/** Starts it. */
export async function startMemory(options: MemoryOptions): Promise<Memory> {
  const reads = rememberReads(options);
  const sockets = new Set<Socket>();
  const server = createServer((asker) => {
    sockets.add(asker);
    asker.on('close', () => sockets.delete(asker));
    asker.on('error', () => asker.destroy());
    reads.serve(asker).catch((error: unknown) => {
      console.error('warm gcloud:', error);
      asker.destroy();
    });
  });
  server.listen(options.socket);
  await once(server, 'listening');
  return {
    socket: options.socket,
    get spared() {
      return reads.spared();
    },
    async close() {
      reads.stop();
      for (const one of sockets) one.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function rememberReads({ observe, repeat, mayFail }: MemoryOptions) {
  const remembered = new Map<string, Remembered>();
  /** Requests of the commands that run, by the command's tag. */
  const running = new Map<string, Answered[]>();
  let spared = 0;
  let tags = 0;
  const stop = observe((answered) => {
    const tag = / environment\/(\S+) /.exec(answered.request.headers['user-agent'] ?? '')?.[1];
    running.get(tag ?? '')?.push(answered);
  });

  const holds = async ({ requests }: Remembered): Promise<boolean> => {
    for (const { request, status, payload } of requests) {
      const now = await repeat(request);
      if (now.status !== status || !now.payload.equals(payload)) return false;
    }
    return true;
  };
  const serve = async (asker: Socket): Promise<void> => {
    // Words, which a program that has just started reads without a parser.
    const say = (...words: readonly (string | number)[]): void => void asker.write(`${words.join(' ')}\n`);
    const lines = createInterface({ input: asker })[Symbol.asyncIterator]();
    const question = await lines.next();
    if (question.done === true) return;
    const command = commandSchema.parse(JSON.parse(question.value));
    // A fault is meant for the requests of a command, and may be used up by one that is sent again.
    if (!isReadCommand(command) || mayFail()) {
      say('run');
      return;
    }
    const key = keyOf(command);
    const known = remembered.get(key);
    if (known !== undefined && (await holds(known))) {
      spared += 1;
      say('known', known.end.code, known.end.stdout || '-', known.end.stderr || '-');
      return;
    }
    const tag = `asked-${++tags}`;
    const requests: Answered[] = [];
    running.set(tag, requests);
    say('keep', tag);
    const report = await lines.next();
    running.delete(tag);
    // Killed meanwhile, or with requests that are not told by their User-Agent.
    if (report.done === true || requests.length === 0) return;
    const end = endSchema.parse(JSON.parse(report.value));
    if (requests.every(isRead)) remembered.set(key, { end, requests });
  };
  return { serve, stop, spared: () => spared };
}

function isRead({ request: { method, url } }: Answered): boolean {
  return method === 'GET' || /:(?:getIamPolicy|getAncestry|testIamPermissions)$/.test(url.pathname);
}

const READS: ReadonlySet<string> = new Set(['list', 'describe', 'get-iam-policy']);

/** Others are not kept until their end: what they print is for a user who waits. */
function isReadCommand({ arguments: args }: Command): boolean {
  const flag = args.findIndex((one) => one.startsWith('-'));
  return args.slice(0, flag === -1 ? undefined : flag).some((word) => READS.has(word));
}

/** What the shell sets anew for each command. */
const PASSING: ReadonlySet<string> = new Set(['PWD', 'OLDPWD', 'SHLVL', '_']);

/** All that decides which requests a command makes, and what it prints of the answers. */
function keyOf({ arguments: args, folder, environment }: Command): string {
  const lasting = Object.entries(environment).filter(([name]) => !PASSING.has(name));
  const sorted = lasting.sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([args, folder, sorted, configurationOf(environment)]);
}

/** What `gcloud config` and `gcloud auth` have written, file by file: https://docs.cloud.google.com/sdk/docs/configurations */
function configurationOf({ CLOUDSDK_CONFIG, HOME = '' }: Command['environment']): readonly string[] {
  const folder = CLOUDSDK_CONFIG ?? join(HOME, '.config/gcloud');
  const inFolder = (name: string) => join(folder, name);
  const named = existsSync(inFolder('configurations')) ? readdirSync(inFolder('configurations')) : [];
  return ['active_config', 'properties', ...named.toSorted().map((name) => `configurations/${name}`)]
    .map(inFolder)
    .filter((file) => existsSync(file))
    .map((file) => `${file}: ${readFileSync(file, 'utf8')}`);
}
