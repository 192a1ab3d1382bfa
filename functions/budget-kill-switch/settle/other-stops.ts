import { readHolders, type Holder } from '../../../shared/state/holders.ts';
import { keyOf } from '../ladder/hold.ts';
import type { Firing } from '../ladder/fire.ts';
import type { RungPlan } from '../ladder/ladder.ts';
import { asBeforeStop } from '../ladder/merge-plans.ts';
import { freeHandSince, type HadFreeHand } from './free-hand.ts';
import { recallHeldSince } from './held-since.ts';

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
  const items = [];
  for (const item of plan.items) {
    const holders = held.filter((one) => one.item.resource === item.resource);
    const last = holders.at(-1);
    if (last === undefined) items.push(item);
    else {
      const hands = await Promise.all(
        holders.map(async (holder) => freeHandSince(holder.manifest, await heldSince(run, holder))),
      );
      const hadFreeHand: HadFreeHand = (before) => hands.every((hand) => hand(before));
      // Models that its owner has not deployed again come back with the restore of that one.
      const isOwners = item.kind === 'endpoint' && hadFreeHand(last.item);
      items.push(isOwners ? item : asBeforeStop(last.item, item, hadFreeHand));
    }
  }
  return { ...plan, items };
}

/** Under a rung that is not in force the owner has a free hand at any time. */
async function heldSince(
  { state }: Pick<Firing['run'], 'state'>,
  { manifest, isInForce }: Holder,
): Promise<number | undefined> {
  return isInForce && state !== undefined ? recallHeldSince(state, manifest.budget) : Infinity;
}
