import type { UsdRange } from '../../../shared/prices/money.ts';
import type { Child } from '../../../shared/report/markup.ts';
import { usdRangeFigure, usdRangeText } from '../../../shared/report/numbers.ts';

/** What findings cost a month together. */
export interface Money {
  /** As far as they have a price. */
  readonly usdPerMonth: UsdRange;
  readonly unpriced: number;
  /** There may be more: not all that costs money could be looked at. */
  readonly isMoneyPartial: boolean;
}

/** On a page. Findings of which none has a price are not $0.00, and nothing found is not where not all could be looked at. */
export function atStake({ usdPerMonth, unpriced, isMoneyPartial }: Money): Child {
  if (usdPerMonth.high > 0)
    return isMoneyPartial ? ['at least ', usdRangeFigure(usdPerMonth)] : usdRangeFigure(usdPerMonth);
  return unpriced > 0 ? 'unpriced' : isMoneyPartial ? 'unknown' : usdRangeFigure(usdPerMonth);
}

/** In a sentence; undefined where it is nothing. Findings without a price are told beside it. */
export function atStakeText({ usdPerMonth, isMoneyPartial }: Omit<Money, 'unpriced'>): string | undefined {
  if (usdPerMonth.high > 0)
    return `${isMoneyPartial ? 'at least ' : ''}${usdRangeText(usdPerMonth)} a month at stake`;
  return isMoneyPartial ? 'money at stake unknown' : undefined;
}

/** Undefined where no amount is known, which is not 0. */
export function knownUsd({ usdPerMonth, unpriced, isMoneyPartial }: Money): UsdRange | undefined {
  return usdPerMonth.high === 0 && (unpriced > 0 || isMoneyPartial) ? undefined : usdPerMonth;
}
