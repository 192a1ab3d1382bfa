import type { UsdRange } from '../../../shared/prices/money.ts';
import type { Child } from '../../../shared/report/markup.ts';
import { usdRangeFigure } from '../../../shared/report/numbers.ts';

/** Money a month on a page: findings of which none has a price are not $0.00. */
export function atStake({
  usdPerMonth,
  unpriced,
}: {
  readonly usdPerMonth: UsdRange;
  readonly unpriced: number;
}): Child {
  return usdPerMonth.high === 0 && unpriced > 0 ? 'unpriced' : usdRangeFigure(usdPerMonth);
}
