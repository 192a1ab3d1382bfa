import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { auditCommand } from '../../../deploy/commands/audit.ts';
import { buildCommand } from '../../../deploy/commands/build.ts';
import type { Tools } from '../../../deploy/commands/command.ts';
import { burnCommand } from '../../../deploy/commands/burn.ts';
import { createBudgetCommand } from '../../../deploy/commands/create-budget.ts';
import { deployCommand } from '../../../deploy/commands/deploy.ts';
import { doctorCommand } from '../../../deploy/commands/doctor.ts';
import { estimateCommand } from '../../../deploy/commands/estimate.ts';
import { fitCommand } from '../../../deploy/commands/fit.ts';
import { policyCommand } from '../../../deploy/commands/policy.ts';
import { preflightCommand } from '../../../deploy/commands/preflight.ts';
import { pricesCommand } from '../../../deploy/commands/prices.ts';
import { promoteCommand } from '../../../deploy/commands/promote.ts';
import { teardownCommand } from '../../../deploy/commands/teardown.ts';
import type { Runtime } from '../../../shared/run/runtime.ts';
import { benchCommand } from '../../bench/main.ts';
import { demoCommand } from '../../demo/main.ts';
import { sandboxCommand } from '../../demo/sandbox.ts';
import { verifyLive } from '../../live/verify-live.ts';

const ROOT = join(import.meta.dirname, '../../..');
const { version, scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
};

/** What a command must not touch before it has read its arguments. */
const untouched = {} as Runtime;

interface Output {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

type Command = (args: readonly string[], output: Output) => Promise<number>;
type ShellCommand = (args: readonly string[], tools: Tools) => Promise<number>;

const ofShell =
  (command: ShellCommand): Command =>
  (args, output) =>
    command(args, output as Tools);

const COMMANDS: Readonly<Record<string, Command>> = {
  audit: (args, output) => auditCommand(args, untouched, output),
  bench: benchCommand,
  build: buildCommand,
  burn: (args, output) => burnCommand(args, untouched, output),
  'create-budget.sh': ofShell(createBudgetCommand),
  'deploy.sh': ofShell(deployCommand),
  'doctor.sh': ofShell(doctorCommand),
  estimate: (args, output) => estimateCommand(args, new Date(0), output),
  fit: (args, output) => fitCommand(args, new Date(0), output),
  policy: policyCommand,
  preflight: (args, output) => preflightCommand(args, untouched, output),
  prices: (args, output) =>
    pricesCommand(args, {
      ...output,
      runtime: untouched,
      folder: '',
      signIn: () => Promise.reject(new Error('too early')),
    }),
  'promote.sh': ofShell(promoteCommand),
  sandbox: sandboxCommand,
  start: demoCommand,
  'teardown.sh': ofShell(teardownCommand),
  'verify-live': (args, output) =>
    verifyLive(args, {
      ...output,
      connect: () => Promise.reject(new Error('no argument was read yet')),
      now: () => 0,
      sleep: () => Promise.resolve(),
    }),
};

async function run(
  command: Command,
  args: readonly string[],
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const said = { out: '', err: '' };
  const code = await command(args, {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
  });
  return { code, ...said };
}

it('every command of package.json and every script of deploy/ is looked at here', () => {
  const ofPackage = Object.entries(scripts).flatMap(([name, line]) =>
    /deploy\/node\.js (?:deploy\/commands|test\/\w+)\/[\w-]+\.ts$/.test(line) ? [name] : [],
  );
  const ofShell = globSync('deploy/*.sh', { cwd: ROOT }).map((file) => basename(file));
  expect(Object.keys(COMMANDS).sort()).toEqual(
    [...ofPackage, ...ofShell.filter((name) => name !== 'lib.sh')].sort(),
  );
});

it('every file of deploy/commands that has a usage is looked at here', () => {
  const files = globSync('deploy/commands/*.ts', { cwd: ROOT });
  const withUsage = files.filter((file) => readFileSync(join(ROOT, file), 'utf8').includes('Usage: '));
  const here = new Set(Object.keys(COMMANDS).map((name) => name.replace(/\.sh$/, '')));
  expect(withUsage.map((file) => basename(file, '.ts')).filter((name) => !here.has(name))).toEqual([]);
});

it.each(Object.entries(COMMANDS))(
  '%s answers --help with its usage, in lines of 80 columns',
  async (_, command) => {
    const { code, out, err } = await run(command, ['--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^Usage: /);
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);
  },
);

it.each(Object.entries(COMMANDS))('%s answers --version with that of the package', async (_, command) => {
  expect(await run(command, ['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
});

it.each(Object.entries(COMMANDS))(
  '%s names an option that it lacks, and does nothing',
  async (_, command) => {
    const { code, out, err } = await run(command, ['--no-such-option=1']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^Unknown option '--no-such-option'\n[\s\S]*\nUsage: /);
  },
);

it.each([
  ['bench', ['start-up', 'start-down'], /^There is no topic "start-down"; there are\n {2}bundle-size, /],
  ['build', ['idle-notebook-stopper'], /^Unknown argument "idle-notebook-stopper"\n/],
  ['create-budget.sh', ['ml'], /^Unknown argument "ml"\n/],
  ['estimate', ['n1-standard-8'], /^Unknown argument "n1-standard-8"\n/],
  ['fit', ['8e9'], /^Unknown argument "8e9"\n/],
  ['prices', ['folder', '--refresh'], /^Unknown argument "folder"\n/],
  ['sandbox', ['a.yaml', 'b.yaml'], /^Name one scenario\.\n/],
  ['start', ['twice'], /^Unknown argument "twice"\n/],
])('%s names an argument that it does not take: %s', async (name, args, says) => {
  const { code, out, err } = await run(COMMANDS[name] ?? buildCommand, args);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(says);
  expect(err.split('\n').filter((line) => line.length > 80)).toEqual([]);
});

it('the sandbox says which scenario cannot be read', async () => {
  const { code, out, err } = await run(sandboxCommand, ['no-such-file.yaml']);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toMatch(/^Cannot start with "no-such-file.yaml": ENOENT/);
});
