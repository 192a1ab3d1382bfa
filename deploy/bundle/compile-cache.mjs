// Runs in Google's build as `gcp-build`, in the Node that will run the function: leaves V8's compiled code of the framework and the
// bundle in the folder that NODE_COMPILE_CACHE names at run time, so that a cold start reads it instead of compiling. What goes
// wrong here ends no build: without the folder a start is only slower, and Node checks version and content of each entry itself.
// Source: https://nodejs.org/api/module.html#module-compile-cache
import { readFileSync } from 'node:fs';
import { createRequire, enableCompileCache, flushCompileCache } from 'node:module';
import { dirname, join } from 'node:path';

/** Within this the framework listens; no request comes. */
const STARTED_AFTER_MS = 1_000;

const source = import.meta.dirname;
const require = createRequire(import.meta.url);
/** @type {unknown} */
const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
const name = typeof manifest === 'object' && manifest !== null && 'name' in manifest ? manifest.name : '';

process.on('exit', () => {
  process.exitCode = 0;
});
enableCompileCache(join(source, '.compile-cache'));
process.argv.push(`--source=${source}`, `--target=${String(name)}`, '--port=0');
require(join(dirname(require.resolve('@google-cloud/functions-framework')), 'main.js'));
setTimeout(() => {
  flushCompileCache();
  process.exit();
}, STARTED_AFTER_MS);
