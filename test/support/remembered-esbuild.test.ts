import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BuildOptions, BuildResult, Message } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { remembering } from './remembered-esbuild.ts';

describe('remembering', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'costguard-bundles-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** A checkout with one source, as options of a build in it. */
  const checkout = (name: string, source: string): BuildOptions => {
    const root = join(folder, name);
    mkdirSync(join(root, 'functions/f/rules'), { recursive: true });
    writeFileSync(join(root, 'functions/f/rules/index.ts'), source);
    return { absWorkingDir: root, entryPoints: [join(root, 'functions/f/index.ts')], plugins: [] };
  };
  /** Each build gives another text. */
  const counting = (warnings: readonly Message[] = []) => {
    let builds = 0;
    const real = async (): Promise<BuildResult> => {
      builds += 1;
      const contents = Buffer.from(`build ${builds}`);
      const file = { path: 'out/0.js', contents, hash: '', text: contents.toString() };
      return Promise.resolve({
        errors: [],
        warnings: [...warnings],
        outputFiles: [file],
      } as unknown as BuildResult);
    };
    const build = remembering(() => real, join(folder, 'kept'));
    return async (options: BuildOptions): Promise<string> => {
      const { outputFiles = [] } = await build(options);
      return Buffer.from(outputFiles[0]?.contents ?? []).toString();
    };
  };

  it('builds the same sources once, in whichever checkout they lie', async () => {
    const build = counting();
    expect(await build(checkout('a', 'same'))).toBe('build 1');
    expect(await build(checkout('a', 'same'))).toBe('build 1');
    expect(await build(checkout('b', 'same'))).toBe('build 1');
  });

  it('builds anew where a source, its name, an entry or an option is another', async () => {
    const build = counting();
    const options = checkout('a', 'same');
    const root = options.absWorkingDir ?? '';
    expect(await build(options)).toBe('build 1');
    expect(await build(checkout('a', 'other'))).toBe('build 2');
    writeFileSync(join(root, 'functions/f/rules/more.ts'), '');
    expect(await build(options)).toBe('build 3');
    expect(await build({ ...options, entryPoints: [join(root, 'functions/g/index.ts')] })).toBe('build 4');
    expect(await build({ ...options, minify: true })).toBe('build 5');
    writeFileSync(join(root, 'package-lock.json'), '{}');
    expect(await build(options)).toBe('build 6');
    expect(await build(options)).toBe('build 6');
  });

  it('has esbuild say again what it warns of', async () => {
    const build = counting([{ text: 'import.meta' } as Message]);
    expect(await build(checkout('a', 'same'))).toBe('build 1');
    expect(await build(checkout('a', 'same'))).toBe('build 2');
  });
});
