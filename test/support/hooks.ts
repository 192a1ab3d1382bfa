import type { LoggedCall } from '../sandbox/http/call-log.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';

/**
 * Runs `action` when the sandbox receives the next call of this route (after `skip` others), before it answers: what
 * another user does at that very moment.
 */
export function beforeCall(
  sandbox: Sandbox,
  match: { readonly route: string; readonly pathIncludes?: string; readonly skip?: number },
  action: () => void,
): void {
  const { faults } = sandbox;
  const draw = faults.draw.bind(faults);
  let left = (match.skip ?? 0) + 1;
  faults.draw = (routeId, path) => {
    if (routeId === match.route && path.includes(match.pathIncludes ?? '') && --left === 0) action();
    return draw(routeId, path);
  };
}

/** Resolves with the next call that is logged and matches. */
export function nextCall(
  sandbox: Sandbox,
  match: (call: Omit<LoggedCall, 'sequence'>) => boolean,
): Promise<void> {
  const { callLog } = sandbox;
  return new Promise((resolve) => {
    // The wrapper stays, so that several can wait at a time, in any order.
    const add = callLog.add.bind(callLog);
    callLog.add = (call) => {
      add(call);
      if (match(call)) resolve();
    };
  });
}

/**
 * Starts a run and resolves when one of its calls hangs in a `timeout` fault. The run goes on as `run`. Rejects when the run
 * ends before: it then made fewer calls than the test believes.
 */
export async function runUntilHanging<T>(
  sandbox: Sandbox,
  start: () => Promise<T>,
): Promise<{ readonly run: Promise<T> }> {
  const hanging = nextCall(sandbox, ({ fault }) => fault === 'timeout').then(() => 'hangs');
  const run = start();
  // A killed run may reject later, when no one waits for it any more.
  const ended = run.then(
    () => 'ended',
    (error: unknown) => `failed: ${String(error)}`,
  );
  const first = await Promise.race([hanging, ended]);
  if (first !== 'hangs')
    throw new Error(`The run ${first} after ${sandbox.callLog.calls().length} calls, before one hung`);
  return { run };
}
