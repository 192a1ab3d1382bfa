import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { z } from 'zod/mini';

const repository = join(import.meta.dirname, '../..');
const locked = z.object({
  version: z.string(),
  integrity: z.optional(z.string()),
  deprecated: z.optional(z.string()),
  hasInstallScript: z.optional(z.boolean()),
  optional: z.optional(z.boolean()),
  os: z.optional(z.union([z.string(), z.array(z.string())])),
  cpu: z.optional(z.union([z.string(), z.array(z.string())])),
  inBundle: z.optional(z.boolean()),
});
const { packages } = z
  .object({ packages: z.record(z.string(), locked) })
  .parse(JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')));
const installed = Object.entries(packages).filter(([folder]) => folder !== '');

function versionsOf(name: string): readonly string[] {
  return installed.flatMap(([folder, { version }]) =>
    folder.endsWith(`node_modules/${name}`) ? [version] : [],
  );
}

describe('what npm ci installs', () => {
  it('comes from the lockfile alone, with its checksum', () => {
    assert.ok(installed.length > 300);
    for (const [folder, { integrity }] of installed) assert.match(integrity ?? '', /^sha512-/, folder);
  });

  it('runs no script of a package', () => {
    assert.match(readFileSync(join(repository, '.npmrc'), 'utf8'), /^ignore-scripts=true$/m);
    // esbuild's only replaces a program that works without it, protobufjs' only warns.
    assert.deepEqual(
      installed.flatMap(([folder, { hasInstallScript = false }]) => (hasInstallScript ? [folder] : [])),
      ['node_modules/esbuild', 'node_modules/protobufjs'],
    );
  });

  it('brings a Node for each usual machine, and to each only its own', () => {
    const nodes = installed.filter(([folder]) => /\/node-(?:bin-)?(?:darwin|linux|win)-/.test(folder));
    assert.deepEqual(nodes.map(([, { os, cpu }]) => [os, cpu].flat().join(' ')).sort(), [
      'darwin arm64',
      'darwin x64',
      'linux arm64',
      'linux x64',
      'win32 arm64',
      'win32 x64',
    ]);
    for (const [folder, { optional }] of nodes) assert.equal(optional, true, folder);
  });

  it('is not deprecated', () => {
    assert.deepEqual(
      installed.filter(([, { deprecated }]) => deprecated !== undefined),
      [],
    );
  });

  it('has one google-gax and one google-auth-library', () => {
    assert.equal(versionsOf('google-gax').length, 1);
    assert.equal(versionsOf('google-auth-library').length, 1);
  });
});
