import { GIB } from '../../../shared/prices/quantities.ts';
import { autoclassFee, retrievalFee } from '../../../shared/prices/storage-prices.ts';
import { objectCells } from '../forecast/usage.ts';
import type { ReadRule } from '../rules/condition.ts';
import type { Finding, LintContext } from './lint.ts';

/**
 * Moves whose retrieval fees are more than they save, when the reads of the last 30 days go on and are spread evenly over what the
 * bucket holds. With both figures, and Autoclass, which has no such fees, as the other way.
 */
export function readsCostMore(
  rules: readonly ReadRule[],
  { bucket, usage, forecast, readBytes }: LintContext,
): Finding | undefined {
  if (bucket === undefined || forecast === undefined || readBytes === undefined) return undefined;
  const { movedBytes, savesUsdPerMonth: saves } = forecast.horizons.month;
  if (bucket.autoclass || saves === undefined || saves.high === Infinity) return undefined;
  const total = forecast.totalBytes.low;
  let [least, most] = [0, 0];
  for (const to of new Set(rules.flatMap((rule) => (rule.type === 'SetStorageClass' ? [rule.to] : [])))) {
    const moved = movedBytes[to];
    const fee = retrievalFee(bucket, to);
    if (moved === undefined || fee === undefined || total === 0) continue;
    const shareOf = (bytes: number): number => Math.min(1, bytes / total);
    const usd = (readBytes / GIB) * fee.usd;
    least = Math.max(least, usd * shareOf(moved.low));
    most = Math.max(most, usd * shareOf(moved.high));
  }
  if (most <= Math.max(0, saves.high)) return undefined;
  const span = (low: number, high: number): string =>
    low.toFixed(2) === high.toFixed(2) ? high.toFixed(2) : `${low.toFixed(2)} to ${high.toFixed(2)}`;
  const read = (readBytes / GIB).toFixed(1);
  return {
    code: 'reads-cost-more',
    why: `moving saves ${span(saves.low, saves.high)} USD a month, and reading ${read} GiB as in the last 30 days costs ${span(least, most)} USD a month in retrieval fees; Autoclass has no such fees${autoclassText(usage)}`,
  };
}

/** What Autoclass costs for the objects that are there. */
function autoclassText(usage: LintContext['usage']): string {
  if (usage?.kind !== 'measured') return '';
  const counts = objectCells(usage.cells).map(({ count }) => count);
  if (counts.includes(undefined)) return '';
  const objects = counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  return ` and costs up to ${(objects * autoclassFee().usd).toFixed(2)} USD a month for ${objects.toLocaleString('en-US')} objects`;
}
