import { GcloudFailed, type Gcloud, type GcloudAnswer } from '../actual/gcloud.ts';
import { settlingOf, tellingLine, type Settling } from './settling.ts';
import { shellLine, type Step } from '../desired/step.ts';

export interface Effects {
  readonly gcloud: Gcloud;
  readonly say: (line: string) => void;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly now: () => Date;
}

/** Where steps stand in the plan that they are a part of. */
export interface Part {
  readonly stepsBefore: number;
  readonly stepsInAll: number;
}

/** Runs the commands one by one, each announced first. Throws at the first that fails for good. */
export async function apply(
  effects: Effects,
  steps: readonly Step[],
  { stepsBefore, stepsInAll }: Part = { stepsBefore: 0, stepsInAll: steps.length },
): Promise<void> {
  const gcloud = patientGcloud(effects);
  for (const [index, { why, args }] of steps.entries()) {
    effects.say(`[${stepsBefore + index + 1}/${stepsInAll}] ${why}`);
    effects.say(`  ${shellLine(args)}`);
    const answer = await gcloud(args);
    if (answer.code !== 0) throw new GcloudFailed(args, answer);
  }
}

const WAITS_MS = [5_000, 10_000, 20_000, 30_000] as const;

/** A gcloud that repeats a command while things settle, each for as long as it may take, and says so. */
export function patientGcloud({ gcloud, say, sleep, now }: Effects): Gcloud {
  return async (args) => {
    /** Milliseconds waited so far, and the time at which the wait began. */
    const waits = new Map<Settling, { waitedMs: number; readonly sinceMs: number }>();
    for (let count = 0; ; count += 1) {
      const answer = await gcloud(args);
      const settling = answer.code === 0 ? undefined : settlingOf(answer.stderr);
      if (settling === undefined) return answer;
      const known = waits.get(settling);
      const wait = known ?? { waitedMs: 0, sinceMs: now().getTime() };
      const pauseMs = WAITS_MS[Math.min(count, WAITS_MS.length - 1)] ?? 0;
      const elapsedMs = Math.max(wait.waitedMs, now().getTime() - wait.sinceMs);
      if (elapsedMs + pauseMs > settling.maxMinutes * 60_000) return gaveUp(answer, settling);
      if (known === undefined) {
        say(`  waiting for ${settling.what}, up to ${settling.maxMinutes} min`);
        say(`    Google says: ${tellingLine(answer.stderr, settling)}`);
      }
      say(`    next try in ${pauseMs / 1_000} s`);
      waits.set(settling, { ...wait, waitedMs: wait.waitedMs + pauseMs });
      await sleep(pauseMs);
    }
  };
}

function gaveUp(answer: GcloudAnswer, { what, maxMinutes }: Settling): GcloudAnswer {
  return {
    ...answer,
    stderr: `${answer.stderr.trim()}\nWaited ${maxMinutes} min for ${what}. Run the same command again later: it goes on where it stopped.`,
  };
}
