import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { SkippedReporter } from './test/support/skipped-reporter.ts';
import { SlowFirst } from './test/support/slow-first.ts';

/** A test file says by its name what it needs: `x.test.ts` nothing, the others a project of that name. */
const KINDS = ['gcloud', 'sandbox', 'browser'] as const;
/** The sandbox's own tests start sandboxes and no function, and share a process: most of each file's time was to load it. */
const CLOUD = 'test/sandbox/**/*.sandbox.test.ts';

function filesOf(kind: (typeof KINDS)[number]): string[] {
  return [`test/**/*.${kind}.test.ts`, `test/**/${kind}.test.ts`];
}

export default defineConfig({
  test: {
    pool: 'forks',
    // A test that waits for a function's process leaves its own processor idle.
    maxWorkers: Math.max(2, availableParallelism()),
    sequence: { sequencer: SlowFirst },
    reporters: ['default', new SkippedReporter()],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          isolate: false,
          include: ['test/**/*.test.ts'],
          exclude: KINDS.flatMap(filesOf),
        },
      },
      { extends: true, test: { name: 'cloud', isolate: false, include: [CLOUD] } },
      ...KINDS.map((kind) => ({
        extends: true as const,
        test: {
          name: kind,
          // Loaded and compiled once, and warm: a file of its own spends three processor seconds before its first test.
          isolate: kind !== 'sandbox',
          include: filesOf(kind),
          exclude: [CLOUD],
        },
      })),
    ],
    // What stands still for longer than this on a busy machine will not end.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    setupFiles: ['test/support/compile-cache.ts'],
    // Node itself runs the tests as it runs the commands: what a test loads is what a process that it starts loads.
    experimental: { viteModuleRunner: false, nodeLoader: false },
  },
});
