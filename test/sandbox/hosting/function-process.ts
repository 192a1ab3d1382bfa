import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startChild, type Child, type Exit } from './child.ts';
import { freePort } from './free-port.ts';

export interface FunctionProcessOptions {
  /** Folder of the bundle: `dist/<name>`. */
  readonly source: string;
  /** The name that the bundle registers. */
  readonly target: string;
  /** Name of the Cloud Run service; that of the target when absent. */
  readonly service?: string;
  /** The whole environment; nothing is inherited. Cloud Run's own variables are added. */
  readonly environment: Readonly<Record<string, string>>;
  /** Arguments for node itself: `['--import', preload]`. */
  readonly nodeArguments?: readonly string[];
  /** Real time within which it must listen; 30 s when absent. */
  readonly startTimeoutMs?: number;
  /** Told of each line of standard output as it comes. */
  readonly onLine?: (line: LogLine) => void;
}

/** A line of standard output: parsed when it is a JSON object, as structured logs are. */
export type LogLine = Readonly<Record<string, unknown>> | string;

/** One instance: a process of the real functions-framework CLI, listening. */
export interface FunctionProcess {
  readonly port: number;
  readonly pid: number;
  readonly lines: readonly LogLine[];
  readonly stderr: readonly string[];
  kill(signal: 'SIGKILL' | 'SIGTERM'): void;
  readonly exited: Promise<Exit>;
}

/** Ends the process when its parent is gone: then standard input ends, even if the parent was killed. */
const DIE_WITH_PARENT =
  'data:text/javascript,process.stdin.resume().on("close",()=>process.exit(0));process.stdin.unref?.()';

const POLL_MS = 20;
const PORT_ATTEMPTS = 3;

/** Starts one instance and waits until it listens. Throws with the process's output when it ends before that. */
export async function startFunctionProcess(options: FunctionProcessOptions): Promise<FunctionProcess> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const { child, lines } = await startFramework(options, port);
    const problem = await untilListening(child, port, options.startTimeoutMs ?? 30_000);
    if (problem === undefined)
      return {
        port,
        pid: child.pid,
        lines,
        stderr: child.stderr,
        kill: (signal) => {
          child.kill(signal);
        },
        exited: child.exited,
      };
    child.kill('SIGKILL');
    await child.exited;
    const output = [...child.stdout, ...child.stderr].join('\n');
    if (attempt < PORT_ATTEMPTS && output.includes('EADDRINUSE')) continue;
    throw new Error(`Cannot start the function "${options.target}": ${problem}\n${output}`);
  }
}

/** The process, and its log as it grows. */
async function startFramework(
  options: FunctionProcessOptions,
  port: number,
): Promise<{ readonly child: Child; readonly lines: readonly LogLine[] }> {
  const require = createRequire(import.meta.url);
  const { service = options.target } = options;
  const cli = join(dirname(require.resolve('@google-cloud/functions-framework')), 'main.js');
  const child = await startChild(
    process.execPath,
    [
      '--import',
      DIE_WITH_PARENT,
      ...(options.nodeArguments ?? []),
      cli,
      `--source=${options.source}`,
      `--target=${options.target}`,
      `--port=${port}`,
    ],
    {
      ...options.environment,
      PORT: String(port),
      FUNCTION_TARGET: options.target,
      K_SERVICE: service,
      K_REVISION: `${service}-00001-sandbox`,
      K_CONFIGURATION: service,
    },
    options.source,
  );
  const lines: LogLine[] = [];
  // Parsed once: a run over thousands of resources logs megabytes.
  child.onLine((text, stream) => {
    if (stream !== 'stdout') return;
    const line = parseLine(text);
    lines.push(line);
    options.onLine?.(line);
  });
  return { child, lines };
}

/** Resolves with nothing once the port answers, or with the reason why it will not. */
async function untilListening(child: Child, port: number, timeoutMs: number): Promise<string | undefined> {
  let ended: Exit | undefined;
  void child.exited.then((exit) => (ended = exit));
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const open = await answers(port);
    if (ended !== undefined) return `it ended with ${ended.signal ?? `code ${String(ended.code)}`}`;
    if (open) return undefined;
    if (performance.now() > deadline) return `it did not listen within ${timeoutMs} ms`;
    await delay(POLL_MS);
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}

function parseLine(line: string): LogLine {
  if (!line.startsWith('{')) return line;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
}
