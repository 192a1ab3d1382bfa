import { isRetryable } from '../../../shared/google/google-api-error.ts';
import type { Manifest } from '../../../shared/state/manifest.ts';
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

/**
 * A plan as it is written before anything is requested: what is in `chosen` and runs, by `listed`, is intended from now on, also where an
 * earlier request was refused. A run that dies with a request on its way leaves word of it. Pure.
 */
export function withIntent<Plan extends { readonly items: readonly ManifestItem[] }>(
  plan: Plan,
  listed: readonly ManifestItem[],
  chosen: ReadonlySet<string>,
): Plan {
  const lookedAtMs = new Map(listed.map(({ resource, atMs = 0 }) => [resource, atMs]));
  const items = plan.items.map((item) => {
    const atMs = lookedAtMs.get(item.resource);
    if (atMs === undefined || !chosen.has(item.resource)) return item;
    return settled(item, { status: 'planned', atMs: takenAtMs(item, new Date(atMs)) });
  });
  return { ...plan, items };
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

/** Taken away after it was brought back, whatever the clocks of the two instances say: the restore goes by that order. */
export function takenAfter<Item extends ManifestItem>(restored: Manifest['restored'], item: Item): Item {
  const backMs = restored[item.resource] ?? -1;
  return backMs < (item.atMs ?? 0) ? item : { ...item, atMs: backMs + 1 };
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
