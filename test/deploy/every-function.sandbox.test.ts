import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readFunctions } from '../../deploy/desired/settings.ts';
import { parsePolicy } from '../../shared/policy/policy.ts';
import { wakings } from '../bench/start-up.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

const functions = await readFunctions();
const names = functions.map(({ name }) => name);
const example = parsePolicy(read('deploy/costguard.example.yaml'));

/** Lists that name all functions, beside those that are made from the folders: see "Add a function" in CONTRIBUTING.md. */
describe('every function', () => {
  it('has its folder in functions/, in deploy/functions/ and in test/functions/', () => {
    for (const folder of ['functions', 'test/functions'])
      expect(
        readdirSync(join(ROOT, folder), { withFileTypes: true })
          .filter((entry) => entry.isDirectory())
          .map(({ name }) => name)
          .sort(),
      ).toEqual(names);
  });

  it('is in the README, with a link to its own', () => {
    const readme = read('README.md');
    expect(names.filter((name) => !readme.includes(`](functions/${name}/README.md)`))).toEqual([]);
  });

  it('has the section that it needs in the example policy', () => {
    expect(functions.filter(({ settings }) => example[settings.needs] === undefined)).toEqual([]);
  });

  it('has its start measured by npm run bench', () => {
    expect(Object.keys(wakings(example)).sort()).toEqual(names);
  });
});
