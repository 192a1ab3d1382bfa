import { isSameFilter, type Budget } from '../../../shared/google/budgets.ts';
import type { Estimate } from '../../../shared/spend/estimate.ts';
import { whyStale } from '../../../shared/spend/stale.ts';
import { standingOf, type StandingOptions } from '../../../shared/spend/standing.ts';
import { readLedgers, readMessages } from '../../../shared/state/spend-books.ts';
import type { State } from '../../../shared/state/state.ts';

/** Messages of one period may name another reading of midnight. */
const DAY_MS = 86_400_000;

/** What spend-watch's ledgers and the budget's messages say together, or why nothing can be said. */
export type Gathered =
  | {
      readonly kind: 'estimate';
      readonly estimate: Estimate;
      readonly blocked: string | undefined;
      readonly complete: boolean;
      /** When the project was looked at that was looked at first. */
      readonly oldestMs: number;
    }
  | { readonly kind: 'none'; readonly why: string };

export interface EstimateOptions extends StandingOptions {
  readonly periodStartMs: number;
  readonly nowMs: number;
}

/**
 * Estimates a budget's spend anew from the state bucket; no other function's word is taken for it. As of the latest look: what
 * accrued since is not known. Throws `GoogleApiError`.
 */
export async function gatherEstimate(
  state: State,
  budget: Budget,
  { periodStartMs, nowMs, ...watch }: EstimateOptions,
): Promise<Gathered> {
  const none = (why: string): Gathered => ({ kind: 'none', why });
  const messages = await readMessages(state, budget.name);
  if (messages === undefined)
    return none('no message of it is known that an estimate could be compared with');
  if (Math.abs(messages.period.startMs - periodStartMs) >= DAY_MS)
    return none('no message of its present period has come yet');
  if (budget.narrowed.length > 0 || !isSameFilter(messages.filter ?? [], budget.projects))
    return none('it is not about the projects alone that its last message was about');
  const { ledgers, without } = await readLedgers(state, messages.projects);
  const stale = whyStale(ledgers, nowMs);
  if (stale !== undefined) return none(stale);
  const looks = ledgers.map(({ lookedMs }) => lookedMs);
  const standing = standingOf({ messages, ledgers, without }, watch, Math.max(...looks));
  if (standing.kind === 'none') return standing;
  return {
    ...standing,
    complete: ledgers.every(({ completeMs, lookedMs }) => completeMs === lookedMs),
    oldestMs: Math.min(...looks),
  };
}
