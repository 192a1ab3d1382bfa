import type { Rung } from '../../../shared/policy/policy.ts';
import { kindOf, type ManifestItem } from '../../../shared/state/manifest-item.ts';
import type { Manifest } from '../../../shared/state/manifest.ts';
import { isRestoredSince } from '../../../shared/state/restored-since.ts';
import { joinDeployed, matchModels } from '../../../shared/google/vertex/match-models.ts';
import type { HadFreeHand } from '../settle/free-hand.ts';
import type { RungPlan } from './ladder.ts';
import type { FreshPlan } from './plan-now.ts';
import { isOpen, settled, takenAfter } from './items.ts';

/**
 * What runs now joins what was planned before. What was dealt with and runs again came back: it is taken away once more, and stays
 * one item of the manifest, to be as it was before the rung came into force. `restored` tells when each was last brought back. Pure.
 */
export function mergePlans(
  earlier: RungPlan | undefined,
  fresh: RungPlan & Pick<FreshPlan, 'nothingLeft'>,
  restored: Manifest['restored'] = {},
  hadFreeHand: HadFreeHand = () => false,
): RungPlan {
  const { left, complete, nothingLeft } = fresh;
  const items = fresh.items.map((item) => takenAfter(restored, item));
  if (earlier === undefined) return { items, left, complete };
  // A deleted project refuses every call: what was open there would be tried with each message.
  if (nothingLeft !== undefined && !isUnlinked(earlier))
    return {
      // Where the link was cut by a run that died, what it could not see is known only from its plan.
      left: [...earlier.left.filter(({ unseen }) => unseen === true), ...left],
      complete,
      items: settleOpen(earlier.items, (item) => outcomeWithout(item, nothingLeft)),
    };
  // Unlinked, and not linked again: what could not be seen then does not run any more.
  if (isUnlinked(earlier) && !items.some(isBilling))
    return { ...earlier, items: settleOpen(earlier.items, outcomeOf), complete: true };
  const now = new Map(items.map((item) => [item.resource, item]));
  const known = new Set(earlier.items.map(({ resource }) => resource));
  return {
    left,
    complete,
    items: [
      ...earlier.items.map((item) => {
        const again = now.get(item.resource);
        if (again === undefined) return item;
        if (isRestoredSince(item, restored)) return { ...again, cameBack: returnsOf(item) };
        const before = hadFreeHand(item) ? asOwned(item, again) : item;
        if (isOpen(item)) return withNewParts(before, again);
        // What the switch did not take away is another start, and to be as it is now.
        return item.status === 'already' ? again : comeBack(before, again);
      }),
      ...items.filter(({ resource }) => !known.has(resource)),
    ],
  };
}

/**
 * Part of what a rung below took away may still run, as a group whose autoscaler is off: it is to be as it was before the first rung
 * took it, whichever of them lists it. Pure.
 */
export function asBeforeOthers<Plan extends RungPlan>(
  plan: Plan,
  rung: Pick<Rung, 'do'>,
  manifest: Pick<Manifest, 'rungs' | 'restored'> | undefined,
  hadFreeHand: HadFreeHand = () => false,
): Plan {
  if (manifest === undefined) return plan;
  const taken = new Map<string, ManifestItem>();
  for (const { do: action, items = [] } of manifest.rungs)
    for (const item of action === rung.do ? [] : items) {
      const isTaken = item.status === 'done' || item.status === 'planned';
      if (isTaken && !isRestoredSince(item, manifest.restored) && !taken.has(item.resource))
        taken.set(item.resource, item);
    }
  return {
    ...plan,
    items: plan.items.map((item) => {
      const before = taken.get(item.resource);
      return before === undefined ? item : asBeforeStop(before, item, hadFreeHand);
    }),
  };
}

/** What runs in part as it was before a stop that took it, but for what its owner changed where that one had a free hand since. Pure. */
export function asBeforeStop(
  before: ManifestItem,
  now: ManifestItem,
  hadFreeHand: HadFreeHand,
): ManifestItem {
  return asBefore(hadFreeHand(before) ? asOwned(before, now) : before, now);
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

function returnsOf({ cameBack = 0 }: ManifestItem): number {
  return cameBack + 1;
}

/** Brought back by another hand: it is to be as it was before the switch took it away for the first time. */
function comeBack(before: ManifestItem, now: ManifestItem): ManifestItem {
  return { ...asBefore(before, now), cameBack: returnsOf(before) };
}

/**
 * What was planned and runs still, with what it has got since, such as an autoscaler or a model: that has to be taken and come back as
 * well.
 */
function withNewParts(before: ManifestItem, now: ManifestItem): ManifestItem {
  if ('record' in before && 'record' in now)
    return { ...before, record: { ...now.record, ...before.record } };
  if (before.kind !== 'endpoint' || now.kind !== 'endpoint') return before;
  return { ...before, ...joinDeployed(before, now) };
}

/**
 * An item as if it had been taken the way it is now, where its owner had a free hand with it since: what the owner changed counts, and
 * what is still as the switch left it is to be as before. Of an endpoint that may have lost a model to the switch all come back.
 */
function asOwned(before: ManifestItem, now: ManifestItem): ManifestItem {
  if (now.kind !== 'billing' && 'record' in before && 'record' in now)
    return { ...before, record: kindOf(now).rejoin(before.record, now.record) };
  if (before.kind !== 'endpoint' || now.kind !== 'endpoint' || before.status === 'planned') return before;
  const { models, trafficSplit } = now;
  // Whether its owner removed it, or has not deployed it again since the stop, cannot be told: the restore names it.
  const known = [...(before.away ?? []), ...before.models];
  const { present } = matchModels(known, models);
  const away = known.filter(({ id }) => !present.has(id));
  return {
    ...before,
    models,
    trafficSplit,
    ...(away.length === 0 && before.away === undefined ? {} : { away }),
  };
}

function asBefore(before: ManifestItem, now: ManifestItem): ManifestItem {
  // A group that was resized by hand still has the autoscaler off, for instance; one that it has got since comes back as well.
  if ('record' in before && 'record' in now) return { ...now, record: { ...now.record, ...before.record } };
  if (before.kind !== 'endpoint' || now.kind !== 'endpoint') return now;
  // What was on the endpoint at first must come back as well, each model once, with the traffic that it had.
  const { away } = before;
  return { ...now, ...joinDeployed(before, now), ...(away === undefined ? {} : { away }) };
}

function isBilling({ kind }: ManifestItem): boolean {
  return kind === 'billing';
}

function isUnlinked({ items }: RungPlan): boolean {
  return items.some((item) => isBilling(item) && !isOpen(item));
}

type Outcome = Pick<ManifestItem, 'status' | 'why'>;

/**
 * Settles what is open. Where billing is to be unlinked nothing else is requested: the others stopped with the link, and by the switch
 * only where it may have cut that.
 */
function settleOpen(
  items: readonly ManifestItem[],
  outcome: (decisive: ManifestItem) => Outcome,
): readonly ManifestItem[] {
  const link = items.find(isBilling);
  return items.map((item) => (isOpen(item) ? settled(item, outcome(link ?? item)) : item));
}

/** What may have been requested has to come back if it was; what was refused was not taken away. */
function outcomeWithout({ status }: ManifestItem, nothingLeft: string): Outcome {
  return status === 'planned'
    ? { status: 'done' }
    : { status: 'already', why: `its project had nothing left that runs: ${nothingLeft}` };
}

function outcomeOf({ status, why }: ManifestItem): Outcome {
  return { status, ...(why === undefined ? {} : { why }) };
}
