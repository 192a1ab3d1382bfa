import type { ManifestItem } from '../../../shared/state/manifest-item.ts';
import type { RungPlan } from './ladder.ts';
import { isOpen, settled } from './items.ts';

/**
 * What runs now joins what was planned before. What was dealt with and runs again came back: it is taken away once more, and stays
 * one item of the manifest. Pure.
 */
export function mergePlans(earlier: RungPlan | undefined, fresh: RungPlan): RungPlan {
  const { items, left, complete } = fresh;
  if (earlier === undefined) return { items, left, complete };
  // Unlinked, and not linked again: what could not be seen then does not run any more.
  if (isUnlinked(earlier) && !items.some(isBilling))
    return { ...earlier, items: earlier.items.map(settleWithBilling), complete: true };
  const now = new Map(items.map((item) => [item.resource, item]));
  const known = new Set(earlier.items.map(({ resource }) => resource));
  return {
    left,
    complete,
    items: [
      ...earlier.items.map((item) => {
        const again = now.get(item.resource);
        return again === undefined || isOpen(item) ? item : comeBack(item, again);
      }),
      ...items.filter(({ resource }) => !known.has(resource)),
    ],
  };
}

/** Items that came back and were found off, or are kept by now, are what they were before. */
export function withoutFalseReturns(
  items: readonly ManifestItem[],
  before: readonly ManifestItem[],
): readonly ManifestItem[] {
  const earlier = new Map(before.map((item) => [item.resource, item]));
  return items.map((item) => {
    const known = earlier.get(item.resource);
    const isFalse = item.status === 'already' && known?.status === 'done' && item.kind !== 'billing';
    return isFalse ? known : item;
  });
}

function comeBack(before: ManifestItem, now: ManifestItem): ManifestItem {
  const cameBack = (before.cameBack ?? 0) + 1;
  if (before.kind !== 'endpoint' || now.kind !== 'endpoint') return { ...now, cameBack };
  // What was on the endpoint at first must come back as well, with the traffic that it had.
  const again = new Set(now.models.map(({ id }) => id));
  const models = [...now.models, ...before.models.filter(({ id }) => !again.has(id))];
  return { ...now, cameBack, models, trafficSplit: { ...now.trafficSplit, ...before.trafficSplit } };
}

function isBilling({ kind }: ManifestItem): boolean {
  return kind === 'billing';
}

function isUnlinked({ items }: RungPlan): boolean {
  return items.some((item) => isBilling(item) && !isOpen(item));
}

function settleWithBilling(item: ManifestItem): ManifestItem {
  return isOpen(item) ? settled(item, { status: 'done' }) : item;
}
