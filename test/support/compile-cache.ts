import { enableCompileCache, flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { afterAll } from 'vitest';

// Every test file is a process of its own that loads much the same TypeScript: its types are stripped, and it is compiled, once.
// Not by NODE_COMPILE_CACHE, which the bundles that tests start would inherit.
enableCompileCache(join(import.meta.dirname, '../../node_modules/.cache/node'));
// vitest ends its processes by a signal, at which nothing is written.
afterAll(() => {
  flushCompileCache();
});
