import {
  addUsd,
  NO_USD,
  scaleUsd,
  sumUsd,
  type UsdPerMonth,
  type UsdRange,
} from '../../../shared/prices/money.ts';
import { GIB } from '../../../shared/prices/quantities.ts';
import { sum } from '../traffic/facts.ts';
import type { Headline, Known, Lane, LaneKind, Part } from './report.ts';

/** What Cloud NAT and load balancers process takes another lane as well, and its bytes count there. */
export function isProcessing(kind: LaneKind): boolean {
  return kind === 'nat' || kind === 'inter-region-nat' || kind === 'load-balancer';
}

export function sharesOf(
  { bytes, usdPerMonth }: { readonly bytes: number; readonly usdPerMonth: UsdPerMonth },
  headline: Headline,
): Pick<Lane, 'bytesShare' | 'costShare'> {
  const total = headline.usdPerMonth.high;
  return {
    bytesShare: headline.bytes === 0 ? 0 : bytes / headline.bytes,
    costShare: usdPerMonth === 'unpriced' ? null : total === 0 ? 0 : usdPerMonth.high / total,
  };
}

/** Lanes by cost; those that cannot reach `reportAbove` become one line. What has no price is never small. */
export function sumSmall(lanes: readonly Lane[], reportAbove: number, headline: Headline): readonly Lane[] {
  const small: (Lane & { readonly usdPerMonth: UsdRange })[] = [];
  const shown: Lane[] = [];
  for (const lane of lanes) {
    const { usdPerMonth } = lane;
    if (usdPerMonth !== 'unpriced' && usdPerMonth.high < reportAbove) small.push({ ...lane, usdPerMonth });
    else shown.push(lane);
  }
  shown.sort((a, b) => costOf(b) - costOf(a) || b.bytes - a.bytes || (a.id < b.id ? -1 : 1));
  if (small.length === 0) return shown;
  const usdPerMonth = small.reduce((total, lane) => addUsd(total, lane.usdPerMonth), NO_USD);
  const counted = small.filter(({ kind }) => !isProcessing(kind));
  const bytes = sum(counted.map((lane) => lane.bytes));
  return [
    ...shown,
    {
      id: 'small-lanes',
      kind: 'small-lanes',
      from: `${small.length} small ${small.length === 1 ? 'lane' : 'lanes'}`,
      to: `below ${reportAbove} USD a month each`,
      tier: null,
      bytes,
      monthlyBytes: sum(counted.map((lane) => lane.monthlyBytes)),
      usdPerMonth,
      usdPerGib: null,
      previous: small.some(({ previous }) => previous === null)
        ? null
        : {
            bytes: sum(counted.map(({ previous }) => previous?.bytes ?? 0)),
            usdPerMonth: sumUsd(small.map(({ previous }) => previous?.usdPerMonth ?? NO_USD)),
          },
      known: sumKnown(small),
      ...sharesOf({ bytes, usdPerMonth }, headline),
      pricing: 'the sum of their prices',
      mark: null,
      bounds: usdPerMonth.low === usdPerMonth.high ? null : 'some of them have bounds of their own',
      topTalkers: [],
      talkers: 0,
    },
  ];
}

/** What a GiB comes to; null without a price or traffic. */
export function perGib(usdPerMonth: UsdPerMonth, monthlyBytes: number): UsdRange | null {
  return usdPerMonth === 'unpriced' || monthlyBytes === 0 ? null : scaleUsd(usdPerMonth, GIB / monthlyBytes);
}

function sumKnown(lanes: readonly Lane[]): Known {
  const part = (name: keyof Known): Part => ({
    monthlyBytes: sum(lanes.map(({ kind, known }) => (isProcessing(kind) ? 0 : known[name].monthlyBytes))),
    usdPerMonth: sumUsd(lanes.map(({ known }) => known[name].usdPerMonth)),
  });
  return { certain: part('certain'), likely: part('likely'), unknown: part('unknown') };
}

/** For sorting: what has no price comes last. */
export function costOf({ usdPerMonth }: { readonly usdPerMonth: UsdPerMonth }): number {
  return usdPerMonth === 'unpriced' ? -1 : usdPerMonth.high;
}
