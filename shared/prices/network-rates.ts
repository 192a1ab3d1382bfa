import { lazyBook } from './book.ts';
import networkJson from './books/network-prices.json' with { type: 'json' };
import { isPriced, priceOf, sumPrices, timesPrice, unpriced, type Price } from './price.ts';

const network = lazyBook(networkJson);

/** To where on the internet: Google's price list has one list for Australia, one for China and one for the rest. */
export type Destination = 'worldwide' | 'australia' | 'china';

/** Tiers of a month: up to so many GiB. */
const TIERS = [
  { name: '0-1', uptoGib: 1_024 },
  { name: '1-10', uptoGib: 10_240 },
  { name: '10n', uptoGib: Infinity },
] as const;

/** What so many GiB to the internet cost in a month, Premium tier, from the first byte of the month on. */
export function internetPrice(gib: number, region: string, to: Destination = 'worldwide'): Price {
  let from = 0;
  const parts: Price[] = [];
  for (const { name, uptoGib } of TIERS) {
    const inTier = Math.min(gib, uptoGib) - from;
    if (inTier <= 0 && parts.length > 0) break;
    const figure = network().find('on-demand', `internet-egress-${to}.${name}`, region);
    if (figure === undefined) return unpriced(`no price for internet egress from ${region}`);
    parts.push(timesPrice(priceOf(figure), Math.max(0, inTier)));
    from = uptoGib;
  }
  const [first, ...rest] = parts;
  return first === undefined ? unpriced('no tier') : sumPrices([first, ...rest]);
}

/** An external IPv4 address in use, an hour. */
export function addressPrice(region: string): Price {
  const figure =
    network().find('on-demand', 'external-ip-in-use', region) ??
    // It has the same price in every region of the list.
    network().find('on-demand', 'external-ip-in-use', 'us-central1');
  return figure === undefined ? unpriced(`no price for an address in ${region}`) : priceOf(figure);
}

/** Whether every region costs the same may change with the book: the test of the book holds it. */
export function hasNetworkPrices(region: string): boolean {
  return isPriced(internetPrice(1, region));
}

/** The day of most of its prices. */
export const networkRatesDate = (): string => network().asOf;
