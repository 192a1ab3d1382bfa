import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCommandLine, runCommand } from '../../deploy/command-line.ts';

const USAGE = 'Usage: paint [FILE…] [options]\n';
const OPTIONS = {
  colour: { type: 'string' },
  coat: { type: 'string', multiple: true },
  'dry-run': { type: 'boolean' },
} as const;

async function paint(...args: readonly string[]): Promise<object> {
  const said = { out: '', err: '', read: {} };
  const output = { out: (text: string) => (said.out += text), err: (text: string) => (said.err += text) };
  const code = await runCommand(USAGE, output, async () => {
    said.read = readCommandLine(USAGE, args, OPTIONS);
    return 5;
  });
  return { code, ...said };
}

describe('the command line', () => {
  it('gives options by their long names, repeated ones as a list, and what else stands there', async () => {
    const args = ['a', '--colour=red', '--coat', 'one', 'b', '--coat=two', '--dry-run'];
    const values = { colour: 'red', coat: ['one', 'two'], 'dry-run': true };
    expect(await paint(...args)).toEqual({
      code: 5,
      out: '',
      err: '',
      read: { values, positionals: ['a', 'b'] },
    });
    expect(await paint()).toEqual({ code: 5, out: '', err: '', read: { values: {}, positionals: [] } });
  });

  it('answers --help with the usage and --version with that of the package, and does nothing', async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
      version: string;
    };
    for (const args of [['--help'], ['a', '--colour=red', '-h']])
      expect(await paint(...args)).toEqual({ code: 0, out: USAGE, err: '', read: {} });
    expect(await paint('--version')).toEqual({ code: 0, out: `${version}\n`, err: '', read: {} });
  });

  it('takes a value that starts with two hyphens behind an equals sign, and operands behind two alone', async () => {
    expect(await paint('--colour=--red', '--', '--coat', '--dry-run')).toMatchObject({
      read: { values: { colour: '--red' }, positionals: ['--coat', '--dry-run'] },
    });
  });

  it.each([
    ['an option that it lacks', ['--size=3'], /^Unknown option '--size'\n\nUsage: paint /],
    [
      'a slip, with what may be meant',
      ['--color', 'red'],
      /^Unknown option '--color'\n\(Did you mean --colour\?\)/,
    ],
    ['an option without its value', ['--colour'], /^Option '--colour <value>' argument missing\n\nUsage/],
    [
      'an option for the value of another',
      ['--colour', '--dry-run'],
      /^Option '--colour <value>' argument missing/,
    ],
    [
      'any option for the value of another',
      ['--coat', '--size=3'],
      /^Option '--coat <value>' argument missing/,
    ],
    ['a switch with a value', ['--dry-run=yes'], /^Unknown option '--dry-run'|argument/],
  ])('refuses %s with the usage and 2', async (_, args, says) => {
    expect(await paint(...args)).toMatchObject({
      code: 2,
      out: '',
      read: {},
      err: expect.stringMatching(says) as unknown,
    });
  });
});
