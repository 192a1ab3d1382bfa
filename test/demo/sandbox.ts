import { fileURLToPath } from 'node:url';
import { readCommandLine, runCommand } from '../../deploy/command-line.ts';
import { WrongUsage } from '../../deploy/desired/problem.ts';
import { messageOf } from '../../shared/errors.ts';

const usage = `Usage: npm run sandbox -- [SCENARIO.yaml]

Starts the local Google Cloud alone, for your own functions and for gcloud, and
prints how to point them at it.
  SCENARIO.yaml  what it holds; when absent
                 test/sandbox/scenarios/organisation.yaml
Exit code: 0 it was stopped, 1 it could not start, 2 wrong usage.
`;

const ORGANISATION = fileURLToPath(new URL('../sandbox/scenarios/organisation.yaml', import.meta.url));

/** `npm run sandbox`; answers its exit code. It stands here since the sandbox imports nothing of deploy/. */
export async function sandboxCommand(
  args: readonly string[],
  output: Parameters<typeof runCommand>[1],
): Promise<number> {
  return runCommand(usage, output, async () => {
    const { positionals } = readCommandLine(usage, args, {});
    const [file = ORGANISATION, ...more] = positionals;
    if (more.length > 0) throw new WrongUsage('Name one scenario.');
    // Loaded here only: it is a second until all of its services are there.
    const { serveSandbox } = await import('../sandbox/serve.ts');
    try {
      await serveSandbox(file);
      return 0;
    } catch (error) {
      output.err(`Cannot start with "${file}": ${messageOf(error)}\n`);
      return 1;
    }
  });
}

if (import.meta.main)
  process.exitCode = await sandboxCommand(process.argv.slice(2), {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
  });
