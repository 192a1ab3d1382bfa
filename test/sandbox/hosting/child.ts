import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** How a process ended: by itself (code) or by a signal. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  /** Called for each further line. */
  onLine(listener: (line: string, stream: 'stdout' | 'stderr') => void): void;
  kill(signal: NodeJS.Signals): void;
  /** Closes standard input, which tells the child that its parent has gone. */
  hangUp(): void;
  readonly exited: Promise<Exit>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * Starts a process whose standard input is a pipe from this one, so that it can notice this one's end however that
 * comes about, and collects its output by lines. Throws when it cannot be started.
 */
export async function startChild(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  folder: string,
): Promise<Child> {
  const child = spawn(command, args, { env: environment, cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] });
  const lines = { stdout: [] as string[], stderr: [] as string[] };
  const listeners: ((line: string, stream: 'stdout' | 'stderr') => void)[] = [];
  const collect = (stream: 'stdout' | 'stderr', source: Readable): void => {
    createInterface({ input: source }).on('line', (line) => {
      lines[stream].push(line);
      for (const listener of listeners) listener(line, stream);
    });
  };
  collect('stdout', child.stdout);
  collect('stderr', child.stderr);
  // The child may be gone when its standard input is closed.
  child.stdin.on('error', () => undefined);
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal });
    });
  });
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => {
      running.add(child);
      resolve(child.pid ?? 0);
    });
  });
  return {
    pid,
    ...lines,
    onLine: (listener) => void listeners.push(listener),
    kill: (signal) => void child.kill(signal),
    hangUp: () => void child.stdin.end(),
    exited,
  };
}
