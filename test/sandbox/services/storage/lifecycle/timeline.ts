import { randomOf } from '../../../http/seeded.ts';
import type { Rules } from './decide.ts';
import type { Sample } from './samples.ts';

export const DAY_MS = 86_400_000;

/**
 * How far the service has got with a bucket. Once a day, at a moment of the bucket's own, it carries out what the rules
 * in force ask for and measures what is there: everything is at most a day late.
 */
export interface Timeline {
  /** The next of the daily moments. */
  nextMs: number;
  rulesInForce: Rules;
  /** Rules that were written and that the service does not follow yet, oldest first. */
  announced: readonly { readonly fromMs: number; readonly rules: Rules }[];
  /** Oldest first; undefined until the first look at the bucket. */
  samples: Sample[] | undefined;
}

export interface TimelineOptions {
  readonly seed: number;
  readonly bucket: string;
  readonly nowMs: number;
}

/** The timeline of a bucket whose rules have long been in force. */
export function startTimeline(options: TimelineOptions, rules: Rules): Timeline {
  const offsetMs = Math.floor(randomOf(`${options.seed} ${options.bucket} daily`)() * DAY_MS);
  const todayMs = Math.floor(options.nowMs / DAY_MS) * DAY_MS + offsetMs;
  return {
    nextMs: todayMs > options.nowMs ? todayMs : todayMs + DAY_MS,
    rulesInForce: rules,
    announced: [],
    samples: undefined,
  };
}

/** New rules take up to 24 hours to take effect. */
export function announceRules(
  timeline: Timeline,
  rules: Rules,
  { seed, bucket, nowMs, change }: TimelineOptions & { readonly change: number },
): void {
  const lagMs = Math.ceil((1 - randomOf(`${seed} ${bucket} change ${change}`)()) * DAY_MS);
  timeline.announced = [...timeline.announced, { fromMs: nowMs + lagMs, rules }];
}

/** Follows the rules that have taken effect by `atMs`; tells whether there were any. What is older than them is skipped. */
export function adoptRules(timeline: Timeline, atMs: number): boolean {
  const latest = timeline.announced.findLastIndex(({ fromMs }) => fromMs <= atMs);
  const adopted = timeline.announced[latest];
  if (adopted === undefined) return false;
  timeline.rulesInForce = adopted.rules;
  timeline.announced = timeline.announced.slice(latest + 1);
  return true;
}
