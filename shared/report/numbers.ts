import { once } from '../once.ts';
import { format } from 'd3-format';
import { tag, type Markup } from './markup.ts';

/*
 * How numbers are written for people, in one place. A page also carries each number as it is, in
 * `<data value="1234.5">$1,234.50</data>`: that is what the JSON and the CSV hold.
 */

const cents = format('$,.2f');
const dollars = format('$,.0f');
const percent = format('.1%');

/** `$1,234.50`; what is more than nothing and less than a cent is not written as nothing. */
export function usdText(usd: number): string {
  return usd > 0 && usd < 0.005 ? '<$0.01' : cents(usd);
}

/** `$1,235`, for where there is little room: cents only below a hundred dollars. */
export function shortUsdText(usd: number): string {
  return usd < 99.995 ? usdText(usd) : dollars(usd);
}

/** `$40` or `$0.25`, for an axis. */
export function axisUsdText(usd: number): string {
  return Number.isInteger(usd) ? dollars(usd) : cents(usd);
}

/** One amount, or two with a dash where they differ. */
export function usdRangeText({ low, high }: { low: number; high: number }, text = usdText): string {
  const [from, to] = [text(low), text(high)];
  return from === to ? to : `${from} – ${to}`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** `1.23 TiB`: three digits, in powers of 1024, as prices count. */
export function bytesText(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  while (amount >= 1023.5 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  const decimals = unit === 0 || amount >= 99.95 ? 0 : amount >= 9.995 ? 1 : 2;
  return `${format(`,.${decimals}f`)(amount)} ${UNITS[unit] ?? ''}`;
}

/** The unit in which up to `most` bytes are written at an axis: its size, and how a number of it is written. */
export function bytesScale(most: number): {
  readonly unitBytes: number;
  readonly text: (units: number) => string;
} {
  const unit = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(most) / 10)));
  return { unitBytes: 1024 ** unit, text: (units) => `${format(',~r')(units)} ${UNITS[unit] ?? ''}` };
}

/** `12.3%` for 0.123. */
export function shareText(share: number): string {
  if (share === 0) return '0%';
  return share < 0.0005 ? '<0.1%' : percent(share);
}

/** `1,234` or `1,234.57`. */
export function countText(count: number): string {
  return format(Number.isInteger(count) ? ',d' : ',.2~f')(count);
}

const inUtc = (parts: Intl.DateTimeFormatOptions): (() => Intl.DateTimeFormat) =>
  once(() => new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', ...parts }));

const day = inUtc({ day: 'numeric', month: 'short', year: 'numeric' });
const dayOfMonth = inUtc({ day: 'numeric', month: 'short' });
const clock = inUtc({ hour: '2-digit', minute: '2-digit' });

/** `24 Nov 2026`, in UTC. */
export function dayText(time: string): string {
  return day().format(new Date(time));
}

/** `24 Nov`, in UTC. */
export function shortDayText(time: string): string {
  return dayOfMonth().format(new Date(time));
}

/** `17:54`, in UTC. */
export function timeText(time: string): string {
  return clock().format(new Date(time));
}

/** `24 Nov 2026, 17:54 UTC`. */
export function momentText(time: string): string {
  const date = new Date(time);
  return `${day().format(date)}, ${clock().format(date)} UTC`;
}

/** A number with what people read of it. */
export function figure(value: number, text: string): Markup {
  return tag('data', { value }, text);
}

/** An amount, or a lower and an upper one, each with its exact value. */
export function usdRangeFigure({ low, high }: { low: number; high: number }): Markup {
  const [from, to] = [usdText(low), usdText(high)];
  if (from === to) return tag('span', { class: 'range' }, figure(high, to));
  return tag('span', { class: 'range' }, figure(low, from), ' – ', figure(high, to));
}
