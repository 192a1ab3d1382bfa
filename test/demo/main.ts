import { checkNoOperands, readCommandLine, runCommand } from '../../deploy/command-line.ts';

const usage = `Usage: npm start -- [--once]

Builds the bundles, runs them on a local Google Cloud, and keeps serving.
  --once  ends after the run
Exit code: 0 it ran, 1 it failed, 2 wrong usage.
`;

/** `npm start`; answers its exit code. */
export async function demoCommand(
  args: readonly string[],
  output: Parameters<typeof runCommand>[1],
): Promise<number> {
  return runCommand(usage, output, async () => {
    const { values, positionals } = readCommandLine(usage, args, { once: { type: 'boolean' } });
    checkNoOperands(positionals);
    // Loaded here only: it is a second until the sandbox and the stories are there.
    const { runDemo } = await import('./run.ts');
    await runDemo(values.once === true);
    return 0;
  });
}

if (import.meta.main)
  process.exitCode = await demoCommand(process.argv.slice(2), {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
  });
