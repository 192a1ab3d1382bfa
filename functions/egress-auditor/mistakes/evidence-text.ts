import { GIB } from '../../../shared/prices/quantities.ts';
import type { UsdPerMonth, UsdRange } from '../../../shared/prices/money.ts';

export function gib(bytes: number): string {
  const value = bytes / GIB;
  return `${value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3)} GiB`;
}

export function usd(cost: UsdPerMonth | UsdRange): string {
  if (cost === 'unpriced') return cost;
  const [low, high] = [cost.low, cost.high].map((value) => value.toFixed(2));
  return low === high ? `${low ?? ''} USD` : `${low ?? ''} to ${high ?? ''} USD`;
}
