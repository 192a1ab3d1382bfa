import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { it } from 'vitest';
import ts from 'typescript';

const REPOSITORY = resolve(import.meta.dirname, '../..');

/** Files that another one names in an import or export, types and dynamic imports included; packages are left out. */
function importsOf(file: string): readonly string[] {
  const source = ts.preProcessFile(readFileSync(file, 'utf8'), true, true);
  return source.importedFiles
    .map(({ fileName }) => fileName)
    .filter((name) => name.startsWith('.'))
    .map((name) => resolve(dirname(file), name));
}

/** Every file of the sandbox with the way by which it comes to a file outside. */
function waysOut(): readonly string[] {
  const own = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => join(import.meta.dirname, name));
  const seen = new Map<string, string>();
  const walk = (file: string, way: string): void => {
    if (seen.has(file)) return;
    seen.set(file, way);
    if (!file.endsWith('.ts')) return;
    for (const next of importsOf(file)) walk(next, `${way} > ${relative(REPOSITORY, next)}`);
  };
  for (const file of own) walk(file, relative(REPOSITORY, file));
  return (
    [...seen]
      .filter(([file]) => !file.startsWith(`${import.meta.dirname}/`))
      // The version that `--version` prints is no code.
      .filter(([file]) => file !== join(REPOSITORY, 'package.json'))
      .map(([, way]) => way)
  );
}

it('the sandbox imports no product code, not even types: a fault in it must not be its own proof', () => {
  assert.deepEqual(waysOut(), []);
  assert.deepEqual(
    importsOf(import.meta.filename).length + importsOf(join(import.meta.dirname, 'sandbox.ts')).length > 3,
    true,
    'imports are found',
  );
});

it('no text of the sandbox names a file of the product but the role files, which are what an account is given', () => {
  const named = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .filter((name) => /new URL\([`'"][./]*\/(?:shared|functions|deploy)\//.test(readFileSync(join(import.meta.dirname, name), 'utf8'))); // prettier-ignore
  assert.deepEqual(named, ['iam/roles.ts']);
});
