import type { Rung } from '../../../shared/policy/policy.ts';
import type { Estimate } from '../../../shared/spend/estimate.ts';
import { reachOf, type EarlierEstimate } from '../../../shared/spend/rungs.ts';
import type { Judged } from '../decide.ts';

/** A rung that is due by an estimate, and why. */
export interface EstimatedRung {
  readonly do: Rung['do'];
  readonly why: string;
}

/** What is spent by now as spend-watch has it, and what follows from that. */
export interface Estimated {
  readonly estimate: Estimate;
  /** Whether the latest look at each project saw all. */
  readonly complete: boolean;
  /** Expected, of the budget's amount. */
  readonly share: number;
  /** Those that are due by the estimate and not by the message. */
  readonly rungs: readonly EstimatedRung[];
  /** The highest rung that is expected to be reached and not sure enough to fire; undefined when there is none. */
  readonly unsure: EstimatedRung | undefined;
  /** The highest rung, USD, that is surely reached by now, or was in this period; 0 for none. */
  readonly sureUsd: number;
}

/** What spend-watch's ledgers say about a budget, with what is remembered of the look before. */
export interface Look {
  readonly estimate: Estimate;
  readonly complete: boolean;
  readonly before: EarlierEstimate | undefined;
  /** The highest rung, USD, that an earlier look of the period was sure of, and that each one since expected; 0 for none. */
  readonly sureUsd: number;
  /** Whether a ledger began anew since: what it has lost is spent, and not expected. */
  readonly isLost: boolean;
}

/**
 * Which rungs an estimate reaches: it is a ladder, and what is below a rung that is due is due. What an earlier look was sure of is spent:
 * its rung stays due while it is expected, however wide a later report makes the range, and while a ledger has lost it. Billing is never
 * unlinked on it. `dueByMessage` need no estimate. Pure.
 */
export function judgeLook(
  { ladder, budgetAmount }: Judged,
  { estimate, complete, before, sureUsd, isLost }: Look,
  dueByMessage: readonly Rung[],
): Estimated {
  const reaches = ladder
    .filter((rung) => rung.do !== 'unlink-billing')
    .map((rung) => {
      const rungUsd = rung.at * budgetAmount;
      const { notify, stop, why } = reachOf(rungUsd, estimate, before);
      // What was not seen may be gone: then only what is spent at the least counts.
      const isSeen = complete || estimate.spend.low >= rungUsd;
      const isSure = stop && isSeen;
      const isHeld = !isSure && (notify || isLost) && rungUsd <= sureUsd;
      const isDue = rung.do === 'notify' ? notify : isSure || isHeld;
      const still = notify ? 'it is expected still' : 'the ledgers began anew since';
      const because = isHeld ? `an earlier look was sure of it, and ${still} (${why})` : why;
      return { rung, rungUsd, why: because, isDue, isSure, isExpected: notify };
    });
  const highest = reaches.findLast(({ isDue }) => isDue);
  const due = reaches.filter(({ rung }) => highest !== undefined && rung.at <= highest.rung.at);
  const isTold = (rung: Rung): boolean => dueByMessage.some((one) => one.do === rung.do);
  const unsure = reaches.findLast(({ rung, isExpected }) => isExpected && !isTold(rung));
  return {
    estimate,
    complete,
    unsure:
      unsure === undefined || due.includes(unsure) ? undefined : { do: unsure.rung.do, why: unsure.why },
    sureUsd: Math.max(sureUsd, ...reaches.map(({ rungUsd, isSure }) => (isSure ? rungUsd : 0))),
    share: estimate.spend.expected / budgetAmount,
    rungs: due.filter(({ rung }) => !isTold(rung)).map(({ rung, why }) => ({ do: rung.do, why })),
  };
}
