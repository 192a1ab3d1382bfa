import { readHolders, type Holder } from '../../../shared/state/holders.ts';
import type { State } from '../../../shared/state/state.ts';
import { keyOf } from '../ladder/hold.ts';
import type { Firing } from '../ladder/fire.ts';
import type { RungPlan } from '../ladder/ladder.ts';
import { asBeforeStop } from '../ladder/merge-plans.ts';
import { freeHandSince, type HadFreeHand } from './free-hand.ts';
import { recallFreeHand } from './held-since.ts';

/** Before a look began a restore may have noted what the look still saw on its way, by another instance's clock. */
const NOTED_BEFORE_MS = 60_000;

/**
 * What a rung of another budget or period took and holds still may run in part, as a group whose autoscaler is off: it is to be as the last
 * of them remembers it, which is as it was before those that took it earlier, so that the last restore gives that back. Its owner had a free
 * hand since where none of them was in force all the time. Read after the look that began at `lookedAtMs`: what is taken meanwhile is in its
 * manifest by then. Throws `GoogleApiError`.
 */
export async function asBeforeOtherStops<Plan extends RungPlan>(
  { due, run }: Pick<Firing, 'due' | 'run'>,
  plan: Plan,
  lookedAtMs: number,
): Promise<Plan> {
  const { state, runtime, projectId, runId } = run;
  if (state === undefined || plan.items.length === 0) return plan;
  const nowMs = runtime.now().getTime();
  const sinceMs = lookedAtMs - NOTED_BEFORE_MS;
  const { held, unread } = await readHolders(state, keyOf(due, run), nowMs, sinceMs);
  for (const { where, why } of unread)
    run.log('WARNING', `What ${where} holds of ${projectId} is not known: ${why}`, { runId });
  const byResource = Map.groupBy(held, ({ item }) => item.resource);
  const heldSince = heldSinceOf(state);
  const items = await Promise.all(
    plan.items.map(async (item) => {
      const holders = byResource.get(item.resource) ?? [];
      const last = holders.at(-1);
      if (last === undefined) return item;
      const hands = await Promise.all(
        holders.map(async (holder) => freeHandSince(holder.manifest, await heldSince(holder))),
      );
      const hadFreeHand: HadFreeHand = (before) => hands.every((hand) => hand(before));
      // Models that its owner has not deployed again come back with the restore of that one.
      const isOwners = item.kind === 'endpoint' && hadFreeHand(last.item);
      return isOwners ? item : asBeforeStop(last.item, item, hadFreeHand);
    }),
  );
  return { ...plan, items };
}

/** Since when a holder is in force, each budget's read once. Under a rung that is not the owner has a free hand at any time. */
function heldSinceOf(state: State): (holder: Holder) => Promise<number | undefined> {
  const known = new Map<string, Promise<number | undefined>>();
  return async ({ manifest: { budget }, isInForce }) => {
    if (!isInForce) return Infinity;
    const since = known.get(budget) ?? recallFreeHand(state, budget);
    known.set(budget, since);
    return since;
  };
}
