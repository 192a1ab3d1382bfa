import { readCommandLine, runCommand } from '../../deploy/command-line.ts';
import { WrongUsage } from '../../deploy/desired/problem.ts';
import { ASSUMPTIONS } from './assumptions.ts';
import { LIVE_CHECKS, type Finding, type World } from './checks.ts';
import { createReadOnlyClient, type Send } from './read-only.ts';

const usage = `Usage: npm run verify-live -- --project P

Checks on a real project what the sandbox assumes about Google Cloud, with your
own credentials: application-default ones, or else those of gcloud. It only
sends GET requests and changes nothing.
Exit code: 0 no assumption is contradicted, 1 one is, 2 wrong usage or no
credentials. What could not be checked contradicts nothing.
`;

interface Effects extends Pick<World, 'now' | 'sleep'> {
  readonly connect: () => Promise<Send>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** The command; answers its exit code. */
export async function verifyLive(args: readonly string[], effects: Effects): Promise<number> {
  return runCommand(usage, effects, async () => {
    const { values, positionals } = readCommandLine(usage, args, { project: { type: 'string' } });
    if (values.project === undefined || positionals.length > 0)
      throw new WrongUsage('Name a project: --project P.');
    return verify(values.project, effects);
  });
}

async function verify(project: string, effects: Effects): Promise<number> {
  const { out, err } = effects;
  out(`This reads from ${project} and changes nothing: every request is a GET.\n`);
  let send: Send;
  try {
    send = await effects.connect();
  } catch (error) {
    err(`Cannot sign in: ${String(error)}\n`);
    return 2;
  }
  const world: World = { ...effects, project, client: createReadOnlyClient(send) };
  let contradicted = false;
  for (const { id, fact, live, mark, check } of ASSUMPTIONS) {
    const { result, why } = live
      ? await findingOf(id, world)
      : { result: 'not checked' as const, why: `it takes a change: ${check}` };
    contradicted ||= result === 'does not hold';
    out(`${result.padEnd(13)}  ${id} (${mark}): ${fact}\n               ${why}\n`);
  }
  return contradicted ? 1 : 0;
}

async function findingOf(id: string, world: World): Promise<Finding> {
  const check = LIVE_CHECKS[id];
  if (check === undefined) return { result: 'not checked', why: 'there is no check for it' };
  try {
    return await check(world);
  } catch (error) {
    return { result: 'not checked', why: String(error) };
  }
}
