import { isAhead } from '../../../shared/units.ts';
import { anchorWith, candidateWith, isAnother, withoutId, type ShareOf } from './anchor.ts';
import type { Figure, Figures, MessageFigure, Reported } from './figures.ts';

const DAY_MS = 86_400_000;

/** A jump that other messages contradict is believed with its third message, where that comes within this time. */
const CONTRADICTED_MS = 3 * 3_600_000;
const CONTRADICTED_TIMES = 3;

/** Cents over units need not give 0.9 to the last bit. */
const TOLERANCE = 1e-9;

/** Whether a figure is believed on this message alone, and what is known after it. */
export interface JudgedFigure {
  readonly kind: 'believed' | 'jump';
  readonly figures: Figures;
  /** What it is taken for where it is not believed: it says more than the last known figure, and than what two messages reported. */
  readonly certain: Figure;
  /** Whether this message is the first of its jump. */
  readonly isNew: boolean;
  /** The moment that the figure is of: the later one where a message that came late confirms another. */
  readonly atMs: number;
}

/** How much a figure may have grown. */
export interface Growth {
  /** Share of the budget, for each day without a message; and within less than a day. */
  readonly jump: number;
  /** The budget's amount now. */
  readonly amount: number;
}

/**
 * Compares a reported share of the budget with what two messages reported before: it may have grown by `jump`, for each day without a
 * message, to be believed on one message. A period begins with nothing. What is beyond that waits for a second message of another id and
 * moment, and then the lower of both is believed. A message in between that is not beyond it contradicts it: then a third one is
 * needed, for a sender with the right to publish could put a low figure after each of Google's and disarm the switch. Shares, for where the amount is the last
 * period's cost the message names it too. Pure.
 */
export function judgeFigure(
  before: Figures | undefined,
  reported: Reported,
  { jump, amount: units }: Growth,
  nowMs: number,
): JudgedFigure {
  const { id, publishedMs: atMs, cost, forecast, amount, currencyCode } = reported;
  const shareOf: ShareOf = (figure) => figure.cost / (figure.amount ?? units);
  const told = withoutId({ cost, atMs, forecast, amount });
  const first: MessageFigure = { ...told, id };
  const figures =
    before === undefined || isOtherPeriod(before, reported)
      ? nothingSpent(reported)
      : withoutFuture(before, atMs, Math.max(nowMs, atMs));
  const { known, awaiting } = figures;
  const isLate = atMs < known.atMs;
  const anchor = isLate ? (figures.anchor ?? known) : anchorWith(figures, first, shareOf);
  const isWithin = (from: Figure, days: number): boolean =>
    shareOf(told) <= shareOf(from) + jump * days + TOLERANCE;
  const silentDays = (atMs - known.atMs) / DAY_MS;

  if (isWithin(known, 0) || isWithin(anchor, Math.max(1, silentDays))) {
    if (isLate) return believed(figures, atMs);
    // The first one of all has nothing to be counted from but itself.
    const from = before === undefined ? told : anchor;
    const candidate = candidateWith(figures, first, from, shareOf);
    const next = { ...figures, anchor: from, candidate, currencyCode, known: told };
    return believed({ ...next, awaiting: contradict(awaiting, atMs) }, atMs);
  }
  const certain = shareOf(anchor) > shareOf(known) ? anchor : known;
  const doubted = (isNew: boolean, more: Partial<Figures> = {}): JudgedFigure => ({
    ...{ kind: 'jump', isNew, atMs },
    certain: more.known ?? certain,
    figures: { ...figures, anchor, ...more },
  });
  // Delivered again after a later message that did not confirm it.
  if (isLate) return doubted(false);
  if (awaiting === null) return doubted(true, { awaiting: first });
  if (!isAnother(first, awaiting)) return doubted(false);
  const times = (awaiting.times ?? 1) + 1;
  if (awaiting.contradicted === true && times < CONTRADICTED_TIMES)
    return doubted(true, { awaiting: { ...first, times } });

  const lower = shareOf(told) <= shareOf(awaiting) ? told : withoutId(awaiting);
  if (!isWithin(lower, 1)) {
    const confirmed = { ...lower, atMs };
    return doubted(true, { known: confirmed, anchor: confirmed, awaiting: first });
  }
  const latest = { atMs: Math.max(atMs, awaiting.atMs) };
  const moved = { known: { ...told, ...latest }, candidate: { ...first, ...latest } };
  const next = { ...figures, ...moved, anchor: { ...lower, ...latest }, currencyCode };
  return believed({ ...next, awaiting: null }, latest.atMs);
}

/** What waits after a message that is back in the range. */
function contradict(awaiting: Figures['awaiting'], atMs: number): Figures['awaiting'] {
  if (awaiting === null || atMs - awaiting.atMs > CONTRADICTED_MS) return null;
  return atMs > awaiting.atMs ? { ...awaiting, contradicted: true } : awaiting;
}

function believed(figures: Figures, atMs: number): JudgedFigure {
  return { kind: 'believed', figures, certain: figures.known, isNew: false, atMs };
}

/** Messages of one period may name another reading of midnight. */
function isOtherPeriod(before: Figures, { periodStartMs }: Reported): boolean {
  return Math.abs(before.periodStartMs - periodStartMs) >= DAY_MS;
}

/** A period as it begins, where no message of it is known. */
function nothingSpent({ periodStartMs, publishedMs, currencyCode }: Reported): Figures {
  const known = { cost: 0, atMs: Math.min(periodStartMs, publishedMs) };
  return { version: 1, periodStartMs, currencyCode, known, awaiting: null };
}

/** A moment that is still to come was noted by a clock that was wrong: the cost stands, and no message is late by it. */
function withoutFuture(before: Figures, atMs: number, nowMs: number): Figures {
  const { known, awaiting, anchor, candidate, ...rest } = before;
  const isPast = (one: Figure): boolean => !isAhead(one.atMs, nowMs);
  const past = (one: Figure): Figure => (isPast(one) ? one : { ...one, atMs });
  return {
    ...rest,
    known: past(known),
    ...(anchor === undefined ? {} : { anchor: past(anchor) }),
    ...(candidate !== undefined && isPast(candidate) ? { candidate } : {}),
    awaiting: awaiting !== null && isPast(awaiting) ? awaiting : null,
  };
}
