import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, describe, it } from 'vitest';

const checkout = mkdtempSync(join(tmpdir(), 'launcher-'));
afterAll(() => {
  rmSync(checkout, { recursive: true });
});
const launcher = join(checkout, 'deploy/node.js');
mkdirSync(dirname(launcher));
cpSync(join(import.meta.dirname, '../../deploy/node.js'), launcher);
writeFileSync(join(checkout, 'package.json'), '{"type":"module"}');

let folders = 0;

/** A folder with a `node` that says what it is, and what it was called with. */
function folderWithNode(version: string, folder = join(checkout, `bin-${++folders}`)): string {
  mkdirSync(folder, { recursive: true });
  const script = `#!/bin/sh
if [ "$1" = --version ]; then echo ${version}; else echo "${version}: $*"; exit 7; fi
`;
  writeFileSync(join(folder, 'node'), script);
  chmodSync(join(folder, 'node'), 0o755);
  return folder;
}

function launch(...path: readonly string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [launcher, 'main.ts', '--flag', 'a b'], {
    encoding: 'utf8',
    env: { PATH: [...path, '/bin'].join(delimiter) },
  });
  return { code: status, stdout, stderr };
}

describe('the Node that runs a command', () => {
  const modules = join(checkout, 'node_modules');
  const bin = join(modules, '.bin');

  it('without packages and without a Node that is new enough, the reader is told what to do', () => {
    const { code, stderr } = launch(folderWithNode('v20.20.2'));
    assert.equal(code, 1);
    assert.match(stderr, /^costguard needs Node 22\.21 .*the PATH has v20\.20\.2.*run `npm ci` first\n$/);
  });

  it('where npm has no Node for the machine, the reader is told in one line where to get one', () => {
    mkdirSync(modules);
    for (const version of ['v18.20.8', 'v20.20.2', 'v22.20.0', 'v23.11.1', 'v24.4.1']) {
      const { code, stderr } = launch(folderWithNode(version));
      assert.equal(code, 1, version);
      assert.match(stderr, /^[^\n]*https:\/\/nodejs\.org\/en\/download\n$/);
      assert.ok(stderr.includes(`the PATH has ${version}`), stderr);
    }
  });

  it('is the one of the PATH, whatever npm brought, where that is new enough', () => {
    folderWithNode('v24.21.0', bin);
    for (const version of ['v22.21.0', 'v22.23.3', 'v24.5.0', 'v26.0.0']) {
      const { code, stdout } = launch(bin, folderWithNode(version));
      assert.equal(stdout, `${version}: main.ts --flag a b\n`);
      assert.equal(code, 7);
    }
  });

  it('is the locked one where the PATH has an old one', () => {
    assert.equal(launch(bin, folderWithNode('v20.20.2')).stdout, 'v24.21.0: main.ts --flag a b\n');
    assert.equal(launch(folderWithNode('v20.20.2')).stdout, 'v24.21.0: main.ts --flag a b\n');
  });

  it('is not a locked one that does not start', () => {
    writeFileSync(join(bin, 'node'), '#!/does/not/exist\n');
    const { code, stderr } = launch(folderWithNode('v20.20.2'));
    assert.equal(code, 1);
    assert.match(stderr, /https:\/\/nodejs\.org/);
  });

  it('is told of the signal that ends the launcher, and the caller learns it', async () => {
    const script = join(checkout, 'wait.js');
    writeFileSync(script, `console.log('ready'); setInterval(() => undefined, 1_000);`);
    const child = spawn(process.execPath, [launcher, script], {
      env: { PATH: dirname(process.execPath) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    const closed = once(child.stdout, 'close');
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    assert.deepEqual([code, signal], [null, 'SIGTERM']);
    await closed;
  });
});
