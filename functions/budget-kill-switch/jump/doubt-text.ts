import { percentText } from '../../../shared/units.ts';
import type { Config } from '../config.ts';
import type { Notification } from '../message/notification.ts';
import { APART_MS } from './judge-figure.ts';
import { doubtedRungs, type Doubt } from './without-doubted.ts';

/** What is awaited before rungs fire on a figure that is doubted; undefined where no rung waits. Pure. */
export function doubtText(
  doubt: Doubt,
  { displayName, currencyCode }: Pick<Notification, 'displayName' | 'currencyCode'>,
  { jump, basis }: Pick<Config, 'jump' | 'basis'>,
): string | undefined {
  const waiting = doubtedRungs(doubt);
  if (waiting.length === 0) return undefined;
  const { known, reported } = doubt;
  const money = (units: number): string => `${units.toFixed(2)} ${currencyCode}`;
  const rungs = waiting.map((rung) => `${rung.do} (${percentText(rung.at)})`).join(', ');
  const estimate = basis === 'live' ? ', or for spend-watch’s estimate' : '';
  return `Budget "${displayName}": ${money(reported)} reported, ${money(reported - known.cost)} more than the last known figure (${money(known.cost)} at ${new Date(known.atMs).toISOString()}). One message is believed up to ${percentText(jump)} of the budget more (budgets.jump): ${rungs} wait${waiting.length === 1 ? 's' : ''} for a second message that reports as much, published ${APART_MS / 60_000} minutes or more apart${estimate}. Google sends one every 20 to 30 minutes.`;
}
