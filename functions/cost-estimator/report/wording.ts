import { GIB } from '../../../shared/prices/quantities.ts';
import type { UsdRange } from '../../../shared/prices/money.ts';
import { isPriced, type Price } from '../../../shared/prices/price.ts';
import type { Tone } from '../../../shared/report/chart.ts';
import { tag, type Child } from '../../../shared/report/markup.ts';
import { figure, usdRangeFigure, usdText } from '../../../shared/report/numbers.ts';
import type { Line } from '../estimate/lines.ts';

/** Below a dollar four digits that count: prices an hour and a GB are small. */
export function rateText(usd: number): string {
  return usd >= 1 || usd === 0 ? usdText(usd) : `$${atLeastCents(String(Number(usd.toPrecision(4))))}`;
}

/** `0.7` -> `0.70` */
const atLeastCents = (text: string): string => text.replace(/\.(\d)$/, '.$10');

/** `$1.08`, `$1.00 – $2.00`, `at least $3.00`, `unpriced`. */
export function priceText(price: Price, text: (usd: number) => string = usdText): string {
  if (isPriced(price)) return rangeText(price.usd, text);
  return price.atLeastUsd === undefined ? 'unpriced' : `at least ${text(price.atLeastUsd)}`;
}

function rangeText({ low, high }: UsdRange, text: (usd: number) => string): string {
  const [from, to] = [text(low), text(high)];
  return from === to ? to : `${from} – ${to}`;
}

/** The same with its exact value in the page. */
export function priceFigure(price: Price): Child {
  if (isPriced(price)) return usdRangeFigure(price.usd);
  if (price.atLeastUsd === undefined) return tag('span', { title: price.why }, 'unpriced');
  return ['at least ', figure(price.atLeastUsd, usdText(price.atLeastUsd))];
}

/** What it is sorted by: what costs most first, what has no price last. */
export const priceKey = (price: Price): number | undefined => (isPriced(price) ? price.usd.high : undefined);

/** What people read for a kind of line, and its colour in the charts. */
export const LINE_KINDS: Readonly<Record<Line['kind'], { readonly text: string; readonly tone: Tone }>> = {
  machine: { text: 'machine', tone: 'blue' },
  gpu: { text: 'GPUs', tone: 'purple' },
  'local-ssd': { text: 'local SSD', tone: 'teal' },
  disk: { text: 'disk', tone: 'orange' },
  storage: { text: 'storage', tone: 'pink' },
  egress: { text: 'egress', tone: 'red' },
  transfer: { text: 'transfer of the data', tone: 'red' },
  fee: { text: 'fee', tone: 'grey' },
};

const gibFormat = (digits: number): Intl.NumberFormat =>
  new Intl.NumberFormat('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** `16.2 GiB` of bytes, as GPU memory is written. */
export const gibText = (bytes: number): string =>
  `${gibFormat(bytes < 8 * GIB ? 2 : 1).format(bytes / GIB)} GiB`;
