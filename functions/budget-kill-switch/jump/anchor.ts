import type { Figure, Figures, MessageFigure } from './figures.ts';

/** Google sends a message every 20 to 30 minutes: a second one was published so much later, or earlier, than the first. */
export const APART_MS = 15 * 60_000;

type ShareOf = (figure: Figure) => number;
type Anchored = Required<Pick<Figures, 'anchor'>> & Pick<Figures, 'candidate'>;

/** Whether two messages are so far apart that Google may have sent both. */
export function isAnother(one: MessageFigure, other: MessageFigure): boolean {
  return one.id !== other.id && Math.abs(one.atMs - other.atMs) >= APART_MS;
}

/**
 * What growth is counted from once this message has come: the middle of what that was and of two messages a quarter of an hour apart,
 * so that steps sent within minutes add up, and one odd message moves nothing. Pure.
 */
export function anchorWith(
  { known, anchor = known, candidate }: Figures,
  told: MessageFigure,
  shareOf: ShareOf,
): Figure {
  if (candidate === undefined || !isAnother(candidate, told)) return anchor;
  const [, middle = anchor] = [anchor, candidate, told].sort((one, other) => shareOf(one) - shareOf(other));
  return withoutId(middle);
}

/** The anchor, and the message that moves it with its next one, after one that is believed. Pure. */
export function anchoredBy(figures: Figures, told: MessageFigure, anchor: Figure): Anchored {
  const { candidate } = figures;
  const isNext = candidate === undefined || isAnother(candidate, told);
  return { anchor, candidate: isNext ? told : candidate };
}

/** The figure alone. */
export function withoutId({ cost, atMs, forecast, amount }: Figure): Figure {
  return {
    ...{ cost, atMs },
    ...(forecast === undefined ? {} : { forecast }),
    ...(amount === undefined ? {} : { amount }),
  };
}
