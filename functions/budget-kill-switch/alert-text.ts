import type { Rung } from '../../shared/policy.ts';
import { percent, type Shares } from './decide.ts';
import type { Notification } from './notification.ts';

/** The alert in words: cost, budget, share, what fires, and what comes next and when at the present rate. */
export function alertText(
  message: Notification,
  shares: Shares,
  rungs: readonly Rung[],
  next: Rung | undefined,
  projects: readonly string[],
  ratePerHour: number | undefined,
): string {
  const { displayName, costAmount, currencyCode, periodStartMs } = message;
  const units = costAmount / shares.actual;
  const fires = rungs.map((rung) => `${rung.do} (${percent(rung.at)})`).join(', ');
  return [
    `Budget "${displayName}": ${money(costAmount)} of ${money(units)} ${currencyCode} spent since ${new Date(periodStartMs).toISOString().slice(0, 10)}, that is ${percent(shares.actual)}.`,
    `Due: ${fires}${projects.length > 0 ? ` on ${projects.join(', ')}` : ''}.`,
    next === undefined
      ? 'Nothing comes after that.'
      : `Next: ${next.do} at ${percent(next.at)} (${money(next.at * units)} ${currencyCode})${when(next.at * units - costAmount, ratePerHour)}.`,
  ].join(' ');
}

/** When that much more is spent if it goes on as in the last hours. */
function when(missing: number, ratePerHour: number | undefined): string {
  if (ratePerHour === undefined) return '; the present rate is not known yet';
  if (ratePerHour === 0) return '; at present nothing is spent';
  const hours = missing / ratePerHour;
  const text =
    hours < 48 ? `${hours < 1 ? 'less than 1' : Math.round(hours)} h` : `${Math.round(hours / 24)} days`;
  return `, in about ${text} at the present rate`;
}

function money(amount: number): string {
  return amount.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}
