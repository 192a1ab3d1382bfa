import * as z from 'zod/mini';
import { isAhead } from '../../../shared/units.ts';
import { budgetPath } from '../../../shared/spend/budget-path.ts';
import { Conflict, type State } from '../../../shared/state/state.ts';
import type { Notification } from './notification.ts';
import { periodKey } from './period.ts';

const HOUR_MS = 3_600_000;

/** Messages come every 20 to 30 minutes; a rate needs some time between two of them, and old ones say little. */
const LEAST_APART_MS = 15 * 60_000;
const OLDEST_MS = 6 * HOUR_MS;
const MAX_SAMPLES = 24;

const samplesSchema = z.object({
  version: z.literal(1),
  samples: z.array(z.object({ atMs: z.number(), cost: z.number() })),
});

/**
 * Notes what a message says was spent, and returns the present rate per hour in the budget's currency, from the messages
 * of the last six hours; undefined while that is too short to tell. This is a memory for texts: when it cannot be kept,
 * nothing else suffers.
 */
export async function noteSpend(
  state: State,
  message: Notification,
  publishedMs: number,
  nowMs: number,
): Promise<number | undefined> {
  const name = `spend/${budgetPath(message.budget)}/${periodKey(message.periodStartMs)}.json`;
  const stored = await state.read(name);
  const known = stored === undefined ? [] : readSamples(stored.text);
  const before = known.filter(({ atMs }) => !isAhead(atMs, Math.max(nowMs, publishedMs)));
  const sample = { atMs: publishedMs, cost: message.costAmount };
  const rate = rateOf(before, sample);
  const latest = before.at(-1);
  if (latest === undefined || publishedMs - latest.atMs >= LEAST_APART_MS)
    try {
      const samples = [...before, sample].slice(-MAX_SAMPLES);
      await state.write(name, JSON.stringify({ version: 1, samples }), {
        ifGeneration: stored?.generation ?? '0',
      });
    } catch (error) {
      // A parallel delivery noted the same.
      if (!(error instanceof Conflict)) throw error;
    }
  return rate;
}

/** What cannot be read is written anew: it is worth a few hours of not knowing the rate. */
function readSamples(text: string): z.infer<typeof samplesSchema>['samples'] {
  try {
    return samplesSchema.parse(JSON.parse(text)).samples;
  } catch {
    return [];
  }
}

/** Cost per hour between the oldest sample that still counts and this one. */
export function rateOf(
  samples: readonly { readonly atMs: number; readonly cost: number }[],
  now: { readonly atMs: number; readonly cost: number },
): number | undefined {
  const from = samples.find(({ atMs }) => now.atMs - atMs <= OLDEST_MS && now.atMs - atMs >= LEAST_APART_MS);
  if (from === undefined) return undefined;
  return Math.max(0, (now.cost - from.cost) / ((now.atMs - from.atMs) / HOUR_MS));
}
