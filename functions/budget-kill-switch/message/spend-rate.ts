import * as z from 'zod/mini';
import { isAhead } from '../../../shared/units.ts';
import { budgetPath } from '../../../shared/spend/budget-path.ts';
import type { Runtime } from '../../../shared/run/runtime.ts';
import { updateStateObject, type StateObject } from '../../../shared/state/compare-and-swap.ts';
import { expendableObject } from '../../../shared/state/expendable-object.ts';
import type { State } from '../../../shared/state/state.ts';
import { isOutdated, latestOf, latestSchema, type Latest, type Told } from './latest.ts';
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
  /** The newest message. Absent in what earlier versions wrote. */
  latest: z.optional(latestSchema),
});

type Samples = z.infer<typeof samplesSchema>;
type Sample = Samples['samples'][number];

/** A cost of the period, and when it was told. */
interface Timed {
  readonly atMs: number;
  readonly cost: number;
}

/** A message that was noted. */
export interface NotedSpend<T extends Told> {
  /** Per hour at present, in the budget's currency; undefined while the messages of the last six hours are too few to tell. */
  readonly rate: number | undefined;
  /** The message as it is taken, after the one before. */
  readonly told: T;
  /** The newer message that was noted before; undefined where it is itself the newest, or is taken with that one's figures. */
  readonly newer: Latest | undefined;
  /** The moment that the figures are of by which it is taken. */
  readonly asOfMs: number;
  /**
   * When the last message known before was published by which what burns was not held; undefined where none is known. Not this one: an
   * estimate may hold what it does not.
   */
  readonly unheldMs: number | undefined;
}

/** How a message is taken. */
export interface Taking<T extends Told> {
  /** After the newest message known. */
  readonly take: (message: T, known: Latest | undefined) => T;
  /** With the figures of a newer one; undefined where it is not noted. */
  readonly takeLate?: (message: T, newer: Latest) => T | undefined;
  /** Whether what burns is held by it, as it is taken. */
  readonly isHeld?: (told: T) => boolean;
}

/**
 * Notes what a message says was spent. One that is older than the newest known tells nothing of now, and is not noted, unless `takeLate`
 * takes it with that one's figures. Throws `GoogleApiError`, and `Conflict` after many rounds.
 */
export async function noteSpend<T extends Told>(
  state: State,
  runtime: Pick<Runtime, 'now' | 'sleep' | 'random'>,
  message: T,
  publishedMs: number,
  { take, takeLate = () => undefined, isHeld = () => true }: Taking<T>,
): Promise<NotedSpend<T>> {
  const nowMs = Math.max(runtime.now().getTime(), publishedMs);
  const untold = { rate: undefined, told: message, asOfMs: publishedMs };
  let noted: NotedSpend<T> = { ...untold, newer: undefined, unheldMs: undefined };
  await updateStateObject(state, runtime, memoryOf(message.notification), (stored): Samples => {
    const known = unlessAhead(stored.latest, nowMs);
    const newer = isOutdated(message, publishedMs, known) ? known : undefined;
    const told = newer === undefined ? take(message, known) : takeLate(message, newer);
    if (told === undefined) {
      noted = { ...untold, newer, unheldMs: known?.unheldMs };
      return stored;
    }
    const asOfMs = newer?.atMs ?? publishedMs;
    const sample = sampleOf(told.notification, asOfMs);
    const before = stored.samples.filter(({ atMs }) => !isAhead(atMs, nowMs));
    noted = { rate: rateOf(before, sample), told, newer: undefined, asOfMs, unheldMs: known?.unheldMs };
    const last = before.at(-1);
    const isNew = last === undefined || asOfMs - last.atMs >= LEAST_APART_MS || !isSaid(last, sample);
    const samples = isNew ? [...before, sample].slice(-MAX_SAMPLES) : before;
    const unheldMs = isHeld(told) ? known?.unheldMs : asOfMs;
    const latest = { ...latestOf(told, asOfMs), ...(unheldMs === undefined ? {} : { unheldMs }) };
    return {
      ...{ version: 1, samples },
      latest: newer === undefined ? latest : { ...latest, byMs: publishedMs },
    };
  });
  return noted;
}

/**
 * Whether the budget's messages of that period reported these very figures, and the newest of them, undefined where none is known, with
 * the rate at present. What earlier versions noted tells the cost alone, which counts until the first message that is noted whole. Throws `GoogleApiError`.
 */
export async function readReported(
  state: State,
  message: Notification,
  nowMs: number,
): Promise<{
  readonly isReported: boolean;
  readonly latest: Latest | undefined;
  readonly rate: number | undefined;
}> {
  const memory = memoryOf(message);
  const { samples, ...stored } = memory.parse((await state.read(memory.name))?.text);
  const latest = unlessAhead(stored.latest, nowMs);
  const expected = sampleOf(message, 0);
  const isReported = samples.every(({ amount }) => amount === undefined)
    ? samples.some(({ cost }) => cost === expected.cost)
    : samples.some((one) => isSaid(one, expected));
  return { isReported, latest, rate: presentRate(samples, latest, nowMs) };
}

/** Cost per hour up to the latest of `samples`, or of what was told since; undefined where that is too old. Pure. */
export function presentRate(
  samples: readonly Timed[],
  latest: Timed | undefined,
  nowMs: number,
): number | undefined {
  return latest === undefined || nowMs - latest.atMs > OLDEST_MS ? undefined : rateOf(samples, latest);
}

/** One from the future was noted by a clock that was wrong. */
function unlessAhead(latest: Latest | undefined, nowMs: number): Latest | undefined {
  return latest !== undefined && isAhead(latest.atMs, nowMs) ? undefined : latest;
}

function sampleOf(message: Notification, atMs: number): Sample {
  const { costAmount: cost, budgetAmount: amount, forecastExceeded: forecast = 0 } = message;
  return { atMs, cost, amount, forecast };
}

function isSaid(one: Sample, other: Sample): boolean {
  return one.cost === other.cost && one.amount === other.amount && one.forecast === other.forecast;
}

/** What cannot be read is written anew: it is worth a few hours of not knowing the rate. */
function memoryOf({ budget, periodStartMs }: Notification): StateObject<Samples> {
  const name = `spend/${budgetPath(budget)}/${periodKey(periodStartMs)}.json`;
  return expendableObject(name, samplesSchema, { version: 1, samples: [] });
}

/** Cost per hour between the oldest sample that still counts and this one. */
export function rateOf(samples: readonly Timed[], now: Timed): number | undefined {
  const from = samples.find(({ atMs }) => now.atMs - atMs <= OLDEST_MS && now.atMs - atMs >= LEAST_APART_MS);
  if (from === undefined) return undefined;
  return Math.max(0, (now.cost - from.cost) / ((now.atMs - from.atMs) / HOUR_MS));
}
