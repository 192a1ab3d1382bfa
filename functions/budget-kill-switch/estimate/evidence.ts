import type { Rung } from '../../../shared/policy/policy.ts';
import { cents, formatAmount } from '../../../shared/prices/money.ts';
import { isBurnKnown, type Estimate } from '../../../shared/spend/estimate.ts';
import { percentText } from '../../../shared/units.ts';
import type { Verdict } from '../decide.ts';
import type { Estimated } from './estimated.ts';

type Due = Pick<Extract<Verdict, { kind: 'due' }>, 'estimated'>;

/** What holds then of the bounds. */
const INCOMPLETE =
  'the latest look did not see all: low is frozen for what it did not see again, and there is no upper bound, for more may run';

/** Why a rung is due by the estimate alone; undefined where the message makes it due. */
export function estimatedWhy({ estimated }: Due, rung: Rung): string | undefined {
  return estimated?.rungs.find((one) => one.do === rung.do)?.why;
}

/** The numbers of an estimate, where a rung is due by it alone: they go into the receipt. */
export function estimateEvidence(due: Due, rung: Rung): Readonly<Record<string, unknown>> {
  const why = estimatedWhy(due, rung);
  if (why === undefined || due.estimated === undefined) return {};
  const { complete } = due.estimated;
  const { spend, whyOpen, burn, atMs, reading } = due.estimated.estimate;
  const { fit, reported } = reading;
  return {
    estimated: {
      why,
      lowUsd: cents(spend.low),
      expectedUsd: cents(spend.expected),
      highUsd: spend.high === null ? null : cents(spend.high),
      ...(whyOpen === undefined ? {} : { noHigh: whyOpen }),
      at: timeOf(atMs),
      burnUsdPerHour: isBurnKnown(due.estimated.estimate) ? cents(burn.expected) : 'not known',
      reportedUsd: reported?.cost,
      reportedAt: reported === undefined ? undefined : timeOf(reported.atMs),
      factor: Number(fit.factor.toFixed(3)),
      lagHours: fit.lagHours,
      ...(complete ? {} : { incomplete: INCOMPLETE }),
    },
  };
}

/** `Estimated: 1,012.20 to 1,104.50 USD by now, expected 1,040.00 (104.0 %), …`, for the alert. */
export function estimateText({ share, estimate, complete }: Estimated): string {
  const { spend, whyOpen, reading } = estimate;
  const { fit, reported } = reading;
  const since = reported === undefined ? 'with nothing reported yet' : `reported ${timeOf(reported.atMs)}`;
  const range =
    spend.high === null
      ? `${formatAmount(spend.low)} USD or more`
      : `${formatAmount(spend.low)} to ${formatAmount(spend.high)} USD`;
  const open = whyOpen === undefined ? '' : `; no upper point, for ${whyOpen}`;
  return `Estimated: ${range} by now, expected ${formatAmount(spend.expected)} (${percentText(share)}), ${burnText(estimate)}; ${since}, factor ${fit.factor.toFixed(2)}, lag ${fit.lagHours} h${fit.determined ? '' : ' (stated defaults)'}${complete ? open : ', the latest look incomplete'}.`;
}

function burnText({ burn, spend }: Estimate): string {
  if (!isBurnKnown({ burn, spend })) return 'at a rate that is not known';
  return burn.expected === 0 && burn.high > 0
    ? `at up to ${formatAmount(burn.high)} USD an hour`
    : `at ${formatAmount(burn.expected)} USD an hour`;
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
