import { GIB } from '../../../shared/prices/quantities.ts';
import { autoclassFee, readRequestPrice, retrievalFee } from '../../../shared/prices/storage-prices.ts';
import type { Range } from '../../../shared/units.ts';
import { objectCells } from '../forecast/usage.ts';
import type { ReadRule } from '../rules/condition.ts';
import type { Finding, LintContext } from './lint.ts';

/**
 * Moves whose retrieval fees and more expensive requests are more than they save, when the reads of the last 30 days go on and are spread
 * evenly over what the bucket holds. With all figures, and Autoclass, which has no such fees, as the other way.
 */
export function readsCostMore(rules: readonly ReadRule[], context: LintContext): Finding | undefined {
  const { bucket, usage, forecast, reads } = context;
  if (bucket === undefined || forecast === undefined || reads === undefined) return undefined;
  const { savesUsdPerMonth: saves } = forecast.horizons.month;
  if (bucket.autoclass || saves === undefined || saves.high === Infinity) return undefined;
  const targets = new Set(rules.flatMap((rule) => (rule.type === 'SetStorageClass' ? [rule.to] : [])));
  const [worst] = [...targets]
    .flatMap((to) => costOfReading(to, context) ?? [])
    .sort((a, b) => b.retrieval.high + b.requests.high - (a.retrieval.high + a.requests.high));
  if (worst === undefined) return undefined;
  const { retrieval, requests } = worst;
  if (retrieval.high + requests.high <= Math.max(0, saves.high)) return undefined;
  const read = `reading ${(reads.bytes / GIB).toFixed(1)} GiB as in the last 30 days costs ${span(retrieval)} USD a month in retrieval fees`;
  const requestCost =
    reads.requests === undefined
      ? '; what its requests cost more is unknown'
      : requests.high < 0.005
        ? ''
        : `, and its ${reads.requests.toLocaleString('en-US')} requests ${span(requests)} USD more`;
  return {
    code: 'reads-cost-more',
    why: `moving saves ${span(saves)} USD a month, and ${read}${requestCost}; Autoclass has no such fees${autoclassText(usage)}`,
  };
}

interface ReadingCost {
  readonly retrieval: Range;
  /** What the same requests cost more than in STANDARD. */
  readonly requests: Range;
}

/** USD a month for reading what moves to a class; undefined where nothing does or the book has no price. */
function costOfReading(to: string, { bucket, forecast, reads }: LintContext): ReadingCost | undefined {
  if (bucket === undefined || forecast === undefined || reads === undefined) return undefined;
  const moved = forecast.horizons.month.movedBytes[to];
  const fee = retrievalFee(bucket, to);
  const total = forecast.totalBytes.low;
  if (moved === undefined || fee === undefined || total === 0) return undefined;
  const ofMoved = (usd: number): Range => ({
    low: usd * Math.min(1, moved.low / total),
    high: usd * Math.min(1, moved.high / total),
  });
  const more = (readRequestPrice(bucket, to)?.usd ?? 0) - (readRequestPrice(bucket, 'STANDARD')?.usd ?? 0);
  return {
    retrieval: ofMoved((reads.bytes / GIB) * fee.usd),
    requests: ofMoved((reads.requests ?? 0) * Math.max(0, more)),
  };
}

function span({ low, high }: Range): string {
  return low.toFixed(2) === high.toFixed(2) ? high.toFixed(2) : `${low.toFixed(2)} to ${high.toFixed(2)}`;
}

/** What Autoclass costs for the objects that are there. */
function autoclassText(usage: LintContext['usage']): string {
  if (usage?.kind !== 'measured') return '';
  const counts = objectCells(usage.cells).map(({ count }) => count);
  if (counts.includes(undefined)) return '';
  const objects = counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  return ` and costs up to ${(objects * autoclassFee().usd).toFixed(2)} USD a month for ${objects.toLocaleString('en-US')} objects`;
}
