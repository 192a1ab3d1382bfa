import type { Config } from '../config.ts';
import type { Estimated } from '../estimate/estimated.ts';
import { estimateText } from '../estimate/evidence.ts';
import { formatAmount } from '../../../shared/prices/money.ts';
import { isBurnKnown } from '../../../shared/spend/estimate.ts';
import { MAX_LAG_HOURS } from '../../../shared/spend/fit.ts';
import { percentText } from '../../../shared/units.ts';
import type { Verdict } from '../decide.ts';
import type { Notification } from './notification.ts';
import { periodKey } from './period.ts';

export interface Alert {
  readonly message: Notification;
  readonly verdict: Extract<Verdict, { kind: 'due' }>;
  readonly basis: Config['basis'];
  /** Ids of those that the rungs above notify are for. */
  readonly projects: readonly string[];
  /** Cost per hour at present; undefined when not known. */
  readonly ratePerHour: number | undefined;
  /** Until the period ends; undefined when it has no end. */
  readonly hoursLeft: number | undefined;
}

/** More projects than this are counted, not named. */
const MAX_NAMED = 10;

/** The alert in words: cost, budget, share, what is due, and what comes next and when at the present rate. */
export function alertText(alert: Alert): string {
  const { message, verdict, projects } = alert;
  const { displayName, costAmount, currencyCode, periodStartMs } = message;
  const { shares, budgetAmount, rungs, estimated, doubt } = verdict;
  const spent = `Budget "${displayName}": ${formatAmount(costAmount)} of ${formatAmount(budgetAmount)} ${currencyCode} spent since ${periodKey(periodStartMs)}`;
  // The rungs are shares as well.
  if (budgetAmount === 0)
    return `${spent}, and no share of an amount of 0 can be told. Due: ${rungs.map((rung) => rung.do).join(', ')}; no other rung acts.`;
  const due = rungs.map((rung) => `${rung.do} (${percentText(rung.at)})`).join(', ');
  return [
    `${spent}, that is ${percentText(shares.actual)}.`,
    ...(shares.forecast > shares.actual && alert.basis !== 'actual'
      ? [`Forecast: at least ${percentText(shares.forecast)}.`]
      : []),
    ...(estimated === undefined ? [] : [estimateText(estimated)]),
    ...(doubt === undefined ? [] : [doubt]),
    `Due: ${due}${projects.length > 0 ? ` on ${named(projects)}` : ''}.`,
    next(alert),
  ].join(' ');
}

function next({ message, verdict, basis, ratePerHour, hoursLeft }: Alert): string {
  const { next, budgetAmount, estimated } = verdict;
  if (next === undefined) return 'Nothing comes after that.';
  const { costAmount, currencyCode } = message;
  const spent = Math.max(costAmount, estimated?.estimate.spend.expected ?? 0);
  const rate = estimated === undefined ? ratePerHour : rateBy(estimated, ratePerHour);
  const amount = next.at * budgetAmount;
  const byReports = estimated !== undefined && next.do === 'unlink-billing' ? UNLINKS_BY_REPORTS : '';
  const place = `${next.do} at ${percentText(next.at)} (${formatAmount(amount)} ${currencyCode})`;
  return basis === 'forecast' && next.do !== 'unlink-billing'
    ? `Next: ${place} of forecast.`
    : `Next: ${place}${when(amount - spent, rate, hoursLeft)}${byReports}.`;
}

const UNLINKS_BY_REPORTS = ` by the estimate; it goes by reported cost, which comes up to ${MAX_LAG_HOURS} h later`;

/** What spend grows by an hour, or where the estimate does not tell, what reports grew by. That they stand still says nothing of what was not seen. */
function rateBy({ estimate }: Estimated, reported: number | undefined): number | undefined {
  const { growth, burn } = estimate;
  if (growth.expected > 0) return growth.expected;
  return reported === 0 && (burn.high > 0 || !isBurnKnown(estimate)) ? undefined : reported;
}

/** When that much more is spent if it goes on as in the last hours. */
function when(missing: number, ratePerHour: number | undefined, hoursLeft: number | undefined): string {
  if (missing <= 0) return '; expected to be reached';
  if (ratePerHour === undefined) return '; the present rate is not known yet';
  if (ratePerHour === 0) return '; at present nothing is spent';
  const hours = missing / ratePerHour;
  if (hoursLeft !== undefined && hours > hoursLeft) return '; not in this period at the present rate';
  const rounded =
    hours < 48 ? `${Math.round(hours)} h` : `${Math.round(hours / 24).toLocaleString('en-US')} days`;
  return `, in ${hours < 1 ? 'less than 1 h' : `about ${rounded}`} at the present rate`;
}

function named(projects: readonly string[]): string {
  const more = projects.length - MAX_NAMED;
  return [...projects.slice(0, MAX_NAMED), ...(more > 0 ? [`${more} more`] : [])].join(', ');
}
