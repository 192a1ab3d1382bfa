import type { Rung } from '../../../shared/policy/policy.ts';
import { isBurnKnown, type Estimate } from '../../../shared/spend/estimate.ts';
import type { Fit } from '../../../shared/spend/fit.ts';
import type { Ledger } from '../../../shared/spend/ledger.ts';
import { standingOf } from '../../../shared/spend/standing.ts';
import type { Config } from '../config.ts';
import type { BudgetFacts } from '../facts.ts';
import { isSpentKnown, type OpenBand } from '../../../shared/spend/band.ts';
import { openCentsOf } from './cents.ts';
import { cents } from '../../../shared/prices/money.ts';

const HOUR_MS = 3_600_000;

/** Of a period without an end, what lies further ahead is no forecast. */
const MAX_DATE_MS = Date.parse('2100-01-01T00:00:00Z');

/** Where a budget stands; with `notEvaluable`, why that cannot be told. */
export interface BudgetEvidence {
  readonly budget: string;
  readonly name: string;
  readonly amount: number;
  readonly currencyCode: string;
  readonly notEvaluable?: string;
  /** RFC 3339. */
  readonly periodStart?: string;
  readonly spendUsd?: OpenBand;
  /** Not all of its projects was looked at, or not since a time that reports hold: there may be more, and `spendUsd.high` is null. */
  readonly partial?: boolean;
  /** Which of the two, as a part of a sentence. */
  readonly partialWhy?: string;
  /** Expected, of the amount; absent where nothing is expected and not all was looked at. */
  readonly share?: number;
  /** The latest report of cost. */
  readonly reported?: 'nothing yet' | { readonly usd: number; readonly at: string };
  readonly fit?: Readonly<Record<string, unknown>>;
  /** The report that proves the lower bound. */
  readonly low?: Readonly<Record<string, unknown>>;
  /** Whether the ledgers reach back to the beginning of the period. */
  readonly ledgersFromStart?: boolean;
  /**
   * What `spendUsd` grows by an hour at the present burn: by the fit, with services that the watch does not see. Absent where nothing was
   * seen and not all was looked at; `high` is null where `spendUsd` has none.
   */
  readonly growthUsdPerHour?: { readonly expected: number; readonly high: number | null };
  /** Why nothing may be done on this estimate. */
  readonly blocked?: string;
  readonly rungs?: readonly RungEvidence[];
}

export interface RungEvidence {
  readonly at: number;
  readonly do: string;
  readonly usd: number;
  /** RFC 3339, or in words. */
  readonly when: string;
  readonly earliest: string;
}

/** Where one budget stands, with the numbers and the fit; or why that cannot be told. */
export function budgetEvidence(
  { messages, others, without }: BudgetFacts,
  own: Ledger,
  config: Config,
  nowMs: number,
): BudgetEvidence {
  const { budget, displayName, amount, currencyCode, period } = messages;
  const about = { budget, name: displayName, amount, currencyCode };
  const standing = standingOf({ messages, ledgers: [own, ...others], without }, config, nowMs);
  if (standing.kind === 'none') return { ...about, notEvaluable: standing.why };
  const { estimate, blocked } = standing;
  return {
    ...about,
    periodStart: new Date(period.startMs).toISOString(),
    spendUsd: openCentsOf(estimate.spend),
    partial: estimate.spend.high === null,
    ...(estimate.whyOpen === undefined ? {} : { partialWhy: estimate.whyOpen }),
    ...(isSpentKnown(estimate.spend) ? { share: Number((estimate.spend.expected / amount).toFixed(4)) } : {}),
    ...readingEvidence(estimate, config.discountAtMost),
    ...(isBurnKnown(estimate) ? { growthUsdPerHour: growthEvidence(estimate) } : {}),
    ...(blocked === undefined ? {} : { blocked }),
    rungs: config.ladder.map((rung) => rungEvidence(rung, amount, estimate, period.endMs)),
  };
}

function growthEvidence({ growth, spend }: Estimate): NonNullable<BudgetEvidence['growthUsdPerHour']> {
  return { expected: cents(growth.expected), high: spend.high === null ? null : cents(growth.high) };
}

function readingEvidence(
  { reading }: Estimate,
  discountAtMost: number | null,
): Pick<BudgetEvidence, 'reported' | 'fit' | 'low' | 'ledgersFromStart'> {
  const { reported, fit, leastFactor, proof, fromStart } = reading;
  const at = (ms: number): string => new Date(ms).toISOString();
  return {
    reported: reported === undefined ? 'nothing yet' : { usd: reported.cost, at: at(reported.atMs) },
    fit: {
      ...(fit.determined ? {} : { default: defaultReason(fit) }),
      lagHours: fit.lagHours,
      lagRangeHours: fit.lagRangeHours,
      factor: Number(fit.factor.toFixed(3)),
      factorRange: fit.factorRange.map((one) => Number(one.toFixed(3))),
      unseenUsdPerHour: cents(fit.residualPerHour),
      unseenRangeUsdPerHour: fit.residualRange.map(cents),
      errorUsd: cents(fit.errorUsd),
      reports: fit.points,
    },
    ...(proof === undefined
      ? {}
      : {
          low: {
            reported: proof.cost,
            at: at(proof.atMs),
            leastFactor,
            discountAtMost: discountAtMost ?? 'not known',
          },
        }),
    ledgersFromStart: fromStart,
  };
}

/** Why lag and factor are the stated defaults. */
function defaultReason({ settled, points }: Fit): string {
  return settled
    ? `${points} reports do not tell lag and factor yet: too short a time is watched for what changed in it`
    : `fewer than three reports: ${points}`;
}

/** A rung, and when the present burn reaches it: as expected, and at the earliest. By the fit, not at list prices. */
function rungEvidence(
  { at, do: action }: Rung,
  amount: number,
  { spend, burn, growth, atMs }: Estimate,
  endMs: number | undefined,
): RungEvidence {
  const usd = at * amount;
  const reach = (spentUsd: number, usdPerHour: number): number =>
    spentUsd >= usd ? atMs : usdPerHour > 0 ? atMs + ((usd - spentUsd) / usdPerHour) * HOUR_MS : Infinity;
  const text = (reachedMs: number, already: string): string =>
    reachedMs <= atMs
      ? already
      : reachedMs < (endMs ?? MAX_DATE_MS)
        ? new Date(reachedMs).toISOString()
        : 'not in this period at the present burn';
  const whenExpected = (): string => {
    if (spend.low >= usd) return 'reached';
    if (!isSpentKnown(spend) || (spend.expected < usd && !isBurnKnown({ burn, spend }))) return 'not known';
    return text(reach(spend.expected, growth.expected), 'expected to be reached');
  };
  const earliest = (): string => {
    if (spend.low >= usd) return 'reached';
    if (spend.high !== null) return text(reach(spend.high, growth.high), 'may be reached');
    return spend.expected >= usd ? 'may be reached' : 'not known';
  };
  return {
    ...{ at, do: action, usd: cents(usd) },
    when: whenExpected(),
    earliest: earliest(),
  };
}
