/**
 * esbuild that does not do again what it has done: the deployment bundles before it does anything else, and its tests run it dozens
 * of times over the same sources. What the installed esbuild made of them the first time stands for what it would make again;
 * `build.sandbox.test.ts` shows that the same sources give the same bytes.
 */
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { BuildOptions, BuildResult } from 'esbuild';

/** All that a bundle is made of, beside the packages that the lock file names. */
const SOURCES = ['functions/**/*', 'shared/**/*', 'deploy/bundle/*', 'package.json', 'package-lock.json'];
const FOLDER = join(import.meta.dirname, '../../node_modules/.cache/bundles');

type Build = (options: BuildOptions) => Promise<BuildResult>;

/** `real` is called for what `folder` does not have yet, and for what it cannot bundle without a word. */
export function remembering(real: () => Build, folder = FOLDER): Build {
  return async (options) => {
    const { plugins = [], absWorkingDir = '', ...plain } = options;
    const what = JSON.stringify([plain, plugins.map(({ name }) => name)]).replaceAll(absWorkingDir, '');
    const name = digest(what).slice(0, 16);
    const file = join(folder, `${name}-${digest(...sourcesIn(absWorkingDir)).slice(0, 32)}`);
    try {
      return deserialize(readFileSync(file)) as BuildResult;
    } catch {
      // Not there yet.
    }
    const result = await real()(options);
    // What could not be bundled is said by esbuild itself.
    if (result.errors.length + result.warnings.length > 0) return result;
    const outputFiles = (result.outputFiles ?? []).map(({ path, contents }) => ({ path, contents }));
    mkdirSync(folder, { recursive: true });
    for (const old of readdirSync(folder))
      if (old.startsWith(`${name}-`)) rmSync(join(folder, old), { force: true });
    const fresh = `${file}.${process.pid}`;
    writeFileSync(fresh, serialize({ ...result, outputFiles, mangleCache: undefined }));
    renameSync(fresh, file);
    return result;
  };
}

function sourcesIn(root: string): readonly (string | Uint8Array)[] {
  const files = globSync(SOURCES, { cwd: root, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name))
    .sort();
  return files.flatMap((file) => [file.slice(root.length), readFileSync(file)]);
}

function digest(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  // The length of each first: no two lists run together to the same text.
  for (const part of parts) hash.update(`${Buffer.byteLength(part)} `).update(part);
  return hash.digest('hex');
}

/** What `deploy/bundle/bundle.ts` imports as esbuild. */
export const build: Build = remembering(
  () => (createRequire(import.meta.url)('esbuild') as { readonly build: Build }).build,
);
