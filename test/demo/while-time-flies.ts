import type { Sandbox } from '../sandbox/sandbox.ts';

/** Real milliseconds between two moves of the clock, and how far each goes: an hour passes in a minute and a half. */
const TICK_MS = 25;
const JUMP_MS = 1_000;

/** A quarter of that: functions pause in the machine's time, and a lease that they hold lasts 90 seconds of the sandbox's. */
export const BESIDE_LEASE_MS = JUMP_MS / 4;

/** Waits for something that itself waits for sandbox time to pass. */
export async function whileTimeFlies<T>(
  sandbox: Sandbox,
  wait: () => Promise<T>,
  jumpMs = JUMP_MS,
): Promise<T> {
  let ready = true;
  const moving = setInterval(() => {
    if (!ready) return;
    ready = false;
    void sandbox.clock.advance(jumpMs).finally(() => (ready = true));
  }, TICK_MS);
  try {
    return await wait();
  } finally {
    clearInterval(moving);
  }
}
