import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

/**
 * `npm test`: all test files. Node itself leaves one processor free, so that on two of them one file would run at a time; but
 * a test that waits for a function's process leaves its own processor idle.
 */
const files = run({
  globPatterns: ['test/**/*.test.ts'],
  concurrency: Math.max(2, availableParallelism() - 1),
  timeout: 300_000,
});
files.on('test:fail', ({ todo }) => {
  if (todo === undefined || todo === false) process.exitCode = 1;
});
files.pipe(new spec()).pipe(process.stdout);
