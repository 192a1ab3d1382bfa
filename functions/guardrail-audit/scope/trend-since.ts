import * as z from 'zod/mini';
import { whole } from '../reading.ts';
import type { ReceiptFacts } from '../facts.ts';
import type { State } from '../../../shared/state/state.ts';
import type { Look } from '../gather/attempt.ts';
import { readReceipt } from '../gather/receipts.ts';
import { earlierAudit, TREND_DAYS } from '../report/earlier.ts';
import { shortTrend, trendOf, type Trend } from '../report/trend.ts';

export interface TrendQuery {
  readonly functionName: string;
  /** When the tick was published, in milliseconds since the epoch. */
  readonly changesSinceMs: number;
}

const comparedSchema = z.looseObject({ trend: z.looseObject({ at: z.string() }) });

/**
 * What changed since the last audit before a moment, for a receipt that was compared with a later one: with the tick's own, by an audit
 * that a user requested after it. Undefined where the receipt's own trend is the right one, null where no audit before it can be read.
 */
export async function trendSince(
  look: Look,
  state: State | undefined,
  receipt: ReceiptFacts,
  { functionName, changesSinceMs }: TrendQuery,
): Promise<Trend | null | undefined> {
  const score = receipt.decisions.find(({ reason }) => reason === 'score')?.evidence;
  const compared = comparedSchema.safeParse(score);
  // Names of receipts tell whole seconds.
  const sinceMs = Math.floor(changesSinceMs / 1_000) * 1_000;
  if (!compared.success || !(Date.parse(compared.data.trend.at) >= sinceMs)) return undefined;
  const before = { functionName, maxAgeDays: TREND_DAYS, beforeMs: changesSinceMs, remedy: '' };
  const earlier = earlierAudit(await readReceipt(look, state, before));
  const now = earlierAudit(whole(receipt));
  return earlier === undefined || now === undefined ? null : shortTrend(trendOf(earlier, now));
}
