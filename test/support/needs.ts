import type { TestOptions } from 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** Why it was skipped. */
    missing?: string;
  }
}

/**
 * Options of a test or suite that needs something of the machine: skipped by name where that is missing. With CI set it runs
 * whatever is missing, and fails.
 */
export function needs(missing: string | undefined, more: TestOptions = {}): TestOptions {
  const mustRun = (process.env['CI'] ?? '') !== '';
  return missing === undefined || mustRun ? more : { ...more, skip: true, meta: { missing } };
}
