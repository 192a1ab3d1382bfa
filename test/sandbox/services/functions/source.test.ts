import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { strToU8, zipSync } from 'fflate';
import { buildSource, createUploads } from './source.ts';

const FRAMEWORK = '@google-cloud/functions-framework';
const { dependencies } = JSON.parse(
  readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8'),
) as { readonly dependencies: Readonly<Record<string, string>> };

function archive(files: Readonly<Record<string, string>>): Buffer {
  return Buffer.from(
    zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, strToU8(text)]))),
  );
}

describe('buildSource', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'costguard-source-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('unpacks the archive and installs its dependencies', async () => {
    const target = join(folder, 'good');
    const manifest = JSON.stringify({ dependencies: { [FRAMEWORK]: dependencies[FRAMEWORK] } });
    await buildSource(
      archive({ 'package.json': manifest, 'index.js': '// code', 'data/a.txt': 'a' }),
      target,
    );
    assert.equal(readFileSync(join(target, 'data/a.txt'), 'utf8'), 'a');
    const linked = realpathSync(join(target, 'node_modules', FRAMEWORK));
    assert.equal(
      (JSON.parse(readFileSync(join(linked, 'package.json'), 'utf8')) as { version: string }).version,
      dependencies[FRAMEWORK],
    );
  });

  const wrong: readonly [string, Readonly<Record<string, string>>, RegExp][] = [
    ['without a package.json', { 'index.js': '' }, /package\.json not found/],
    [
      'whose main is not there',
      { 'package.json': '{"main":"other.js"}', 'index.js': '' },
      /other\.js does not exist/,
    ],
    [
      'that wants another version',
      { 'package.json': `{"dependencies":{"${FRAMEWORK}":"1.0.0"}}`, 'index.js': '' },
      /Cannot install @google-cloud\/functions-framework@1\.0\.0/,
    ],
    [
      'whose gcp-build fails',
      { 'package.json': '{"scripts":{"gcp-build":"exit 3"}}', 'index.js': '' },
      /gcp-build failed/,
    ],
    ['that would write elsewhere', { '../evil.js': '' }, /Illegal path/],
  ];
  for (const [title, files, message] of wrong)
    it(`refuses a source ${title}`, async () => {
      await assert.rejects(buildSource(archive(files), join(folder, title)), message);
    });

  it('refuses what is not an archive', async () => {
    await assert.rejects(buildSource(Buffer.from('no zip'), join(folder, 'none')), /not a zip archive/);
  });

  it('runs gcp-build in the folder of the source', async () => {
    const target = join(folder, 'step');
    const manifest = JSON.stringify({ scripts: { 'gcp-build': 'node -p 6*7 > answer' } });
    await buildSource(archive({ 'package.json': manifest, 'index.js': '' }), target);
    assert.equal(readFileSync(join(target, 'answer'), 'utf8'), '42\n');
  });
});

describe('createUploads', () => {
  it('takes one archive for one signature', () => {
    const uploads = createUploads();
    const { object, signature } = uploads.reserve('b');
    assert.equal(uploads.receive('b', object, 'forged', Buffer.from('x')), false);
    assert.equal(uploads.receive('b', object, signature, Buffer.from('x')), true);
    assert.equal(uploads.receive('b', object, signature, Buffer.from('y')), false);
    assert.equal(uploads.archive('b', object)?.toString(), 'x');
  });
});
