/**
 * Runs the command in its arguments in a process group of its own, and ends that whole group when standard input ends,
 * which also happens when the parent is killed. For programs that start others and do not clean up (gcloud and its Java).
 */
import { spawn } from 'node:child_process';

const [command, ...args] = process.argv.slice(2);
if (command === undefined) throw new Error('Cannot watch a command: none is given');

const child = spawn(command, args, { detached: true, stdio: ['ignore', 'inherit', 'inherit'] });

const endGroup = (): void => {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group has ended by itself.
  }
};

process.stdin.resume().on('close', endGroup);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, endGroup);
child.on('error', (error) => {
  console.error(error.message);
  process.exit(1);
});
child.on('exit', (code) => {
  endGroup();
  process.exit(code ?? 1);
});
