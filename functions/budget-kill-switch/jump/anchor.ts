import type { Figure, Figures, MessageFigure } from './figures.ts';

/** Google sends a message every 20 to 30 minutes: a second one was published so much later, or earlier, than the first. */
export const APART_MS = 15 * 60_000;

export type ShareOf = (figure: Figure) => number;

/** Whether two messages are so far apart that Google may have sent both. */
export function isAnother(one: MessageFigure, other: MessageFigure): boolean {
  return one.id !== other.id && Math.abs(one.atMs - other.atMs) >= APART_MS;
}

/**
 * What growth is counted from once this message has come: the highest that two messages, a quarter of an hour apart, both reported. Steps
 * sent within minutes so add up, and low figures put it down no more than a credit does: the message after these is no jump. Pure.
 */
export function anchorWith(
  { known, anchor = known, candidate }: Figures,
  told: MessageFigure,
  shareOf: ShareOf,
): Figure {
  if (candidate === undefined || !isAnother(candidate, told)) return anchor;
  const lower = shareOf(candidate) <= shareOf(told) ? candidate : told;
  return shareOf(lower) > shareOf(anchor) ? withoutId(lower) : anchor;
}

/** The message that puts the anchor up with its second one, after one that is believed; undefined where none is above it. Pure. */
export function candidateWith(
  { candidate }: Figures,
  told: MessageFigure,
  anchor: Figure,
  shareOf: ShareOf,
): MessageFigure | undefined {
  const isAbove = (one: MessageFigure): boolean => shareOf(one) > shareOf(anchor);
  const next =
    candidate === undefined || isAnother(candidate, told) || !isAbove(candidate) ? told : candidate;
  return isAbove(next) ? next : undefined;
}

/** The figure alone. */
export function withoutId({ cost, atMs, forecast, amount }: Figure): Figure {
  return {
    ...{ cost, atMs },
    ...(forecast === undefined ? {} : { forecast }),
    ...(amount === undefined ? {} : { amount }),
  };
}
