import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { deployedEnvironment } from '../../../support/install-function.ts';
import type { Figures, Task } from './patch-all.ts';

/** Runs a first installation in a process with the options of the deployed one. Throws when that ends without figures. */
export async function firstInstallation(task: Task): Promise<Figures> {
  const { NODE_OPTIONS = '', ...environment } = deployedEnvironment('lifecycle-enforcer');
  const worker = fork(fileURLToPath(new URL('patch-all.ts', import.meta.url)), [JSON.stringify(task)], {
    env: { PATH: process.env['PATH'], ...environment },
    execArgv: NODE_OPTIONS.split(' '),
  });
  const ended = once(worker, 'exit').then(([code]): never => {
    throw new Error(`Cannot install in ${task.buckets} buckets: the process ended with ${String(code)}`);
  });
  ended.catch(() => undefined);
  const [figures] = (await Promise.race([once(worker, 'message'), ended])) as [Figures];
  return figures;
}
