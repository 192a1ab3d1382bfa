import { isPriced, type Price, type Priced } from './price.ts';

const DAY_MS = 86_400_000;

/** Google may change Spot prices once a day: a figure older than this is a range. https://cloud.google.com/spot-vms/pricing */
const FRESH_DAYS = 30;

/** In the changes of ten machines in four regions from January 2025 to July 2026 none went beyond this factor within so many days. */
const SWING = 2.2;
const SWING_DAYS = 120;

/** "Discounts of up to 91 %", and never more than on demand. */
const LEAST_SHARE = 0.09;

/** A Spot price as of a day, and the last one that was seen. */
export type SpotPrice = Exclude<Price, Priced> | (Priced & { readonly lastKnownUsd: number });

/** A Spot price of a book as of `now`: the figure itself while it is fresh, else what it may be by now, below the price on demand. */
export function agedSpot(spot: Price, onDemand: Price, now: Date): SpotPrice {
  if (!isPriced(spot)) return spot;
  const lastKnownUsd = spot.usd.low;
  const days = Math.floor((now.getTime() - Date.parse(spot.asOf)) / DAY_MS);
  if (days <= FRESH_DAYS) return { ...spot, lastKnownUsd };
  const top = isPriced(onDemand) ? onDemand.usd.high : Infinity;
  const least = isPriced(onDemand) ? onDemand.usd.low * LEAST_SHARE : 0;
  const recent = days <= SWING_DAYS || top === Infinity;
  const low = Math.max(least, recent ? lastKnownUsd / SWING : 0);
  const high = Math.min(top, recent ? spot.usd.high * SWING : Infinity);
  return {
    ...spot,
    lastKnownUsd,
    // Where sources disagree on the price on demand, the last Spot price may lie outside these bounds.
    usd: { low: Math.min(low, lastKnownUsd), high: Math.max(high, spot.usd.high) },
    note: 'Spot prices change daily: this is what they may be by now',
  };
}
