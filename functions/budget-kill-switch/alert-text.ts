import type { Rung } from '../../shared/policy.ts';
import { percent, type Shares } from './decide.ts';
import type { Notification } from './notification.ts';

const HOUR_MS = 3_600_000;

/** The alert in words: cost, budget, share, what fires, and what comes next and when at the present rate. */
export function alertText(
  message: Notification,
  shares: Shares,
  rungs: readonly Rung[],
  next: Rung | undefined,
  projects: readonly string[],
  now: Date,
): string {
  const { displayName, costAmount, currencyCode, periodStartMs } = message;
  const units = costAmount / shares.actual;
  const fires = rungs.map((rung) => `${rung.do} (${percent(rung.at)})`).join(', ');
  return [
    `Budget "${displayName}": ${money(costAmount)} of ${money(units)} ${currencyCode} spent since ${new Date(periodStartMs).toISOString().slice(0, 10)}, that is ${percent(shares.actual)}.`,
    `Due: ${fires}${projects.length > 0 ? ` on ${projects.join(', ')}` : ''}.`,
    next === undefined
      ? 'Nothing comes after that.'
      : `Next: ${next.do} at ${percent(next.at)} (${money(next.at * units)} ${currencyCode})${when(costAmount, next.at * units, now.getTime() - periodStartMs)}.`,
  ].join(' ');
}

/** When the cost reaches `target` if it goes on as it did on average since the period began. */
function when(cost: number, target: number, elapsedMs: number): string {
  if (!(cost > 0) || elapsedMs <= 0) return '';
  const hours = ((target - cost) / cost) * (elapsedMs / HOUR_MS);
  if (!Number.isFinite(hours) || hours < 0) return '';
  const text = hours < 48 ? `${Math.max(1, Math.round(hours))} h` : `${Math.round(hours / 24)} days`;
  return `, in about ${text} at the period's average rate`;
}

function money(amount: number): string {
  return amount.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}
