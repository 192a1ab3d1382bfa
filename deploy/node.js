// `node deploy/node.js FILE [ARGUMENT…]` runs a command of this project with a Node that can: the first of the PATH where it
// is new enough, else the one that `npm ci` brought, locked, from the registry. Plain JavaScript without dependencies, so that
// a Node that is too old can start it.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * TypeScript without a flag came with 22.18, the proxy from the environment (NODE_USE_ENV_PROXY) with 22.21; in the 24 line
 * `tls.setDefaultCACertificates` was the last to come, with 24.5.
 */
const NEEDED = 'Node 22.21 or newer (24.5 or newer in the 24 line)';

/** @param {string} version As `node --version` prints it. */
function isNewEnough(version) {
  const [, major = 0, minor = 0] = (/^v(\d+)\.(\d+)\./.exec(version) ?? []).map(Number);
  return major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21);
}

/**
 * Its version; undefined when it does not start, such as one built for another C library.
 *
 * @param {string} file
 */
function versionOf(file) {
  const { status, stdout } = spawnSync(file, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

const modules = fileURLToPath(new URL('../node_modules', import.meta.url));
const program = process.platform === 'win32' ? 'node.exe' : 'node';
// In scripts of npm, the PATH starts with folders of installed programs: what lies there is no Node of the user's.
const folders = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((one) => one !== '' && !/[\\/]\.bin$/.test(one));
const own = folders.map((folder) => join(folder, program)).find((file) => existsSync(file));
// npm links the one package that fits the machine there; on Windows that link is a script.
const locked = join(
  modules,
  process.platform === 'win32' ? `node-win-${process.arch}/bin/${program}` : `.bin/${program}`,
);

const ownVersion = own === undefined ? undefined : versionOf(own);
const chosen =
  own !== undefined && ownVersion !== undefined && isNewEnough(ownVersion)
    ? own
    : isNewEnough(versionOf(locked) ?? '')
      ? locked
      : undefined;

if (chosen === undefined) {
  const found = ownVersion === undefined ? 'the PATH has none' : `the PATH has ${ownVersion}`;
  const installed = existsSync(modules)
    ? `npm has none for ${process.platform} ${process.arch}: install it from https://nodejs.org/en/download`
    : 'the packages are not installed: run `npm ci` first';
  process.stderr.write(`costguard needs ${NEEDED}; ${found}, and ${installed}\n`);
  process.exitCode = 1;
} else {
  const child = spawn(chosen, process.argv.slice(2), { stdio: 'inherit' });
  // A terminal sends its interrupt to the child as well.
  process.on('SIGINT', () => undefined);
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP']))
    process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    throw error;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exitCode = code ?? 1;
    else {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    }
  });
}
