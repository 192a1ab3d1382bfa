import * as z from 'zod/mini';
import { isAhead } from '../../../shared/units.ts';

const DAY_MS = 86_400_000;

/** Google sends a message every 20 to 30 minutes: a second one was published so much later, or earlier, than the first. */
export const APART_MS = 15 * 60_000;

/** A jump that other messages contradict is believed with its third message, where that comes within this time. */
const CONTRADICTED_MS = 3 * 3_600_000;
const CONTRADICTED_TIMES = 3;

const figureSchema = z.object({
  cost: z.number(),
  atMs: z.number(),
  /** The threshold of the forecast that it exceeded; absent: none. */
  forecast: z.optional(z.number()),
});

export const figuresSchema = z.object({
  version: z.literal(1),
  periodStartMs: z.number(),
  currencyCode: z.string(),
  /** The last figure that was believed; `atMs`: when its message was published. */
  known: figureSchema,
  /** The first message that was far beyond it, which waits for a second one. */
  awaiting: z.nullable(
    z.extend(figureSchema, {
      id: z.string(),
      /** Messages of the jump so far that others contradicted, this one with them; absent: it is the first. */
      times: z.optional(z.number()),
      /** Whether a message since was back in the range. */
      contradicted: z.optional(z.boolean()),
    }),
  ),
});

/** What a budget's messages said last. */
export type Figures = Readonly<z.infer<typeof figuresSchema>>;

/** What one message reports. */
export interface Reported {
  readonly id: string;
  readonly publishedMs: number;
  readonly cost: number;
  readonly forecast?: number | undefined;
  readonly periodStartMs: number;
  readonly currencyCode: string;
}

/** Whether a figure is believed on this message alone, and what is known after it. */
export interface JudgedFigure {
  readonly kind: 'believed' | 'jump';
  readonly figures: Figures;
  /** Whether this message is the first of its jump. */
  readonly isNew: boolean;
}

/**
 * Compares a reported cost with the last known figure: it may have grown by `most` a day, and within less than a day, to be believed on
 * one message. What is beyond that waits for a second message of another id and moment, and then the lower of both is believed. A
 * message in between that is not beyond it contradicts it: then a third one is needed, for a sender with the right to publish could put a low figure
 * after each of Google's and disarm the switch. The first figure of a period, and of another currency, has nothing to be
 * compared with. Pure.
 */
export function judgeFigure(
  before: Figures | undefined,
  reported: Reported,
  most: number,
  nowMs: number,
): JudgedFigure {
  const { id, publishedMs: atMs, cost, forecast, periodStartMs, currencyCode } = reported;
  const latestMs = Math.max(nowMs, atMs);
  const told = { cost, atMs, ...(forecast === undefined ? {} : { forecast }) };
  if (before === undefined || isOther(before, reported))
    return believed({ version: 1, periodStartMs, currencyCode, known: told, awaiting: null });

  const { known, awaiting } = withoutFuture(before, atMs, latestMs);
  const figures = { ...before, known, awaiting };
  const isLate = atMs < known.atMs;
  const plausible = known.cost + most * Math.max(1, (atMs - known.atMs) / DAY_MS);
  if (cost <= plausible) {
    if (isLate) return believed(figures);
    return believed({ ...figures, known: told, awaiting: contradict(awaiting, atMs) });
  }

  const jump = (isNew: boolean, more: Partial<Figures> = {}): JudgedFigure => ({
    kind: 'jump',
    figures: { ...figures, ...more },
    isNew,
  });
  // Delivered again after a later message that did not confirm it.
  if (isLate) return jump(false);
  const first = { ...told, id };
  if (awaiting === null) return jump(true, { awaiting: first });
  const isSecond = id !== awaiting.id && Math.abs(atMs - awaiting.atMs) >= APART_MS;
  if (!isSecond) return jump(false);
  const times = (awaiting.times ?? 1) + 1;
  if (awaiting.contradicted === true && times < CONTRADICTED_TIMES)
    return jump(true, { awaiting: { ...first, times } });
  const lower = Math.min(cost, awaiting.cost);
  return cost <= lower + most
    ? believed({ ...figures, known: { ...told, atMs: Math.max(atMs, awaiting.atMs) }, awaiting: null })
    : jump(true, { known: { cost: lower, atMs }, awaiting: first });
}

/** What waits after a message that is back in the range. */
function contradict(awaiting: Figures['awaiting'], atMs: number): Figures['awaiting'] {
  if (awaiting === null || atMs - awaiting.atMs > CONTRADICTED_MS) return null;
  return atMs > awaiting.atMs ? { ...awaiting, contradicted: true } : awaiting;
}

function believed(figures: Figures): JudgedFigure {
  return { kind: 'believed', figures, isNew: false };
}

/** Messages of one period may name another reading of midnight. */
function isOther(before: Figures, { periodStartMs, currencyCode }: Reported): boolean {
  return before.currencyCode !== currencyCode || Math.abs(before.periodStartMs - periodStartMs) >= DAY_MS;
}

/** A moment that is still to come was noted by a clock that was wrong: the cost stands, and no message is late by it. */
function withoutFuture(
  { known, awaiting }: Figures,
  atMs: number,
  nowMs: number,
): Pick<Figures, 'known' | 'awaiting'> {
  return {
    known: isAhead(known.atMs, nowMs) ? { ...known, atMs } : known,
    awaiting: awaiting !== null && isAhead(awaiting.atMs, nowMs) ? null : awaiting,
  };
}
