import { Command, CommanderError } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { WrongUsage } from './desired/problem.ts';

/** The options of a command by their long names. */
export type CommandOptions = Readonly<
  Record<string, { readonly type: 'string' | 'boolean'; readonly multiple?: true }>
>;

/** What was given of them. */
export type ValuesOf<Options extends CommandOptions> = {
  readonly [Name in keyof Options]?: Options[Name] extends { readonly multiple: true }
    ? readonly string[]
    : Options[Name] extends { readonly type: 'boolean' }
      ? boolean
      : string;
};

/** `--help` or `--version` was given: nothing is done, and the text is the answer. */
export class Answered extends Error {
  override readonly name = 'Answered';
}

/**
 * Reads what follows the name of a command. Throws {@link WrongUsage}, which names an option that there is not and the one that may
 * be meant, and {@link Answered} for `--help`, with the usage, and for `--version`.
 */
export function readCommandLine<const Options extends CommandOptions>(
  usage: string,
  args: readonly string[],
  options: Options,
): { readonly values: ValuesOf<Options>; readonly positionals: readonly string[] } {
  let answer = '';
  const command = new Command()
    .exitOverride()
    .configureOutput({ writeOut: (text) => (answer += text), writeErr: () => undefined })
    .argument('[operand...]')
    .version(manifest.version, '--version');
  command.helpInformation = () => usage;
  checkValues(args, options);
  for (const [name, { type, multiple }] of Object.entries(options))
    if (type === 'boolean') command.option(`--${name}`);
    else if (multiple === true)
      command.option(`--${name} <value>`, '', (value: string, before: readonly string[] | undefined) => [
        ...(before ?? []),
        value,
      ]);
    else command.option(`--${name} <value>`);
  try {
    command.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) throw new Answered(answer);
    // Of `--colour=red` the value is no part of the name.
    const said = error.message.replace(/^error: /, '').replace(/^(unknown option '[^'=]*)=[^']*/, '$1');
    throw new WrongUsage(`${said.charAt(0).toUpperCase()}${said.slice(1)}`);
  }
  const given = command.opts<Record<string, unknown>>();
  const values = command.options.flatMap((option) => {
    const value = given[option.attributeName()];
    return value === undefined ? [] : [[option.long?.slice(2) ?? '', value]];
  });
  return { values: Object.fromEntries(values) as ValuesOf<Options>, positionals: command.args };
}

/** Without it `--out --project=P` would take the second option for the value of the first. */
function checkValues(args: readonly string[], options: CommandOptions): void {
  const end = args.indexOf('--');
  const given = end < 0 ? args : args.slice(0, end);
  for (const [at, arg] of given.entries())
    if (arg.startsWith('--') && options[arg.slice(2)]?.type === 'string' && given[at + 1]?.startsWith('--'))
      throw new WrongUsage(`Option '${arg} <value>' argument missing`);
}

/** Throws {@link WrongUsage} for what stands behind a command that takes options alone. */
export function checkNoOperands(operands: readonly string[]): void {
  if (operands.length > 0) throw new WrongUsage(`Unknown argument "${operands.join(' ')}"`);
}

/** Throws {@link WrongUsage} for an option that was given and is no project's id. */
export function checkProjectIds(options: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(options))
    if (value !== undefined && !/^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]*$/.test(value))
      throw new WrongUsage(`--${name} is ${JSON.stringify(value)}; expected a project id.`);
}

/** The value of an option that takes one of a few. Throws {@link WrongUsage}. */
export function oneOf<const One extends string>(name: string, value: string, all: readonly One[]): One {
  const known = all.find((one) => one === value);
  if (known === undefined)
    throw new WrongUsage(`--${name} is ${JSON.stringify(value)}; expected one of ${all.join(', ')}.`);
  return known;
}

/** Runs a command: its exit code, 0 where `--help` or `--version` is answered, 2 with the usage where that is wrong. */
export async function runCommand(
  usage: string,
  { out, err }: { readonly out: (text: string) => void; readonly err: (text: string) => void },
  command: () => Promise<number>,
): Promise<number> {
  try {
    return await command();
  } catch (error) {
    if (error instanceof Answered) out(error.message);
    else if (error instanceof WrongUsage) err(`${error.message}\n\n${usage}`);
    else throw error;
    return error instanceof Answered ? 0 : 2;
  }
}
