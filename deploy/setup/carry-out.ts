import { GcloudFailed, type Gcloud } from './gcloud.ts';
import { shellLine, type Step } from './step.ts';

export interface Effects {
  readonly gcloud: Gcloud;
  readonly say: (line: string) => void;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** Runs the commands one by one, each announced first. Throws at the first that fails for good. */
export async function carryOut(effects: Effects, steps: readonly Step[]): Promise<void> {
  for (const [index, { why, args }] of steps.entries()) {
    effects.say(`[${index + 1}/${steps.length}] ${why}`);
    effects.say(`  ${shellLine(args)}`);
    await runPatiently(effects, args);
  }
}

const WAITS_MS = [5_000, 10_000, 20_000, 40_000, 60_000, 60_000];

async function runPatiently({ gcloud, say, sleep }: Effects, args: readonly string[]): Promise<void> {
  for (const wait of [...WAITS_MS, undefined]) {
    const answer = await gcloud(args);
    if (answer.code === 0) return;
    if (wait === undefined || !isSettling(answer.stderr)) throw new GcloudFailed(args, answer);
    say(`  not yet: ${lastLine(answer.stderr)}; once more in ${wait / 1_000} s`);
    await sleep(wait);
  }
}

/**
 * What was made a moment ago is not known everywhere at once: service accounts for policies, rights of Google's own
 * agents after an API was enabled. Policies may also change under our hands.
 */
function isSettling(stderr: string): boolean {
  return (
    /service account \S+ does not exist/i.test(stderr) ||
    /concurrent policy changes|\bABORTED\b/i.test(stderr) ||
    /service agent|may take a few minutes|recently (?:started|enabled)/i.test(stderr)
  );
}

function lastLine(stderr: string): string {
  return stderr.trim().split('\n').at(-1) ?? '';
}
