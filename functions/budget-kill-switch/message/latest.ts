import * as z from 'zod/mini';
import { rungActions } from '../../../shared/policy/policy.ts';
import type { Verdict } from '../decide.ts';
import type { Notification } from './notification.ts';

export const latestSchema = z.object({
  /** When it was published. */
  atMs: z.number(),
  cost: z.number(),
  /** The amount that it named. */
  amount: z.number(),
  /** The rungs above notify that it made due, or left in force. */
  reached: z.array(z.enum(rungActions)),
  /** The thresholds exceeded by which they are, shares of that amount; absent: none. */
  threshold: z.optional(z.number()),
  forecast: z.optional(z.number()),
  /** The moment of the figures of the message that came late and whose threshold holds what this one names none for; absent: none. */
  byMs: z.optional(z.number()),
  /**
   * When the last message was published by which what burns was not held, this one or one before it: written ahead of the note in
   * `held.json`, which may be lost. Absent: none.
   */
  unheldMs: z.optional(z.number()),
});

/** The newest message known of a budget's period, as it was taken. */
export type Latest = Readonly<z.infer<typeof latestSchema>>;

/** A message, and what it makes due. */
export interface Told {
  readonly notification: Notification;
  readonly verdict: Exclude<Verdict, { kind: 'ignore' }>;
}

export function latestOf({ notification, verdict }: Told, atMs: number): Latest {
  const { costAmount, budgetAmount, thresholdExceeded, forecastExceeded } = notification;
  return {
    ...{ atMs, cost: costAmount, amount: budgetAmount, reached: reachedBy(verdict) },
    ...(thresholdExceeded === undefined ? {} : { threshold: thresholdExceeded }),
    ...(forecastExceeded === undefined ? {} : { forecast: forecastExceeded }),
  };
}

/** Names of the rungs above notify that are due. */
export function reachedBy(verdict: Told['verdict']): Latest['reached'] {
  const due = verdict.kind === 'due' ? verdict.rungs : [];
  return due.map((rung) => rung.do).filter((action) => action !== 'notify');
}

/**
 * Whether a message came after a newer one of its period: what that one says counts. Of two that were published at one moment the one that
 * reaches more does; the same one again is no other. Pure.
 */
export function isOutdated(
  { notification, verdict }: Told,
  atMs: number,
  known: Latest | undefined,
): known is Latest {
  if (known === undefined || known.atMs < atMs) return false;
  if (known.atMs > atMs) return true;
  const isSame = known.cost === notification.costAmount && known.amount === notification.budgetAmount;
  return !isSame && reachedBy(verdict).length < known.reached.length;
}
