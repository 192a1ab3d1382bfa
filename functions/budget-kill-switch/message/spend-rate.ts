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
  samples: z.array(
    z.object({
      atMs: z.number(),
      cost: z.number(),
      /** Absent in what earlier versions wrote. */
      amount: z.optional(z.number()),
      forecast: z.optional(z.number()),
    }),
  ),
});

type Sample = z.infer<typeof samplesSchema>['samples'][number];

/**
 * Notes what a message says was spent, and returns the present rate per hour in the budget's currency, from the messages
 * of the last six hours; undefined while that is too short to tell. When it cannot be kept, the message still acts, and the ticks
 * wait for the next one.
 */
export async function noteSpend(
  state: State,
  message: Notification,
  publishedMs: number,
  nowMs: number,
): Promise<number | undefined> {
  const name = samplesObject(message);
  const stored = await state.read(name);
  const known = stored === undefined ? [] : readSamples(stored.text);
  const before = known.filter(({ atMs }) => !isAhead(atMs, Math.max(nowMs, publishedMs)));
  const sample = sampleOf(message, publishedMs);
  const rate = rateOf(before, sample);
  const latest = before.at(-1);
  if (latest === undefined || publishedMs - latest.atMs >= LEAST_APART_MS || !isSaid(latest, sample))
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

/** Whether the budget's messages of that period reported these very figures. Throws `GoogleApiError`. */
export async function wasReported(state: State, message: Notification): Promise<boolean> {
  const stored = await state.read(samplesObject(message));
  return stored !== undefined && readSamples(stored.text).some((one) => isSaid(one, sampleOf(message, 0)));
}

function samplesObject({ budget, periodStartMs }: Notification): string {
  return `spend/${budgetPath(budget)}/${periodKey(periodStartMs)}.json`;
}

function sampleOf(message: Notification, atMs: number): Sample {
  const { costAmount: cost, budgetAmount: amount, forecastExceeded: forecast = 0 } = message;
  return { atMs, cost, amount, forecast };
}

function isSaid(one: Sample, other: Sample): boolean {
  return one.cost === other.cost && one.amount === other.amount && one.forecast === other.forecast;
}

/** What cannot be read is written anew: it is worth a few hours of not knowing the rate. */
function readSamples(text: string): readonly Sample[] {
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
