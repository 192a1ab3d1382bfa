import { readHolders, type Holder } from '../../../shared/state/holders.ts';
import { keyOf } from '../ladder/hold.ts';
import type { Firing } from '../ladder/fire.ts';
import type { RungPlan } from '../ladder/ladder.ts';
import { asBeforeStop } from '../ladder/merge-plans.ts';
import { freeHandSince } from './free-hand.ts';
import { recallHeldSince } from './held-since.ts';

/** Before a look began a restore may have noted what the look still saw on its way, by another instance's clock. */
const NOTED_BEFORE_MS = 60_000;

/**
 * What a rung of another budget or period took and holds still may run in part, as a group whose autoscaler is off: it is to be as it was
 * before the first of them took it, so that the last restore gives that back. Read after the look that began at `lookedAtMs`: what is taken meanwhile is
 * in its manifest by then. Throws `GoogleApiError`.
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
  const first = new Map<string, Holder>();
  for (const holder of held) {
    const { resource } = holder.item;
    if (!first.has(resource)) first.set(resource, holder);
  }
  const items = [];
  for (const item of plan.items) {
    const holder = first.get(item.resource);
    if (holder === undefined) items.push(item);
    else {
      const hadFreeHand = freeHandSince(holder.manifest, await heldSince(run, holder));
      // Models that its owner has not deployed again come back with the restore of that one.
      const isOwners = item.kind === 'endpoint' && hadFreeHand(holder.item);
      items.push(isOwners ? item : asBeforeStop(holder.item, item, hadFreeHand));
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
