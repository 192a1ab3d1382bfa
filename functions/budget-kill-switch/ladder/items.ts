import { isRetryable } from '../../../shared/google/google-api-error.ts';
import { kindOf, type ManifestItem } from '../../../shared/state/manifest-item.ts';

/** Whether there is still something to do about an item. */
export function isOpen({ status }: ManifestItem): boolean {
  return status === 'planned' || status === 'failed';
}

/**
 * What an item is after an error. Where it cannot be told whether the request was carried out, it stays planned: it may be away,
 * and then must come back.
 */
export function statusAfter(error: unknown): 'planned' | 'failed' {
  return isRetryable(error) ? 'planned' : 'failed';
}

/** An item with its outcome, without what an earlier attempt said. */
export function settled(
  item: ManifestItem,
  outcome: Pick<ManifestItem, 'status' | 'atMs' | 'why'>,
): ManifestItem {
  const result = { ...item, ...outcome };
  if (outcome.why === undefined) delete result.why;
  return result;
}

/** When an item was taken away: not before it was planned, as another instance's clock may have it. */
export function takenAtMs({ atMs = 0 }: ManifestItem, now: Date): number {
  return Math.max(atMs, now.getTime());
}

/** Orders below this are of what submits other work or is submitted by it. */
const FIRST_MACHINE_ORDER = 20;

/** Where an item's kind stands in the order of stopping. */
export function orderOf(item: ManifestItem): number {
  return item.kind === 'billing' ? Infinity : kindOf(item).order;
}

/** Whether an item submits other work, or is submitted by it. */
export function submits(item: ManifestItem): boolean {
  return orderOf(item) < FIRST_MACHINE_ORDER;
}
