import { percentText } from '../../../shared/units.ts';
import type { Config } from '../config.ts';
import type { Notification } from '../message/notification.ts';
import { APART_MS } from './anchor.ts';
import { doubtedRungs, type Doubt } from './without-doubted.ts';

/** What is awaited before rungs fire on a figure that is doubted; undefined where no rung waits. Pure. */
export function doubtText(doubt: Doubt, { jump, basis }: Pick<Config, 'jump' | 'basis'>): string | undefined {
  const waiting = doubtedRungs(doubt);
  if (waiting.length === 0) return undefined;
  const rungs = waiting.map((rung) => `${rung.do} (${percentText(rung.at)})`).join(', ');
  const estimate = basis === 'live' ? ', or for spend-watch’s estimate' : '';
  return `Budget "${doubt.reported.displayName}": ${growthText(doubt)}. One message is believed up to ${percentText(jump)} of the budget more than two messages reported (budgets.jump): ${rungs} wait${waiting.length === 1 ? 's' : ''} for a second message that reports as much, published ${APART_MS / 60_000} minutes or more apart${estimate}. Google sends one every 20 to 30 minutes.`;
}

function growthText({ known, knownMs, reported }: Doubt): string {
  const at = new Date(knownMs).toISOString();
  const money = (units: number, { currencyCode }: Pick<Notification, 'currencyCode'>): string =>
    `${units.toFixed(2)} ${currencyCode}`;
  const share = ({ forecastExceeded }: Notification): string =>
    forecastExceeded === undefined ? 'none' : percentText(forecastExceeded);
  if (known.costAmount === reported.costAmount && known.budgetAmount === reported.budgetAmount)
    return `a forecast of at least ${share(reported)} reported, where the last known one was ${share(known)} (at ${at})`;
  const cost = money(reported.costAmount, reported);
  const before = money(known.costAmount, known);
  if (known.budgetAmount === reported.budgetAmount && known.currencyCode === reported.currencyCode)
    return `${cost} reported, ${money(reported.costAmount - known.costAmount, reported)} more than the last known figure (${before} at ${at})`;
  // The last period's cost is an amount that the message alone names: it may be what jumped.
  return `${cost} of ${money(reported.budgetAmount, reported)} reported, where the last known figure was ${before} of ${money(known.budgetAmount, known)} (at ${at})`;
}
