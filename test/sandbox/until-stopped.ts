/** Resolves when the person at the terminal, or the system, tells the process to end. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    // Without something to wait for, node would end by itself.
    const alive = setInterval(() => undefined, 1 << 30);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => {
        clearInterval(alive);
        resolve();
      });
  });
}
