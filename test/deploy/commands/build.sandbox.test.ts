import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, test } from 'vitest';
import { bundle } from '../../../deploy/bundle/bundle.ts';
import { replaceFolder } from '../../../deploy/bundle/replace-folder.ts';
import { buildAll } from '../../../deploy/commands/build.ts';
import { startFramework } from '../../support/framework.ts';
import { startSmallCloud } from '../small-cloud.ts';

const run = promisify(execFile);
const repository = resolve(import.meta.dirname, '../../..');
const fixtures = join(import.meta.dirname, '../fixtures');
const framework = '@google-cloud/functions-framework';

// Below the repository, because a bundle finds the framework in the node_modules above it.
await mkdir(join(repository, 'dist'), { recursive: true });
const workDir = await mkdtemp(join(repository, 'dist', '.test-'));
afterAll(() => rm(workDir, { recursive: true }));
const policyFile = join(workDir, 'policy.yaml');
await writeFile(policyFile, 'scope: [projects/p]\n');
const distDir = join(workDir, 'dist');
const [probe] = await buildAll({ functionsDir: fixtures, distDir, policyFile });
assert.ok(probe);

/** A folder of functions: file contents by path. */
async function functionsOf(files: Readonly<Record<string, string>>): Promise<string> {
  const dir = await mkdtemp(join(workDir, 'functions-'));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(dir, path, '..'), { recursive: true });
    await writeFile(join(dir, path), content);
  }
  return dir;
}

describe('buildAll', () => {
  test('writes the bundle, its manifest and the policy', async () => {
    assert.deepEqual((await readdir(probe.dir)).sort(), [
      'compile-cache.mjs',
      'costguard.json',
      'costguard.yaml',
      'index.js',
      'package-lock.json',
      'package.json',
    ]);
    assert.equal(await readFile(join(probe.dir, 'costguard.yaml'), 'utf8'), 'scope: [projects/p]\n');
    const copy = await readFile(join(probe.dir, 'costguard.json'), 'utf8');
    assert.deepEqual(JSON.parse(copy.split('\n')[1] ?? ''), { scope: ['projects/p'] });
    const own = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as {
      version: string;
      dependencies: Record<string, string>;
    };
    assert.deepEqual(JSON.parse(await readFile(join(probe.dir, 'package.json'), 'utf8')), {
      name: 'client-probe',
      version: own.version,
      private: true,
      type: 'commonjs',
      main: 'index.js',
      engines: { node: '24' },
      scripts: { 'gcp-build': 'node compile-cache.mjs' },
      dependencies: { [framework]: own.dependencies[framework] },
    });
  });

  test('needs nothing at run time but Node and the framework', async () => {
    const code = await readFile(join(probe.dir, 'index.js'), 'utf8');
    const required = [...code.matchAll(/\brequire\("([^"]+)"\)/g)].map((match) => match[1] ?? '');
    const foreign = new Set(
      required.filter((name) => !name.startsWith('node:') && !builtinModules.includes(name)),
    );
    // The debug package colours its output when this one is there, and does without it when it is not.
    foreign.delete('supports-color');
    assert.deepEqual([...foreign], [framework]);
  });

  test('bundles neither gRPC nor what other services would need', async () => {
    const packages = Object.keys(probe.bytesByPackage);
    assert.deepEqual(
      packages.filter((name) => name.startsWith('@grpc/') || name === 'web-streams-polyfill'),
      [],
    );
    const code = await readFile(join(probe.dir, 'index.js'), 'utf8');
    assert.ok(code.includes('ListTimeSeriesRequest'));
    const unused = [
      'CreateAlertPolicyRequest',
      'SeekRequest',
      'FileDescriptorSet',
      'SetIamPolicyRequest.verify',
    ];
    assert.deepEqual(
      unused.filter((message) => code.includes(message)),
      [],
    );
    assert.equal([...code.matchAll(/this,"GaxiosError"/g)].length, 1, 'copies of gaxios');
    assert.equal(probe.bytes, Buffer.byteLength(code));
    assert.ok(probe.bytes < 1_000_000, `${probe.bytes} bytes`);
  });

  test('gives the same bytes for the same sources', async () => {
    const again = join(workDir, 'again');
    await buildAll({ functionsDir: fixtures, distDir: again, policyFile });
    for (const file of await readdir(probe.dir)) {
      const first = await readFile(join(probe.dir, file));
      assert.ok(first.equals(await readFile(join(again, 'client-probe', file))), file);
    }
  });

  test('gives each of several functions what it is alone', async () => {
    const functionsDir = await functionsOf({
      'shared.ts': 'export const both = () => "shared"; export const one = () => "of a";',
      'a/index.ts': `import { both, one } from '../shared.ts'; console.log(both(), one());`,
      'b/index.ts': `import { both } from '../shared.ts'; console.log(both(), import.meta.dirname);`,
    });
    const built = await buildAll({ functionsDir, distDir: join(workDir, 'several'), policyFile });
    assert.deepEqual(
      built.map(({ name }) => name),
      ['a', 'b'],
    );
    for (const { name, dir, bytes, bytesByPackage } of built) {
      const alone = await bundle(join(functionsDir, name, 'index.ts'), repository);
      assert.ok((await readFile(join(dir, 'index.js'))).equals(alone.code), name);
      assert.equal(bytes, alone.code.byteLength);
      assert.deepEqual(bytesByPackage, alone.bytesByPackage);
    }
  });

  test('compiles framework and bundle in the build, and a start takes them from there', async () => {
    const source = join(workDir, 'built');
    await cp(probe.dir, source, { recursive: true });
    await run(process.execPath, ['compile-cache.mjs'], { cwd: source });
    const host = await startFramework({
      name: probe.name,
      dir: source,
      env: { NODE_COMPILE_CACHE: join(source, '.compile-cache'), NODE_DEBUG_NATIVE: 'COMPILE_CACHE' },
    });
    await host.stop();
    for (const file of [join(source, 'index.js'), join('build', 'src', 'server.js')])
      assert.ok(
        host.output.some((line) => line.includes(file) && line.includes('was accepted')),
        `${file}\n${host.output.join('\n')}`,
      );
  });

  test('ends the build well where nothing can be compiled beforehand', async () => {
    const source = join(workDir, 'broken');
    await cp(probe.dir, source, { recursive: true });
    await writeFile(join(source, 'index.js'), 'throw new Error("broken");');
    const { stderr } = await run(process.execPath, ['compile-cache.mjs'], { cwd: source });
    assert.match(stderr, /broken/);
  });

  test('keeps import.meta.dirname pointing at the folder of the bundle', async () => {
    const functionsDir = await functionsOf({ 'where/index.ts': 'console.log(import.meta.dirname);' });
    const [where] = await buildAll({ functionsDir, distDir: join(workDir, 'where'), policyFile });
    assert.ok(where);
    const { stdout } = await run(process.execPath, [join(where.dir, 'index.js')]);
    assert.equal(stdout.trim(), where.dir);
  });

  test('two builds at once leave whole bundles and nothing else', async () => {
    const shared = join(workDir, 'shared');
    const options = { functionsDir: fixtures, distDir: shared, policyFile };
    await Promise.all([buildAll(options), buildAll(options), buildAll(options)]);
    assert.deepEqual(await readdir(shared), ['client-probe']);
    assert.deepEqual(
      await readFile(join(shared, 'client-probe', 'index.js')),
      await readFile(join(probe.dir, 'index.js')),
    );
  });
});

describe('buildAll refuses', () => {
  const cases: readonly { name: string; files: Readonly<Record<string, string>>; problem: RegExp }[] = [
    {
      name: 'a folder without functions',
      files: { 'README.md': '' },
      problem: /no folder in it has an index\.ts/,
    },
    {
      name: 'a function that does not parse',
      files: { 'good/index.ts': 'export {};', 'broken/index.ts': 'const = 1;' },
      problem: /Cannot bundle ".*broken\/index\.ts".*Expected identifier/s,
    },
    {
      name: 'an import that does not exist',
      files: { 'f/index.ts': `import './missing.ts';` },
      problem: /Cannot bundle ".*f\/index\.ts".*Could not resolve "\.\/missing\.ts"/s,
    },
    {
      name: 'code that esbuild warns about',
      files: { 'f/index.ts': 'console.log(import.meta.url);' },
      problem: /Cannot bundle ".*f\/index\.ts": esbuild warns.*import\.meta/s,
    },
  ];
  for (const { name, files, problem } of cases) {
    test(name, async () => {
      const out = join(workDir, `refused-${name.replaceAll(' ', '-')}`);
      const functionsDir = await functionsOf(files);
      await assert.rejects(buildAll({ functionsDir, distDir: out, policyFile }), problem);
      await assert.rejects(readdir(out), { code: 'ENOENT' });
    });
  }

  test('a policy file that does not exist, with exit code 1', async () => {
    const build = run(
      process.execPath,
      [join(repository, 'deploy/commands/build.ts'), '--policy', 'no-such.yaml'],
      {
        cwd: workDir,
      },
    );
    await assert.rejects(build, (error: { code: number; stderr: string }) => {
      assert.equal(error.code, 1);
      assert.equal(
        error.stderr,
        'Cannot find the policy to ship: there is no "no-such.yaml" (name one with --policy FILE)\n',
      );
      return true;
    });
  });
});

describe('replaceFolder', () => {
  test('leaves the old files when the new ones cannot be written', async () => {
    const dir = join(await mkdtemp(join(tmpdir(), 'replace-')), 'f');
    await replaceFolder(dir, (fresh) => writeFile(join(fresh, 'a'), 'old'));
    const failing = replaceFolder(dir, async (fresh) => {
      await writeFile(join(fresh, 'a'), 'new');
      throw new Error('disk full');
    });
    await assert.rejects(failing, /disk full/);
    assert.equal(await readFile(join(dir, 'a'), 'utf8'), 'old');
    assert.deepEqual(await readdir(join(dir, '..')), ['f']);
    await rm(join(dir, '..'), { recursive: true });
  });

  test('drops files that are no longer written and sweeps what a killed build left', async () => {
    const dir = join(await mkdtemp(join(tmpdir(), 'replace-')), 'f');
    await replaceFolder(dir, async (fresh) => {
      await writeFile(join(fresh, 'a'), '1');
      await writeFile(join(fresh, 'b'), '1');
    });
    const dead = execFile(process.execPath, ['-e', '']);
    await once(dead, 'exit');
    const left = join(dir, '..', `.f.${dead.pid ?? 0}.abc`);
    await mkdir(left);
    await mkdir(join(dir, '..', `.f.${process.pid}.alive`));
    await replaceFolder(dir, (fresh) => writeFile(join(fresh, 'a'), '2'));
    assert.deepEqual(await readdir(dir), ['a']);
    assert.deepEqual((await readdir(join(dir, '..'))).sort(), [`.f.${process.pid}.alive`, 'f']);
    await rm(join(dir, '..'), { recursive: true });
  });
});

describe('a bundled function', () => {
  test('is found by the framework and sees the same answers and errors as the same code unbundled', async () => {
    const cloud = await startSmallCloud();
    const env = { GCE_METADATA_HOST: `127.0.0.1:${cloud.port}`, HOME: workDir };
    try {
      const source = join(fixtures, 'client-probe', 'main.ts');
      const { stdout } = await run(process.execPath, [source, String(cloud.port)], { env });
      const expected: unknown = JSON.parse(stdout);
      const expectedRequests = cloud.takeRequests();

      const host = await startFramework({ name: probe.name, dir: probe.dir, env });
      try {
        const response = await fetch(`http://127.0.0.1:${host.port}/?port=${cloud.port}`);
        assert.equal(response.status, 200);
        assert.deepEqual(await response.json(), expected);
      } finally {
        await host.stop();
      }
      assert.deepEqual(cloud.takeRequests(), expectedRequests);
      checkCoverage(expected);
    } finally {
      cloud.close();
    }
  });
});

describe('a function that has begun a call', () => {
  test('runs outside the domain of the framework; what no one catches fails the call and ends the instance', async () => {
    const functionsDir = await functionsOf({
      'stray/index.ts': `
        import { http } from '${framework}';
        import { createRuntime } from ${JSON.stringify(join(repository, 'shared/run/runtime.ts'))};
        const runtime = createRuntime('stray');
        http('stray', () => {
          runtime.begin();
          console.log('domain', String(process['domain']));
          const stray = () => { throw new Error('no one catches this'); };
          // There is no metadata server here: the token that was requested does not come.
          runtime.auth.getAccessToken().catch(() => setTimeout(stray));
        });`,
    });
    const [stray] = await buildAll({ functionsDir, distDir: join(workDir, 'stray'), policyFile });
    assert.ok(stray);
    const host = await startFramework({
      name: stray.name,
      dir: stray.dir,
      env: { HOME: workDir, GCE_METADATA_HOST: '127.0.0.1:9' },
    });
    try {
      const response = await fetch(`http://127.0.0.1:${host.port}/`);
      assert.equal(response.status, 500);
      await assert.rejects(host.ended, /domain (?:undefined|null)[^]*Error: no one catches this/);
      assert.doesNotMatch(host.output.join('\n'), /Unhandled rejection/);
    } finally {
      await host.stop();
    }
  });
});

/** Equal is not enough: two empty answers are equal too. */
function checkCoverage(outcomes: unknown): void {
  const text = JSON.stringify(outcomes);
  assert.match(text, /"int64Value":"9007199254740993"/);
  assert.match(text, /"executionErrors":\[\{"details":\[\],"code":8,"message":"too much data"/);
  assert.match(text, /"forbidden":\{"thrown":\{"class":"GaxiosError".*?"status":403/);
  assert.match(text, /"tooMany":\{"thrown":\{"class":"GaxiosError".*?"status":429/);
  assert.match(text, /"unavailable":\{"thrown":\{"class":"GaxiosError".*?"status":503/);
  assert.match(text, /"reset":\{"thrown":\{"class":"GaxiosError".*?"code":"ECONNRESET"/);
  assert.match(text, /"stop":\{"answer":\{"operation":"projects\/ok\/locations\/l\/operations\/o"/);
  assert.match(text, /"result":\[\{.*?"name":"projects\/ok\/locations\/l\/instances\/i"/);
  assert.match(text, /"stopForbidden":\{"thrown":\{"class":"GaxiosError".*?"status":403/);
  assert.match(text, /"get":\{"answer":\[\{.*?"idle-timeout-seconds":"3600"/);
  assert.match(text, /"publish":\{"answer":\[\{"messageIds":\["17"\]/);
}
