/** One command of a plan. */
export interface Step {
  /** What it is for and why now, one line. */
  readonly why: string;
  /** After `gcloud`; positional arguments first, then flags as `--name=value`. */
  readonly args: readonly string[];
  /**
   * It names something that an earlier command has yet to make and whose name only Google knows, in capitals. It cannot
   * run as it stands: it comes again, with the name, when the plan is made anew.
   */
  readonly awaits?: true;
}

/** A command as it can be pasted into a shell. */
export function shellLine(args: readonly string[]): string {
  return ['gcloud', ...args.map(quoted)].join(' ');
}

const PLAIN = /^[\w@%+=:,./-]*$/;

function quoted(argument: string): string {
  if (PLAIN.test(argument)) return argument;
  // The flag's name stays outside of the quotes, which reads better.
  const [, flag = '', value = ''] = /^(--[a-z0-9-]+=)?(.*)$/s.exec(argument) ?? [];
  return `${flag}'${value.replaceAll("'", String.raw`'\''`)}'`;
}

/** A plan as a shell script: each command below its reason. */
export function showPlan(steps: readonly Step[]): string {
  return steps
    .map(
      ({ why, args, awaits }, index) =>
        `# ${index + 1}. ${why}${awaits === true ? ' (the name in capitals is known once the command above has run)' : ''}\n${shellLine(args)}\n`,
    )
    .join('\n');
}
