import { cap, type Capped } from '../capped-list.ts';
import type { DecidedOutcome, Receipt, ReceiptSummary } from '../receipt.ts';

/** A receipt of which no list has more than `maxBytes` of JSON. */
export function shorten(
  rest: Omit<Receipt, 'decisions'>,
  first: Capped<DecidedOutcome>,
  maxBytes: number,
): ReceiptSummary {
  const decisions = cap(first.items, maxBytes);
  const incomplete = cap(rest.incomplete, maxBytes);
  const failures = cap(rest.failures, maxBytes);
  const omitted = {
    decisions: first.count() - decisions.length,
    incomplete: rest.incomplete.length - incomplete.length,
    failures: rest.failures.length - failures.length,
  };
  const isWhole = Object.values(omitted).every((count) => count === 0);
  return { ...rest, incomplete, failures, decisions, ...(isWhole ? {} : { omitted }) };
}
